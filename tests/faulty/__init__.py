"""Faulty inputs of every kind, generated from a seed, and what the command must say of each."""
