"""Rates read of all trials with errors, and labelled in a sample that was drawn by reading (double sampling).

P(so) = sum over readings of P(read as that) P(so | read as that): the first factor is known of all trials, the second
comes from the labels. Nothing is inverted, and no error rate of another cell is used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sycoscope.core.errors import DataError
from sycoscope.stats.clusters import cluster_sums, effective_n
from sycoscope.stats.contrasts import RateSet, square_and_add
from sycoscope.stats.interval import (
    FloatArray,
    IntArray,
    Interval,
    Labels,
    check_level,
    cluster_codes,
    not_computable,
    t_of,
    z_of,
)
from sycoscope.stats.proportions import wilson_limits

METHOD = "double sampling, square-and-add"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCell:
    """One subject under one condition: every row as it was read, and what labels say of each reading.

    Attributes:
        reading: (n,) code of each row's reading, in [0, k); -1 for a row that is not of this cell. Rows are the same in
            all cells of a contrast.
        drawn_from: (k,) rows of each reading that the labelled ones were drawn from, at least `labelled`.
        labelled: (k,) labelled rows. counted: (k,) of these, those that are so. outside: (k,) of these, those that the
            rate is not taken over.
    """

    reading: IntArray
    drawn_from: IntArray
    labelled: IntArray
    counted: IntArray
    outside: IntArray

    def __post_init__(self) -> None:
        k = self.drawn_from.size
        if any(one.shape != (k,) for one in (self.labelled, self.counted, self.outside)):
            raise DataError("drawn_from, labelled, counted and outside need one entry for each reading")
        if not (
            np.all(self.labelled <= self.drawn_from) and np.all(self.counted + self.outside <= self.labelled)
        ):
            raise DataError("needed of each reading: counted + outside <= labelled <= drawn_from")
        if self.reading.size and not -1 <= self.reading.min() <= self.reading.max() < k:
            raise DataError(f"readings must be -1 or codes below {k}")


@dataclass(frozen=True, slots=True)
class _Rate:
    """One cell's corrected rate.

    Attributes:
        value: In [0, 1]. among: share of the rows that it is taken over, in (0, 1].
        mean: (k,) mean over each reading of 1 where so, 0 where not, `value` where outside.
        share: (k,) of each reading among the rows.
        rows: (n,) `mean` of each row's reading; `value` for rows that are not of the cell.
    """

    value: float
    among: float
    mean: FloatArray
    share: FloatArray
    rows: FloatArray


def double_sampled(
    cells: Sequence[ReadCell],
    weights: Sequence[float],
    clusters: Labels | None = None,
    *,
    level: float = 0.95,
) -> Interval:
    """sum_j weights[j] * rate_j of true rates: `(1,)` a rate, `(1, -1)` a difference, `(1, -1, -1, 1)` one of two.

    Two errors are added, as they are independent: that of the trials (Wilson's limits of the corrected rates at the
    effective n, with the correlation that the readings show) and that of the labels (Jeffreys' limits within each
    reading of each cell, narrower where many of the rows were labelled, and none where all were).

    Args:
        clusters: (n,) labels of the rows' clusters; None: every row is independent.

    Returns:
        Not computable (`note` says why) where a cell has no rows, a reading that occurs has no label, or every labelled
        row is outside.

    Raises:
        DataError: cells of different numbers of rows, or another number of weights.

    Source: Tenenbein 1970, J. Am. Stat. Assoc. 65, 1350-1361, equations 2.4 to 2.6 (estimate and variance); sampling by
        reading: Cochran 1977, Sampling Techniques, section 12.2; limits in place of the normal ones: Zou and Donner
        2008, Stat. Med. 27, 1693-1702, equations 6 and 7, with Jeffreys' limits as Laud 2017, Pharm. Stat. 16, 334-348.
    """
    check_level(level)
    factor = np.asarray(weights, dtype=np.float64)
    sizes = {cell.reading.size for cell in cells}
    if len(sizes) != 1 or factor.shape != (len(cells),):
        raise DataError(f"{len(cells)} cells of {sorted(sizes)} rows and {factor.size} weights do not fit")
    codes, _ = cluster_codes(clusters, sizes.pop())
    used = np.any([cell.reading >= 0 for cell in cells], axis=0)
    n, n_clusters = int(used.sum()), int(np.unique(codes[used]).size)
    rates = [_rate(cell) for cell in cells]
    if any(isinstance(rate, str) for rate in rates):
        why = next(rate for rate in rates if isinstance(rate, str))
        return not_computable(why, level=level, n=n, n_clusters=n_clusters)
    known = [rate for rate in rates if isinstance(rate, _Rate)]
    down, up = _of_trials(cells, known, factor, codes, level)
    label_down, label_up = _of_labels(cells, known, factor, level)
    value = float(factor @ np.array([rate.value for rate in known]))
    return Interval(
        value=value,
        low=max(value - math.hypot(down, label_down), float(np.minimum(factor, 0.0).sum())),
        high=min(value + math.hypot(up, label_up), float(np.maximum(factor, 0.0).sum())),
        level=level, method=METHOD, n=n, n_clusters=n_clusters,
    )  # fmt: skip


def _rate(cell: ReadCell) -> _Rate | str:
    """The corrected rate, or why there is none."""
    k, rows = cell.drawn_from.size, cell.reading[cell.reading >= 0]
    if rows.size == 0:
        return "no trials"
    share = np.bincount(rows, minlength=k) / rows.size
    if np.any((share > 0) & (cell.labelled == 0)):
        return "a reading that occurs has no label"
    labelled = np.maximum(cell.labelled, 1)
    counted, outside = cell.counted / labelled, cell.outside / labelled
    among = 1.0 - float(share @ outside)
    if among <= 0.0:
        return "by the labels no trial counts"
    value = float(share @ counted) / among
    mean = counted + value * outside
    of_rows = np.where(cell.reading >= 0, mean[cell.reading], value)
    return _Rate(value, among, mean, share, of_rows)


def _of_trials(
    cells: Sequence[ReadCell], rates: Sequence[_Rate], factor: FloatArray, codes: IntArray, level: float
) -> tuple[float, float]:
    """Distances that trials drawn from a population leave: had all of them been labelled."""
    inside = np.stack([cell.reading >= 0 for cell in cells], axis=1)
    in_cluster = cluster_sums(inside.astype(np.float64), codes)
    single = bool(in_cluster.max(initial=0.0) <= 1.0)
    value = np.array([rate.value for rate in rates])
    n_clusters = np.sum(in_cluster > 0, axis=0).astype(np.float64)
    n_effective = np.array([
        max(effective_n(rate.rows[mask], codes[mask]) * rate.among, 1e-9)
        for rate, mask in zip(rates, inside.T, strict=True)
    ])  # fmt: skip
    residual = np.stack([(rate.rows - rate.value) for rate in rates], axis=1)
    sums = cluster_sums(residual, codes)
    length = np.sqrt(np.diag(sums.T @ sums))
    correlation = (sums.T @ sums) / np.maximum(np.outer(length, length), 1e-12)
    # what a reading leaves open is shared by no two cells as far as labels can tell
    seen = np.array([_seen(rate) for rate in rates])
    correlation = correlation * np.outer(seen, seen)
    np.fill_diagonal(correlation, 1.0)
    below, above = np.zeros(value.size), np.zeros(value.size)
    for j, (p, m, g) in enumerate(zip(value, n_effective, n_clusters, strict=True)):
        quantile = z_of(level) if single or g < 2 else t_of(level, g - 1.0)
        low, high = wilson_limits(float(p), float(m), quantile)
        below[j], above[j] = p - low, high - p
    return square_and_add(
        RateSet(value, n_effective, correlation, n_clusters, n_clusters - 1.0), factor, below, above
    )


def _seen(rate: _Rate) -> float:
    """Standard deviation of what the readings predict over that of the true outcomes, in [0, 1]."""
    whole = rate.value * (1.0 - rate.value) * rate.among
    if whole <= 1e-12:
        return 0.0
    return min(1.0, math.sqrt(float(rate.share @ (rate.mean - rate.value) ** 2) / whole))


def _of_labels(
    cells: Sequence[ReadCell], rates: Sequence[_Rate], factor: FloatArray, level: float
) -> tuple[float, float]:
    """Distances that labels of a part of the trials leave."""
    down = up = 0.0
    for cell, rate, weight in zip(cells, rates, factor, strict=True):
        for h in np.flatnonzero(rate.share > 0):
            unlabelled = 1.0 - cell.labelled[h] / cell.drawn_from[h]
            if unlabelled <= 0.0:
                continue
            mean = float(rate.mean[h])
            low, high = _jeffreys_limits(mean, cell.labelled[h] / unlabelled, level)
            reach = weight * rate.share[h] / rate.among
            below, above = (mean - low, high - mean) if reach > 0 else (high - mean, mean - low)
            down += (reach * below) ** 2
            up += (reach * above) ** 2
    return math.sqrt(down), math.sqrt(up)


def _jeffreys_limits(value: float, n: float, level: float) -> tuple[float, float]:
    """Jeffreys' limits of a proportion seen in `n` > 0 observations, exact at 0 and 1.

    Source: Brown, Cai and DasGupta 2001, Stat. Sci. 16, 101-133, section 3.1.2.
    """
    from scipy.special import betaincinv

    a, b, tail = value * n + 0.5, (1.0 - value) * n + 0.5, (1.0 - level) / 2.0
    low = 0.0 if value <= 0.0 else float(betaincinv(a, b, tail))
    high = 1.0 if value >= 1.0 else float(betaincinv(a, b, 1.0 - tail))
    return min(low, value), max(high, value)
