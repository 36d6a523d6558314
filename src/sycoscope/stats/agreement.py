"""Do two judges of the same trials agree beyond chance?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from sycoscope.core.errors import DataError
from sycoscope.stats.bootstrap import N_BOOT, bootstrap_statistic
from sycoscope.stats.clusters import cluster_sums
from sycoscope.stats.interval import FloatArray, Interval, Labels, check_level, not_computable


def confusion(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[list[Hashable], FloatArray]:
    """The labels found (sorted by their text) and the (k, k) counts: row is a's label, column b's.

    Raises:
        DataError: Lengths that differ.
    """
    if len(a) != len(b):
        raise DataError(f"the judges gave {len(a)} and {len(b)} labels; row i of both must be the same trial")
    labels = sorted({*a, *b}, key=str)
    place = {label: i for i, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)))
    for first, second in zip(a, b, strict=True):
        table[place[first], place[second]] += 1.0
    return labels, table


def cohen_kappa(
    a: Sequence[Hashable],
    b: Sequence[Hashable],
    clusters: Labels | None = None,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
) -> Interval:
    """Cohen's kappa of two judges, unweighted, with a cluster bootstrap interval.

    Where all clusters agree perfectly the bootstrap has zero width and the limits come from
    `degenerate_limits` over [-1, 1]. None where both judges give one and the same label throughout (0/0).

    Args:
        a, b: n labels each; missing ones are left out in pairs by the caller.

    Raises:
        DataError: Lengths that differ.

    Source: Cohen 1960, Educ. Psychol. Meas. 20, 37-46, equation 1.
    """
    check_level(level)
    labels, _ = confusion(a, b)
    n, k = len(a), len(labels)
    if n == 0 or k < 2:
        why = "no pairs of labels" if n == 0 else "both judges give one label throughout: kappa is 0/0"
        return not_computable(why, level=level, n=n)
    place = {label: i for i, label in enumerate(labels)}
    first, second = np.array([place[v] for v in a]), np.array([place[v] for v in b])
    each = np.eye(k)
    # Per trial: agreement, 1, and which label each judge gave.
    columns = np.concatenate([(first == second)[:, None], np.ones((n, 1)), each[first], each[second]], axis=1)

    def fn(sums: FloatArray) -> FloatArray:
        n_trials = sums[:, 1]
        chance = np.sum(sums[:, 2 : 2 + k] * sums[:, 2 + k :], axis=1) / n_trials**2
        # 1 - chance is 0 only where a resample holds one label: 0/0.
        spare = np.where(chance > 1.0 - 1e-12, np.nan, 1.0 - chance)
        return np.asarray((sums[:, 0] / n_trials - chance) / spare)

    sums = cluster_sums(columns, clusters)
    return bootstrap_statistic(sums, fn, rng=rng, level=level, n_boot=n_boot, bounds=(-1.0, 1.0), n=n)
