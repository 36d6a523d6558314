"""The gate of merges: is a model not worse than before, by more than margins that were fixed beforehand?"""
