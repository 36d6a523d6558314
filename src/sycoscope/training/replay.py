"""Replay: rows that the base answers itself, mixed into a recipe's own so that less of what it could is lost.

Rehearsal (Robins 1995, Connection Science 7:123-146), with the model's own answers as targets (Yang et al. 2024, arXiv
2402.13669).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from sycoscope.core.types import Item
from sycoscope.items.identity import hashed
from sycoscope.training.curated import filled, phrasings
from sycoscope.training.rows import TrainingRow, Unanswered, user

KIND = "replay"


def replay_pools(
    neutral: Iterable[Item], questions: Iterable[Item]
) -> tuple[list[Unanswered], list[Unanswered]]:
    """Prompts that can be replayed: neutral instructions, and plain questions in a phrasing of the training's."""
    return (
        [Unanswered(prompt=user(item.question), kind=KIND, item_id=item.id) for item in neutral],
        [Unanswered(prompt=user(_asked(item)), kind=KIND, item_id=item.id) for item in questions],
    )


def _asked(item: Item) -> str:
    texts = phrasings()["ask"]
    return filled(texts[hashed("replay", item.id) % len(texts)], q=item.question, cue="")


def replay_count(n_own: int, share: float) -> int:
    """How many rows beside `n_own` make `share` of all rows; the nearest whole number.

    Args:
        share: In [0, 1).
    """
    return round(n_own * share / (1 - share))


def replay_candidates(
    own: Iterable[TrainingRow], pools: Sequence[Sequence[Unanswered]]
) -> tuple[Unanswered, ...]:
    """Prompts of the pools in turn, as long as each has some, without those that the recipe has itself."""
    taken = {row.item_id for row in own}
    free = ([row for row in pool if row.item_id not in taken] for pool in pools)
    return tuple(row for turn in zip_longest(*free) for row in turn if row is not None)
