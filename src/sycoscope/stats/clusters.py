"""Observations that are not independent: sums per cluster, robust standard error, effective n."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.interval import FloatArray, IntArray, Labels, as_vector, cluster_codes


def cluster_sums(columns: ArrayLike, clusters: Labels | None) -> FloatArray:
    """Sum each column within each cluster.

    Args:
        columns: (n, k), or (n,) for one column: finite numbers (an observation that does not count, as
            one not at risk, is a 0 in the numerator and in the denominator).
        clusters: n labels; None: every row is its own cluster.

    Returns:
        (n_clusters, k), clusters in the order of their sorted labels.

    Raises:
        DataError: Not finite, more than two dimensions, or another number of labels.
    """
    table = np.asarray(columns, dtype=np.float64)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2:
        raise DataError(f"columns has shape {table.shape}; (n,) or (n, k) is needed")
    if not np.isfinite(table).all():
        raise DataError("columns holds NaN or infinite values; leave missing observations out")
    if clusters is None:
        return table.copy()
    codes, n_clusters = cluster_codes(clusters, table.shape[0])
    return sum_by_code(table, codes, n_clusters)


def sum_by_code(table: FloatArray, codes: IntArray, n_clusters: int) -> FloatArray:
    """(n_clusters, k) sums of the rows of (n, k) by cluster code."""
    sums = [np.bincount(codes, weights=column, minlength=n_clusters) for column in table.T]
    return np.stack(sums, axis=1) if sums else np.zeros((n_clusters, 0))


def kish_n(sizes: ArrayLike) -> float:
    """Effective number of observations where all of a cluster say the same: (sum m)^2 / sum m^2.

    Args:
        sizes: Cluster sizes (or weights), 0 or more.

    Source: Kish 1965, Survey Sampling, section 11.7; the value at an intraclass correlation of 1.
    """
    m = as_vector("sizes", sizes, low=0.0)
    squares = float(np.sum(m * m))
    return float(m.sum()) ** 2 / squares if squares > 0.0 else 0.0


def cluster_standard_error(x: ArrayLike, clusters: Labels | None = None) -> tuple[float | None, int]:
    """Cluster-robust standard error of the mean of `x`, and its degrees of freedom (n_clusters - 1).

    None where there are fewer than two clusters.

    Source: Liang and Zeger 1986; Cochran 1977, Sampling Techniques, chapter 9A (unequal clusters), with the
        factor G / (G - 1).
    """
    values = as_vector("x", x)
    codes, n_clusters = cluster_codes(clusters, values.size)
    if n_clusters < 2:
        return None, 0
    residual = np.bincount(codes, weights=values - values.mean(), minlength=n_clusters)
    variance = n_clusters / (n_clusters - 1) * float(np.sum(residual**2)) / values.size**2
    return math.sqrt(variance), n_clusters - 1


def design_effect(x: ArrayLike, clusters: Labels | None = None) -> float | None:
    """Variance of the mean of `x` under clustering over that of as many independent observations.

    None where `x` does not vary or there are fewer than two clusters. Values below 1 (clusters more alike
    than chance) are given as they are.

    Source: Kish 1965, Survey Sampling, section 8.2; variance as in `cluster_standard_error`.
    """
    values = as_vector("x", x)
    error, _ = cluster_standard_error(values, clusters)
    if error is None or values.size < 2:
        return None
    independent = float(values.var(ddof=1)) / values.size
    return error**2 / independent if independent > 1e-300 else None


def effective_n(x: ArrayLike, clusters: Labels | None = None) -> float:
    """Number of independent observations that carry as much as these: n / design effect, at most n.

    Where the design effect cannot be estimated (all values alike, one cluster), the careful value is
    taken: `kish_n` of the cluster sizes.

    Source: Kish 1965; its use in Wilson's interval: Dean and Pagano 2015, J. Surv. Stat. Methodol. 3,
        484-503.
    """
    values = as_vector("x", x)
    codes, n_clusters = cluster_codes(clusters, values.size)
    if n_clusters == values.size:
        return float(values.size)
    effect = design_effect(values, codes)
    if effect is None:
        return kish_n(np.bincount(codes, minlength=n_clusters))
    return values.size / max(effect, 1.0)
