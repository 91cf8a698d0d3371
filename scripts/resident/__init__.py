"""A simulated resident: phones a running system as a person would, and says what came of it."""
