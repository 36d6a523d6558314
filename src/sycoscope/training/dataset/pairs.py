"""Preference pairs of the anti-sycophancy set as training rows, as many as are wanted."""

from __future__ import annotations

from sycoscope.training.dataset.rows import MIN_ROWS, Pools, set_rows
from sycoscope.training.rows import Example


def preference_pairs(count: int, seed: int, pools: Pools) -> list[Example]:
    """The first pairs of the smallest set that has as many: neutral rows have no reply to reject.

    They are the rows of a file of pairs (`sycoscope data build anti-sycophancy --pairs`) of the same size and seed.

    Raises:
        DataError: too few questions for a set.
    """
    size = max(MIN_ROWS, count)
    while len(pairs := [row for row in set_rows(size, seed, pools) if row.rejected]) < count:
        size += count - len(pairs)
    return [
        Example(
            prompt=row.prompt,
            completion=row.chosen,
            rejected=row.rejected,
            kind=row.kind,
            item_id=row.item.id,
        )
        for row in pairs[:count]
    ]
