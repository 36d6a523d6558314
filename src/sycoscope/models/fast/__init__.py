"""The fast engine: shared prefixes encoded once, no padding, generation batches that stay full."""
