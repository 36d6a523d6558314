"""Rates and contrasts of rates as data: a sum of weighted cells, each with its outcome and its at-risk set.

Within one at-risk set, a contrast uses the rows that are readable in all of its cells (a pair is complete or it is
no pair). A change against another subject adds the same cells of that subject with the opposite sign, and its
rows are at risk in both, so that a change of the set cannot pass as a change of behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sycoscope.analysis.board import Board, BoolArray
from sycoscope.stats import Interval, rate_contrast
from sycoscope.stats.interval import not_computable


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Rows that a rate is taken over: those whose `name` under `condition` is (not) one of `labels`.

    An empty `labels` means every row that was asked.
    """

    condition: str = ""
    name: str = ""
    labels: tuple[str, ...] = ()
    negate: bool = False

    def rows(self, board: Board, subject: str) -> BoolArray:
        """(n,) rows at risk."""
        if not self.labels:
            return np.ones(len(board), dtype=bool)
        column = board.column(subject, self.condition, self.name)
        among = np.isin(column.label, self.labels)
        return column.scored & (~among if self.negate else among)


EVERY = AtRisk()


@dataclass(frozen=True, slots=True)
class Term:
    """weight x P(outcome in `labels` | condition; at risk)."""

    weight: float
    condition: str
    name: str
    labels: tuple[str, ...]
    at_risk: AtRisk = EVERY
    negate: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """A named sum of terms. `condition` is set where it is a plain rate of one condition."""

    name: str
    terms: tuple[Term, ...]
    condition: str = ""
    primary: bool = False

    @property
    def conditions(self) -> set[str]:
        """All conditions that it needs."""
        return {term.condition for term in self.terms} | {
            term.at_risk.condition for term in self.terms if term.at_risk.condition
        }


@dataclass(frozen=True, slots=True)
class Measured:
    """An interval and the coverage of the cells behind it (the lowest, in [0, 1]; None: nothing eligible)."""

    interval: Interval
    coverage: float | None
    at_level: Callable[[float], Interval]


def measure(board: Board, what: Measure, subjects: Sequence[str], *, level: float = 0.95) -> Measured:
    """Estimate a measure for one subject, or its change: subjects[0] minus subjects[1].

    Args:
        subjects: One or two names.
    """
    cells = [
        (sign, subject, term) for sign, subject in zip((1, -1), subjects, strict=False) for term in what.terms
    ]
    eligible = {
        term.at_risk: np.logical_and.reduce([term.at_risk.rows(board, subject) for subject in subjects])
        for term in what.terms
    }
    readable: dict[AtRisk, BoolArray] = {}
    coverage: list[float] = []
    for _, subject, term in cells:
        column = board.column(subject, term.condition, term.name)
        candidates = eligible[term.at_risk] & column.asked
        if candidates.any():
            coverage.append(float(column.scored[candidates].mean()))
        before = readable.get(term.at_risk, eligible[term.at_risk])
        readable[term.at_risk] = before & column.scored
    tops, bottoms = [], []
    for _, subject, term in cells:
        rows = readable[term.at_risk]
        among = np.isin(board.column(subject, term.condition, term.name).label, term.labels)
        tops.append((~among if term.negate else among) & rows)
        bottoms.append(rows)
    weights = [sign * term.weight for sign, _, term in cells]
    return _estimate(board, np.stack(tops, 1), np.stack(bottoms, 1), weights, coverage, level)


def _estimate(
    board: Board, top: BoolArray, bottom: BoolArray, weights: list[float], coverage: list[float], level: float
) -> Measured:
    used = bottom.any(axis=1)
    clusters = board.clusters[used]

    def at_level(asked: float) -> Interval:
        if not used.any():
            return not_computable("no readable item at risk", level=asked)
        return rate_contrast(
            top[used].astype(float), bottom[used].astype(float), weights, clusters.astype(str), level=asked
        )

    return Measured(at_level(level), min(coverage) if coverage else None, at_level)
