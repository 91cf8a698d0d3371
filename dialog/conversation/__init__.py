"""How a call is led: script, state and policies, without Rasa; `dialog/actions` runs it inside Rasa's form."""
