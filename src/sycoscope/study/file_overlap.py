"""Evaluation items that stand in a file of training rows, looked up before anything is tuned on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sycoscope.config import StudyConfig
from sycoscope.items import TASK_LABELS, overlap, read_dialogues
from sycoscope.study.inputs import Materials
from sycoscope.training.rows import file_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOverlap:
    """What of one task's items stands in the file.

    Attributes:
        task: Facet, or the task of a benchmark. label: for people.
        n_items: Items that the task can ask.
        exact: Ids of items whose whole question stands in a row. ngram: of those that share 13 words in a row with one
            (exact ones may be among them).
        lines: Id of each of them -> where it stands first: the line, or the row where `unit` says so, from 1; in this
            order.
        questions: Id of each of them -> its question.
    """

    task: str
    label: str
    n_items: int
    exact: tuple[str, ...]
    ngram: tuple[str, ...]
    lines: Mapping[str, int]
    unit: Literal["line", "row"]
    questions: Mapping[str, str]


def file_overlap(config: StudyConfig, source: str | Path) -> list[TaskOverlap]:
    """Compare a file of training rows with everything that a study asks, task by task.

    Raises:
        SycoscopeError: Bad input of any kind; all faults of the file at once.
    """
    file = read_dialogues(source)
    texts = [row.text for row in file_rows(file)]
    found = []
    for task, items in Materials(config).asked().items():
        shared = overlap(texts, items)
        places = sorted(shared.first.items(), key=lambda one: one[1])
        lines = {name: file.rows[place].number for name, place in places}
        questions = {item.id: item.question for item in items}
        found.append(
            TaskOverlap(
                task=task,
                label=TASK_LABELS.get(task, task),
                n_items=shared.n_items,
                exact=shared.exact,
                ngram=shared.ngram,
                lines=lines,
                unit=file.unit,
                questions={name: questions[name] for name in lines},
            )
        )
    return found
