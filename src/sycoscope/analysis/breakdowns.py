"""The main rates by field, subject, fallacy or difficulty: descriptive, without tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sycoscope.analysis.measures import accuracy
from sycoscope.analysis.rates import measure_rate
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.score_table import ScoreTable
from sycoscope.core.types import Estimate, Item
from sycoscope.facets import FACETS
from sycoscope.facets.measure import RateMeasure

# What items may be grouped by, of their metadata.
KEYS = ("subject", "field", "category", "fallacy", "difficulty")
# More values than this are no grouping (MMLU has 57 subjects).
MAX_GROUPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """One estimate over the items of one group, as `by` = `field`, `group` = `capitals`."""

    by: str
    group: str
    estimate: Estimate


def breakdowns(
    tables: Mapping[str, ScoreTable],
    items: Mapping[str, Item],
    roles: Roles,
    *,
    headline: Mapping[str, str] | None = None,
) -> list[Breakdown]:
    """Levels of every subject and changes against base, by group.

    Args:
        headline: Benchmark -> name of its score (`acc` by default).
    """
    return [
        found
        for task, table in tables.items()
        for found in _of_table(table, items, roles, (headline or {}).get(task, "acc"))
    ]


def _of_table(
    table: ScoreTable, items: Mapping[str, Item], roles: Roles, headline: str
) -> Iterator[Breakdown]:
    asked = set(table.conditions)
    measures = [
        what for what in _measures(table, headline) if {condition for condition, _ in what.cells} <= asked
    ]
    for key in KEYS:
        groups = np.array(
            [str(items[item].metadata.get(key, "")) if item in items else "" for item in table.items]
        )
        values = sorted(set(groups.tolist()) - {""})
        if not 2 <= len(values) <= MAX_GROUPS:
            continue
        for group in values:
            part = table.only(groups == group).signals
            for what in measures:
                for estimate in _estimates(part, what, roles):
                    yield Breakdown(by=key, group=group, estimate=estimate)


def _measures(table: ScoreTable, headline: str) -> Sequence[RateMeasure]:
    facet = FACETS.get(table.task)
    if facet is None:
        return [accuracy(condition, headline) for condition in table.conditions]
    return [rate for rate in facet.rates if (rate.name, rate.condition) in facet.broken_down]


def _estimates(table: ScoreTable, what: RateMeasure, roles: Roles) -> Iterator[Estimate]:
    for subject in roles.subjects:
        if subject not in table.subjects or subject in roles.points:
            continue
        for reference in ("", *roles.references_of(subject)[:1]):
            if reference and reference not in table.subjects:
                continue
            subjects = [subject, reference] if reference else [subject]
            measured = measure_rate(table, what, subjects)
            interval = measured.interval
            yield Estimate(
                subject=subject, reference=reference, task=table.task, name=what.name, condition=what.condition,
                value=interval.value, low=interval.low, high=interval.high, n=interval.n,
                n_clusters=interval.n_clusters, coverage=measured.coverage, method=interval.method,
                note=interval.note,
            )  # fmt: skip
