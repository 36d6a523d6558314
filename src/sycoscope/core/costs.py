"""Relative costs of tokens: one measure for plans, progress and the time that is left."""

from __future__ import annotations

# Relative cost of a token, measured on two CPU cores: read, written, trained on.
PREFILL, DECODE, TRAIN = 1.0, 8.0, 8.0

# Tokens are estimated from characters, before a tokenizer is at hand and in the same way after.
CHARACTERS_A_TOKEN = 4.0

# Part of its token limit that an answer takes, on average.
ANSWERED = 0.7


def answer_weight(prompt: str, max_tokens: int) -> float:
    """Weight of one generated answer, in tokens read: the prompt and the tokens that it is likely to write."""
    return read_weight(prompt) + DECODE * ANSWERED * max_tokens


def read_weight(*texts: str) -> float:
    """Weight of reading texts, in tokens read."""
    return PREFILL * sum(map(len, texts)) / CHARACTERS_A_TOKEN
