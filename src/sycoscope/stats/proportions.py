"""One proportion and two paired proportions, where the observations are independent (counts in)."""

from __future__ import annotations

import math

from sycoscope.core.errors import DataError
from sycoscope.stats.interval import Interval, Significance, check_level, not_computable, z_of


def wilson_limits(value: float, n: float, z: float) -> tuple[float, float]:
    """Wilson's limits of a proportion `value` seen in `n` observations (`n` > 0 need not be whole).

    Source: Wilson 1927, J. Am. Stat. Assoc. 22, 209-212; as in Newcombe 1998, Stat. Med. 17, 857-872,
        method 3.
    """
    z2 = z * z
    centre = value + z2 / (2.0 * n)
    spread = z * math.sqrt(max(value * (1.0 - value), 0.0) / n + z2 / (4.0 * n * n))
    low, high = (centre - spread) / (1.0 + z2 / n), (centre + spread) / (1.0 + z2 / n)
    # The limits at 0 and 1 are exact; rounding must not leave 1e-17.
    return (0.0 if value <= 0.0 else max(low, 0.0)), (1.0 if value >= 1.0 else min(high, 1.0))


def wilson(successes: float, n: float, *, level: float = 0.95) -> Interval:
    """Wilson's score interval of one proportion.

    Args:
        successes: Number of successes, in [0, n]. n: number of independent trials. Neither need be whole
            (an effective n).

    Raises:
        DataError: successes outside [0, n], or a level outside (0, 1).

    Source: see `wilson_limits`.
    """
    if not (math.isfinite(n) and 0.0 <= successes <= n):
        raise DataError(f"{successes!r} successes of {n!r} trials; needed: 0 <= successes <= n")
    z = z_of(level)
    if n == 0:
        return not_computable("no observations", level=level)
    low, high = wilson_limits(successes / n, n, z)
    whole = round(n)
    return Interval(
        value=successes / n, low=low, high=high, level=level, method="Wilson", n=whole, n_clusters=whole
    )


def check_table(both: float, only_a: float, only_b: float, neither: float) -> float:
    """The number of pairs; raises DataError for a negative or non-finite cell."""
    cells = (both, only_a, only_b, neither)
    if not all(math.isfinite(cell) and cell >= 0.0 for cell in cells):
        raise DataError(
            f"table of pairs (both, only_a, only_b, neither) is {cells}; every count must be 0 or more"
        )
    return math.fsum(cells)


def _phi(both: float, only_a: float, only_b: float, neither: float, n: float) -> float:
    """Newcombe's corrected phi coefficient of the paired table (0 where a margin is empty)."""
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins <= 0.0:
        return 0.0
    excess = both * neither - only_a * only_b
    if excess > 0.0:
        excess = max(excess - n / 2.0, 0.0)
    return excess / math.sqrt(margins)


def newcombe_paired(
    both: float, only_a: float, only_b: float, neither: float, *, level: float = 0.95
) -> Interval:
    """Difference p_a - p_b of paired proportions, Newcombe's square-and-add interval (method 10).

    Args:
        both: Pairs with a = b = 1. only_a: a = 1, b = 0. only_b: a = 0, b = 1. neither: a = b = 0.
            Counts >= 0.

    Raises:
        DataError: A negative count, or a level outside (0, 1).

    Source: Newcombe 1998, Stat. Med. 17, 2635-2650, method 10 (Wilson limits of the margins, phi with
        continuity correction where it is positive).
    """
    n, z = check_table(both, only_a, only_b, neither), z_of(level)
    if n == 0:
        return not_computable("no pairs", level=level)
    a, b = (both + only_a) / n, (both + only_b) / n
    low_a, high_a = wilson_limits(a, n, z)
    low_b, high_b = wilson_limits(b, n, z)
    phi = _phi(both, only_a, only_b, neither, n)
    value = (only_a - only_b) / n

    def add(first: float, second: float) -> float:
        return math.sqrt(max(first * first - 2.0 * phi * first * second + second * second, 0.0))

    low = max(value - add(a - low_a, high_b - b), -1.0)
    high = min(value + add(high_a - a, b - low_b), 1.0)
    whole = round(n)
    return Interval(
        value=value,
        low=low,
        high=high,
        level=level,
        method="Newcombe 10",
        n=whole,
        n_clusters=whole,
    )


def mcnemar(only_a: int, only_b: int, *, mid_p: bool = False) -> Significance:
    """McNemar's conditional test of p_a = p_b from the discordant pairs, exact or with the mid-p value.

    The mid-p value counts half of the probability of the observed table (it is less conservative, and
    not strictly valid).

    Args:
        only_a: Pairs with a = 1, b = 0. only_b: pairs with a = 0, b = 1.

    Raises:
        DataError: A negative count.

    Source: McNemar 1947; mid-p: Fagerland, Lydersen and Laake 2013, BMC Med. Res. Methodol. 13:91.
    """
    from scipy.stats import binom

    if only_a < 0 or only_b < 0 or int(only_a) != only_a or int(only_b) != only_b:
        raise DataError(f"discordant pairs are ({only_a}, {only_b}); whole numbers of 0 or more are needed")
    n = int(only_a + only_b)
    method = "McNemar mid-p" if mid_p else "McNemar exact"
    if n == 0:
        return Significance(p_value=1.0, statistic=0.0, n=0, method=method, note="no discordant pairs")
    smaller = min(int(only_a), int(only_b))
    tail = float(binom.cdf(smaller, n, 0.5))
    if mid_p:
        tail -= 0.5 * float(binom.pmf(smaller, n, 0.5))
    return Significance(p_value=min(1.0, 2.0 * tail), statistic=float(only_a - only_b), n=n, method=method)


def degenerate_limits(
    value: float, n_effective: float, bounds: tuple[float, float], level: float
) -> tuple[float, float]:
    """Limits of a bounded mean whose observations were all alike, where a bootstrap has zero width.

    The share of the population that differs from what was seen is at most Wilson's upper limit u of
    0 in `n_effective`; where that share lies at the ends of the range, the mean lies in
    value + u * (bounds - value). For a proportion of 0 or 1 this is Wilson's interval, for a paired
    difference without discordant pairs Newcombe's.

    Args:
        bounds: The least and the greatest value that one observation can take.
    """
    check_level(level)
    share = wilson_limits(0.0, n_effective, z_of(level))[1]
    return value + share * (bounds[0] - value), value + share * (bounds[1] - value)
