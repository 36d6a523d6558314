"""Two runs into one comparison: each subject of the first is before, the one of its name in the second is after."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from sycoscope.core import records
from sycoscope.core.errors import DataError
from sycoscope.core.files import digest_of
from sycoscope.core.manifest import Comparison, ItemsCompared, JudgeRecord, Manifest, SubjectRecord
from sycoscope.core.types import Item, Score, Trial
from sycoscope.run.analyse import analyse_run
from sycoscope.run.batch import Batch, batch_of, differing_batch
from sycoscope.run.made import Clock
from sycoscope.run.record import Summary
from sycoscope.run.store import RunDirectory

SHOWN = 5
_log = logging.getLogger("sycoscope.run")
Asked = TypeVar("Asked", Trial, Score)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two runs: its subjects that are compared, by the names that they have in the comparison."""

    run: RunDirectory
    manifest: Manifest
    subjects: Mapping[str, SubjectRecord]

    @property
    def base(self) -> SubjectRecord:
        """The model before any adapter."""
        return next(subject for subject in self.manifest.subjects if subject.kind == "base")

    def alone(self, other: _Side) -> dict[str, str]:
        """Tasks that this run asked and the other did not -> this run's name."""
        return {task: self.run.path.name for task in self.manifest.tasks if task not in other.manifest.tasks}

    def unpaired(self) -> dict[str, str]:
        """Subjects that are not compared -> this run's name."""
        taken = {subject.name for subject in self.subjects.values()}
        return {
            subject.name: self.run.path.name
            for subject in self.manifest.subjects
            if subject.name not in taken
        }

    def batch(self, task: str) -> Batch:
        """What shaped the batches of a task."""
        return batch_of(self.manifest.tasks[task], self.base)

    def renamed(self, rows: Iterable[Asked], tasks: Iterable[str]) -> list[Asked]:
        """What is of these subjects and tasks, under their new names."""
        kept = set(tasks)
        names = {subject.name: name for name, subject in self.subjects.items()}
        return [
            replace(row, subject=names[row.subject])
            for row in rows
            if row.subject in names and row.task in kept
        ]


def _sides(before: RunDirectory, after: RunDirectory) -> tuple[_Side, _Side]:
    """Both runs, their subjects paired: base with base, adapters by name.

    A placebo and a sham of the first run stay beside a second run that has no adapter: they are what a tune of the
    first run's base does. An adapter of the second run without a partner is compared with the base, where both runs
    have the same.
    """
    first, second = before.manifest(), after.manifest()
    old = {subject.name: subject for subject in first.subjects}
    new = {subject.name: subject for subject in second.subjects}
    base, later = _base(first), _base(second)
    mine, theirs = {"base": base}, {_label(second, first): replace(later, kind="other")}
    same = base.model.get("digest") == later.model.get("digest")
    for name, subject in new.items():
        if name == later.name:
            continue
        if name not in old and same:
            theirs[name] = subject
        if name in old:
            mine[f"{name} (before)"] = replace(old[name], kind="base")
            theirs[name] = replace(subject, kind="other", earlier=f"{name} (before)")
    if len(new) == 1:
        mine |= {one.name: one for one in first.subjects if one.kind in {"placebo", "sham"}}
    return _Side(before, first, mine), _Side(after, second, theirs)


def merged_hash(before: Manifest, after: Manifest) -> str:
    """Twelve hex digits of the comparison of two runs: over what each of them measured."""
    return digest_of([before.hash, after.hash])[:12]


def merge_runs(
    before: RunDirectory, after: RunDirectory, out: RunDirectory, clock: Clock | None = None
) -> Summary:
    """Write a run that holds the subjects of both, each of the second compared with its partner, and analyse it.

    Args:
        clock: Started where the comparison began; None: now.

    Raises:
        DataError: no task with a common item; differing ids are named.
    """
    write_merged(before, after, out, clock)
    return analyse_run(out)


def write_merged(
    before: RunDirectory, after: RunDirectory, out: RunDirectory, clock: Clock | None = None
) -> None:
    """As `merge_runs`, without the analysis: the run then counts as unfinished.

    Raises:
        DataError: no task with a common item; differing ids are named.
    """
    sides = _sides(before, after)
    unpaired = sides[0].unpaired() | sides[1].unpaired()
    for name, run in unpaired.items():
        _log.warning("'%s' of run '%s' has no partner of that name in the other run: left out", name, run)
    items, others = _by_task(before), _by_task(after)
    compared = {
        task: ItemsCompared(
            paired=len(items[task].keys() & others[task].keys()),
            only_before=tuple(sorted(items[task].keys() - others[task].keys())),
            only_after=tuple(sorted(others[task].keys() - items[task].keys())),
        )
        for task in items
        if task in others
    }
    if not any(task.paired for task in compared.values()):
        raise DataError(_nothing_in_common(before, after, compared))
    manifest = replace(_manifest(sides, compared, unpaired), made=(clock or Clock()).made())
    # what one run alone asked is shown too: its numbers have no other side
    merged = [
        (task, item)
        for task in manifest.tasks
        for item in (items.get(task, {}) | others.get(task, {})).values()
    ]
    merged.sort(key=lambda pair: (pair[0], pair[1].id))
    tasks = tuple(manifest.tasks)
    # all is read before anything is written: a damaged table of a side leaves no half of a comparison
    trials = [trial for side in sides for trial in side.renamed(side.run.trials(), tasks)]
    scores = [score for side in sides for score in side.renamed(side.run.scores(), tasks)]
    extra = {
        kind: [trial for side in sides for trial in side.renamed(side.run.extra_trials(kind), tasks)]
        for kind in ("judgements", "letter_priors")
    }
    if manifest.judge is None:
        extra["judgements"] = []
    out.write_rows("items", records.item_rows(merged))
    out.write_rows("trials", records.trial_rows(trials))
    out.write_rows("scores", records.score_rows(scores))
    out.write_rows("training", [])
    for kind, asked in extra.items():
        out.write_extra_trials(kind, asked)
    out.write_manifest(manifest)


def _manifest(
    sides: tuple[_Side, _Side], compared: Mapping[str, ItemsCompared], unpaired: Mapping[str, str]
) -> Manifest:
    before, after = sides
    first, second = before.manifest, after.manifest
    judge, left_out = _judge(first.judge, second.judge)
    alone = before.alone(after) | after.alone(before)
    both = {**first.tasks, **second.tasks}
    return replace(
        first,
        study="compare",
        description=f"{_title(after)} against {_title(before)}",
        hash=merged_hash(first, second),
        tasks={task: both[task] for task in both if task in compared or task in alone},
        subjects=tuple(
            replace(subject, name=name, repeat_of="", start="", bare="")
            for side in sides
            for name, subject in side.subjects.items()
        ),
        training={},
        shards={},
        judge=judge,
        compared=Comparison(
            before=first.hash,
            after=second.hash,
            items=compared,
            batch={
                task: differing_batch(sides[0].batch(task), sides[1].batch(task), items)
                for task, items in compared.items()
                if first.tasks[task].kind == "facet"
            },
            alone=alone,
            unpaired=unpaired,
            judge_left_out=left_out,
        ),
    )


def _judge(first: JudgeRecord | None, second: JudgeRecord | None) -> tuple[JudgeRecord | None, str]:
    """The judge of both runs; or none, and why what a judge said is left out."""
    if first is None and second is None:
        return None, ""
    if first is None or second is None:
        return (
            None,
            f"only the run {'after' if first is None else 'before'} names a judge; name one judge in both",
        )
    names = [str(judge.model.get("name", "judge")) for judge in (first, second)]
    if first.model.get("digest") != second.model.get("digest"):
        return (
            None,
            f"two judges, {names[0]} before and {names[1]} after, would differ as two models do; use one",
        )
    if first.standings != second.standings:
        return (
            None,
            f"{names[0]} has other results on labelled cases before and after; judge both runs on the same",
        )
    return first, ""


def _by_task(run: RunDirectory) -> dict[str, dict[str, Item]]:
    by_task: dict[str, dict[str, Item]] = {}
    for task, item in run.items():
        by_task.setdefault(task, {})[item.id] = item
    return by_task


def _base(manifest: Manifest) -> SubjectRecord:
    return next(subject for subject in manifest.subjects if subject.kind == "base")


def _label(second: Manifest, first: Manifest) -> str:
    """What the base of the second run is called: as its model is; where that is the first one's, again."""
    model, other = _base(second).model, _base(first).model
    name = str(model.get("name", "after"))
    if name in ("base", str(other.get("name", ""))):
        return "base again" if model.get("digest") == other.get("digest") else "after"
    return name


def _title(side: _Side) -> str:
    """Model, adapters and folder of a side, for people."""
    adapters = [subject.name for subject in side.subjects.values() if subject.name != side.base.name]
    model = str(side.base.model.get("name", "base"))
    made = side.manifest.made
    when = f", {made.date[:10]}" if made else ""
    return f"{' + '.join([model, *adapters])} ({side.run.path.name}{when})"


def _nothing_in_common(
    before: RunDirectory, after: RunDirectory, compared: Mapping[str, ItemsCompared]
) -> str:
    if not compared:
        return f"'{before.path}' and '{after.path}' share no task, so nothing can be paired; compare runs of one study"
    task, items = next(iter(compared.items()))
    return (
        f"'{before.path}' and '{after.path}' share no item, so nothing can be paired; in {task} only before: "
        f"{', '.join(items.only_before[:SHOWN])}; only after: {', '.join(items.only_after[:SHOWN])}; "
        "compare runs on the same items"
    )
