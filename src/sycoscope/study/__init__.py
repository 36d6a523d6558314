"""A study: what must exist (plan), made where it does not exist yet (run), written as a run (write_run)."""
