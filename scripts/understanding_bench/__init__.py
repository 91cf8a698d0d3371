"""`scripts/bench understanding`: is the field right that the system would put into the record?"""
