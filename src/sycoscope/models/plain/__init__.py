"""The plain engine: padded passes of transformers, the reference that the fast engine is held against."""
