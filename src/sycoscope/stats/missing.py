"""How far missing outcomes could move a rate or a difference: worst-case and best-case bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sycoscope.core.errors import DataError
from sycoscope.stats.interval import z_of
from sycoscope.stats.proportions import wilson_limits

Sign = Literal["positive", "negative", "zero", "sign not fixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a number would be if every missing outcome had gone one way, or the other.

    Attributes:
        value: From the scored outcomes alone; None where there are none.
        low, high: Bounds, certain whatever the missing outcomes were; None where nothing was eligible.
        outer_low, outer_high: The bounds widened by sampling error (Wilson's limit at each bound).
        sign: Of the number at both bounds.
    """

    value: float | None
    low: float | None
    high: float | None
    outer_low: float | None
    outer_high: float | None
    n_scored: int
    n_missing: int
    sign: Sign


def _sign(low: float, high: float) -> Sign:
    if low == 0.0 and high == 0.0:
        return "zero"
    if low > 0.0:
        return "positive"
    return "negative" if high < 0.0 else "sign not fixed"


def manski_rate(successes: int, n_scored: int, n_missing: int, *, level: float = 0.95) -> Bounds:
    """Bounds of a rate with missing outcomes: all missing fail, all missing succeed.

    Args:
        successes: In 0 ... n_scored. n_missing: eligible but not scored, 0 or more.

    Raises:
        DataError: Counts that do not fit.

    Source: Manski 1989, J. Hum. Resour. 24, 343-360; Horowitz and Manski 2000, J. Am. Stat. Assoc. 95, 77-84.
    """
    if not 0 <= successes <= n_scored or n_missing < 0:
        raise DataError(
            f"{successes} successes, {n_scored} scored, {n_missing} missing; "
            f"needed: 0 <= successes <= scored and missing >= 0"
        )
    z, n = z_of(level), n_scored + n_missing
    if n == 0:
        return Bounds(
            value=None, low=None, high=None, outer_low=None, outer_high=None, n_scored=0, n_missing=0,
            sign="sign not fixed",
        )  # fmt: skip
    low, high = successes / n, (successes + n_missing) / n
    return Bounds(
        value=successes / n_scored if n_scored else None,
        low=low,
        high=high,
        outer_low=wilson_limits(low, n, z)[0],
        outer_high=wilson_limits(high, n, z)[1],
        n_scored=n_scored,
        n_missing=n_missing,
        sign=_sign(low, high),
    )


def manski_difference(a: Bounds, b: Bounds) -> Bounds:
    """Bounds of rate a - rate b, each with its own missing outcomes (from `manski_rate`).

    The outer bounds add the two sampling errors in quadrature, as for independent rates (for rates of the
    same items, which agree more often than not, they are wide). Where the bounds lie on both sides of 0
    the sign is "sign not fixed": what is missing could make it either.

    Source: as `manski_rate`; the sum of squares: Newcombe 1998, Stat. Med. 17, 873-890, method 10.
    """
    n_scored, n_missing = a.n_scored + b.n_scored, a.n_missing + b.n_missing
    if (
        a.low is None or a.high is None or a.outer_low is None or a.outer_high is None
        or b.low is None or b.high is None or b.outer_low is None or b.outer_high is None
    ):  # fmt: skip
        return Bounds(
            value=None, low=None, high=None, outer_low=None, outer_high=None,
            n_scored=n_scored, n_missing=n_missing, sign="sign not fixed",
        )  # fmt: skip
    low, high = a.low - b.high, a.high - b.low
    return Bounds(
        value=None if a.value is None or b.value is None else a.value - b.value,
        low=low,
        high=high,
        outer_low=max(-1.0, low - math.hypot(a.low - a.outer_low, b.outer_high - b.high)),
        outer_high=min(1.0, high + math.hypot(a.outer_high - a.high, b.low - b.outer_low)),
        n_scored=n_scored,
        n_missing=n_missing,
        sign=_sign(low, high),
    )
