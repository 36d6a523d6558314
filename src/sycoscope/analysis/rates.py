"""Rates and contrasts of rates: a sum of weighted cells, each with its outcome and its at-risk set.

Within one at-risk set, a contrast uses the rows that are readable in all of its cells (a pair is complete or it is
no pair). A change against another subject adds the same cells of that subject with the opposite sign, and its
rows are at risk in both, so that a change of the set cannot pass as a change of behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sycoscope.analysis.score_table import BoolArray, ScoreTable
from sycoscope.facets.spec import AtRisk, RateMeasure
from sycoscope.stats import Interval, rate_contrast
from sycoscope.stats.interval import not_computable


@dataclass(frozen=True, slots=True)
class Measured:
    """An interval and the coverage of the cells behind it (the lowest, in [0, 1]; None: nothing eligible)."""

    interval: Interval
    coverage: float | None
    at_level: Callable[[float], Interval]


def measure_rate(
    table: ScoreTable, what: RateMeasure, subjects: Sequence[str], *, level: float = 0.95
) -> Measured:
    """Estimate a rate or a contrast of rates for one subject, or its change: subjects[0] minus subjects[1].

    Args:
        subjects: One or two names.
    """
    cells = [
        (sign, subject, term) for sign, subject in zip((1, -1), subjects, strict=False) for term in what.terms
    ]
    eligible = {
        term.at_risk: np.logical_and.reduce([table.at_risk(subject, term.at_risk) for subject in subjects])
        for term in what.terms
    }
    readable: dict[AtRisk, BoolArray] = {}
    coverage: list[float] = []
    for _, subject, term in cells:
        column = table.column(subject, term.condition, term.name)
        candidates = eligible[term.at_risk] & column.asked
        if candidates.any():
            coverage.append(float(column.scored[candidates].mean()))
        before = readable.get(term.at_risk, eligible[term.at_risk])
        readable[term.at_risk] = before & column.scored
    tops, bottoms = [], []
    for _, subject, term in cells:
        rows = readable[term.at_risk]
        among = np.isin(table.column(subject, term.condition, term.name).label, term.labels)
        tops.append((~among if term.negate else among) & rows)
        bottoms.append(rows)
    weights = [sign * term.weight for sign, _, term in cells]
    return _estimate(table, np.stack(tops, 1), np.stack(bottoms, 1), weights, coverage, level)


def _estimate(
    table: ScoreTable,
    top: BoolArray,
    bottom: BoolArray,
    weights: list[float],
    coverage: list[float],
    level: float,
) -> Measured:
    used = bottom.any(axis=1)
    clusters = table.clusters[used]

    def at_level(asked: float) -> Interval:
        if not used.any():
            return not_computable("no readable item at risk", level=asked)
        return rate_contrast(
            top[used].astype(float), bottom[used].astype(float), weights, clusters.astype(str), level=asked
        )

    return Measured(at_level(level), min(coverage) if coverage else None, at_level)
