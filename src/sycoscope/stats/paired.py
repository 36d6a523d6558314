"""Paired contrasts: one procedure gives the p-value and the interval that is shown (docs/decisions/0012)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.stats.clusters import cluster_sums
from sycoscope.stats.flips import TIGHTEST, Flips
from sycoscope.stats.interval import (
    FloatArray,
    Interval,
    Labels,
    as_vector,
    check_level,
    not_computable,
    t_of,
)
from sycoscope.stats.proportions import degenerate_limits
from sycoscope.stats.resampling import Statistic, distinct_rows, evaluate

# Fewer clusters than this know nothing of their own spread.
MIN_CLUSTERS = 2


@dataclass(frozen=True, slots=True)
class Tested:
    """A contrast with its test: `interval(level)` leaves out 0 exactly where `p_value` is below 1 - level.

    Attributes:
        p_value: Two-sided against 0; None where there is nothing to test.
        error: Standard error, robust to clusters; None likewise. df: its degrees of freedom.
    """

    interval: Callable[[float], Interval]
    p_value: float | None
    error: float | None = None
    df: float = math.inf


def paired_mean(
    values: ArrayLike,
    clusters: Labels | None = None,
    *,
    bounds: tuple[float, float] | None = None,
    whole: bool = True,
) -> Tested:
    """Mean of paired differences.

    Args:
        values: (n,), one difference per item (a difference in differences of 0/1 outcomes lies in -2 ... 2).
        bounds: Range of a difference; None where there is none.
        whole: Differences of 0/1 outcomes, tested by flipping the signs of clusters (`Flips`); otherwise numbers,
            by Student's t with n_clusters - 1 degrees of freedom.

    Raises:
        DataError: A missing value or one out of bounds.

    Source: flips: as `Flips`; t: Liang and Zeger 1986, Biometrika 73, 13-22 (with the factor G / (G - 1)).
    """
    low_end, high_end = (-math.inf, math.inf) if bounds is None else bounds
    x = as_vector("values", values, low=low_end - 1e-9, high=high_end + 1e-9)
    if x.size == 0:
        return nothing_to_test("no observations")
    sums = cluster_sums(np.stack([x, np.ones_like(x)], axis=1), clusters)
    tested = linearised(sums, lambda s: s[:, 0] / s[:, 1], bounds=bounds, n=x.size)
    if not whole or tested.error is None:
        return tested
    rows = distinct_rows(sums)
    flips = Flips(rows.table[:, 0], rows.table[:, 1], rows.counts)
    error, method = tested.error, "sign flips of clusters"

    def interval(level: float) -> Interval:
        low, high = flips.limits(check_level(level), error)
        return Interval(
            value=flips.mean, low=max(low, low_end), high=min(high, high_end), level=level, method=method,
            n=x.size, n_clusters=sums.shape[0],
        )  # fmt: skip

    return Tested(interval, flips.p_value(), error, tested.df)


def linearised(
    sums: FloatArray,
    fn: Statistic,
    *,
    bounds: tuple[float, float] | None = None,
    n: int | None = None,
    extra_variance: float = 0.0,
) -> Tested:
    """A smooth function of cluster sums: value +- t * SE, by the delta method with G - 1 degrees of freedom.

    Args:
        sums: (G, k), clusters with anything in them. fn: (B, k) -> (B,).
        bounds: Range of the value: limits are cut there, and an SE of 0 falls back to `degenerate_limits`.
        n: Observations, for the record (default: G). extra_variance: added to SE^2.

    Source: Cochran 1977, Sampling Techniques, section 6.6 (ratios); Binder 1983, Int. Stat. Rev. 51, 279-292
        (any smooth function); the factor G / (G - 1).
    """
    kept = sums[np.any(sums != 0.0, axis=1)]
    g, n = kept.shape[0], kept.shape[0] if n is None else n
    total = kept.sum(axis=0)
    value = float(evaluate(fn, total[None, :])[0, 0]) if g else math.nan
    if math.isnan(value):
        return nothing_to_test("no observations in one of the cells", n=n, n_clusters=g)
    squares = float(np.sum(_influence(kept, fn, total) ** 2))
    variance = (g / (g - 1) * squares if g >= MIN_CLUSTERS else math.inf) + extra_variance
    if not math.isfinite(variance) or variance <= 1e-18:
        return _without_spread(value, bounds, n, g)
    error, df, method = math.sqrt(variance), g - 1.0, "t, robust to clusters"
    low_end, high_end = (-math.inf, math.inf) if bounds is None else bounds

    def interval(level: float) -> Interval:
        reach = t_of(check_level(level), df) * error
        return Interval(
            value=value, low=max(value - reach, low_end), high=min(value + reach, high_end), level=level,
            method=method, n=n, n_clusters=g,
        )  # fmt: skip

    return Tested(interval, two_sided(value / error, df), error, df)


def two_sided(t: float, df: float) -> float:
    """Two-sided p of Student's t, not below `TIGHTEST`."""
    from scipy.special import stdtr

    return max(2.0 * float(stdtr(df, -abs(t))), TIGHTEST)


def _influence(sums: FloatArray, fn: Statistic, total: FloatArray) -> FloatArray:
    """(G,) first-order effect of each cluster on fn(total), which sum to 0: sums @ gradient."""
    k = total.size
    step = 1e-5 * np.maximum(np.abs(total), 1.0)
    points = np.concatenate([total + np.diag(step), total - np.diag(step)])
    ends = evaluate(fn, points)[:, 0]
    gradient = np.nan_to_num((ends[:k] - ends[k:]) / (2.0 * step))
    influence = sums @ gradient
    return np.asarray(influence - influence.mean())


def _without_spread(value: float, bounds: tuple[float, float] | None, n: int, g: int) -> Tested:
    """Clusters that all say the same, or one alone: limits from the range, and the p that goes with them.

    That is the score test in which Wilson's limit reaches 0, but no less than the p of as many equal signs.
    """
    frame = Interval(value=value, low=None, high=None, level=0.95, method="", n=n, n_clusters=g)
    if bounds is None or g < MIN_CLUSTERS:
        why = "one cluster" if g < MIN_CLUSTERS else "all clusters alike"
        return Tested(lambda level: replace(frame, level=level, note=f"{why}: no spread to go by"), None)
    p = 1.0 if value == 0.0 else _of_equal_signs(value, bounds, g)

    def interval(level: float) -> Interval:
        low, high = degenerate_limits(value, float(g), bounds, level)
        if p >= 1.0 - level:
            low, high = min(low, 0.0), max(high, 0.0)
        method = "Wilson at effective n"
        return replace(frame, low=low, high=high, level=level, method=method, note="all clusters alike")

    return Tested(interval, p)


def _of_equal_signs(value: float, bounds: tuple[float, float], g: int) -> float:
    from scipy.special import ndtr

    # Wilson's upper limit of 0 in g is z^2 / (g + z^2): the share that takes the mean to 0
    end = -bounds[0] if value > 0 else bounds[1]
    score = 2.0 * float(ndtr(-math.sqrt(g * abs(value) / end))) if end > 0 else 0.0
    return min(1.0, max(2.0 * 0.5**g, score, TIGHTEST))


def nothing_to_test(note: str, *, n: int = 0, n_clusters: int = 0) -> Tested:
    """No number, and the reason."""
    return Tested(lambda level: not_computable(note, level=level, n=n, n_clusters=n_clusters), None)
