"""How a trial is judged: pure functions on text. Each scorer has a `VERSION` that goes into the record."""
