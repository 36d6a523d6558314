"""Benchmarks: what takes how long, against peers where there are any. Nothing here is asserted in a test."""
