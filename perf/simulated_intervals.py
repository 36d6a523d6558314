"""Does a 95 % interval hold the truth 95 times in a hundred? Simulated data sets with a known truth.

`perf/coverage_stats.py` runs the grid and writes the table of docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from sycoscope.stats import (
    Interval,
    bootstrap_statistic,
    cluster_sums,
    cohen_kappa,
    correlation,
    detection_contrast,
    mean,
    rate_contrast,
    seed_interval,
)
from sycoscope.stats.interval import FloatArray, IntArray
from sycoscope.stats.reference import (
    bootstrap_ratio,
    detection,
    nested_bootstrap,
    paired_rate_difference,
    rate,
    ratio_difference,
    tango,
)
from sycoscope.stats.resampling import Kind

# A cell is flagged where its coverage misses by this share of 1 - level (0.93, 0.97 at 0.95) beyond two errors.
SLACK = 0.4
N_BOOT = 599


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One estimator in one situation: `draw` makes a data set and its interval.

    Attributes:
        clusters: As `50 x 2`: 50 clusters of 2 items.
        icc: Correlation of two items of a cluster, on the scale that `situation` names; None where single.
        rule: Whether the decision rule uses this estimator here (others are there to compare).
        level: Of the interval that `draw` makes.
    """

    estimator: str
    situation: str
    clusters: str
    icc: float | None
    truth: float
    draw: Callable[[np.random.Generator], Interval]
    rule: bool = True
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How often the intervals of a cell held the truth.

    Attributes:
        coverage: Share in [0, 1] of the sets with limits. error: its Monte-Carlo standard error.
        width: Mean width. n_sets: data sets with limits. n_none: data sets without.
        level: That the coverage should have.
    """

    coverage: float
    error: float
    width: float
    n_sets: int
    n_none: int
    level: float = 0.95

    @property
    def low(self) -> bool:
        """Below the level by more than `SLACK` and Monte-Carlo error."""
        return self.coverage + 2.0 * self.error < self.level - SLACK * (1.0 - self.level)

    @property
    def wide(self) -> bool:
        """Above it likewise."""
        return self.coverage - 2.0 * self.error > self.level + SLACK * (1.0 - self.level)


def simulate(cell: Cell, rng: np.random.Generator, n_sets: int = 2000) -> Coverage:
    """Draw `n_sets` data sets and count how often the interval holds the truth."""
    hits, widths = 0, []
    for _ in range(n_sets):
        found = cell.draw(rng)
        if found.low is None or found.high is None:
            continue
        # Limits that equal the truth up to rounding hold it.
        hits += found.low - 1e-12 <= cell.truth <= found.high + 1e-12
        widths.append(found.high - found.low)
    n = max(len(widths), 1)
    share = hits / n
    return Coverage(
        coverage=share,
        error=math.sqrt(max(share * (1.0 - share), 1.0 / n) / n),
        width=float(np.mean(widths)) if widths else math.nan,
        n_sets=len(widths),
        n_none=n_sets - len(widths),
        level=cell.level,
    )


def draw_rate(rng: np.random.Generator, p: float, g: int, m: int, icc: float) -> FloatArray:
    """(g * m,) 0/1 outcomes of g clusters of m, beta-binomial with intraclass correlation `icc`."""
    a = (1.0 - icc) / icc
    share = rng.beta(p * a, (1.0 - p) * a, size=(g, 1))
    return np.asarray(rng.random((g, m)) < share, dtype=np.float64).ravel()


def draw_cells(
    rng: np.random.Generator, rates: tuple[float, ...], g: int, m: int, cluster: float, item: float
) -> FloatArray:
    """(g * m, k) 0/1 outcomes in k conditions: one normal propensity cut at each condition's rate.

    Args:
        cluster: Share of the propensity's variance that belongs to the cluster. item: to the item, over all
            conditions; the rest is drawn anew in each.
    """
    from scipy.special import ndtri

    k = len(rates)
    latent = (
        rng.normal(size=(g, 1, 1)) * math.sqrt(cluster)
        + rng.normal(size=(g, m, 1)) * math.sqrt(item)
        + rng.normal(size=(g, m, k)) * math.sqrt(1.0 - cluster - item)
    )
    return np.asarray(latent.reshape(g * m, k) < ndtri(np.array(rates)), dtype=np.float64)


def _labels(g: int, m: int) -> IntArray:
    return np.repeat(np.arange(g), m)


# --- one data set and its interval, by estimator ----------------------------------------------


def _rate(rng: np.random.Generator, *, p: float, g: int, m: int, icc: float) -> Interval:
    return rate(draw_rate(rng, p, g, m, icc), _labels(g, m), rng=rng)


def _paired(
    rng: np.random.Generator, *, rates: tuple[float, ...], g: int, m: int, icc: float, by: str
) -> Interval:
    a, b = draw_cells(rng, rates, g, m, icc, 0.4).T
    if by == "rule":
        return paired_rate_difference(a, b, _labels(g, m), rng=rng)
    if by == "bootstrap":
        return mean(a - b, _labels(g, m), rng=rng, n_boot=N_BOOT, bounds=(-1, 1))
    both = float(a @ b)
    only_a, only_b = float(a.sum()) - both, float(b.sum()) - both
    return tango(both, only_a, only_b, a.size - both - only_a - only_b)


def _did(rng: np.random.Generator, *, rates: tuple[float, ...], g: int, m: int) -> Interval:
    y = draw_cells(rng, rates, g, m, 0.3, 0.3)
    return rate_contrast(y, np.ones_like(y), (1, -1, -1, 1), _labels(g, m))


def _at_risk(rng: np.random.Generator, *, g: int, m: int, by: str) -> Interval:
    y = draw_cells(rng, (0.3, 0.15), g, m, 0.3, 0.3)
    # At risk is drawn apart from the outcomes, so that the rates among those at risk are known.
    risk = np.repeat(rng.random((g * m, 1)) < 0.5, 2, axis=1).astype(float)
    if by == "rule":
        return rate_contrast(y * risk, risk, (1, -1), _labels(g, m))
    columns = np.stack([y[:, 0] * risk[:, 0], risk[:, 0], y[:, 1] * risk[:, 1], risk[:, 1]], axis=1)
    sums = cluster_sums(columns, _labels(g, m))
    return bootstrap_statistic(sums, ratio_difference, rng=rng, n_boot=N_BOOT, bounds=(-1, 1))


def _mean(rng: np.random.Generator, *, g: int, m: int, skewed: bool, kind: Kind = "bca") -> Interval:
    z = rng.normal(size=(g, 1)) * 0.6 + rng.normal(size=(g, m)) * 0.8
    x = np.exp(z) - math.exp(0.5) if skewed else z
    if kind == "bca":
        return mean(x.ravel(), _labels(g, m), rng=rng, n_boot=N_BOOT)
    return bootstrap_ratio(x.ravel(), np.ones(g * m), _labels(g, m), rng=rng, n_boot=N_BOOT, kind=kind)


def _detection(rng: np.random.Generator, *, g: int, d: float, c: float, shift: float) -> Interval:
    signal = np.tile([1.0, 0.0], g)
    # An argument keeps part of its evidence over both conditions.
    own = rng.normal(size=(2 * g, 1)) * 0.6 + rng.normal(size=(2 * g, 2)) * 0.8
    says = (d * (signal[:, None] - 0.5) + own > np.array([c, c - shift])).astype(float)
    if shift == 0.0:
        return detection(says[:, 0], signal, _labels(g, 2)).d_prime
    return detection_contrast(says, signal, (1, -1), _labels(g, 2)).criterion


def _kappa(rng: np.random.Generator, *, g: int, m: int) -> Interval:
    # The second judge copies with probability 0.8 and else draws from the same margin: kappa is 0.8.
    first = draw_rate(rng, 0.3, g, m, 0.3)
    second = np.where(rng.random(g * m) < 0.2, rng.random(g * m) < 0.3, first)
    return cohen_kappa(first.tolist(), second.tolist(), _labels(g, m), rng=rng, n_boot=N_BOOT)


def _correlation(rng: np.random.Generator, *, n: int, r: float) -> Interval:
    x = rng.normal(size=n)
    y = r * x + math.sqrt(1.0 - r * r) * rng.normal(size=n)
    return correlation(x, y, rng=rng, n_permutations=1).interval


def _seeds(rng: np.random.Generator, *, n_seeds: int, spread: float, by: str) -> Interval:
    own, noise = rng.normal(size=100) * 0.5, rng.normal(size=(n_seeds, 100)) * 0.3
    values = own + noise + spread * rng.normal(size=(n_seeds, 1))
    return seed_interval(values) if by == "rule" else nested_bootstrap(values, rng=rng, n_boot=199)


# --- the grid ---------------------------------------------------------------------------------


def rate_cells() -> Iterator[Cell]:
    """One rate, by Wilson (at the effective n)."""
    for g, m in ((50, 1), (200, 1), (20, 2), (50, 4), (150, 4)):
        for p in (0.05, 0.3, 0.9):
            for icc in (0.1, 0.5, 0.8) if m > 1 else (0.1,):
                yield Cell(
                    estimator="rate",
                    situation=f"p {p}",
                    clusters=f"{g} x {m}",
                    icc=icc if m > 1 else None,
                    truth=p,
                    draw=partial(_rate, p=p, g=g, m=m, icc=icc),
                )


def paired_cells() -> Iterator[Cell]:
    """Difference of two rates of the same items, by Newcombe 10; Tango and the bootstrap to compare."""
    for g, m in ((50, 1), (200, 1), (20, 2), (50, 2), (50, 4)):
        for rates in ((0.05, 0.02), (0.2, 0.2), (0.6, 0.5)):
            for icc in (0.1, 0.5) if m > 1 else (0.1,):
                for by in ("rule", "tango" if m == 1 else "bootstrap"):
                    name = {
                        "rule": "paired difference",
                        "tango": "Tango",
                        "bootstrap": "BCa of the difference",
                    }
                    yield Cell(
                        estimator=name[by],
                        situation=f"p {rates[0]}, {rates[1]}",
                        clusters=f"{g} x {m}",
                        icc=icc if m > 1 else None,
                        truth=rates[0] - rates[1],
                        draw=partial(_paired, rates=rates, g=g, m=m, icc=icc, by=by),
                        rule=by == "rule",
                    )


def contrast_cells() -> Iterator[Cell]:
    """Difference in differences, and a difference of two rates among those at risk."""
    for g, m in ((50, 1), (200, 1), (50, 2), (50, 4)):
        icc = 0.3 if m > 1 else None
        for rates in ((0.3, 0.05, 0.1, 0.05), (0.1, 0.1, 0.1, 0.1), (0.7, 0.4, 0.5, 0.4)):
            yield Cell(
                estimator="difference in differences",
                situation="p " + ", ".join(map(str, rates)),
                clusters=f"{g} x {m}",
                icc=icc,
                truth=rates[0] - rates[1] - rates[2] + rates[3],
                draw=partial(_did, rates=rates, g=g, m=m),
            )
        for by in ("rule", "bootstrap"):
            yield Cell(
                estimator="difference at risk" if by == "rule" else "BCa of the difference at risk",
                situation="p 0.3, 0.15, half at risk",
                clusters=f"{g} x {m}",
                icc=icc,
                truth=0.15,
                draw=partial(_at_risk, g=g, m=m, by=by),
                rule=by == "rule",
            )


def number_cells() -> Iterator[Cell]:
    """Mean of numbers by the bootstrap; signal detection; kappa; correlation."""
    kinds: tuple[Kind, ...] = ("bca", "percentile")
    for g, m in ((20, 1), (50, 1), (50, 3)):
        for skewed in (False, True):
            for kind in kinds:
                yield Cell(
                    estimator="mean" if kind == "bca" else "percentile of the mean",
                    situation="log-normal" if skewed else "normal",
                    clusters=f"{g} x {m}",
                    icc=0.36 if m > 1 else None,
                    truth=0.0,
                    draw=partial(_mean, g=g, m=m, skewed=skewed, kind=kind),
                    rule=kind == "bca",
                )
    for g in (20, 50, 150):
        for d, c in ((1.0, 0.0), (2.0, 0.8)):
            for shift in (0.0, 0.4):
                yield Cell(
                    estimator="criterion shift" if shift else "d'",
                    situation=f"d' {d}, c {c}",
                    clusters=f"{g} pairs",
                    icc=None,
                    truth=shift or d,
                    draw=partial(_detection, g=g, d=d, c=c, shift=shift),
                )
    for g, m in ((50, 1), (50, 3)):
        yield Cell(
            estimator="kappa",
            situation="0.8, two labels",
            clusters=f"{g} x {m}",
            icc=0.3 if m > 1 else None,
            truth=0.8,
            draw=partial(_kappa, g=g, m=m),
        )
    for n, r in ((6, 0.0), (6, 0.8), (20, 0.5)):
        yield Cell(
            estimator="correlation",
            situation=f"r {r}, normal",
            clusters=f"{n} points",
            icc=None,
            truth=r,
            draw=partial(_correlation, n=n, r=r),
        )


def seed_cells() -> Iterator[Cell]:
    """Mean over seeds, with both variances; the nested bootstrap to compare."""
    for n_seeds in (2, 3, 5, 10):
        for spread in (0.02, 0.1, 0.3):
            for by in ("rule", "bootstrap"):
                yield Cell(
                    estimator="mean over seeds" if by == "rule" else "nested bootstrap over seeds",
                    situation=f"{n_seeds} seeds, sd {spread}",
                    clusters="100 x 1",
                    icc=None,
                    truth=0.0,
                    draw=partial(_seeds, n_seeds=n_seeds, spread=spread, by=by),
                    rule=by == "rule",
                )


def level_cells() -> list[Cell]:
    """Every cell that is not a change of two subjects, in the table's order."""
    return [*rate_cells(), *paired_cells(), *contrast_cells(), *number_cells(), *seed_cells()]
