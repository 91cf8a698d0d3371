"""Rasa's custom actions: the bridge between Rasa's form and `dialog.conversation` (Python 3.10)."""
