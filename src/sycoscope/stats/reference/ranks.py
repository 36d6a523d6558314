"""Ranks of scores that are functions of cluster sums; a run ranks replicates that it has (`rank_replicates`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.stats.bootstrap import N_BOOT, bootstrap_replicates, check_sums
from sycoscope.stats.ranks import Ranks, rank_replicates
from sycoscope.stats.resampling import Statistic, evaluate


def rank_uncertainty(
    sums: ArrayLike, fn: Statistic, *, rng: np.random.Generator, level: float = 0.95, n_boot: int = N_BOOT
) -> Ranks:
    """Ranks of m scores that are functions of cluster sums, resampled jointly.

    Args:
        sums: (n_clusters, k). fn: (B, k) -> (B, m) scores, higher is better.

    Raises:
        DataError: As `bootstrap_replicates`; or a score that is missing in a resample.
    """
    table = check_sums(sums)
    point = evaluate(fn, table.sum(axis=0)[None, :])[0]
    return rank_replicates(point, bootstrap_replicates(table, fn, rng=rng, n_boot=n_boot), level=level)
