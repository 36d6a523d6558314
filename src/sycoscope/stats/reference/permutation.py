"""Test of paired differences by flipping the sign of whole clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.stats.flips import MAX_CONVOLVED, convolved
from sycoscope.stats.interval import FloatArray, Labels, Significance, as_vector, cluster_codes

# 2 ** 16 sign patterns are enumerated; beyond that the exact distribution needs whole-number sums.
_ENUMERATE = 16


def sign_flip_test(
    differences: ArrayLike,
    clusters: Labels | None = None,
    *,
    rng: np.random.Generator,
    n_permutations: int = 9_999,
) -> Significance:
    """Two-sided permutation test that paired differences are symmetric about 0.

    All differences of a cluster change sign together; the statistic is the absolute sum. The p-value
    is exact where the cluster sums are whole numbers (0/1 outcomes: by convolution, and with one item
    a cluster this is McNemar's exact test) or where at most 16 clusters differ from 0 (by enumeration);
    otherwise Monte Carlo, (hits + 1) / (n_permutations + 1).

    Args:
        differences: (n,) paired differences. clusters: (n,) labels, or None.

    Raises:
        DataError: A missing difference, or another number of labels.

    Source: Fisher 1935, The Design of Experiments, section 21; the + 1: Phipson and Smyth 2010, Stat. Appl.
        Genet. Mol. Biol. 9(1):39.
    """
    values = as_vector("differences", differences)
    codes, n_clusters = cluster_codes(clusters, values.size)
    sums = np.bincount(codes, weights=values, minlength=n_clusters)
    scale = float(np.max(np.abs(values), initial=0.0))
    moved = np.sort(np.abs(sums[np.abs(sums) > 1e-12 * scale]))
    observed = float(values.mean()) if values.size else None
    if moved.size == 0:
        note = "no pairs" if values.size == 0 else "no cluster differs from 0"
        p = None if values.size == 0 else 1.0
        return Significance(p_value=p, statistic=observed, n=0, method="sign flip", note=note)
    total = abs(float(values.sum()))
    if np.all(np.abs(moved - np.round(moved)) < 1e-9) and moved.sum() <= MAX_CONVOLVED:
        sizes, counts = np.unique(np.round(moved).astype(np.int64), return_counts=True)
        p, method = convolved(sizes, counts, round(total)), "exact"
    elif moved.size <= _ENUMERATE:
        p, method = _by_enumeration(moved, total), "exact"
    else:
        p, method = _by_sampling(moved, total, n_permutations, rng), f"Monte Carlo, {n_permutations}"
    return Significance(
        p_value=min(p, 1.0), statistic=observed, n=int(moved.size), method=f"sign flip ({method})"
    )


def _by_enumeration(magnitudes: FloatArray, total: float) -> float:
    signs = 1.0 - 2.0 * ((np.arange(2**magnitudes.size)[:, None] >> np.arange(magnitudes.size)) & 1)
    slack = 1e-12 * float(magnitudes.sum())
    return float(np.mean(np.abs(signs @ magnitudes) >= total - slack))


def _by_sampling(magnitudes: FloatArray, total: float, n: int, rng: np.random.Generator) -> float:
    hits, slack = 0, 1e-12 * float(magnitudes.sum())
    chunk = max(1, 4_000_000 // magnitudes.size)
    for start in range(0, n, chunk):
        plus = rng.integers(0, 2, size=(min(chunk, n - start), magnitudes.size), dtype=np.int8)
        hits += int(np.count_nonzero(np.abs((2.0 * plus - 1.0) @ magnitudes) >= total - slack))
    return (hits + 1) / (n + 1)
