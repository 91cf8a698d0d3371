"""How the system is set up, started, supervised and packed: the table of processes and what is made from it."""
