"""Which scores a number needs: those of its at-risk set are among them.

An estimate's own coverage is taken within its at-risk set. Where the score that decides who is at risk is
missing itself (a first answer that nobody could read), that set shrinks without a trace, so the audit asks for
the coverage of every score that the number rests on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sycoscope.audit.evidence import Evidence
from sycoscope.facets import FACETS
from sycoscope.facets.measure import RateMeasure


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
    facet = FACETS.get(task)
    if facet is not None:
        for measure in facet.measures:
            yield Need(measure.name, measure.condition, measure.cells)
    else:
        for condition in ("chat", "plain"):
            yield Need("accuracy", condition, frozenset({(condition, evidence.headline(task))}))


def rate_of(task: str, name: str, condition: str) -> RateMeasure | None:
    """The facet's sum of rates of that name; None where it is a measure of another kind."""
    rates = FACETS[task].rates if task in FACETS else ()
    return next((rate for rate in rates if (rate.name, rate.condition) == (name, condition)), None)
