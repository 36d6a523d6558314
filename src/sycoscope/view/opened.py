"""Runs that are looked into: their subjects side by side, and which items pass a filter."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sycoscope.core.errors import ConfigError
from sycoscope.core.types import Trial
from sycoscope.report.load import outline
from sycoscope.report.overview import display_names
from sycoscope.report.view import View
from sycoscope.run import filtering
from sycoscope.run.edge_cases import edge_counts
from sycoscope.run.filtering import TrialFilter
from sycoscope.run.record import roles_of
from sycoscope.run.store import RunDirectory
from sycoscope.view.searching import Searches

if TYPE_CHECKING:
    import polars as pl

ItemKey = tuple[str, str]
Where = Literal["", "every"]
# Lists of items that are kept while somebody walks through them.
KEPT = 16


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of one of the runs.

    Attributes:
        key: In addresses: its name, behind the run's name where there are several runs. label: for people.
        before: Name of the subject of the same run that it is compared with; its own for the base.
    """

    run: int
    name: str
    key: str
    label: str
    before: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list of items.

    Attributes:
        rows: Each with how many of its trials pass. places: of each in the list, from 0.
        first: Of a search, where the text stands first: run, subject, condition, the text with what is around it.
        searched: Share of the trials that were searched so far, in [0, 1].
    """

    rows: list[tuple[ItemKey, int]]
    places: dict[ItemKey, int]
    first: Mapping[ItemKey, tuple[int, str, str, str]] = field(default_factory=dict)
    searched: float = 1.0

    def __len__(self) -> int:
        return len(self.rows)


class OpenRun:
    """One finished run."""

    def __init__(self, directory: RunDirectory, name: str) -> None:
        self.directory, self.name = directory, name
        self.data = outline(directory)
        self.view = View(self.data)
        self.flips = filtering.flip_table(directory)
        self.roles = roles_of(directory.manifest())
        self.names = display_names(directory.manifest())

    def cue_of(self, task: str) -> tuple[str, str]:
        """The condition in which a task's items are held or given up, and its control; empty where it has none."""
        rows = self.flips.filter(self.flips["task"] == task).select("condition", "control").head(1).rows()
        return (str(rows[0][0]), str(rows[0][1])) if rows else ("", "")


class Opened:
    """Several runs, or one."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        """Open runs; every file of theirs is compared with its digest.

        Raises:
            MissingError: no run there. StoreError: not finished, damaged, or of another layout.
            ConfigError: the same run twice.
        """
        directories = [RunDirectory(path) for path in paths]
        for directory in directories:
            directory.check()
        places = [directory.path.resolve() for directory in directories]
        if len(set(places)) < len(places):
            twice = next(str(place) for place in places if places.count(place) > 1)
            raise ConfigError(f"the run '{twice}' is given twice; give each run once")
        self.runs = [
            OpenRun(directory, name) for directory, name in zip(directories, _names(places), strict=True)
        ]
        self.several = len(self.runs) > 1
        self.subjects = [subject for i, run in enumerate(self.runs) for subject in self._of(i, run)]
        self._searches = Searches(self.runs, self.asked_of_run)
        self._lists: OrderedDict[tuple[TrialFilter, Where], Items] = OrderedDict()
        self._lock = threading.Lock()

    def _of(self, i: int, run: OpenRun) -> Iterable[Subject]:
        for subject in run.data.subjects:
            label = run.view.label(run.names.get(subject.name, subject.name))
            yield Subject(
                run=i,
                name=subject.name,
                key=f"{run.name}/{subject.name}" if self.several else subject.name,
                label=f"{label}, {run.name}" if self.several else label,
                before=run.roles.before(subject.name) if subject.name != run.roles.base else subject.name,
            )

    def subject(self, key: str) -> Subject | None:
        """The subject of a key."""
        return next((one for one in self.subjects if one.key == key), None)

    def of(self, run: int, name: str) -> Subject | None:
        """A subject of a run."""
        return next((one for one in self.subjects if (one.run, one.name) == (run, name)), None)

    def before(self, subject: Subject) -> Subject | None:
        """What a subject is compared with; None for a base."""
        return None if subject.before == subject.name else self.of(subject.run, subject.before)

    def tasks(self) -> dict[str, str]:
        """Task -> name for people, of all runs."""
        return {name: run.view.task_label(name) for run in self.runs for name in run.view.task_names}

    def asked_of_run(self, asked: TrialFilter, run: int) -> TrialFilter | None:
        """The filter with the run's own name of the subject; None where the subject is another run's."""
        if not asked.subject:
            return asked
        subject = self.subject(asked.subject)
        return replace(asked, subject=subject.name) if subject and subject.run == run else None

    @cached_property
    def edges(self) -> dict[str, int] | None:
        """Trials of each kind of edge case, of all runs; None where a run does not list them, as an older one."""
        counted = [edge_counts(run.directory) for run in self.runs]
        known = [one for one in counted if one is not None]
        return {name: sum(one[name] for one in known) for name in known[0]} if known == counted else None

    def found(self, asked: TrialFilter, where: Where = "") -> Items:
        """The items with a trial that passes, in the order of the first run that has them.

        Args:
            where: `every`: only items that all runs have.

        A search for a text holds what was found so far.
        """
        if asked.text:
            return self._searched(asked, where)
        with self._lock:
            if (asked, where) in self._lists:
                self._lists.move_to_end((asked, where))
                return self._lists[asked, where]
        merged: dict[ItemKey, int] = {}
        for i, run in enumerate(self.runs):
            if (mine := self.asked_of_run(asked, i)) is not None:
                for task, item, n in filtering.found(run.directory, mine, run.flips).rows():
                    merged[task, item] = merged.get((task, item), 0) + n
        merged = self._where(merged, where)
        rows = Items(list(merged.items()), {key: i for i, key in enumerate(merged)})
        with self._lock:
            self._lists[asked, where] = rows
            while len(self._lists) > KEPT:
                self._lists.popitem(last=False)
        return rows

    def _searched(self, asked: TrialFilter, where: Where) -> Items:
        search = self._searches.ask(asked)
        merged = self._where(dict(search.n), where)
        places = {key: i for i, key in enumerate(merged)}
        share = search.searched / search.total if search.total else 1.0
        return Items(list(merged.items()), places, search.first, share)

    def _where(self, merged: dict[ItemKey, int], where: Where) -> dict[ItemKey, int]:
        if where != "every" or not self.several:
            return merged
        shared = set.intersection(*(self.items_of(i) for i in range(len(self.runs))))
        return {key: n for key, n in merged.items() if key in shared}

    def items_of(self, run: int) -> set[ItemKey]:
        """All (task, item_id) of one run."""
        opened = self.runs[run]
        return set(
            filtering.found(opened.directory, TrialFilter(), opened.flips).select(filtering.ITEM).rows()
        )

    def answers(self, items: Sequence[ItemKey]) -> list[pl.DataFrame]:
        """By run, the samples of these items."""
        return [filtering.answers(run.directory, items) for run in self.runs]


def _names(places: Sequence[Path]) -> list[str]:
    """Names of folders that tell them apart: the last part, with a number where several have one name."""
    found: list[str] = []
    for place in places:
        name, i = place.name, 2
        while name in found:
            name, i = f"{place.name} ({i})", i + 1
        found.append(name)
    return found


def same_prompt(one: Trial, other: Trial) -> bool:
    """Whether two trials asked the same: the system text, the options, and every turn and probe that both have."""
    turns = [{turn.name: turn.content for turn in trial.asked} for trial in (one, other)]
    given = [{turn.name: turn.response.text for turn in trial.asked if turn.given} for trial in (one, other)]
    probes = [{p.name: (p.content, p.prefix, p.options) for p in trial.probes} for trial in (one, other)]
    return (one.system, one.letters) == (other.system, other.letters) and all(
        _agree(*sides) for sides in (turns, given, probes)
    )


def _agree(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return all(one[name] == other[name] for name in one.keys() & other.keys())
