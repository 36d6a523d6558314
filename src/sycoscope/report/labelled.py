"""As scored, and as labelled: what people's labels say of the primaries, and how far people and rules agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sycoscope.core.types import Estimate
from sycoscope.report import labels
from sycoscope.report.view import View
from sycoscope.run.by_hand import LabelReport


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """One primary by the rules and by the labels, as text. why: there is no second number."""

    subject: str
    against: str
    what: str
    scored: str
    scored_interval: str
    labelled: str
    labelled_interval: str
    n_labels: str
    why: str


@dataclass(frozen=True, slots=True)
class PairLine:
    """Two readers of one facet, as text."""

    facet: str
    pair: str
    n: str
    unread: str
    coverage: str
    agreement: str
    agreement_interval: str
    kappa: str
    kappa_interval: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """The section. who: a sentence on the people."""

    who: str
    lines: Sequence[LabelledLine]
    pairs: Sequence[PairLine]
    disputed: Sequence[str]


def labelled(view: View) -> Labelled | None:
    """What people's labels say; None where the report was given none."""
    told = view.data.by_hand
    if told is None:
        return None
    lines = [
        LabelledLine(
            subject=view.label(one.corrected.subject),
            against=view.label(one.corrected.reference) if one.corrected.reference else labels.DASH,
            what=f"{view.task_label(one.corrected.task)} · {labels.name_of(one.corrected.name).label}",
            scored=_value(one.as_read),
            scored_interval=_interval(one.as_read),
            labelled=_value(one.corrected),
            labelled_interval=_interval(one.corrected),
            n_labels=labels.count(one.n_labels),
            why="" if one.corrected.shown else one.corrected.reason,
        )
        for one in told.primaries
    ]
    pairs = [
        PairLine(
            facet=view.task_label(one.task),
            pair=f"{one.first} and {one.second}",
            n=labels.count(one.n),
            unread=labels.count(one.n_unread),
            coverage=labels.percent(one.coverage),
            agreement=labels.DASH if one.agreement.value is None else labels.percent(one.agreement.value),
            agreement_interval=_limits(one.agreement.low, one.agreement.high, 100.0, 1),
            kappa=labels.DASH if one.kappa.value is None else labels.decimal(one.kappa.value, 2),
            kappa_interval=_limits(one.kappa.low, one.kappa.high, 1.0, 2),
        )
        for one in told.pairs
    ]
    return Labelled(_who(told), lines, pairs, told.disputed)


def _who(told: LabelReport) -> str:
    people = ", ".join(f"{one.who} ({labels.count(one.n)})" for one in told.readers)
    parts = [f"{labels.count(told.n)} responses that the rules could read are labelled."]
    if people:
        seen = sum(one.n_seen for one in told.readers)
        but = f", but for {labels.count(seen)}," if seen else ","
        parts.append(f"One by one{but} blind to model, condition and score, labelled: {people}.")
    if told.n_split:
        parts.append(
            f"Of {labels.count(told.n_split)} as many say one thing as another; which of these counts was drawn."
        )
    return " ".join(parts)


def _value(estimate: Estimate) -> str:
    return labels.value_text(estimate) if estimate.shown else labels.DASH


def _interval(estimate: Estimate) -> str:
    return labels.interval_text(estimate) if estimate.shown else labels.DASH


def _limits(low: float | None, high: float | None, scale: float, digits: int) -> str:
    if low is None or high is None:
        return labels.DASH
    return f"{labels.decimal(low * scale, digits)} to {labels.decimal(high * scale, digits)}"
