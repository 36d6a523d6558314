"""A run on disk: what was asked and found, and what may be said of it."""
