"""What belongs in which figure and table: choosing and ordering, never computing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os.path import commonprefix

from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.report import labels
from sycoscope.report.data import ReportData, Subject, TaskInfo, TaskKind

LABEL_LIMIT = 26
Contrast = tuple[str, str, str]  # task, name, condition


class View:
    """A view of the data: labels, orders, and which estimates a figure shows."""

    def __init__(self, data: ReportData) -> None:
        self.data = data
        # points of a series stand in that series alone
        self.subjects: Sequence[Subject] = [subject for subject in data.subjects if not subject.of]
        self.adapters = [subject for subject in self.subjects if subject.kind != "base"]
        # whose items are shown side by side: with the base, or a model alone with itself
        self.compared = self.adapters or list(self.subjects)
        self.base = next((subject.name for subject in self.subjects if subject.kind == "base"), "base")
        # subject, reference, task, name, condition
        self.index = {(e.subject, e.reference, e.task, e.name, e.condition): e for e in data.estimates}
        self._points = {subject.name for subject in data.subjects if subject.of}
        self._kinds = {subject.name: subject.kind for subject in data.subjects}
        self._labels = {
            subject.name: labels.clean(subject.label or subject.name) for subject in data.subjects
        }
        self._short = _distinct(self._labels)
        self._tasks = {task.name: task for task in data.tasks}
        self._order = {subject.name: i for i, subject in enumerate(data.subjects)}
        self.task_names = list(dict.fromkeys([*self._tasks, *(e.task for e in data.estimates)]))
        # what trials were made of; summaries are made of these
        self.asked = [name for name in self.task_names if self.task(name).kind != "summary"]
        self.transcribed = self._transcribed()

    def _transcribed(self) -> dict[tuple[str, str], str]:
        """(task, subject) -> the id of its transcripts on the page: by position, since names may hold anything."""
        flips = self.data.flips
        tasks = list(dict.fromkeys(flip.task for flip in flips))
        names = [subject.name for subject in self.subjects]
        paired = dict.fromkeys((flip.task, flip.subject) for flip in flips if flip.before and flip.after)
        return {
            (task, name): f"t{names.index(name)}-{tasks.index(task)}"
            for task, name in paired
            if name in names
        }

    def label(self, subject: str) -> str:
        """The subject's name for people."""
        return self._labels.get(subject, labels.clean(subject))

    def short(self, subject: str) -> str:
        """The label cut for a figure's axis; different subjects stay different."""
        return self._short.get(subject, labels.shorten(subject, LABEL_LIMIT))

    def is_base(self, subject: str) -> bool:
        """Whether this is the model before tuning."""
        return self._kinds.get(subject) == "base"

    def reference(self, change: Estimate) -> str:
        """What part the reference of a change plays: `base` or `placebo`, whatever the subject is called."""
        return self._kinds.get(change.reference, change.reference)

    def task(self, name: str) -> TaskInfo:
        """Label and kind of a task."""
        known = self._tasks.get(name)
        if known is not None:
            return known
        if name in FACETS:
            return TaskInfo(name=name, label=FACETS[name].label, kind="facet")
        if name in labels.SUMMARIES:
            return TaskInfo(name=name, label=labels.SUMMARIES[name], kind="summary")
        return TaskInfo(name=name, label=name)

    def task_label(self, name: str) -> str:
        """The task's name for people."""
        return labels.shorten(self.task(name).label, 40)

    def levels(self, kind: TaskKind) -> list[Estimate]:
        """Rates of single subjects on tasks of one kind, in display order."""
        return self._sorted(e for e in self._own if not e.reference and self.task(e.task).kind == kind)

    def first_levels(self) -> list[Estimate]:
        """What is read first where nothing is compared; nothing beside adapters."""
        if self.adapters:
            return []
        first = [(name, *key) for name, facet in FACETS.items() for key in facet.first_shown]
        return [e for key in first for e in self.levels("facet") if (e.task, e.name, e.condition) == key]

    def differences(self, kind: TaskKind) -> list[Estimate]:
        """Paired changes on tasks of one kind, in display order."""
        return self._sorted(e for e in self._own if e.reference and self.task(e.task).kind == kind)

    def contrasts(self) -> list[Contrast]:
        """The confirmatory contrasts, the lead facet's first."""
        primary = self._sorted(e for e in self._own if e.primary and e.reference)
        unique = list(dict.fromkeys((e.task, e.name, e.condition) for e in primary))
        lead = self.lead_task()
        return sorted(unique, key=lambda contrast: contrast[0] != lead)

    def changes(self, contrast: Contrast) -> list[Estimate]:
        """All changes in one contrast, against base and against placebo."""
        return self._sorted(e for e in self._own if e.reference and (e.task, e.name, e.condition) == contrast)

    def primaries(self) -> list[Estimate]:
        """All changes in all confirmatory contrasts."""
        return [e for contrast in self.contrasts() for e in self.changes(contrast)]

    def capability_changes(self) -> dict[str, list[Estimate]]:
        """Accuracy changes against base by benchmark."""
        found: dict[str, list[Estimate]] = {}
        for e in self.differences("capability"):
            if e.name == "accuracy" and self.is_base(e.reference):
                found.setdefault(e.task, []).append(e)
        return found

    def mean_gains(self) -> tuple[list[Estimate], int]:
        """Mean accuracy changes against base, and over how many benchmarks; of one benchmark its own changes."""
        benchmarks = self.capability_changes()
        if len(benchmarks) == 1:
            return next(iter(benchmarks.values())), 1
        found = [e for e in self.differences("summary") if e.name == "mean_accuracy"]
        return [e for e in found if self.is_base(e.reference)], len(benchmarks)

    def by_change(self) -> list[Subject]:
        """The adapters by their change against base in the first contrast, the largest first; then the others."""
        found = [e for e in self.changes(self.contrasts()[0]) if e.shown] if self.contrasts() else []
        sizes = {e.subject: e.value for e in found if self.is_base(e.reference) and e.value is not None}
        none = float("inf")
        return sorted(self.adapters, key=lambda subject: -sizes.get(subject.name, -none))

    def lead_task(self) -> str:
        """The facet of the first screen: that of the first verdict."""
        if self.data.verdicts:
            return self.data.verdicts[0].task
        return self.data.flips[0].task if self.data.flips else "answer"

    def untold(self, change: Estimate) -> str:
        """The verdict on the facet of a change that is shown, where it is "cannot tell" all the same; else empty."""
        if not change.shown or not change.reference:
            return ""
        told = (v for v in self.data.verdicts if (v.subject, v.task) == (change.subject, change.task))
        return next((v.label for v in told if v.word == "cannot tell"), "")

    @property
    def _own(self) -> Iterable[Estimate]:
        """Estimates of the base and of adapters themselves; those of points are in the file of all estimates."""
        return (e for e in self.data.estimates if e.subject not in self._points)

    def _sorted(self, estimates: Iterable[Estimate]) -> list[Estimate]:
        tasks = {name: i for i, name in enumerate(self.task_names)}
        return sorted(estimates, key=lambda e: (tasks.get(e.task, len(tasks)), self._order[e.subject]))


def _distinct(full: dict[str, str]) -> dict[str, str]:
    """Subject -> its label within the limit; no two are the same."""
    short: dict[str, str] = {}
    told = _told_apart([label for label in full.values() if len(label) > LABEL_LIMIT])
    for name, label in full.items():
        label = told.get(label, label)
        text, i = labels.shorten(label, LABEL_LIMIT), 2
        while text in short.values():
            text, i = f"{labels.shorten(label, LABEL_LIMIT - 3)} {i}", i + 1
        short[name] = text
    return short


def _told_apart(long: Sequence[str]) -> dict[str, str]:
    """Labels of which several would be cut to the same: without the beginning that all share, and without the end."""
    cut = [labels.shorten(label, LABEL_LIMIT) for label in long]
    if len(set(long)) < 2 or len(set(cut)) == len(set(long)):
        return {}
    start = _whole_words(commonprefix(long))
    end = _whole_words(commonprefix([label[start:][::-1] for label in long]))
    kept = {label: ("…" if start else "") + label[start:] for label in long}
    if end and any(len(text) > LABEL_LIMIT for text in kept.values()):
        kept = {label: text[: len(text) - end] + "…" for label, text in kept.items()}
    return kept


def _whole_words(shared: str) -> int:
    """How much of a shared beginning ends with a word."""
    return max(shared.rfind(mark) for mark in "-_ /.") + 1
