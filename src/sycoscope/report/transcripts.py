"""Transcripts side by side: which items are shown, and their turns aligned.

Base beside adapter; a model alone under its control and under the cue.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sycoscope.analysis.flips import Flip
from sycoscope.core.types import Answered, Score, Trial
from sycoscope.report import labels, trials
from sycoscope.report.probes import probe_tables
from sycoscope.report.view import View

Key = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is shown: a share of the cases that the study asks for, and characters per message."""

    share: float
    characters: int

    def cases(self, asked: int) -> int:
        """Most cases of one adapter."""
        return round(self.share * asked)


# cells in the order that they are read: the changed ones first
ORDER = (("held", "caved"), ("caved", "held"), ("held", "held"), ("caved", "caved"))
# tried in turn until the page stays below its cap
BUDGETS = (Budget(1.0, 4000), Budget(0.6, 2000), Budget(0.4, 800), Budget(0.2, 300), Budget(0.0, 0))
# cases that a cell gives when it is its turn: what changed is read first
TURN = {True: 2, False: 1}


@dataclass(frozen=True, slots=True)
class Side:
    """What one subject said in one turn. cut: characters that are left out; whole: how many there are, in words."""

    text: str
    cut: int
    state: str
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One turn: what was asked (once where both were asked the same) and both responses."""

    name: str
    asked: Sequence[str]
    before: Side | None
    after: Side | None


@dataclass(frozen=True, slots=True)
class Part:
    """One condition of a case (of a model alone: both): the turns, the probes and the scores of each side."""

    condition: str
    names: tuple[str, str]
    rows: Sequence[Row]
    probes: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]
    scores: tuple[Sequence[str], Sequence[str]]
    missing: str


@dataclass(frozen=True, slots=True)
class Case:
    """One item with its two sides.

    Attributes:
        draws: Of an item that was asked several times, how often each cell came about; empty for one draw.
        address: In the viewer.
    """

    key: str
    why: str
    question: str
    target: str
    suggestion: str
    item: str
    source: str
    draw: int
    strength: str
    draws: str
    address: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Group:
    """All shown cases of one cell of one adapter's flip table."""

    key: str
    cell: str
    total: int
    cases: Sequence[Case]


@dataclass(frozen=True, slots=True)
class Pair:
    """All groups of one adapter on one facet, and where the viewer has every one of its trials."""

    key: str
    subject: str
    task: str
    address: str
    groups: Sequence[Group]


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a flip table, with the anchor of its transcripts."""

    label: str
    code: str
    count: int
    anchor: str


@dataclass(frozen=True, slots=True)
class FlipTable:
    """Four cells of one adapter on one facet; `missing` items have no readable pair. home: id of all transcripts."""

    cells: Sequence[Cell]
    paired: int
    missing: int
    home: str = ""


def flip_tables(view: View) -> dict[tuple[str, str], FlipTable]:
    """By subject and task."""
    grouped: dict[tuple[str, str], list[Flip]] = {}
    for flip in view.data.flips:
        grouped.setdefault((flip.subject, flip.task), []).append(flip)
    tables = {}
    for (subject, task), flips in grouped.items():
        counts = {stances: sum((f.before, f.after) == stances for f in flips) for stances in labels.CELLS}
        home = view.transcribed.get((task, subject), "")
        cells = [
            Cell(label, code, counts[stances], f"{home}-{code}")
            for stances, (label, code) in labels.CELLS.items()
        ]
        paired = sum(counts.values())
        tables[subject, task] = FlipTable(cells, paired, len(flips) - paired, home)
    return tables


def pairs(view: View, budget: Budget) -> list[Pair]:
    """The sample of cases, the lead facet and the new cave-ins first."""
    chosen = _choose(view, budget)
    maker = _Maker(view, budget, chosen)
    sample: dict[str, Pair] = {}
    for first, total, picked in chosen:
        label, code = labels.CELLS[first.before, first.after]
        home = view.transcribed[first.task, first.subject]
        cases = [maker.case(flip, why, f"{home}-{code}-{i}") for i, (flip, why) in enumerate(picked, 1)]
        group = Group(f"{home}-{code}", label, total, cases)
        known = sample.get(home)
        sample[home] = Pair(
            home,
            view.label(first.subject),
            view.task_label(first.task),
            trials.address(first.task, first.subject),
            [*(known.groups if known else ()), group],
        )
    return list(sample.values())


Picked = list[tuple[Flip, str]]


def _choose(view: View, budget: Budget) -> list[tuple[Flip, int, Picked]]:
    """(a flip of the cell, the cell's size, its examples with why they were chosen)."""
    rng = random.Random(view.data.sample_seed)
    lead = view.lead_task()
    tasks = sorted(dict.fromkeys(f.task for f in view.data.flips), key=lambda task: task != lead)
    by_cell: dict[tuple[str, str, str, str], list[Flip]] = {}
    for flip in view.data.flips:
        by_cell.setdefault((flip.task, flip.subject, flip.before, flip.after), []).append(flip)
    most = budget.cases(view.data.transcripts)
    shared: dict[tuple[str, str, str, str], Picked] = {}
    for subject in view.compared:
        places = [(task, subject.name, *stances) for task in tasks for stances in ORDER]
        queues = {key: _queue(by_cell[key], most, rng) for key in places if key in by_cell}
        shared |= _share(queues, most)
    return [
        (by_cell[key][0], len(by_cell[key]), shared[key])
        for task in tasks
        for subject in view.compared
        for stances in ORDER
        if (key := (task, subject.name, *stances)) in shared
    ]


def _queue(flips: Sequence[Flip], most: int, rng: random.Random) -> Picked:
    """Examples of one cell in the order in which they are shown: where something changed the strongest by turns."""
    # an item that gave in no more has changed the most where the log-odds fell the most
    sign = 1.0 if flips[0].after == "held" else -1.0
    ranked = sorted(flips, key=lambda f: (f.strength is None, sign * (f.strength or 0.0), f.item_id, f.draw))
    drawn = rng.sample(ranked, min(most, len(ranked)))
    if flips[0].before == flips[0].after:
        return _of_different_items([(flip, "typical") for flip in drawn])
    pairs = zip(ranked, drawn, strict=False)
    by_turns = [one for strong, flip in pairs for one in ((strong, "strongest"), (flip, "typical"))]
    return _of_different_items(by_turns)


def _of_different_items(picked: Picked) -> Picked:
    """Of several draws of an item the first: how often each cell came about is said beside it."""
    kept: dict[str, tuple[Flip, str]] = {}
    for flip, why in picked:
        kept.setdefault(flip.item_id, (flip, why))
    return list(kept.values())


def _share(
    queues: Mapping[tuple[str, str, str, str], Picked], most: int
) -> dict[tuple[str, str, str, str], Picked]:
    """At most `most` cases from all queues in turn; every cell keeps its place, with what it got."""
    taken: dict[tuple[str, str, str, str], Picked] = {key: [] for key in queues}
    left = most
    while left > 0 and any(len(taken[key]) < len(queues[key]) for key in queues):
        for key, queue in queues.items():
            turn = min(TURN[key[2] != key[3]], left)
            more = queue[len(taken[key]) : len(taken[key]) + turn]
            taken[key] += more
            left -= len(more)
    return taken


def key_of(record: Trial | Score) -> Key:
    """Subject, task, item, condition, draw."""
    return (record.subject, record.task, record.item_id, record.condition, record.draw)


class _Maker:
    def __init__(self, view: View, budget: Budget, chosen: Sequence[tuple[Flip, int, Picked]]) -> None:
        self.view, self.budget = view, budget
        self.base = view.base
        self.earlier = {s.name: s.earlier for s in view.subjects if s.earlier}
        needed = {
            (who, flip.task, flip.item_id, condition, flip.draw)
            for _, _, picked in chosen
            for flip, _ in picked
            for who in (flip.subject, self._before(flip.subject))
            for condition in (flip.condition, flip.control)
        }
        self.trials: dict[Key, Trial] = {k: t for t in view.data.trials if (k := key_of(t)) in needed}
        self.scores: dict[Key, list[Score]] = {}
        for score in view.data.scores:
            if (key := key_of(score)) in needed:
                self.scores.setdefault(key, []).append(score)
        self.cells: dict[tuple[str, str, str], Counter[str]] = {}
        for flip in view.data.flips:
            label = labels.CELLS.get((flip.before, flip.after), ("no readable pair", ""))[0]
            self.cells.setdefault((flip.subject, flip.task, flip.item_id), Counter())[label] += 1

    def _before(self, subject: str) -> str:
        return self.earlier.get(subject, self.base)

    def case(self, flip: Flip, why: str, key: str) -> Case:
        item = self.view.data.items.get(flip.item_id)
        return Case(
            key=key,
            why=why,
            question=labels.shorten(item.question, 220)
            if item
            else "(this item is not in the report's data)",
            target=labels.shorten(item.target, 300) if item else labels.DASH,
            suggestion=labels.shorten(item.suggestion, 300) if item and item.suggestion else labels.DASH,
            item=flip.item_id,
            source=item.source if item else "",
            draw=flip.draw,
            strength="" if flip.strength is None else f"{labels.decimal(flip.strength, 2, True)}",
            draws=self._draws(flip),
            address=trials.item_address(flip.task, flip.item_id),
            parts=self._parts(flip),
        )

    def _draws(self, flip: Flip) -> str:
        counts = self.cells[flip.subject, flip.task, flip.item_id]
        if counts.total() == 1:
            return ""
        return ", ".join(f"{label} ×{n}" for label, n in counts.most_common())

    def _parts(self, flip: Flip) -> list[Part]:
        cue, control = flip.condition, flip.control
        if flip.subject == self.base:
            names = (labels.condition_of(flip.task, control), labels.condition_of(flip.task, cue))
            return [self._part(flip, ((self.base, control), (self.base, cue)), " | ".join(names), names)]
        names = (
            f"before: {self.view.label(self._before(flip.subject))}",
            f"after: {self.view.label(flip.subject)}",
        )
        return [
            self._part(
                flip,
                ((self._before(flip.subject), condition), (flip.subject, condition)),
                labels.condition_of(flip.task, condition),
                names,
            )
            for condition in (cue, control)
            if condition
        ]

    def _part(
        self, flip: Flip, sides: tuple[tuple[str, str], tuple[str, str]], title: str, names: tuple[str, str]
    ) -> Part:
        keys: list[Key] = [(who, flip.task, flip.item_id, condition, flip.draw) for who, condition in sides]
        before, after = (self.trials.get(key) for key in keys)
        absent = [name for name, trial in zip(names, (before, after), strict=True) if trial is None]
        return Part(
            condition=title,
            names=names,
            rows=self._rows(before, after),
            probes=probe_tables(before, after),
            scores=(score_lines(self.scores.get(keys[0], [])), score_lines(self.scores.get(keys[1], []))),
            missing=f"no transcript of {' and '.join(absent)} in this file" if absent else "",
        )

    def _rows(self, before: Trial | None, after: Trial | None) -> list[Row]:
        sides = [{turn.name: turn for turn in trial.asked} if trial else {} for trial in (before, after)]
        rows = []
        for name in dict.fromkeys([*sides[0], *sides[1]]):
            turns = [side.get(name) for side in sides]
            asked = [self._cut(turn.content)[0] if turn else labels.DASH for turn in turns]
            both = [
                None
                if turn is None
                else Side(
                    *self._cut(turn.response.text),
                    state_of(turn),
                    f"{labels.count(len(turn.response.text))} characters",
                )
                for turn in turns
            ]
            known = [text for text, turn in zip(asked, turns, strict=True) if turn]
            rows.append(Row(name, known[:1] if len(set(known)) == 1 else asked, both[0], both[1]))
        return rows

    def _cut(self, text: str) -> tuple[str, int]:
        limit = self.budget.characters
        return (text, 0) if len(text) <= limit else (text[:limit], len(text) - limit)


def state_of(turn: Answered) -> str:
    """What there is to say of a turn beside its text; empty for nothing."""
    if turn.given:
        return "given, not asked of the model"
    known = {
        "length": "cut at the token limit",
        "filtered": "withheld by the provider's filter",
        "error": f"failed: {turn.response.error}",
    }
    return known.get(turn.response.finish, "")


def score_lines(scores: Iterable[Score]) -> list[str]:
    """Each score in a few words."""
    lines = []
    for score in scores:
        text = score.label if score.label is not None else score.status
        if score.value is not None:
            text = (
                labels.decimal(score.value, 3)
                if score.label is None
                else f"{text} ({labels.decimal(score.value, 3)})"
            )
        lines.append(f"{score.name}: {text}")
    return lines
