"""Weighted sums of rates over the same clusters: square-and-add of Wilson's limits at the effective n.

Newcombe's method 10 for paired proportions, carried to any number of rates (each among those at risk for
it), to any weights, and to clusters. It draws no random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.clusters import cluster_sums, kish_n
from sycoscope.stats.interval import FloatArray, Interval, Labels, check_level, not_computable, t_of, z_of
from sycoscope.stats.proportions import wilson_limits


@dataclass(frozen=True, slots=True)
class RateSet:
    """k rates of the same clusters.

    Attributes:
        value: (k,), NaN where nobody is at risk.
        n_effective: (k,), independent observations that each is worth.
        correlation: (k, k), of the estimates, from the residuals of the clusters.
        n_clusters: (k,), clusters with anyone at risk.
        df: (k,), degrees of freedom of each rate's own variance, at most n_clusters - 1 (`_freedom`).
    """

    value: FloatArray
    n_effective: FloatArray
    correlation: FloatArray
    n_clusters: FloatArray
    df: FloatArray


def rate_set(tops: FloatArray, bottoms: FloatArray, single: bool) -> RateSet:
    """Rates with effective n and correlation, from (n_clusters, k) sums of numerators and denominators.

    Args:
        single: No cluster holds more than one observation of any rate: the effective n is the number at risk.

    Source: residuals and variance: Cochran 1977, Sampling Techniques, section 2.11 (ratio estimate), with the
        factor G / (G - 1); effective n: Kish 1965 and Dean and Pagano 2015, at most n, and `kish_n` where all
        outcomes are alike.
    """
    n = bottoms.sum(axis=0)
    at_risk = np.sum(bottoms > 0.0, axis=0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = tops.sum(axis=0) / n
    residual = np.nan_to_num(tops - value * bottoms)
    squares = residual.T @ residual
    length = np.sqrt(np.diag(squares))
    scale = np.outer(length, length)
    correlation = np.where(scale > 1e-12, squares / np.where(scale > 1e-12, scale, 1.0), 0.0)
    np.fill_diagonal(correlation, 1.0)
    effective = n.copy()
    if not single:
        for j in range(n.size):
            if n[j] > 0.0:
                effective[j] = _effective(float(value[j]), float(n[j]), float(squares[j, j]), bottoms[:, j])
    df = np.array([_freedom(residual[bottoms[:, j] > 0.0, j]) for j in range(n.size)])
    return RateSet(value, effective, correlation, at_risk, df)


def _freedom(residual: FloatArray) -> float:
    """Degrees of freedom of a variance estimated from these cluster residuals: 2 to n_clusters - 1.

    The estimate's relative variance is (kurtosis - 1) / G, that of a chi-square over its df 2 / df. Where few
    clusters differ from the rest the kurtosis is high, and the df is about twice their number.

    Source: Satterthwaite 1946, Biometrics Bull. 2, 110-114, with the observed kurtosis for the normal one.
    """
    g, second = residual.size, float(np.mean(residual**2)) if residual.size else 0.0
    if g < 2 or second <= 1e-300:
        return max(g - 1.0, 1.0)
    excess = float(np.mean(residual**4)) / second**2 - 1.0
    return min(g - 1.0, max(2.0, 2.0 * g / max(excess, 1e-9)))


def _effective(value: float, n: float, squares: float, sizes: FloatArray) -> float:
    g = int(np.count_nonzero(sizes))
    if g < 2 or squares <= 1e-12:
        return kish_n(sizes)
    variance = g / (g - 1) * squares / n**2
    return min(n, value * (1.0 - value) / variance) if 0.0 < value < 1.0 else kish_n(sizes)


def square_and_add(
    rates: RateSet, weights: FloatArray, below: FloatArray, above: FloatArray
) -> tuple[float, float]:
    """How far the limits of sum(w * rate) lie below and above it.

    Args:
        below, above: (k,) distances of each rate's own limits, 0 or more.

    Source: Newcombe 1998, Stat. Med. 17, 2635-2650, method 10; for more terms Zou and Donner 2008, Stat.
        Med. 27, 1693-1702, equations 6 and 7. A correlation that narrows the interval loses Newcombe's
        continuity correction, 1 / (2 n sqrt(p q p' q')), not below 0.
    """
    p = rates.value
    spread = np.sqrt(np.clip(p * (1.0 - p), 0.0, None))
    least = np.minimum.outer(rates.n_effective, rates.n_effective)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = 1.0 / (2.0 * least * np.outer(spread, spread))
    r = rates.correlation
    narrows = np.outer(weights, weights) * r < 0.0
    cut = np.sign(r) * np.maximum(np.abs(r) - np.nan_to_num(lost, posinf=1.0), 0.0)
    r = np.where(narrows & ~np.eye(p.size, dtype=bool), cut, r)
    down = np.where(weights > 0.0, weights * below, weights * above)
    up = np.where(weights > 0.0, weights * above, weights * below)
    return math.sqrt(max(float(down @ r @ down), 0.0)), math.sqrt(max(float(up @ r @ up), 0.0))


def wilson_distances(rates: RateSet, level: float, single: bool) -> tuple[FloatArray, FloatArray]:
    """(k,) distances from each rate to its Wilson limits.

    The quantile is normal for clusters of single items, else Student's: a lone rate has its own df, the terms
    of a contrast n_clusters - 1 (what their corrected correlation adds leaves no need for fewer; both by
    simulation, docs/statistics.md).
    """
    below, above = np.zeros(rates.value.size), np.zeros(rates.value.size)
    alone = rates.value.size == 1
    for j, (p, n, g) in enumerate(zip(rates.value, rates.n_effective, rates.n_clusters, strict=True)):
        df = float(rates.df[j]) if alone else g - 1.0
        # One cluster has no spread of its own; the quantile of one degree of freedom would say nothing.
        quantile = z_of(level) if single or g < 2 else t_of(level, df)
        low, high = wilson_limits(float(p), float(n), quantile)
        below[j], above[j] = p - low, high - p
    return below, above


def rate_contrast(
    numerators: ArrayLike,
    denominators: ArrayLike,
    weights: Sequence[float],
    clusters: Labels | None = None,
    *,
    level: float = 0.95,
) -> Interval:
    """sum_j weights[j] * rate_j, where rate_j = sum(numerators[:, j]) / sum(denominators[:, j]).

    Rows are items (with their draws), columns the cells of the design: `(1, -1)` is a difference,
    `(1, -1, -1, 1)` a difference in differences. Correlations between cells come from the clusters, so
    cells may share items or not.

    Args:
        numerators: (n, k) outcomes, 0/1 (0 where not at risk). denominators: (n, k) 1 where at risk, else 0.
        weights: k numbers. clusters: (n,) labels; None: every row is independent.

    Raises:
        DataError: Shapes that do not fit, outcomes other than 0/1, or an outcome of a row not at risk.

    Source: `square_and_add`, of `wilson_limits` at `rate_set`'s effective n.
    """
    check_level(level)
    top, bottom = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    factor = np.asarray(weights, dtype=np.float64)
    _check_cells(top, bottom, factor)
    sums, k = cluster_sums(np.concatenate([top, bottom], axis=1), clusters), factor.size
    tops, bottoms = sums[:, :k], sums[:, k:]
    single = bool(bottoms.max(initial=0.0) <= 1.0)
    n, n_clusters = int(np.any(bottom > 0, axis=1).sum()), int(np.any(bottoms > 0, axis=1).sum())
    rates = rate_set(tops, bottoms, single)
    if np.isnan(rates.value).any():
        return not_computable("no observations in one of the cells", level=level, n=n, n_clusters=n_clusters)
    value = float(factor @ rates.value)
    down, up = square_and_add(rates, factor, *wilson_distances(rates, level, single))
    least = float(np.minimum(factor, 0.0).sum())
    most = float(np.maximum(factor, 0.0).sum())
    return Interval(
        value=value,
        low=max(value - down, least),
        high=min(value + up, most),
        level=level,
        method="square-and-add Wilson" + ("" if single else " at effective n"),
        n=n,
        n_clusters=n_clusters,
    )


def _check_cells(top: FloatArray, bottom: FloatArray, factor: FloatArray) -> None:
    if top.ndim != 2 or bottom.shape != top.shape or factor.shape != (top.shape[1],):
        raise DataError(
            f"numerators have shape {top.shape}, denominators {bottom.shape}, {factor.size} weights; "
            f"needed: (n, k), (n, k) and k"
        )
    for name, cells in (("numerators", top), ("denominators", bottom)):
        if not np.all((cells == 0.0) | (cells == 1.0)):
            raise DataError(f"{name} hold values other than 0 and 1; leave missing outcomes out (0 in both)")
    if (top > bottom).any():
        row, cell = np.argwhere(top > bottom)[0]
        raise DataError(f"numerators[{row}, {cell}] is 1 where the row is not at risk (denominator 0)")
