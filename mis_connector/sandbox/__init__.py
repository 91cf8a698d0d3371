"""A sandbox MIS that speaks the ЕЦП.МИС interface over a real SQLite file with the sample region."""
