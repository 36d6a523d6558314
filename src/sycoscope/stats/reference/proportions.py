"""Tango's score interval of a paired difference, beside Newcombe's that the decision rule takes."""

from __future__ import annotations

import math

from sycoscope.stats.interval import Interval, not_computable, z_of
from sycoscope.stats.proportions import check_table


def _tango_z(delta: float, only_a: float, only_b: float, n: float) -> float:
    """Tango's score statistic of p_a - p_b = delta."""
    b = -only_a - only_b + (2.0 * n - only_a + only_b) * delta
    c = -only_b * delta * (1.0 - delta)
    nuisance = (math.sqrt(max(b * b - 8.0 * n * c, 0.0)) - b) / (4.0 * n)
    variance = n * (2.0 * nuisance + delta * (1.0 - delta))
    gap = only_a - only_b - n * delta
    if variance <= 0.0:
        return math.copysign(math.inf, gap) if abs(gap) > 1e-12 else 0.0
    return gap / math.sqrt(variance)


def tango(both: float, only_a: float, only_b: float, neither: float, *, level: float = 0.95) -> Interval:
    """Difference p_a - p_b of paired proportions, Tango's score interval.

    Args and Raises: as `sycoscope.stats.newcombe_paired`.

    Source: Tango 1998, Stat. Med. 17, 891-908, equations 10-13 (roots by Brent's method).
    """
    from scipy.optimize import brentq

    n, z = check_table(both, only_a, only_b, neither), z_of(level)
    if n == 0:
        return not_computable("no pairs", level=level)
    value = (only_a - only_b) / n

    def root(sign: float, end: float) -> float:
        def gap(delta: float) -> float:
            # +-inf at the very end of the range is cut, so that the bracket stays finite.
            return max(min(_tango_z(delta, only_a, only_b, n), 1e9), -1e9) - sign * z

        near, far = gap(value), gap(end)
        return end if near * far > 0.0 else float(brentq(gap, value, end, xtol=1e-13))

    whole = round(n)
    return Interval(
        value=value,
        low=root(1.0, -1.0),
        high=root(-1.0, 1.0),
        level=level,
        method="Tango",
        n=whole,
        n_clusters=whole,
    )
