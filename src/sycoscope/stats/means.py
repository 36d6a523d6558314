"""Mean of numbers by the cluster bootstrap."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.stats.bootstrap import N_BOOT, bootstrap_statistic, ratio
from sycoscope.stats.clusters import kish_n, sum_by_code
from sycoscope.stats.interval import Interval, Labels, as_vector, check_level, cluster_codes, not_computable


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
            all numbers may be alike, otherwise such a mean has no limits.

    Raises:
        DataError: A value that is missing or out of bounds.
    """
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    values = as_vector("x", x, low=low, high=high)
    codes, n_clusters = cluster_codes(clusters, values.size)
    check_level(level)
    if values.size == 0:
        return not_computable("no observations", level=level)
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
