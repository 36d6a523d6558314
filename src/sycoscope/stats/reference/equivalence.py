"""Is a difference small enough not to matter? Two one-sided tests against a stated margin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.clusters import cluster_standard_error
from sycoscope.stats.interval import Interval, Labels, as_vector, cluster_codes, not_computable, t_of
from sycoscope.stats.proportions import degenerate_limits


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginTest:
    """Whether a mean difference lies within a margin.

    Attributes:
        shown: True where it does at `alpha`; False is "not shown", never "shown to differ".
            None where nothing could be computed.
        p_value: The larger of the one-sided p-values; None where the differences do not vary.
        interval: Two-sided at level 1 - 2 alpha (equivalence and non-inferiority alike).
        low, high: The margin; `high` is infinite for non-inferiority.
    """

    shown: bool | None
    p_value: float | None
    interval: Interval
    low: float
    high: float
    alpha: float
    note: str = ""


def equivalence(
    differences: ArrayLike,
    clusters: Labels | None = None,
    *,
    low: float,
    high: float,
    alpha: float = 0.05,
    bounds: tuple[float, float] | None = None,
) -> MarginTest:
    """Two one-sided t tests that the mean of paired differences lies in (low, high).

    Args:
        differences: (n,) paired differences. clusters: (n,) labels, or None.
        low, high: The margin, stated before looking: low < 0 < high, as -0.05 and 0.05.
        bounds: Range of one difference, as (-1, 1): used where all are alike.

    Raises:
        DataError: A margin that does not hold 0, alpha outside (0, 0.5), or missing differences.

    Source: Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680; standard error robust to clusters, with
        n_clusters - 1 degrees of freedom.
    """
    if not low < 0.0 < high:
        raise DataError(f"margin is ({low}, {high}); it must hold 0: low < 0 < high")
    return _margin_test(differences, clusters, low, high, alpha, bounds)


def non_inferiority(
    differences: ArrayLike,
    clusters: Labels | None = None,
    *,
    margin: float,
    alpha: float = 0.05,
    bounds: tuple[float, float] | None = None,
) -> MarginTest:
    """One-sided t test that the mean of paired differences lies above -margin.

    Args:
        margin: > 0, in the units of the differences (larger differences are better).
        Others as `equivalence`.

    Raises:
        DataError: As `equivalence`.
    """
    if not margin > 0.0:
        raise DataError(f"margin is {margin}; a number above 0 is needed")
    return _margin_test(differences, clusters, -margin, math.inf, alpha, bounds)


def _margin_test(
    differences: ArrayLike,
    clusters: Labels | None,
    low: float,
    high: float,
    alpha: float,
    bounds: tuple[float, float] | None,
) -> MarginTest:
    from scipy.special import stdtr

    if not 0.0 < alpha < 0.5:
        raise DataError(f"alpha is {alpha}; it must lie strictly between 0 and 0.5")
    values = as_vector("differences", differences)
    level = 1.0 - 2.0 * alpha
    _, n_clusters = cluster_codes(clusters, values.size)
    error, df = cluster_standard_error(values, clusters) if values.size else (None, 0)
    if error is None:
        note = "fewer than two clusters"
        empty = not_computable(note, level=level, n=values.size, n_clusters=n_clusters)
        return MarginTest(
            shown=None, p_value=None, interval=empty, low=low, high=high, alpha=alpha, note=note
        )
    value, p_value, note = float(values.mean()), None, ""
    ends: tuple[float, float] | None
    if error > 1e-12 * max(1.0, float(np.max(np.abs(values)))):
        half = t_of(level, df) * error
        ends, method = (value - half, value + half), "cluster-robust t"
        below = float(stdtr(df, -(value - low) / error))
        above = 0.0 if math.isinf(high) else float(stdtr(df, (value - high) / error))
        p_value = max(below, above)
    else:
        note = "all differences alike"
        ends = None if bounds is None else degenerate_limits(value, n_clusters, bounds, level)
        method = "" if bounds is None else "Wilson at effective n"
    interval = Interval(
        value=value,
        low=ends[0] if ends else None,
        high=ends[1] if ends else None,
        level=level,
        method=method,
        n=values.size,
        n_clusters=n_clusters,
        note=note,
    )
    shown = None if ends is None else ends[0] > low and ends[1] < high
    return MarginTest(
        shown=shown, p_value=p_value, interval=interval, low=low, high=high, alpha=alpha, note=note
    )
