"""A p-value that agrees with the interval: one less the highest level whose interval excludes zero.

One decision rule for everything that is reported: the interval decides, and the p-value is that interval
inverted, so that the two can never disagree (docs/decisions/0004-one-decision-rule.md).
"""

from __future__ import annotations

from collections.abc import Callable

from sycoscope.stats import Interval

_TIGHTEST = 1e-6


def p_value(at_level: Callable[[float], Interval]) -> float | None:
    """Two-sided p-value against zero, to three digits, not below 1e-6; None without an interval."""
    first = at_level(0.95)
    if first.value is None or first.low is None or first.high is None:
        return None
    if at_level(1 - _TIGHTEST).excludes(0.0):
        return _TIGHTEST
    low, high = _TIGHTEST, 1 - 1e-4
    if not at_level(1 - high).excludes(0.0):
        return 1.0
    while high / low > 1.005:
        middle = (low * high) ** 0.5
        if at_level(1 - middle).excludes(0.0):
            high = middle
        else:
            low = middle
    return high
