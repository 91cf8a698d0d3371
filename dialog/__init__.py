"""The conversation: script, its Rasa project, and the client that telephony uses."""
