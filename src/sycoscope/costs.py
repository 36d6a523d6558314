"""What tokens cost beside each other: one measure for plans, progress and the time that is left."""

from __future__ import annotations

# Relative cost of a token, measured on two CPU cores: read, written, trained on.
PREFILL, DECODE, TRAIN = 1.0, 8.0, 8.0

# Part of its token limit that an answer takes, on average.
ANSWERED = 0.7


def answer_weight(prompt_tokens: float, max_tokens: float) -> float:
    """Weight of one generated answer."""
    return PREFILL * prompt_tokens + DECODE * ANSWERED * max_tokens
