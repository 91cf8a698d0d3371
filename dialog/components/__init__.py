"""What Rasa itself needs of ours: its start, its locks, a quicker check of actions' answers (Python 3.10)."""
