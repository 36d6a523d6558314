"""The p-value of a change: that of its own test, or its interval inverted where it has no test.

Either way p is below 0.05 exactly where the 95 % interval leaves out zero (docs/decisions/0012-the-verdict.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sycoscope.analysis.rates import Measured
from sycoscope.stats import Interval
from sycoscope.stats.bootstrap import N_BOOT

TIGHTEST = 1e-6
# N_BOOT resamples that all exclude zero say no more than this.
TIGHTEST_BOOTSTRAP = 1 / (N_BOOT + 1)
ALPHA = 0.05
_BELOW = 1e-9


def p_value(measured: Measured) -> float | None:
    """Two-sided p-value of a change against zero; None where nothing can be tested."""
    return inverted(measured.at_level) if measured.p_value is None else measured.p_value


def inverted(at_level: Callable[[float], Interval]) -> float | None:
    """One less the highest level whose interval leaves out zero, to three digits; None without an interval.

    Below 0.05 exactly where the 95 % interval excludes zero. Not below 1e-6, and for a bootstrap not below
    one in its resamples.
    """
    first = at_level(1 - ALPHA)
    if first.value is None or first.low is None or first.high is None:
        return None
    if first.value == 0.0:
        return 1.0
    tightest = TIGHTEST_BOOTSTRAP if "bootstrap" in first.method else TIGHTEST
    p = _inverted(at_level, abs(first.value), first, tightest)
    return min(p, ALPHA - _BELOW) if first.excludes(0.0) else max(p, ALPHA)


def _inverted(at_level: Callable[[float], Interval], value: float, first: Interval, tightest: float) -> float:
    """Find the z at which the limit on zero's side reaches zero, by regula falsi (Illinois), as 2 Phi(-z)."""
    from scipy.special import ndtr, ndtri

    def beyond(z: float) -> float:
        """How far the limit lies beyond zero: negative while the interval excludes zero."""
        return _reach(at_level(1 - 2 * float(ndtr(-z)))) - value

    most = -float(ndtri(tightest / 2))
    low, at_low = 0.0, -value
    high, at_high = -float(ndtri(ALPHA / 2)), _reach(first) - value
    if at_high < 0:
        low, at_low = high, at_high
        high, at_high = most, beyond(most)
        if at_high < 0:
            return tightest
    # a step of z changes p by the share z * step
    while high - low > 0.004 / max(high, 1.0):
        z = high - at_high * (high - low) / (at_high - at_low)
        z = min(max(z, low + 0.02 * (high - low)), high - 0.02 * (high - low))
        distance = beyond(z)
        if distance < 0:
            low, at_low, at_high = z, distance, at_high / 2
        else:
            high, at_high, at_low = z, distance, at_low / 2
    return min(1.0, 2 * float(ndtr(-(low + high) / 2)))


def _reach(interval: Interval) -> float:
    """Distance from the value to the limit on zero's side; 0 where a low level's limits fall on the value."""
    if interval.value is None or interval.low is None or interval.high is None:
        return 0.0
    reach = interval.value - interval.low if interval.value > 0 else interval.high - interval.value
    return reach if math.isfinite(reach) else math.inf
