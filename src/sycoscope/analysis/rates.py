"""Rates, contrasts of rates, and functions of rates: weighted cells, each with its outcome and its at-risk set.

Within one at-risk set, a contrast uses the rows that are readable in all of its cells (a pair is complete or it is
no pair). A change against another subject adds the same cells of that subject with the opposite sign, and its
rows are at risk in both, so that a change of the set cannot pass as a change of behaviour. Levels have Wilson's limits
(square-and-add); a change has the limits of its own test (docs/decisions/0012-the-verdict.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sycoscope.analysis.score_table import BoolArray, FloatArray, ScoreTable
from sycoscope.facets.measure import FunctionMeasure, RateMeasure, Term
from sycoscope.stats import (
    Interval,
    Tested,
    cluster_sums,
    linearised,
    nothing_to_test,
    paired_mean,
    rate_contrast,
)
from sycoscope.stats.interval import not_computable


@dataclass(frozen=True, slots=True)
class Measured:
    """An interval and the coverage of the cells behind it (the lowest, in [0, 1]; None: nothing eligible).

    Attributes:
        p_value: Of a change, by the test that the interval inverts; None for a level, or where nothing can be tested.
    """

    interval: Interval
    coverage: float | None
    at_level: Callable[[float], Interval]
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of a measure, for one subject or two: (n, k) outcomes and who is at risk for them.

    Attributes:
        coverage: Share of the eligible trials that were scored, by cell that has any.
    """

    top: BoolArray
    bottom: BoolArray
    clusters: NDArray[np.str_]
    coverage: list[float]


def measure_rate(
    table: ScoreTable, what: RateMeasure, subjects: Sequence[str], *, level: float = 0.95
) -> Measured:
    """Estimate a rate or a contrast of rates for one subject, or its change: subjects[0] minus subjects[1].

    Args:
        subjects: One or two names.
    """
    cells = _cells(table, what.terms, subjects)
    weights = np.array([sign * term.weight for sign, _, term in _each(what.terms, subjects)])
    if len(subjects) == 2:
        return _tested(_change_of(cells, weights, what), cells, level)

    def at_level(asked: float) -> Interval:
        if not cells.bottom.any():
            return not_computable("no readable item at risk", level=asked)
        return rate_contrast(
            cells.top.astype(float), cells.bottom.astype(float), weights.tolist(), cells.clusters, level=asked
        )

    return Measured(at_level(level), _least(cells), at_level)


def _change_of(cells: _Cells, weights: FloatArray, what: RateMeasure) -> Tested:
    """Whole items flip their sign where everybody is at risk for everything; otherwise t of the sum of ratios."""
    reach = float(np.abs(weights).sum()) / 2
    bounds = (-reach, reach)
    if not what.at_risk_sets and np.all(weights == np.round(weights)):
        values = (cells.top * weights).sum(axis=1)
        return paired_mean(values, cells.clusters, bounds=bounds)
    sums = cluster_sums(np.concatenate([cells.top, cells.bottom], axis=1).astype(float), cells.clusters)
    k = weights.size
    return linearised(
        sums, lambda s: (s[:, :k] / s[:, k:]) @ weights, bounds=bounds, n=int(cells.bottom.any(axis=1).sum())
    )


def measure_function(
    table: ScoreTable, what: FunctionMeasure, subjects: Sequence[str], *, level: float = 0.95
) -> Measured:
    """Estimate a smooth function of rates for one subject, or of a change: subjects[0] against subjects[1]."""
    cells, k = _cells(table, what.terms, subjects), len(what.terms)
    rows = cells.bottom.all(axis=1)
    top, bottom = cells.top[rows], cells.bottom[rows]
    if not rows.any():
        return _tested(nothing_to_test("no readable item at risk"), cells, level)
    sums = cluster_sums(np.concatenate([top, bottom[:, :1]], axis=1).astype(float), cells.clusters[rows])

    def of(sums: FloatArray) -> FloatArray:
        rates = sums[:, :-1] / sums[:, -1:]
        if len(subjects) == 2:
            return what.of_change(rates[:, :k], rates[:, k:])
        assert what.level is not None, "a number of a change alone has no level"
        return what.level(rates)

    bounds = what.bounds if len(subjects) == 2 else None
    return _tested(linearised(sums, of, bounds=bounds, n=int(rows.sum())), cells, level)


def _tested(tested: Tested, cells: _Cells, level: float) -> Measured:
    return Measured(tested.interval(level), _least(cells), tested.interval, tested.p_value)


def _least(cells: _Cells) -> float | None:
    return min(cells.coverage) if cells.coverage else None


def _each(terms: Sequence[Term], subjects: Sequence[str]) -> list[tuple[int, str, Term]]:
    return [(sign, subject, term) for sign, subject in zip((1, -1), subjects, strict=False) for term in terms]


def _cells(table: ScoreTable, terms: Sequence[Term], subjects: Sequence[str]) -> _Cells:
    """Columns: the terms of the first subject, then those of the second; rows that nothing is read of are left out."""
    eligible = {
        term.at_risk: np.logical_and.reduce([table.at_risk(subject, term.at_risk) for subject in subjects])
        for term in terms
    }
    readable = dict(eligible)
    coverage: list[float] = []
    for _, subject, term in _each(terms, subjects):
        column = table.column(subject, term.condition, term.name)
        candidates = eligible[term.at_risk] & column.asked
        if candidates.any():
            coverage.append(float(column.scored[candidates].mean()))
        readable[term.at_risk] = readable[term.at_risk] & column.scored
    tops, bottoms = [], []
    for _, subject, term in _each(terms, subjects):
        rows = readable[term.at_risk]
        among = np.isin(table.column(subject, term.condition, term.name).label, term.labels)
        tops.append((~among if term.negate else among) & rows)
        bottoms.append(rows)
    top, bottom = np.stack(tops, axis=1), np.stack(bottoms, axis=1)
    used = bottom.any(axis=1)
    return _Cells(top[used], bottom[used], table.clusters[used].astype(str), coverage)
