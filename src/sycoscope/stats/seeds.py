"""Several training seeds, the same items in each: between-run variance and item variance together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.bootstrap import N_BOOT
from sycoscope.stats.interval import (
    FloatArray,
    Interval,
    Labels,
    check_level,
    cluster_codes,
    not_computable,
    t_of,
)
from sycoscope.stats.resampling import sorted_quantiles


def _check(values: ArrayLike, clusters: Labels | None) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(S, G) cluster sums per seed, (G,) cluster sizes, and the (S, n) values."""
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
    sums, sizes, table = _check(values, clusters)
    n_seeds, n_clusters = sums.shape[0], sizes.size
    if table.size == 0:
        return not_computable("no observations", level=level)
    value = float(table.mean())
    if n_seeds < 2 or n_clusters < 2:
        why = f"{n_seeds} seeds and {n_clusters} clusters: two of each are needed"
        return Interval(
            value=value, low=None, high=None, level=level, method="", n=table.size, n_clusters=n_clusters,
            note=why,
        )  # fmt: skip
    between = float(np.var(table.mean(axis=1), ddof=1)) / n_seeds
    residual = sums.mean(axis=0) - value * sizes
    within = n_clusters / (n_clusters - 1) * float(np.sum(residual**2)) / sizes.sum() ** 2
    if between + within <= 0.0:
        return Interval(
            value=value, low=None, high=None, level=level, method="", n=table.size, n_clusters=n_clusters,
            note="all values alike",
        )  # fmt: skip
    half = math.hypot(
        t_of(level, n_seeds - 1) * math.sqrt(between), t_of(level, n_clusters - 1) * math.sqrt(within)
    )
    low, high = value - half, value + half
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Interval(
        value=value,
        low=low,
        high=high,
        level=level,
        method=f"two-way t ({n_seeds} seeds)",
        n=table.size,
        n_clusters=n_clusters,
    )


def nested_bootstrap(
    values: ArrayLike,
    clusters: Labels | None = None,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
    same_items: bool = True,
) -> Interval:
    """Percentile bootstrap of the mean: draw seeds, then item clusters.

    With few seeds (under about 10) it is too narrow, since a handful of seed means cannot show their
    own spread: use `seed_interval` there.

    Args:
        values: (n_seeds, n_items). clusters: (n_items,) labels, or None.
        same_items: True: the seeds share their items, and one draw of clusters serves all drawn seeds.
            False: clusters are drawn anew in each drawn seed (items that only nest in seeds).

    Raises:
        DataError: Another shape, or a missing value.

    Source: Davison and Hinkley 1997, Bootstrap Methods, section 3.8 (nested); Owen 2007, Ann. Appl. Stat. 1,
        386-411 (crossed).
    """
    check_level(level)
    sums, sizes, table = _check(values, clusters)
    n_seeds, n_clusters = sums.shape[0], sizes.size
    if table.size == 0:
        return not_computable("no observations", level=level)
    draw = _crossed_draws if same_items else _nested_draws
    chunk = max(1, 4_000_000 // max(n_clusters, n_seeds))
    boot = np.concatenate([draw(sums, sizes, min(chunk, n_boot - i), rng) for i in range(0, n_boot, chunk)])
    tail = (1.0 - level) / 2.0
    ordered = np.sort(boot)[:, None]
    low, high = (float(sorted_quantiles(ordered, np.array([area]))[0]) for area in (tail, 1.0 - tail))
    value = float(table.mean())
    flat = not high - low > 1e-12 * max(1.0, abs(value))
    return Interval(
        value=value,
        low=None if flat else low,
        high=None if flat else high,
        level=level,
        method="" if flat else f"nested bootstrap ({n_seeds} seeds)",
        n=table.size,
        n_clusters=n_clusters,
        note="the bootstrap has zero width" if flat else "",
    )


def _crossed_draws(sums: FloatArray, sizes: FloatArray, b: int, rng: np.random.Generator) -> FloatArray:
    """(b,) means: seeds and clusters drawn independently of one another."""
    n_seeds, n_clusters = sums.shape
    seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1.0 / n_seeds), size=b)
    picked = rng.integers(0, n_clusters, size=(b, n_clusters)) + np.arange(b)[:, None] * n_clusters
    items = np.bincount(picked.ravel(), minlength=b * n_clusters).reshape(b, n_clusters)
    return np.asarray(np.sum((seeds @ sums) * items, axis=1) / (n_seeds * (items @ sizes)))


def _nested_draws(sums: FloatArray, sizes: FloatArray, b: int, rng: np.random.Generator) -> FloatArray:
    """(b,) means: clusters drawn anew within each drawn seed."""
    n_seeds, n_clusters = sums.shape
    total = np.zeros(b)
    for _ in range(n_seeds):
        seed = rng.integers(0, n_seeds, size=b)
        picked = rng.integers(0, n_clusters, size=(b, n_clusters))
        total += sums[seed[:, None], picked].sum(axis=1) / sizes[picked].sum(axis=1)
    return np.asarray(total / n_seeds)
