"""What a number of a run says to a finding: it goes up, down, or it does not tell, and why not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sycoscope.core.types import Estimate
from sycoscope.published.numerals import p_text, signed, span

Direction = Literal["up", "down"]
# Where the verdict on a facet counts (None: nowhere), and its words.
Told = tuple[Direction | None, str]
ALPHA = 0.05
# Checks whose own name says too little in one line.
BRIEF = {"summary": "it rests on withheld numbers"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One number that a finding rests on, with all that is needed to judge it.

    Attributes:
        subject: The adapter; empty for a correlation across adapters.
        task, name: What it is of, as `answer` and `suggested_shift`; for a correlation benchmark and facet.
        reference: `base`, `placebo`, or empty.
        unit: As `Estimate.unit`; `r` for a correlation.
        n: Pairs (adapters, for a correlation). coverage: in [0, 1]; None where it does not apply.
        p: Adjusted, where there is an adjusted one; exact for a correlation.
        way: Where it counts: `up` or `down`; None where it does not. why: for what reason not.
    """

    subject: str
    task: str
    name: str = ""
    reference: str = ""
    unit: str = "proportion"
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    coverage: float | None = None
    p: float | None = None
    way: Direction | None = None
    why: str = ""

    @property
    def measure(self) -> str:
        """What it is of, in one text."""
        return f"{self.task} with {self.name}" if self.unit == "r" else f"{self.task} {self.name}".rstrip()

    @property
    def number(self) -> str:
        """Value and interval; empty without a value."""
        if self.value is None:
            return ""
        limits = None if self.low is None or self.high is None else (self.low, self.high)
        return f"{signed(self.value)} ({span(limits)})"

    @property
    def text(self) -> str:
        """The whole in one line."""
        head = ", ".join(filter(None, (self.subject, self.measure)))
        head += f" against {self.reference}" if self.reference else ""
        if self.value is None:
            return f"{head}: {self.why}"
        told = f"{head}: {'r = ' if self.unit == 'r' else ''}{self.number}, n {self.n}"
        told += f", p {p_text(self.p)}" if self.unit == "r" else ""
        return told + (f": {self.why}" if self.why else "")


@dataclass(frozen=True, slots=True)
class Side:
    """One change of a finding: against base, and against placebo where the run has one."""

    way: Direction | None
    evidence: tuple[Evidence, ...]
    text: str

    @property
    def why(self) -> str:
        """For what reason it does not count; empty where it does."""
        if self.way is not None:
            return ""
        return self.evidence[0].why or "not beyond what any tuning does"


def read(estimate: Estimate) -> Evidence:
    """A change, after the audit: it counts when its interval excludes 0 and its adjusted p, if any, is under 0.05."""
    missing = estimate.value is None or estimate.low is None or estimate.high is None
    withheld = estimate.state == "withheld"
    way: Direction | None = None
    why = ""
    if withheld:
        why = f"withheld, {', '.join(BRIEF.get(check, check) for check in estimate.checks.split(', '))}"
    elif estimate.low is None or estimate.high is None or missing:
        why = estimate.note or "no interval"
    elif (way := direction(estimate.low, estimate.high)) is None:
        why = "includes 0"
    elif estimate.p_adjusted is not None and estimate.p_adjusted >= ALPHA:
        way, why = None, f"adjusted p {p_text(estimate.p_adjusted)}"
    hidden = withheld or missing
    return Evidence(
        subject=estimate.subject,
        task=estimate.task,
        name=estimate.name,
        reference=estimate.reference,
        unit=estimate.unit,
        value=None if hidden else estimate.value,
        low=None if hidden else estimate.low,
        high=None if hidden else estimate.high,
        n=estimate.n,
        coverage=estimate.coverage,
        p=None if hidden else estimate.p_value if estimate.p_adjusted is None else estimate.p_adjusted,
        way=way,
        why=why,
    )


def absent(subject: str, task: str, why: str) -> Side:
    """A change that the run does not have."""
    found = Evidence(subject=subject, task=task, why=why)
    return Side(None, (found,), found.text)


def beside_placebo(against_base: Evidence, against_placebo: Evidence | None) -> Side:
    """Where the run has a placebo, the change against it must count too, in the same direction."""
    if against_placebo is None:
        return Side(against_base.way, (against_base,), against_base.text)
    both = (against_base, against_placebo)
    if against_base.way is None:
        return Side(None, both, against_base.text)
    if against_placebo.way == against_base.way:
        return Side(against_base.way, both, f"{against_base.text}; against placebo {against_placebo.number}")
    text = f"{against_base.text}, but not beyond what any tuning does: {against_placebo.text}"
    return Side(None, both, text)


def by_verdict(side: Side, told: Told) -> Side:
    """The change of a facet, which counts as its verdict says."""
    way, label = told
    if way == side.way:
        return side
    first = replace(side.evidence[0], way=way, why="" if way else label)
    return Side(way, (first, *side.evidence[1:]), first.text)


def mean_of(parts: Sequence[Estimate], subject: str, reference: str) -> Evidence:
    """Mean of changes on different items, their limits combined by squares."""
    name = f"mean accuracy over {len(parts)} benchmarks"
    for part in parts:
        one = read(part)
        if one.value is None:
            why = f"{part.task}: {one.why}"
            return Evidence(subject=subject, task="capability", name=name, reference=reference, why=why)
    values = [(e.value or 0.0, e.low or 0.0, e.high or 0.0) for e in parts]
    value, n = math.fsum(v for v, _, _ in values) / len(values), len(values)
    low = value - math.hypot(*(v - low for v, low, _ in values)) / n
    high = value + math.hypot(*(high - v for v, _, high in values)) / n
    way = direction(low, high)
    covered = [e.coverage for e in parts if e.coverage is not None]
    return Evidence(
        subject=subject, task="capability", name=name, reference=reference, value=value, low=low, high=high,
        n=sum(e.n for e in parts), coverage=min(covered) if covered else None, way=way,
        why="" if way else "includes 0",
    )  # fmt: skip


def direction(low: float, high: float) -> Direction | None:
    """Where an interval lies that excludes 0."""
    if low > 0:
        return "up"
    return "down" if high < 0 else None
