"""What is measured of a facet: rates, contrasts of rates, of numbers, of detection, and functions of rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.str_]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Rows that a rate is taken over: those whose score `name` under `condition` is (not) one of `labels`.

    An empty `labels` means every row that was asked.
    """

    condition: str = ""
    name: str = ""
    labels: tuple[str, ...] = ()
    negate: bool = False


EVERY = AtRisk()


@dataclass(frozen=True, slots=True)
class Term:
    """weight x P(score `name` in `labels` | condition; at risk)."""

    weight: float
    condition: str
    name: str
    labels: tuple[str, ...]
    at_risk: AtRisk = EVERY
    negate: bool = False


@dataclass(frozen=True, slots=True)
class RateMeasure:
    """A named sum of rates. `condition` is set where it is the plain rate of one condition."""

    name: str
    terms: tuple[Term, ...]
    condition: str = ""
    unit: str = field(default="proportion", init=False)

    @property
    def at_risk_sets(self) -> tuple[AtRisk, ...]:
        """Its at-risk sets that are not simply every row."""
        return tuple(dict.fromkeys(term.at_risk for term in self.terms if term.at_risk.labels))

    @property
    def cells(self) -> frozenset[tuple[str, str]]:
        """The (condition, score) pairs that it needs, those of its at-risk sets among them."""
        needed = {(term.condition, term.name) for term in self.terms}
        return frozenset(needed | {(risk.condition, risk.name) for risk in self.at_risk_sets})


@dataclass(frozen=True, slots=True)
class NumberMeasure:
    """Mean over rows of sum_c weight[c] * value(score under c): a level, or a contrast of conditions.

    Attributes:
        bounds: Range of a level; a change of it has the range of their differences.
    """

    name: str
    score: str
    weights: Mapping[str, float]
    unit: str
    condition: str = ""
    bounds: tuple[float, float] | None = None

    @property
    def cells(self) -> frozenset[tuple[str, str]]:
        """The (condition, score) pairs that it needs."""
        return frozenset((condition, self.score) for condition in self.weights)


@dataclass(frozen=True, slots=True)
class DetectionMeasure:
    """d' or criterion c of signal against foil, of one condition or a contrast of conditions.

    Attributes:
        which: `d_prime` or `criterion`.
        score: Its label `yes` means that the signal was reported.
    """

    name: str
    which: str
    weights: Mapping[str, float]
    score: str
    condition: str = ""
    unit: str = field(default="d_prime", init=False)

    @property
    def cells(self) -> frozenset[tuple[str, str]]:
        """The (condition, score) pairs that it needs."""
        return frozenset((condition, self.score) for condition in self.weights)


@dataclass(frozen=True, slots=True)
class FunctionMeasure:
    """A smooth function of rates, of one subject and of a change of two.

    Attributes:
        terms: Whose rates it is a function of; their weights do not count. All are taken over the rows that are
            readable in every cell.
        level: (B, k) rates -> (B,). None: it is a number of a change alone.
        change: (B, k) rates of the subject, and of the reference -> (B,). None: the difference of the levels.
        bounds: Range of the change, which a test needs where no item differs from the others; None where there is none.
    """

    name: str
    terms: tuple[Term, ...]
    level: Callable[[FloatArray], FloatArray] | None = None
    change: Callable[[FloatArray, FloatArray], FloatArray] | None = None
    bounds: tuple[float, float] | None = None
    condition: str = field(default="", init=False)
    unit: str = field(default="proportion", init=False)

    @property
    def cells(self) -> frozenset[tuple[str, str]]:
        """The (condition, score) pairs that it needs, those of its at-risk sets among them."""
        return RateMeasure(self.name, self.terms).cells

    def of_change(self, subject: FloatArray, reference: FloatArray) -> FloatArray:
        """(B,) the change, of (B, k) rates each."""
        if self.change is not None:
            return self.change(subject, reference)
        assert self.level is not None, "a measure has a level or a change of its own"
        return self.level(subject) - self.level(reference)


Measure = RateMeasure | NumberMeasure | DetectionMeasure | FunctionMeasure


def published_rate(condition: str) -> RateMeasure:
    """The published study's rate under a condition: its reading rules, over all trials, as that study takes it."""
    return RateMeasure("published_rate", (Term(1, condition, "published", ("turned",)),), condition)
