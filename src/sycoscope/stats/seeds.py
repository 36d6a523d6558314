"""Several training seeds, the same items in each: between-run variance and item variance together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.interval import (
    FloatArray,
    Interval,
    Labels,
    check_level,
    cluster_codes,
    not_computable,
    t_of,
)


def seed_sums(values: ArrayLike, clusters: Labels | None) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(S, G) cluster sums per seed, (G,) cluster sizes, and the (S, n) values; raises DataError for another shape."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise DataError(
            f"values has shape {table.shape}; a finite (n_seeds, n_items) array is needed: the same items in "
            f"every seed, items missing in one left out of all"
        )
    codes, n_clusters = cluster_codes(clusters, table.shape[1])
    sums = np.zeros((table.shape[0], n_clusters))
    for seed, row in enumerate(table):
        sums[seed] = np.bincount(codes, weights=row, minlength=n_clusters)
    return sums, np.bincount(codes, minlength=n_clusters).astype(np.float64), table


def seed_interval(
    values: ArrayLike,
    clusters: Labels | None = None,
    *,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Mean over seeds and items with both variances: the interval to report for few seeds.

    Two half-widths are added as squares: Student's for the seed means (n_seeds - 1 degrees of freedom: 12.7
    standard errors with two seeds, 4.3 with three) and Student's for the item clusters (of the averages over
    seeds). The seed-by-item part is in both, so the interval is careful.

    Args:
        values: (n_seeds, n_items), as per-item differences of a contrast. clusters: (n_items,) labels.
        bounds: Range of the mean; limits are cut there.

    Returns:
        Without limits for fewer than two seeds or clusters.

    Raises:
        DataError: Another shape, or a missing value.

    Source: components as in Cameron, Gelbach and Miller 2011, J. Bus. Econ. Stat. 29, 238-249 (two-way
        clustering, without the term that is subtracted); squares of half-widths: Howe 1974, J. Am. Stat.
        Assoc. 69, 789-794 (sum of two means), as square-and-add.
    """
    check_level(level)
    sums, sizes, table = seed_sums(values, clusters)
    n_seeds, n_clusters = sums.shape[0], sizes.size
    if table.size == 0:
        return not_computable("no observations", level=level)
    value = float(table.mean())
    without = Interval(
        value=value, low=None, high=None, level=level, method="", n=table.size, n_clusters=n_clusters
    )
    if n_seeds < 2 or n_clusters < 2:
        return replace(without, note=f"{n_seeds} seeds and {n_clusters} clusters: two of each are needed")
    between = float(np.var(table.mean(axis=1), ddof=1)) / n_seeds
    residual = sums.mean(axis=0) - value * sizes
    within = n_clusters / (n_clusters - 1) * float(np.sum(residual**2)) / sizes.sum() ** 2
    if between + within <= 0.0:
        return replace(without, note="all values alike")
    half = math.hypot(
        t_of(level, n_seeds - 1) * math.sqrt(between), t_of(level, n_clusters - 1) * math.sqrt(within)
    )
    low, high = value - half, value + half
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return replace(without, low=low, high=high, method=f"two-way t ({n_seeds} seeds)")
