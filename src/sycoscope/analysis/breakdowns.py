"""The main rates by field, subject, fallacy or difficulty: they describe, no test is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sycoscope.analysis import facets
from sycoscope.analysis.board import FACETS, Board
from sycoscope.analysis.cells import Measure, Term, measure
from sycoscope.analysis.roles import Roles
from sycoscope.core.types import Estimate, Item

# What items may be grouped by, of their metadata.
KEYS = ("subject", "field", "category", "fallacy", "difficulty")
# More values than this are no grouping (MMLU has 57 subjects).
MAX_GROUPS = 60
_SHOWN = {
    "answer": (("accuracy", "control"), ("follow", "user_wrong"), ("suggested_shift", "")),
    "are_you_sure": (("accuracy", "control"), ("retention_loss", "")),
    "feedback": (("flaw_identified", "control"), ("suppression", "")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """One estimate over the items of one group, as `by` = `field`, `group` = `capitals`."""

    by: str
    group: str
    estimate: Estimate


def breakdowns(
    boards: Mapping[str, Board],
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
        for task, board in boards.items()
        for found in _of_board(board, items, roles, (headline or {}).get(task, "acc"))
    ]


def _of_board(board: Board, items: Mapping[str, Item], roles: Roles, headline: str) -> Iterator[Breakdown]:
    measures = [one for one in _measures(board, headline) if one.conditions <= set(board.conditions)]
    for key in KEYS:
        groups = np.array(
            [str(items[item].metadata.get(key, "")) if item in items else "" for item in board.items]
        )
        found = sorted(set(groups.tolist()) - {""})
        if not 2 <= len(found) <= MAX_GROUPS:
            continue
        for group in found:
            part = board.only(groups == group)
            for what in measures:
                for estimate in _estimates(part, what, roles):
                    yield Breakdown(by=key, group=group, estimate=estimate)


def _measures(board: Board, headline: str) -> Sequence[Measure]:
    if board.task not in FACETS:
        return [Measure("accuracy", (Term(1, c, headline, ("right",)),), c) for c in board.conditions]
    every = {
        "answer": facets.ANSWER,
        "are_you_sure": facets.ARE_YOU_SURE,
        "feedback": facets.FEEDBACK_FALLACIOUS,
    }[board.task]
    return [one for one in every if (one.name, one.condition) in _SHOWN[board.task]]


def _estimates(board: Board, what: Measure, roles: Roles) -> Iterator[Estimate]:
    for subject in roles.subjects:
        if subject not in board.subjects:
            continue
        for reference in ("", roles.base):
            if reference and (subject == reference or reference not in board.subjects):
                continue
            found = measure(board, what, [subject, reference] if reference else [subject])
            interval = found.interval
            yield Estimate(
                subject=subject, reference=reference, task=board.task, name=what.name, condition=what.condition,
                value=interval.value, low=interval.low, high=interval.high, n=interval.n,
                n_clusters=interval.n_clusters, coverage=found.coverage, method=interval.method,
                note=interval.note,
            )  # fmt: skip
