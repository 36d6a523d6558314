"""Which scores a number needs: those of its at-risk set are among them.

An estimate's own coverage is taken within its at-risk set. Where the score that decides who is at risk is
missing itself (a first answer that nobody could read), that set shrinks without a trace, so the audit asks for
the coverage of every score that the number rests on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sycoscope.analysis import facets, numbers
from sycoscope.analysis.cells import AtRisk, Measure
from sycoscope.audit.evidence import Evidence

RATES: dict[str, tuple[Measure, ...]] = {
    "answer": (*facets.ANSWER, *facets.ANSWER_CHOICE),
    "are_you_sure": facets.ARE_YOU_SURE,
    "feedback": facets.FEEDBACK_FALLACIOUS,
}
NUMBERS = {"answer": numbers.ANSWER, "feedback": numbers.FEEDBACK}
SHIFTS = {"criterion_shift": ("like", "control"), "d_prime_shift": ("like", "control")}


@dataclass(frozen=True, slots=True)
class Need:
    """One number and the (condition, score name) cells that it needs."""

    name: str
    condition: str
    cells: frozenset[tuple[str, str]]
    primary: bool = False

    @property
    def label(self) -> str:
        """For people: the name, with the condition of a rate of one."""
        return f"{self.name} ({self.condition})" if self.condition else self.name


def needs(evidence: Evidence, task: str) -> list[Need]:
    """What was estimated of a task, and the scores behind it.

    A number of another kind (a summary score, one over several seeds) has no cells: its own coverage and n stand
    for it.
    """
    mine = [e for e in evidence.estimates if e.task == task]
    primary = {(e.name, e.condition) for e in mine if e.primary}
    known = {(need.name, need.condition): need for need in _known(evidence, task)}
    keys = dict.fromkeys((e.name, e.condition) for e in mine)
    return [replace(known.get(key) or Need(*key, frozenset()), primary=key in primary) for key in keys]


def _known(evidence: Evidence, task: str) -> Iterator[Need]:
    for rate in RATES.get(task, ()):
        cells = {(term.condition, term.name) for term in rate.terms}
        cells |= {(risk.condition, risk.name) for risk in at_risk_sets(rate)}
        yield Need(rate.name, rate.condition, frozenset(cells))
    for what in NUMBERS.get(task, ()):
        yield Need(what.name, what.condition, frozenset((c, what.score) for c in what.weights))
    if task == "feedback":
        for name in ("d_prime", "criterion"):
            for condition in facets.FEEDBACK_CONDITIONS:
                yield Need(name, condition, frozenset({(condition, "flaw")}))
        for name, conditions in SHIFTS.items():
            yield Need(name, "", frozenset((c, "flaw") for c in conditions))
    elif task not in RATES:
        for condition in ("chat", "plain"):
            yield Need("accuracy", condition, frozenset({(condition, evidence.headline(task))}))


def at_risk_sets(rate: Measure) -> tuple[AtRisk, ...]:
    """The at-risk sets of a rate that are not simply everything."""
    return tuple(dict.fromkeys(term.at_risk for term in rate.terms if term.at_risk.labels))
