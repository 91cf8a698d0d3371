"""One file per MIS behind one small interface (`base.py`); `choose.py` picks by setting."""
