"""The decision rule: which interval a rate, a paired difference or a mean gets.

1. 0/1 outcomes: Wilson for a rate, square-and-add of Wilson for a difference (Newcombe's method 10) or
   for any weighted sum of rates (`rate_contrast`). Clusters of single items: at n, with the normal quantile.
   Larger clusters: at the effective n, with Student's quantile.
2. Other numbers, and what is no weighted sum of rates: cluster bootstrap, BCa, read at the tail area for
   the clusters that say something else than the commonest.
3. Where that has zero width: Wilson's limit at the effective n (`degenerate_limits`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.stats.bootstrap import N_BOOT, bootstrap_statistic, ratio
from sycoscope.stats.clusters import kish_n, sum_by_code
from sycoscope.stats.contrasts import rate_contrast
from sycoscope.stats.interval import (
    FloatArray,
    IntArray,
    Interval,
    Labels,
    as_vector,
    check_level,
    cluster_codes,
    not_computable,
    same_length,
)


def _is_binary(values: FloatArray) -> bool:
    return bool(np.all((values == 0.0) | (values == 1.0)))


def _bootstrap_mean(
    values: FloatArray,
    codes: IntArray,
    n_clusters: int,
    *,
    rng: np.random.Generator,
    level: float,
    n_boot: int,
    bounds: tuple[float, float] | None,
) -> Interval:
    sums = sum_by_code(np.stack([values, np.ones_like(values)], axis=1), codes, n_clusters)
    return bootstrap_statistic(
        sums,
        ratio,
        rng=rng,
        level=level,
        n_boot=n_boot,
        bounds=bounds,
        n_effective=kish_n(sums[:, 1]),
        n=values.size,
    )


def rate(
    x: ArrayLike,
    clusters: Labels | None = None,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
) -> Interval:
    """A rate with the interval of the decision rule.

    Args:
        x: (n,) outcomes in [0, 1]; missing ones are left out by the caller.
        clusters: (n,) labels; None: every observation is independent.
        rng: Used by the bootstrap only, that is for outcomes between 0 and 1.

    Raises:
        DataError: A value outside [0, 1] or missing, or another number of labels.
    """
    values = as_vector("x", x, low=0.0, high=1.0)
    codes, n_clusters = cluster_codes(clusters, values.size)
    check_level(level)
    if values.size == 0:
        return not_computable("no observations", level=level)
    if _is_binary(values):
        column = values[:, None]
        found = rate_contrast(column, np.ones_like(column), (1.0,), codes, level=level)
        return replace(found, method=found.method.removeprefix("square-and-add "))
    return _bootstrap_mean(values, codes, n_clusters, rng=rng, level=level, n_boot=n_boot, bounds=(0.0, 1.0))


def paired_rate_difference(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Labels | None = None,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
) -> Interval:
    """mean(a) - mean(b) of two rates of the same items, with the interval of the decision rule.

    Args:
        a, b: (n,) outcomes in [0, 1]; row i of both is the same item (and draw).
        clusters: (n,) labels; None: every item is independent.

    Raises:
        DataError: Lengths that differ, a value outside [0, 1] or missing.
    """
    first, second = as_vector("a", a, low=0.0, high=1.0), as_vector("b", b, low=0.0, high=1.0)
    same_length(a=first, b=second)
    codes, n_clusters = cluster_codes(clusters, first.size)
    check_level(level)
    if first.size == 0:
        return not_computable("no pairs", level=level)
    if _is_binary(first) and _is_binary(second):
        cells = np.stack([first, second], axis=1)
        found = rate_contrast(cells, np.ones_like(cells), (1.0, -1.0), codes, level=level)
        return replace(found, method=found.method.replace("square-and-add Wilson", "Newcombe 10"))
    return _bootstrap_mean(
        first - second, codes, n_clusters, rng=rng, level=level, n_boot=n_boot, bounds=(-1.0, 1.0)
    )


def mean(
    x: ArrayLike,
    clusters: Labels | None = None,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Mean of per-item numbers, as a difference in differences, by the cluster bootstrap.

    Args:
        x: (n,) finite numbers. clusters: (n,) labels, or None.
        bounds: Range of one number, as (-2, 2) for a difference in differences of 0/1 outcomes: needed where
            all numbers may be alike (rule 3), otherwise such a mean has no limits.

    Raises:
        DataError: A value that is missing or out of bounds.
    """
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    values = as_vector("x", x, low=low, high=high)
    codes, n_clusters = cluster_codes(clusters, values.size)
    check_level(level)
    if values.size == 0:
        return not_computable("no observations", level=level)
    return _bootstrap_mean(values, codes, n_clusters, rng=rng, level=level, n_boot=n_boot, bounds=bounds)


def mean_difference(
    x: ArrayLike,
    y: ArrayLike,
    clusters: Labels | None = None,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """mean(x) - mean(y), paired per item; arguments as `mean` (`bounds` are those of one x - y)."""
    first, second = as_vector("x", x), as_vector("y", y)
    same_length(x=first, y=second)
    return mean(first - second, clusters, rng=rng, level=level, n_boot=n_boot, bounds=bounds)
