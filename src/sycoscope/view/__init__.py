"""Pages over finished runs, to look into them item by item: served on loopback, or written to a folder.

Nothing is computed and nothing is written to a run. Every page is a function of its address and the run's tables.
"""
