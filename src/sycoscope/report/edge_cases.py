"""The section on edge cases: how often each kind occurs, and a few cases of each to look at by eye."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.analysis.edge_cases import COLUMN, EdgeShare, edge_kinds, kinds_of, names_in
from sycoscope.audit.limits import AT_RISK_MIN
from sycoscope.core.types import Answered, Score, Trial
from sycoscope.facets import FACETS
from sycoscope.facets.edge_kinds import EdgeKind
from sycoscope.report import labels, trials
from sycoscope.report.cross_subject import GroupCell
from sycoscope.report.doubted import Doubted, doubted_cells
from sycoscope.report.probes import probe_tables
from sycoscope.report.transcripts import Budget, Key, key_of, score_lines, state_of
from sycoscope.report.view import View

# Cases of one kind on the page, where there is room.
MOST = 3
# Conditions of a pair that are shown.
CONDITIONS = 2
UNITS = {"trial": "trials", "item": "items per pair of conditions", "pair": "pairs"}
_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of one trial. cut: characters of the response that are left out. state: what there is to say beside it."""

    name: str
    asked: str
    said: str
    cut: int
    state: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One trial. readings: what makes it a case; empty of a trial that only stands beside one."""

    who: str
    condition: str
    readings: str
    item: str
    turns: Sequence[Turn]
    options: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    scores: Sequence[str]


@dataclass(frozen=True, slots=True)
class Case:
    """A case with its trials. address: of its item in the viewer."""

    question: str
    target: str
    suggestion: str
    facts: str
    address: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class KindView:
    """One kind. cells: of each subject. total: cases of all subjects that are shown. address: of all in the viewer."""

    name: str
    label: str
    meaning: str
    unit: str
    cells: Sequence[GroupCell]
    total: int
    address: str
    cases: Sequence[Case]


@dataclass(frozen=True, slots=True)
class Section:
    """What the page shows. none: kinds without a case. unasked: kinds of which nothing was asked.

    Attributes:
        doubted: Cells that the audit doubts, each with a case; of `n_doubted`.
    """

    subjects: Sequence[str]
    groups: Sequence[tuple[str, Sequence[KindView]]]
    none: Sequence[str]
    unasked: Sequence[str]
    doubted: Sequence[tuple[Doubted, Case | None]] = ()
    n_doubted: int = 0


def section(view: View, budget: Budget) -> Section | None:
    """The section; None for a run that does not list its edge cases."""
    shares = _pooled(view.data.edge_shares)
    if not shares:
        return None
    subjects = [subject.name for subject in view.subjects]
    doubted, n_doubted = doubted_cells(view)
    maker = _Maker(view, budget, [one.key for one in doubted])
    groups: dict[str, list[KindView]] = {}
    none, unasked = [], []
    for name, kind in edge_kinds().items():
        mine = {one.subject: one for one in shares.get(name, ()) if one.subject in subjects}
        if not any(one.n for one in mine.values()):
            unasked.append(kind.label)
        elif not any(one.cases for one in mine.values()):
            none.append(f"{kind.label} (n {_span([one.n for one in mine.values()])})")
        else:
            cells = [_cell(mine.get(subject)) for subject in subjects]
            total = sum(one.cases for one in mine.values())
            one = KindView(
                name, kind.label, kind.meaning, UNITS[kind.unit], cells, total, trials.edge_address(name),
                maker.cases(kind),
            )  # fmt: skip
            groups.setdefault(kind.heading, []).append(one)
    return Section(
        [view.label(one) for one in subjects], list(groups.items()), none, unasked,
        [(one, maker.case_of(one.kind, one.key)) for one in doubted], n_doubted,
    )  # fmt: skip


def _pooled(shares: Iterable[EdgeShare]) -> dict[str, list[EdgeShare]]:
    """By kind, over all tasks that have it."""
    found: dict[str, list[EdgeShare]] = {}
    for one in shares:
        known = found.setdefault(one.kind, [])
        # the file has those of all tasks first
        if not known or known[0].task == one.task:
            known.append(one)
    return found


def _span(counts: Sequence[int]) -> str:
    low, high = labels.count(min(counts)), labels.count(max(counts))
    return low if low == high else f"{low} to {high}"


def _cell(share: EdgeShare | None) -> GroupCell:
    if share is None or share.value is None or share.low is None or share.high is None:
        return GroupCell(labels.DASH, ("not read",), True)
    low, high = (labels.decimal(100 * end, 1) for end in (share.low, share.high))
    value = f"{labels.percent(share.value)} ({low} to {high})"
    counted = (
        f"{labels.count(share.cases)} of {labels.count(share.n)} · coverage {labels.percent(share.coverage)}"
    )
    return GroupCell(value, (counted,), share.n < AT_RISK_MIN)


class _Maker:
    """Chooses cases and lays out their trials."""

    def __init__(self, view: View, budget: Budget, more: Sequence[Key] = ()) -> None:
        """more: of trials that are shown too."""
        self.view, self.budget = view, budget
        self.rows = {_key(row): row for row in view.data.edge_trials}
        self.chosen = self._choose(round(MOST * budget.share))
        # of a large run only the items that are shown are looked up
        needed = {key[1:3] for cases in self.chosen.values() for keys in cases for key in keys}
        needed |= {key[1:3] for key in more}
        self.trials: dict[Key, Trial] = {
            key_of(one): one for one in view.data.trials if (one.task, one.item_id) in needed
        }
        self.scores: dict[Key, list[Score]] = {}
        for score in view.data.scores:
            if (score.task, score.item_id) in needed:
                self.scores.setdefault(key_of(score), []).append(score)
        self.base = next((one.name for one in view.subjects if one.kind == "base"), "")
        self.earlier = {one.name: one.earlier for one in view.subjects if one.earlier}

    def _choose(self, most: int) -> dict[str, list[list[Key]]]:
        """Kind -> a few cases, each the keys of its trials, drawn with the page's seed from all of the kind."""
        subjects = {subject.name for subject in self.view.subjects}
        kinds, found = edge_kinds(), dict[str, dict[tuple[Any, ...], list[Key]]]()
        for key, row in self.rows.items():
            for name in names_in(row[COLUMN]) if row["subject"] in subjects else ():
                if name in kinds:
                    found.setdefault(name, {}).setdefault(_unit(kinds[name], row), []).append(key)
        chosen = {}
        for name, units in found.items():
            rng = random.Random(f"{self.view.data.sample_seed} {name}")
            chosen[name] = [units[unit] for unit in rng.sample(sorted(units), min(most, len(units)))]
        return chosen

    def cases(self, kind: EdgeKind) -> list[Case]:
        """The cases of a kind that are shown."""
        return [self._case(kind, keys) for keys in self.chosen.get(kind.name, ())]

    def case_of(self, name: str, key: Key) -> Case | None:
        """The case that a trial is, where the page has room for cases."""
        return self._case(edge_kinds()[name], [key]) if self.budget.share else None

    def _case(self, kind: EdgeKind, keys: Sequence[Key]) -> Case:
        """keys: of the trials that make it."""
        subject, task, item_id, condition, draw = keys[0]
        # the facet's own reading columns: kinds of one name may read different ones
        own = next((one for one in kinds_of(task) if one.name == kind.name), kind)
        if kind.unit == "trial":
            before = self.earlier.get(subject, self.base)
            control = FACETS[task].control_of(condition) if task in FACETS else condition
            beside = (
                (before, task, item_id, condition, draw)
                if subject != self.base
                else (subject, task, item_id, control, draw)
            )
            shown = [key for key in dict.fromkeys([beside, keys[0]]) if key in self.trials]
        else:
            shown = self._together(own, keys)
        item = self.view.data.items.get(item_id)
        return Case(
            question=labels.shorten(item.question, 160) if item else item_id,
            target=labels.shorten(item.target, 160) if item else labels.DASH,
            suggestion=labels.shorten(item.suggestion, 160) if item else "",
            facts=f"{self.view.label(subject)} · {self.view.task_label(task)}"
            + (f" · draw {draw}" if draw else ""),
            address=trials.item_address(task, item_id),
            panels=[self._panel(own, key, key in keys, kind.unit == "pair") for key in shown],
        )

    def _together(self, kind: EdgeKind, keys: Sequence[Key]) -> list[Key]:
        """Of an item its conditions; of a pair both sides under two conditions, if any of different outcomes."""
        order = {name: i for i, name in enumerate(FACETS[keys[0][1]].condition_names)}
        sides = {FACETS[keys[0][1]].signal: 0, FACETS[keys[0][1]].foil: 1}

        def place(key: Key) -> tuple[int, int]:
            item = self.view.data.items.get(key[2])
            return order[key[3]], sides.get(item.target if item else "", 0)

        ranked = sorted(keys, key=place)
        if kind.unit == "item":
            return ranked
        read = {
            name: tuple(_readings(kind, self.rows[key]) for key in ranked if key[3] == name)
            for name in dict.fromkeys(key[3] for key in ranked)
        }
        first, *others = read
        other = next((name for name in others if read[name] != read[first]), *others[:1])
        return [key for key in ranked if key[3] in (first, other)]

    def _panel(self, kind: EdgeKind, key: Key, is_case: bool, of_pair: bool) -> Panel:
        trial = self.trials[key]
        item = self.view.data.items.get(key[2])
        return Panel(
            who=self.view.label(key[0]),
            condition=labels.condition_of(key[1], key[3]),
            readings=_readings(kind, self.rows[key]) if is_case else "",
            item=item.target if item and of_pair else "",
            turns=[self._turn(turn) for turn in trial.asked],
            options=[
                (name, [(option, value) for option, value, _ in rows])
                for name, rows in probe_tables(trial, None)
            ]
            if kind.group == "channels"
            else [],
            scores=score_lines(self.scores.get(key, [])),
        )

    def _turn(self, turn: Answered) -> Turn:
        said, cut = self._cut(turn.response.text)
        return Turn(turn.name.replace("_", " "), self._cut(turn.content)[0], said, cut, state_of(turn))

    def _cut(self, text: str) -> tuple[str, int]:
        limit = self.budget.characters
        return text[:limit], max(0, len(text) - limit)


def _key(row: _Row) -> Key:
    return (row["subject"], row["task"], row["item_id"], row["condition"], row["draw"])


def _unit(kind: EdgeKind, row: _Row) -> tuple[Any, ...]:
    """What a case is, so that its trials are found together."""
    of = {"trial": ("item_id", "draw", "condition"), "item": ("item_id", "draw"), "pair": ("cluster", "draw")}
    return tuple(row[name] for name in ("subject", "task", *of[kind.unit]))


def _readings(kind: EdgeKind, row: _Row) -> str:
    """What a trial was read as, in the columns that tell the kind."""
    told = ((name.replace("_", " "), row.get(name)) for name in kind.reads)
    return ", ".join(
        f"{name}: {labels.decimal(value, 2) if isinstance(value, float) else value}"
        for name, value in told
        if value is not None
    )
