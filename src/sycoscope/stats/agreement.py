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


def kappa(a: Sequence[Hashable], b: Sequence[Hashable]) -> float | None:
    """Cohen's kappa of two judges, unweighted, without an interval.

    None where there are no pairs of labels, and where both judges give one and the same label throughout (0/0).

    Args:
        a, b: n labels each; missing ones are left out in pairs by the caller.

    Raises:
        DataError: Lengths that differ.

    Source: Cohen 1960, Educ. Psychol. Meas. 20, 37-46, equation 1.
    """
    if len(a) == len(b) and len({*a, *b}) < 2:
        return None
    return float(_kappa(_columns(a, b).sum(axis=0)[None, :])[0])


def kappa_of(table: FloatArray) -> float | None:
    """`kappa` of a (k, k) table of counts, or of weights: row is one judge's label, column the other's.

    None where there is nothing in it, and where both judges give one and the same label throughout (0/0).
    """
    total = float(table.sum())
    if total <= 0.0:
        return None
    chance = float(table.sum(axis=0) @ table.sum(axis=1)) / total**2
    return None if chance > 1.0 - 1e-12 else (float(np.trace(table)) / total - chance) / (1.0 - chance)


def cohen_kappa(
    a: Sequence[Hashable],
    b: Sequence[Hashable],
    clusters: Labels | None = None,
    *,
    weights: FloatArray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
) -> Interval:
    """`kappa` with a cluster bootstrap interval.

    Where all clusters agree perfectly the bootstrap has zero width and the limits come from
    `degenerate_limits` over [-1, 1].

    Args:
        a, b: As `kappa`.
        weights: (n,) how many trials each stands for, above 0, of a sample in which some were drawn more often than
            others; they are taken as known. None: each for itself.

    Raises:
        DataError: As `kappa`; another number of weights, or one that is not above 0.
    """
    check_level(level)
    columns = _columns(a, b)
    n = columns.shape[0]
    if weights is not None:
        if weights.shape != (n,) or not np.all(weights > 0.0):
            raise DataError(f"weights has shape {weights.shape}; ({n},) numbers above 0 are needed")
        columns = columns * weights[:, None]
    if kappa(a, b) is None:
        why = "no pairs of labels" if n == 0 else "both judges give one label throughout: kappa is 0/0"
        return not_computable(why, level=level, n=n)
    sums = cluster_sums(columns, clusters)
    return bootstrap_statistic(sums, _kappa, rng=rng, level=level, n_boot=n_boot, bounds=(-1.0, 1.0), n=n)


def _columns(a: Sequence[Hashable], b: Sequence[Hashable]) -> FloatArray:
    """(n, 2 + 2k) per trial of k labels: agreement, 1, and which label each judge gave."""
    labels, _ = confusion(a, b)
    place = {label: i for i, label in enumerate(labels)}
    first, second = (np.array([place[label] for label in judge], dtype=np.int64) for judge in (a, b))
    each = np.eye(len(labels))
    ones = np.ones((len(a), 1))
    return np.concatenate([(first == second)[:, None], ones, each[first], each[second]], axis=1)


def _kappa(sums: FloatArray) -> FloatArray:
    """(B,) kappa of (B, 2 + 2k) sums of `_columns`; NaN where a resample holds one label (0/0)."""
    k = sums.shape[1] // 2 - 1
    n_trials = sums[:, 1]
    chance = np.sum(sums[:, 2 : 2 + k] * sums[:, 2 + k :], axis=1) / n_trials**2
    spare = np.where(chance > 1.0 - 1e-12, np.nan, 1.0 - chance)
    return np.asarray((sums[:, 0] / n_trials - chance) / spare)
