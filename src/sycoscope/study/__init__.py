"""A study: what must exist (plan), made where it does not exist yet (run), read into tables (collect)."""
