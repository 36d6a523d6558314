"""How an answer is obtained: torch models, scripted models (siblings do not know each other)."""
