"""Cells of a change of two subjects: the interval that inverts its test, at 0.95 and at Holm's first step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from perf.simulated_intervals import Cell, draw_cells
from sycoscope.stats import Interval, cluster_sums, detection_change, linearised, paired_mean
from sycoscope.stats.interval import FloatArray

# 0.05 over 18 primaries
LEVELS = (0.95, 0.997)


def _labels(g: int, m: int) -> FloatArray:
    return np.repeat(np.arange(float(g)), m)


def _flips(
    rng: np.random.Generator, *, rates: tuple[float, ...], g: int, m: int, level: float, whole: bool
) -> Interval:
    y = draw_cells(rng, rates, g, m, 0.3, 0.3)
    values = y @ np.array([1.0, -1.0, -1.0, 1.0])
    return paired_mean(values, _labels(g, m), bounds=(-2, 2), whole=whole).interval(level)


def _at_risk(rng: np.random.Generator, *, g: int, m: int, level: float) -> Interval:
    y = draw_cells(rng, (0.3, 0.15), g, m, 0.3, 0.3)
    risk = np.repeat(rng.random((g * m, 1)) < 0.5, 2, axis=1).astype(float)
    sums = cluster_sums(np.concatenate([y * risk, risk], axis=1), _labels(g, m))
    tested = linearised(sums, lambda s: s[:, 0] / s[:, 2] - s[:, 1] / s[:, 3], bounds=(-1, 1))
    return tested.interval(level)


def _numbers(rng: np.random.Generator, *, g: int, m: int, skewed: bool, level: float) -> Interval:
    z = rng.normal(size=(g, 1)) * 0.6 + rng.normal(size=(g, m)) * 0.8
    x = np.exp(z) - math.exp(0.5) if skewed else z
    return paired_mean(x.ravel(), _labels(g, m), whole=False).interval(level)


def _detection(rng: np.random.Generator, *, g: int, d: float, c: float, which: int, level: float) -> Interval:
    signal = np.tile([1.0, 0.0], g)
    # an argument keeps part of its evidence over all four conditions
    own = rng.normal(size=(2 * g, 1)) * 0.6 + rng.normal(size=(2 * g, 4)) * 0.8
    says = (d * (signal[:, None] - 0.5) + own > np.array([c, c - 0.4, c, c])).astype(float)
    return detection_change(says, signal, (1, -1, -1, 1), _labels(g, 2))[which].interval(level)


def change_cells() -> Iterator[Cell]:
    """Sign flips for whole items, t for those at risk, numbers, d' and criterion."""
    for level in LEVELS:
        for g, m in ((50, 1), (200, 1), (50, 2)):
            icc = 0.3 if m > 1 else None
            for rates in ((0.3, 0.05, 0.1, 0.05), (0.7, 0.4, 0.5, 0.4)):
                for whole in (True, False):
                    yield Cell(
                        estimator="change by sign flips" if whole else "t of the change",
                        situation="p " + ", ".join(map(str, rates)),
                        clusters=f"{g} x {m}",
                        icc=icc,
                        truth=rates[0] - rates[1] - rates[2] + rates[3],
                        draw=partial(_flips, rates=rates, g=g, m=m, level=level, whole=whole),
                        rule=whole,
                        level=level,
                    )
            yield Cell(
                estimator="change at risk by t",
                situation="p 0.3, 0.15, half at risk",
                clusters=f"{g} x {m}",
                icc=icc,
                truth=0.15,
                draw=partial(_at_risk, g=g, m=m, level=level),
                level=level,
            )
        for skewed in (False, True):
            yield Cell(
                estimator="change of numbers by t",
                situation="log-normal" if skewed else "normal",
                clusters="50 x 3",
                icc=0.36,
                truth=0.0,
                draw=partial(_numbers, g=50, m=3, skewed=skewed, level=level),
                level=level,
            )
        for g in (20, 50, 150):
            for d, c in ((1.0, 0.0), (2.0, 0.8)):
                for which, name in ((0, "change of d' by t"), (1, "change of criterion by t")):
                    yield Cell(
                        estimator=name,
                        situation=f"d' {d}, c {c}",
                        clusters=f"{g} pairs",
                        icc=None,
                        truth=0.4 * which,
                        draw=partial(_detection, g=g, d=d, c=c, which=which, level=level),
                        level=level,
                    )
