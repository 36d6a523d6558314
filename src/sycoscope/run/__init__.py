"""A run on disk: what was asked, what was found, and what may be concluded."""
