"""The nested bootstrap over seeds and items, beside `seed_interval` that a run takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.stats.bootstrap import N_BOOT
from sycoscope.stats.interval import FloatArray, Interval, Labels, check_level, not_computable
from sycoscope.stats.resampling import sorted_quantiles
from sycoscope.stats.seeds import seed_sums


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
    sums, sizes, table = seed_sums(values, clusters)
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
