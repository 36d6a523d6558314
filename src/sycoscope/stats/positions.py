"""Do options stand in every place equally often?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal


def skew_p_value(places: Sequence[tuple[int, int]]) -> float:
    """Pearson's chi-square test that positions are uniform, summed over the numbers of places.

    Args:
        places: (position from 0, number of places) of each item.

    Returns:
        p in [0, 1]; 1 where nothing has more than one place.
    """
    from scipy.stats import chi2

    statistic, freedom = 0.0, 0
    for size in sorted({size for _, size in places if size > 1}):
        counts = Counter(at for at, other in places if other == size)
        expected = counts.total() / size
        statistic += sum((counts[at] - expected) ** 2 / expected for at in range(size))
        freedom += size - 1
    return float(chi2.sf(statistic, freedom)) if freedom else 1.0


def same_place(places: Sequence[tuple[int, int]]) -> Literal["start", "end"] | None:
    """Whether all stand in one place, counted from the start or else from the end; None where they do not.

    Args:
        places: As `skew_p_value`, at least one.
    """
    if len({at for at, _ in places}) == 1:
        return "start"
    return "end" if len({size - at for at, size in places}) == 1 else None
