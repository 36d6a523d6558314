"""The mechanics of the cluster bootstrap: rows, weights, quantiles. `bootstrap` has the functions to call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from sycoscope.core.errors import DataError
from sycoscope.stats.interval import FloatArray, IntArray

Statistic: TypeAlias = Callable[[FloatArray], FloatArray]
Kind: TypeAlias = Literal["bca", "percentile"]

# Above this many distinct rows, clusters are pooled at random into N_BUNDLES groups before resampling.
MAX_ROWS = 10_000
N_BUNDLES = 5_000
# Weights held at a time (float64): 32 MB.
_CHUNK = 4_000_000
# Below the normal quantile of the smallest area that a float64 can hold (-38.5).
_FARTHEST = -40.0


@dataclass(frozen=True, slots=True)
class Rows:
    """Distinct rows of cluster sums, and how many clusters have each.

    Resampling clusters is resampling these rows with multinomial weights: the same distribution, at a cost
    that does not grow with the number of clusters where the outcomes are few (0/1).

    Attributes:
        table: (n_rows, k), in lexicographic order, so that neither row order nor labels matter.
        counts: (n_rows,), at least 1 each.
        n_clusters: Clusters that say something: rows of zeros are left out (see `distinct_rows`).
    """

    table: FloatArray
    counts: IntArray
    n_clusters: int

    @property
    def total(self) -> FloatArray:
        """(k,) sums over all clusters."""
        return np.asarray(self.counts @ self.table, dtype=np.float64)


def distinct_rows(sums: FloatArray) -> Rows:
    """Collapse (n_clusters, k) cluster sums to their distinct rows.

    Clusters whose sums are all 0 are left out: they change no ratio of sums, and inference is conditional
    on the clusters that are at risk.
    """
    kept = sums[np.any(sums != 0.0, axis=1)]
    if kept.shape[0] == 0:
        return Rows(np.zeros((0, sums.shape[1])), np.zeros(0, dtype=np.int64), 0)
    kept = kept[np.lexsort(kept.T[::-1])]
    first = np.ones(kept.shape[0], dtype=bool)
    first[1:] = np.any(kept[1:] != kept[:-1], axis=1)
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, kept.shape[0])).astype(np.int64)
    return Rows(kept[starts], counts, int(kept.shape[0]))


def bundled(rows: Rows, rng: np.random.Generator) -> Rows:
    """Pool clusters at random into `N_BUNDLES` groups where there are more than `MAX_ROWS` distinct rows.

    The groups are independent of one another as the clusters were, so the variance of a sum over
    them is estimated without bias, with a relative error of 1 % of its standard error.

    Source: Wolter 2007, Introduction to Variance Estimation, chapter 2 (random groups).
    """
    if rows.table.shape[0] <= MAX_ROWS:
        return rows
    single = np.repeat(np.arange(rows.table.shape[0]), rows.counts)
    group = rng.permutation(single.size) % N_BUNDLES
    pooled = [np.bincount(group, weights=column[single], minlength=N_BUNDLES) for column in rows.table.T]
    return Rows(np.stack(pooled, axis=1), np.ones(N_BUNDLES, dtype=np.int64), rows.n_clusters)


def weights(rows: Rows, n_boot: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Yield (b, n_rows) bootstrap weights, n_boot rows in all: how often each distinct row was drawn."""
    n_rows, draws = rows.table.shape[0], int(rows.counts.sum())
    sparse = n_rows * 8 > draws
    chunk = max(1, _CHUNK // max(draws if sparse else n_rows, 1))
    share = rows.counts / draws
    labels = np.repeat(np.arange(n_rows), rows.counts)
    for start in range(0, n_boot, chunk):
        b = min(chunk, n_boot - start)
        if sparse:
            drawn = labels[rng.integers(0, draws, size=(b, draws))] + np.arange(b)[:, None] * n_rows
            yield np.bincount(drawn.ravel(), minlength=b * n_rows).reshape(b, n_rows).astype(np.float64)
        else:
            yield rng.multinomial(draws, share, size=b).astype(np.float64)


def evaluate(fn: Statistic, sums: FloatArray) -> FloatArray:
    """`fn` of (B, k) sums as (B, m); 0/0 is a NaN without a warning.

    Raises:
        DataError: `fn` returned neither (B,) nor (B, m).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.asarray(fn(sums), dtype=np.float64)
    if out.ndim == 1:
        out = out[:, None]
    if out.ndim != 2 or out.shape[0] != sums.shape[0]:
        raise DataError(
            f"fn returned shape {out.shape} for {sums.shape[0]} rows of sums; (B,) or (B, m) is needed"
        )
    return np.where(np.isfinite(out), out, np.nan)


def replicates(rows: Rows, fn: Statistic, n_boot: int, rng: np.random.Generator) -> FloatArray:
    """(n_boot, m) values of `fn` over resampled clusters. All m share the weights."""
    parts = [evaluate(fn, weight @ rows.table) for weight in weights(rows, n_boot, rng)]
    return np.concatenate(parts, axis=0)


def n_informative(own: FloatArray, counts: IntArray) -> FloatArray:
    """Clusters that differ from the most common one, and that one: (m,), at least 2.

    A mean of mostly equal numbers has the spread of the few that differ, and no more degrees of freedom
    than they; of numbers that all differ, every cluster counts.

    Args:
        own: (n_rows, m), each statistic from one cluster alone (NaN where undefined). counts: (n_rows,).
    """
    out = np.empty(own.shape[1])
    for j, column in enumerate(own.T):
        defined = ~np.isnan(column)
        _, place = np.unique(np.round(column[defined], 12), return_inverse=True)
        alike = np.bincount(place, weights=counts[defined]).max(initial=1.0)
        out[j] = max(2.0, counts.sum() - alike + 1.0)
    return out


def tail_area(n: FloatArray, level: float) -> FloatArray:
    """Tail area at which to read the bootstrap distribution, so that few clusters do not make it narrow.

    A bootstrap of n clusters has a spread too small by sqrt((n - 1) / n) and normal, not Student tails;
    reading it at Phi(-sqrt(n / (n - 1)) * t) instead of at (1 - level) / 2 corrects both.

    Args:
        n: (m,), clusters that count (`n_informative`), at least 2.

    Source: Hesterberg 2015, Am. Stat. 69, 371-386, section 5.3 ("expanded percentile interval").
    """
    from scipy.special import ndtr, stdtrit

    t = -stdtrit(n - 1.0, (1.0 - level) / 2.0)
    return np.asarray(ndtr(-np.sqrt(n / (n - 1.0)) * t), dtype=np.float64)


def sorted_quantiles(ordered: FloatArray, area: FloatArray) -> FloatArray:
    """One quantile for each column of (B, m), sorted with NaN last: position area * (B + 1), interpolated."""
    valid = np.sum(~np.isnan(ordered), axis=0)
    position = np.clip(area * (valid + 1) - 1, 0, np.maximum(valid - 1, 0))
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(valid - 1, 0))
    column = np.arange(ordered.shape[1])
    part = position - below
    return np.asarray(ordered[below, column] * (1.0 - part) + ordered[above, column] * part)


def acceleration(left_out: FloatArray, counts: IntArray) -> FloatArray:
    """BCa's acceleration for each column of (n_rows, m) leave-one-cluster-out values.

    Source: Efron 1987, J. Am. Stat. Assoc. 82, 171-185, equation 7.3 by the jackknife, as in
        Efron and Tibshirani 1993, equation 14.15.
    """
    share = counts[:, None] * ~np.isnan(left_out)
    filled = np.nan_to_num(left_out)
    mean = np.sum(share * filled, axis=0) / np.maximum(np.sum(share, axis=0), 1)
    gap = mean - filled
    cubes, squares = np.sum(share * gap**3, axis=0), np.sum(share * gap**2, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        a = cubes / (6.0 * squares**1.5)
    return np.asarray(np.nan_to_num(a, nan=0.0, posinf=0.0, neginf=0.0), dtype=np.float64)


def limits(
    value: FloatArray,
    boot: FloatArray,
    left_out: FloatArray,
    counts: IntArray,
    *,
    informative: FloatArray,
    level: float,
    kind: Kind = "bca",
) -> tuple[FloatArray, FloatArray]:
    """Bootstrap limits of m statistics at once.

    Args:
        value: (m,). boot: (B, m) replicates, NaN where undefined. left_out: (n_rows, m), jackknife.
        informative: (m,) clusters that count, for `tail_area`.

    Source: percentile: Efron and Tibshirani 1993, chapter 13; BCa: equations 14.9 and 14.10, with ties
        in z0 counted half.
    """
    from scipy.special import ndtri

    low_area = tail_area(informative, level)
    high_area = 1.0 - low_area
    ordered = np.sort(boot, axis=0)
    if kind == "bca":
        valid = np.maximum(np.sum(~np.isnan(boot), axis=0), 1)
        slack = 1e-12 * np.maximum(1.0, np.abs(value))
        tied = np.sum(np.abs(boot - value) <= slack, axis=0)
        below = np.sum(boot < value - slack, axis=0) + 0.5 * tied
        z0 = ndtri(np.clip(below / valid, 1.0 / (valid + 1), valid / (valid + 1)))
        # At extreme levels with few clusters the area underflows to 0, whose quantile is infinite.
        a, z = acceleration(left_out, counts), np.maximum(ndtri(low_area), _FARTHEST)
        low_area = _bca_area(z0, a, z)
        high_area = _bca_area(z0, a, -z)
    low, high = sorted_quantiles(ordered, low_area), sorted_quantiles(ordered, high_area)
    return np.minimum(low, value), np.maximum(high, value)


def _bca_area(z0: FloatArray, a: FloatArray, z: FloatArray) -> FloatArray:
    from scipy.special import ndtr

    inner = z0 + z
    # Past the pole the adjusted area has reached its end.
    room = np.maximum(1.0 - a * inner, 1e-6)
    return np.asarray(ndtr(z0 + inner / room), dtype=np.float64)
