"""The first stage of set-up: standard library only, Python 3.9 and later, since nothing is installed yet."""
