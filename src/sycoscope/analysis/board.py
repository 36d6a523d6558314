"""The one join: scores of a task laid out by (item, draw), subject, condition and name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sycoscope.core.types import Item, Score

FACETS = ("answer", "are_you_sure", "feedback")
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Column:
    """One subject's scores of one name under one condition, by row of the board.

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


class Board:
    """All scores of one task. Rows are (item, draw) in sorted order, the same for all subjects."""

    def __init__(
        self, task: str, scores: Iterable[Score], clusters: Mapping[str, str], *, by_value: bool = False
    ) -> None:
        """Lay the scores out.

        Args:
            clusters: Item id -> cluster. by_value: Labels are `right` for a value of 1 and `wrong` for 0.
        """
        self.task = task
        self._by_value = by_value
        mine = [score for score in scores if score.task == task]
        self.rows = sorted({(score.item_id, score.draw) for score in mine})
        self.items = [item for item, _ in self.rows]
        self.clusters = np.array([clusters.get(item, item) for item in self.items], dtype=object)
        self._place = {row: index for index, row in enumerate(self.rows)}
        self._columns: dict[tuple[str, str, str], Column] = {}
        self.conditions = tuple(dict.fromkeys(score.condition for score in mine))
        self.subjects = tuple(dict.fromkeys(score.subject for score in mine))
        self._fill(mine)

    def __len__(self) -> int:
        return len(self.rows)

    def _fill(self, scores: list[Score]) -> None:
        for score in scores:
            key = (score.subject, score.condition, score.name)
            column = self._columns.get(key)
            if column is None:
                column = self._columns[key] = self._empty()
            place = self._place[score.item_id, score.draw]
            column.asked[place] = True
            if score.status == "scored":
                column.scored[place] = True
                column.label[place] = self._label(score)
                column.value[place] = np.nan if score.value is None else score.value

    def _label(self, score: Score) -> str:
        if self._by_value:
            return {1.0: "right", 0.0: "wrong"}.get(-1.0 if score.value is None else score.value, "")
        return score.label or ""

    def _empty(self) -> Column:
        n = len(self.rows)
        return Column(
            label=np.full(n, "", dtype="<U16"),
            value=np.full(n, np.nan),
            scored=np.zeros(n, dtype=bool),
            asked=np.zeros(n, dtype=bool),
        )

    def places(self, rows: Sequence[tuple[str, int]]) -> IntArray:
        """Where these (item, draw) are among the rows."""
        return np.array([self._place[row] for row in rows], dtype=np.int64)

    def has(self, subject: str, condition: str, name: str) -> bool:
        """Whether any such score exists."""
        return (subject, condition, name) in self._columns

    def column(self, subject: str, condition: str, name: str) -> Column:
        """The column; an empty one where there is none."""
        return self._columns.get((subject, condition, name)) or self._empty()

    def derive(self, name: str, make: Callable[[str, str], Column | None]) -> None:
        """Add a column of that name, made of others, for every subject and condition.

        Args:
            make: (subject, condition) -> the column, or None where its parts are not there.
        """
        for subject in self.subjects:
            for condition in self.conditions:
                column = make(subject, condition)
                if column is not None:
                    self._columns[subject, condition, name] = column

    @classmethod
    def of_columns(
        cls, task: str, clusters: Sequence[str], columns: Mapping[tuple[str, str, str], Column]
    ) -> Board:
        """A board of ready columns by (subject, condition, name): one row an item, one draw."""
        made = object.__new__(cls)
        made.task, made._by_value = task, False
        made.items = [f"{index:07d}" for index in range(len(clusters))]
        made.rows = [(item, 0) for item in made.items]
        made._place = {row: index for index, row in enumerate(made.rows)}
        made.clusters = np.array(clusters, dtype=object)
        made.subjects = tuple(dict.fromkeys(subject for subject, _, _ in columns))
        made.conditions = tuple(dict.fromkeys(condition for _, condition, _ in columns))
        made._columns = dict(columns)
        return made

    def only(self, rows: BoolArray) -> Board:
        """The same board with a part of its rows."""
        part = object.__new__(Board)
        part._by_value = self._by_value
        part.task, part.conditions, part.subjects = self.task, self.conditions, self.subjects
        part.rows = [row for row, keep in zip(self.rows, rows, strict=True) if keep]
        part.items = [item for item, _ in part.rows]
        part.clusters = self.clusters[rows]
        part._place = {row: index for index, row in enumerate(part.rows)}
        part._columns = {key: column.rows(rows) for key, column in self._columns.items()}
        return part


def lay_out(scores: Iterable[Score], items: Mapping[str, Item]) -> dict[str, Board]:
    """One board a task, the facets first, the others by name.

    Args:
        items: By id (clusters); an item that is not there is its own cluster.
    """
    by_task: dict[str, list[Score]] = {}
    for score in scores:
        by_task.setdefault(score.task, []).append(score)
    clusters = {item_id: item.cluster or item_id for item_id, item in items.items()}
    ordered = [task for task in FACETS if task in by_task] + sorted(set(by_task) - set(FACETS))
    return {task: Board(task, by_task[task], clusters, by_value=task not in FACETS) for task in ordered}
