"""The one join: scores of a task laid out by (item, draw), subject, condition and name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sycoscope.core.types import Item, Score
from sycoscope.facets import FACETS
from sycoscope.facets.measure import AtRisk
from sycoscope.facets.spec import CrossedScore

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Key = tuple[str, str, str]  # subject, condition, name


@dataclass(frozen=True, slots=True)
class Column:
    """One subject's scores of one name under one condition, by row of the table.

    Attributes:
        label: Outcome, `""` where missing. value: number, NaN where missing.
        scored: Whether there is a score. asked: whether there is a trial at all.
    """

    label: NDArray[np.str_]
    value: FloatArray
    scored: BoolArray
    asked: BoolArray

    def rows(self, which: BoolArray | IntArray) -> Column:
        """The column of some rows only: a mask, or places in order."""
        return Column(self.label[which], self.value[which], self.scored[which], self.asked[which])


class ScoreTable:
    """All scores of one task. Rows are (item, draw) in sorted order, the same for all subjects.

    Attributes:
        clusters: (n,) label of each row's cluster. targets: (n,) target of each row's item.
    """

    def __init__(
        self,
        task: str,
        rows: Sequence[tuple[str, int]],
        columns: Mapping[Key, Column],
        *,
        clusters: Sequence[str],
        targets: Sequence[str],
    ) -> None:
        self.task = task
        self.rows = list(rows)
        self.items = [item for item, _ in self.rows]
        self.clusters = np.array(clusters, dtype=object)
        self.targets = np.array(targets, dtype=object)
        self.subjects = tuple(dict.fromkeys(subject for subject, _, _ in columns))
        self.conditions = tuple(dict.fromkeys(condition for _, condition, _ in columns))
        self._place = {row: index for index, row in enumerate(self.rows)}
        self._columns = dict(columns)

    def __len__(self) -> int:
        return len(self.rows)

    def places(self, rows: Sequence[tuple[str, int]]) -> IntArray:
        """Where these (item, draw) are among the rows."""
        return np.array([self._place[row] for row in rows], dtype=np.int64)

    def has(self, subject: str, condition: str, name: str) -> bool:
        """Whether any such score exists."""
        return (subject, condition, name) in self._columns

    def column(self, subject: str, condition: str, name: str) -> Column:
        """The column; an empty one where there is none."""
        return self._columns.get((subject, condition, name)) or _empty(len(self.rows))

    def only(self, rows: BoolArray) -> ScoreTable:
        """The same table with a part of its rows; subjects and conditions stay."""
        part = ScoreTable(
            self.task,
            [row for row, keep in zip(self.rows, rows, strict=True) if keep],
            {key: column.rows(rows) for key, column in self._columns.items()},
            clusters=self.clusters[rows].tolist(),
            targets=self.targets[rows].tolist(),
        )
        return part

    # --- signal and foil: the sides that a detection separates ---

    @property
    def signal(self) -> BoolArray:
        """(n,) rows whose item is a signal (every row, of a facet that has none)."""
        wanted = FACETS[self.task].signal if self.task in FACETS else ""
        return self.targets == wanted if wanted else np.ones(len(self), dtype=bool)

    @property
    def foil(self) -> BoolArray:
        """(n,) rows whose item is a foil."""
        wanted = FACETS[self.task].foil if self.task in FACETS else ""
        return self.targets == wanted if wanted else np.zeros(len(self), dtype=bool)

    @cached_property
    def signals(self) -> ScoreTable:
        """The rows that rates are taken over."""
        rows = self.signal
        return self if rows.all() else self.only(rows)

    @cached_property
    def judged(self) -> ScoreTable:
        """The rows of signals and foils: what a detection is about."""
        return self.only(self.signal | self.foil)

    @property
    def has_foils(self) -> bool:
        """Whether there are foils that signals can be compared with."""
        return bool(self.foil.any())

    def at_risk(self, subject: str, risk: AtRisk) -> BoolArray:
        """(n,) rows of this at-risk set."""
        if not risk.labels:
            return np.ones(len(self), dtype=bool)
        column = self.column(subject, risk.condition, risk.name)
        among = np.isin(column.label, risk.labels)
        return column.scored & (~among if risk.negate else among)


def _empty(n: int) -> Column:
    return Column(
        label=np.full(n, "", dtype="<U16"),
        value=np.full(n, np.nan),
        scored=np.zeros(n, dtype=bool),
        asked=np.zeros(n, dtype=bool),
    )


def only_of(task: str, subjects: Iterable[str]) -> str:
    """Why nothing of a task can be paired: only these subjects were asked it."""
    return f"{task} was measured of {', '.join(subjects)} only"


def score_tables(scores: Iterable[Score], items: Mapping[str, Item]) -> dict[str, ScoreTable]:
    """One table per task, the facets first, the others by name; crossed scores are made here.

    Labels of a benchmark are `right` for a value of 1 and `wrong` for 0.

    Args:
        items: By id (clusters, targets); an item that is not there is its own cluster.
    """
    by_task: dict[str, list[Score]] = {}
    for score in scores:
        by_task.setdefault(score.task, []).append(score)
    ordered = [task for task in FACETS if task in by_task] + sorted(set(by_task) - set(FACETS))
    return {task: _table(task, by_task[task], items) for task in ordered}


def _table(task: str, scores: Sequence[Score], items: Mapping[str, Item]) -> ScoreTable:
    rows = sorted({(score.item_id, score.draw) for score in scores})
    columns = _columns(scores, rows, by_value=task not in FACETS)
    if task in FACETS:
        for crossed in FACETS[task].crossed:
            _cross(columns, crossed)
    known = [items.get(item) for item, _ in rows]
    return ScoreTable(
        task,
        rows,
        columns,
        clusters=[(one.cluster if one else "") or row[0] for one, row in zip(known, rows, strict=True)],
        targets=[one.target if one else "" for one in known],
    )


def _columns(
    scores: Iterable[Score], rows: Sequence[tuple[str, int]], *, by_value: bool
) -> dict[Key, Column]:
    place = {row: index for index, row in enumerate(rows)}
    columns: dict[Key, Column] = {}
    for score in scores:
        key = (score.subject, score.condition, score.name)
        column = columns.get(key)
        if column is None:
            column = columns[key] = _empty(len(rows))
        at = place[score.item_id, score.draw]
        column.asked[at] = True
        if score.status == "scored":
            column.scored[at] = True
            column.label[at] = _right_or_wrong(score.value) if by_value else score.label or ""
            column.value[at] = np.nan if score.value is None else score.value
    return columns


def _right_or_wrong(value: float | None) -> str:
    return {1.0: "right", 0.0: "wrong"}.get(-1.0 if value is None else value, "")


def _cross(columns: dict[Key, Column], score: CrossedScore) -> None:
    """Add a score that is made of two of the same trial, for every subject and condition that has both."""
    for subject, condition in dict.fromkeys((subject, condition) for subject, condition, _ in columns):
        first, second = (columns.get((subject, condition, name)) for name in (score.first, score.second))
        if first is None or second is None:
            continue
        among = np.isin(first.label, score.among) if score.among else np.ones(first.label.size, dtype=bool)
        scored = first.scored & second.scored & among
        columns[subject, condition, score.name] = Column(
            label=np.where(scored, score.cross(first.label, second.label), ""),
            value=np.full(first.label.size, np.nan),
            scored=scored,
            asked=first.asked & second.asked & (among | ~first.scored),
        )
