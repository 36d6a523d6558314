"""What every subject came to under every condition of an item: conditions across, subjects down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sycoscope.core import records
from sycoscope.core.types import Trial
from sycoscope.report import labels
from sycoscope.run import filtering
from sycoscope.run.edge_cases import COLUMN, names_in
from sycoscope.view.opened import ItemKey, Opened, Subject, same_prompt

STATUSES = {"unparsed", "truncated", "error"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A subject under a condition.

    Attributes:
        outcomes: (outcome or status, draws that came to it).
        changed: It came to something else than the subject that this one is compared with.
        unread: Whether it could not be read.
        edges: Kinds of edge cases that it is, each with the first draw that is one.
        elsewise: Another run asked it in other words, so it is not shown beside the first run's.
    """

    condition: str
    outcomes: tuple[tuple[str, int], ...]
    excerpt: str
    changed: bool
    unread: bool
    elsewise: bool
    edges: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A subject. flip: held or caved before and after, in words; flip_code: its two letters."""

    subject: Subject
    cells: tuple[Cell | None, ...]
    flip: str
    flip_code: str


@dataclass(frozen=True, slots=True)
class Grid:
    """An item.

    Attributes:
        conditions: (name, label), in the order in which they were asked.
        question, target, suggestion: None where no run keeps the item.
        only_in: Names of the runs that have it, where others lack it.
    """

    task: str
    item: str
    conditions: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    question: str | None
    target: str | None
    suggestion: str | None
    only_in: tuple[str, ...] = ()


@dataclass
class _Found:
    """The answers of one item: (run, subject, condition) -> what its draws came to."""

    outcomes: dict[tuple[int, str, str], Counter[str]] = field(default_factory=dict)
    excerpts: dict[tuple[int, str, str], str] = field(default_factory=dict)
    edges: dict[tuple[int, str, str], dict[str, int]] = field(default_factory=dict)
    conditions: dict[str, None] = field(default_factory=dict)
    about: tuple[str | None, str | None, str | None] = (None, None, None)


def grids(opened: Opened, items: Sequence[ItemKey]) -> list[Grid]:
    """The grids of these items, in this order; an item without an answer has no lines."""
    found = {key: _Found() for key in items}
    for i, table in enumerate(opened.answers(items)):
        for row in table.iter_rows(named=True):
            one = found[row["task"], row["item_id"]]
            key = (i, row["subject"], row["condition"])
            one.outcomes.setdefault(key, Counter())[row["shown"]] += 1
            one.excerpts.setdefault(key, row["response"] or "")
            for kind in names_in(row[COLUMN]):
                one.edges.setdefault(key, {}).setdefault(kind, row["draw"])
            one.conditions.setdefault(row["condition"])
            if one.about[0] is None:
                one.about = (row["question"], row["target"], row["suggestion"])
    elsewise = _elsewise(opened, items) if opened.several else set()
    flips = _flips(opened, items)
    return [_grid(opened, key, found[key], elsewise, flips) for key in items]


def _grid(
    opened: Opened,
    key: ItemKey,
    found: _Found,
    elsewise: set[tuple[int, ItemKey, str]],
    flips: Mapping[tuple[int, str, ItemKey], Counter[tuple[str, str]]],
) -> Grid:
    task, lines = key[0], []
    for subject in opened.subjects:
        cells = []
        for condition in found.conditions:
            outcomes = found.outcomes.get((subject.run, subject.name, condition))
            before = found.outcomes.get((subject.run, subject.before, condition))
            cells.append(
                None
                if outcomes is None
                else Cell(
                    condition=condition,
                    outcomes=tuple(outcomes.items()),
                    excerpt=labels.shorten(found.excerpts[subject.run, subject.name, condition], 90),
                    changed=before is not None and before != outcomes,
                    unread=bool(STATUSES & outcomes.keys()),
                    elsewise=(subject.run, key, condition) in elsewise,
                    edges=found.edges.get((subject.run, subject.name, condition), {}),
                )
            )
        if any(cell is not None for cell in cells):
            lines.append(Line(subject, tuple(cells), *_flip(flips.get((subject.run, subject.name, key)))))
    runs = dict.fromkeys(line.subject.run for line in lines)
    return Grid(
        task=task,
        item=key[1],
        conditions=tuple((name, labels.condition_of(task, name)) for name in found.conditions),
        lines=tuple(lines),
        question=found.about[0],
        target=found.about[1],
        suggestion=found.about[2],
        only_in=tuple(opened.runs[i].name for i in runs) if len(runs) < len(opened.runs) else (),
    )


def _flip(stances: Counter[tuple[str, str]] | None) -> tuple[str, str]:
    known = {one: n for one, n in (stances or {}).items() if one in labels.CELLS}
    words = ", ".join(labels.CELLS[one][0] + (f" ×{n}" if n > 1 else "") for one, n in known.items())
    return words, labels.CELLS[next(iter(known))][1] if len(known) == 1 else ""


def _flips(
    opened: Opened, items: Sequence[ItemKey]
) -> dict[tuple[int, str, ItemKey], Counter[tuple[str, str]]]:
    wanted = {item for _, item in items}
    found: dict[tuple[int, str, ItemKey], Counter[tuple[str, str]]] = {}
    for i, run in enumerate(opened.runs):
        rows = run.flips.filter(run.flips["item_id"].is_in(list(wanted)))
        for row in rows.select("subject", *filtering.ITEM, "before", "after").iter_rows():
            subject, task, item, before, after = row
            found.setdefault((i, subject, (task, item)), Counter())[before, after] += 1
    return found


def _elsewise(opened: Opened, items: Sequence[ItemKey]) -> set[tuple[int, ItemKey, str]]:
    """(run, item, condition) that was asked otherwise than in the first run that has it."""
    first: dict[tuple[ItemKey, str, int], Trial] = {}
    found = set()
    for i, run in enumerate(opened.runs):
        for row in filtering.asked_of(run.directory, "trials", items).iter_rows(named=True):
            trial = records.trial_of(row)
            key = (trial.task, trial.item_id)
            known = first.setdefault((key, trial.condition, trial.draw), trial)
            if known is not trial and not same_prompt(known, trial):
                found.add((i, key, trial.condition))
    return found
