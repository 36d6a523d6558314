"""How far the missing outcomes could move each primary change: worst-case and best-case bounds.

Source: Manski 1989, J. Hum. Resour. 24, 343-360; Horowitz and Manski 2000, J. Am. Stat. Assoc. 95, 77-84. Rows are
items that were asked in every cell. Whether an item is at risk may be missing too: such items are in or out, as is
worst.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sycoscope.analysis.decision import direction_of
from sycoscope.analysis.score_table import BoolArray, FloatArray, ScoreTable
from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Fault, Finding, missing, settle
from sycoscope.audit.needs import rate_of
from sycoscope.core.numerals import decimal
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.facets.measure import AtRisk, DetectionMeasure, RateMeasure, Term
from sycoscope.stats import d_prime_and_criterion


@dataclass(frozen=True, slots=True)
class Bound:
    """Certain limits of a number whatever the missing outcomes were; n rows, of which n_missing lack a score."""

    low: float
    high: float
    n: int
    n_missing: int

    @property
    def open(self) -> bool:
        """Whether the missing outcomes could make it positive, and negative or nothing."""
        return self.n_missing > 0 and self.low <= 0.0 <= self.high

    def text(self, digits: int = 3) -> str:
        """Both limits, for people."""
        return f"[{decimal(self.low, digits, True)}, {decimal(self.high, digits, True)}]"


def missing_bounds(evidence: Evidence) -> list[Finding]:
    """Whether the sign of each primary change is fixed, whatever the missing outcomes were."""
    faults: list[Fault] = []
    limits: list[str] = []
    n_changes = 0
    for change in evidence.estimates:
        if (
            not change.primary
            or change.reference != evidence.roles.before(change.subject)
            or change.value is None
        ):
            continue
        bound = bounds_of(evidence, change)
        if bound is None:
            continue
        n_changes += 1
        if bound.n_missing:
            limits.append(f"{change.subject} {change.task} {bound.text(2)}")
        if bound.open:
            text = (
                f"{change.subject}, {change.task}, {change.name}: sign not fixed. The readable items say "
                f"{decimal(change.value, 3, True)}; with the {bound.n_missing} of {bound.n} items that lack an "
                f"outcome the change may lie anywhere in {bound.text()}; make the missing outcomes readable"
            )
            faults.append(
                Fault(
                    severity="warn", text=text, subject=change.subject, task=change.task, name=change.name,
                    condition=change.condition, badness=bound.high - bound.low,
                )
            )  # fmt: skip
    if not n_changes:
        return missing(
            "missing_bounds", "no primary change against the base was estimated, or it is withheld"
        )
    ok = f"whatever the missing outcomes are, the {n_changes} primary changes keep their sign: {'; '.join(limits)}"
    if not limits:
        ok = f"no outcome of the {n_changes} primary changes is missing"
    return settle("missing_bounds", faults, ok=ok)


def sign_open(evidence: Evidence) -> Callable[[Estimate], str]:
    """Change -> why missing outcomes leave its sign open, or "" (also where it is no change of rates or criteria).

    A rate that is no clear change stays one where it lies inside the margin whatever the missing outcomes are.
    """
    margin = evidence.manifest.margin

    def why(change: Estimate) -> str:
        bound = bounds_of(evidence, change) if change.reference else None
        if bound is None or not bound.open:
            return ""
        small = change.unit == "proportion" and -margin <= bound.low and bound.high <= margin
        if small and direction_of(change) is None:
            return ""
        return (
            f"sign not fixed: {bound.n_missing} of {bound.n} items lack an outcome; the change may lie anywhere "
            f"in {bound.text()}"
        )

    return why


def bounds_of(evidence: Evidence, change: Estimate) -> Bound | None:
    """Bounds of a change against its reference; None where the number is of another kind than rates and criteria."""
    table = evidence.tables.get(change.task) if change.task in FACETS else None
    pair = (change.subject, change.reference)
    if table is None or any(subject not in table.subjects for subject in pair):
        return None
    detections = FACETS[change.task].detections
    shift = next((d for d in detections if d.name == change.name and not d.condition), None)
    if shift is not None and not change.condition:
        return _detection(table.judged, shift, pair)
    rate = rate_of(change.task, change.name, change.condition)
    risks = {term.at_risk for term in rate.terms} if rate else set()
    return _rate(table.signals, rate, risks.pop(), pair) if rate and len(risks) == 1 else None


def _rate(table: ScoreTable, rate: RateMeasure, risk: AtRisk, pair: tuple[str, str]) -> Bound:
    """Bounds of a sum of weighted rates over one at-risk set."""
    low, high, lacking = np.zeros(len(table)), np.zeros(len(table)), np.zeros(len(table), dtype=bool)
    asked, surely, maybe = (np.ones(len(table), dtype=bool) for _ in range(3))
    for sign, subject in zip((1, -1), pair, strict=True):
        for term in rate.terms:
            column = table.column(subject, term.condition, term.name)
            asked &= column.asked
            lacking |= ~column.scored
            weight = sign * term.weight
            ends = [weight * end for end in _ends(table, subject, term)]
            low += np.minimum(*ends)
            high += np.maximum(*ends)
        if risk.labels:
            unknown = ~table.column(subject, risk.condition, risk.name).scored
            rows = table.at_risk(subject, risk)
            surely &= rows
            maybe &= rows | unknown
            lacking |= unknown
    maybe &= asked & ~surely
    surely &= asked
    return Bound(
        low=-_greatest(-low[surely], -low[maybe]),
        high=_greatest(high[surely], high[maybe]),
        n=int((surely | maybe).sum()),
        n_missing=int(((surely | maybe) & lacking).sum()),
    )


def _ends(table: ScoreTable, subject: str, term: Term) -> tuple[FloatArray, FloatArray]:
    """(n,) least and greatest that the outcome can be: equal where it is scored, else 0 and 1."""
    column = table.column(subject, term.condition, term.name)
    among = np.isin(column.label, term.labels)
    happened = np.asarray(~among if term.negate else among, dtype=np.float64)
    return np.where(column.scored, happened, 0.0), np.where(column.scored, happened, 1.0)


def _greatest(surely: FloatArray, maybe: FloatArray) -> float:
    """The greatest mean of all of `surely` with any part of `maybe`: take what lies above the mean, greatest first."""
    total, n = float(surely.sum()), int(surely.size)
    for value in sorted(map(float, maybe), reverse=True):
        if n and value <= total / n:
            break
        total, n = total + value, n + 1
    return total / n if n else 0.0


def _detection(table: ScoreTable, what: DetectionMeasure, pair: tuple[str, str]) -> Bound:
    """Bounds of a shift of d' or criterion: both fall or rise steadily in hits and in false alarms."""
    columns = [
        (sign * weight, table.column(subject, condition, what.score))
        for sign, subject in zip((1, -1), pair, strict=True)
        for condition, weight in what.weights.items()
    ]
    asked = np.logical_and.reduce([column.asked for _, column in columns])
    lacking = asked & np.logical_or.reduce([~column.scored for _, column in columns])
    low = high = 0.0
    for weight, column in columns:
        says, known = column.label == "yes", column.scored
        ends = [_extreme(what.which, says, known, table.signal, asked, more) for more in (False, True)]
        low += min(weight * end for end in ends)
        high += max(weight * end for end in ends)
    return Bound(low=low, high=high, n=int(asked.sum()), n_missing=int(lacking.sum()))


def _extreme(
    which: str, says: BoolArray, known: BoolArray, flawed: BoolArray, asked: BoolArray, more: bool
) -> float:
    """d' or criterion with every missing verdict set so that it is greatest (`more`) or least."""
    # The criterion falls with every "flawed"; d' rises with hits and falls with false alarms.
    fill = np.full(len(says), not more) if which == "criterion" else (flawed if more else ~flawed)
    flagged = np.where(known, says, fill)
    counts = [
        (flagged & flawed & asked).sum(),
        (flawed & asked).sum(),
        (flagged & ~flawed & asked).sum(),
        (~flawed & asked).sum(),
    ]
    pair = d_prime_and_criterion(np.array([counts], dtype=np.float64))[0]
    return float(pair[1] if which == "criterion" else pair[0])
