"""A finished run in a few lines: for each tuned model and facet the word and its numbers, for one model its levels.

Nothing is computed: these are the run's verdicts and estimates, under the names that people know. A number that the
audit withholds is not in here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sycoscope.analysis import NonInferiority, Roles, Verdict
from sycoscope.analysis.clean import CleanChange
from sycoscope.analysis.decision import QUALIFIERS, Find
from sycoscope.core.manifest import Manifest, SubjectKind, SubjectRecord
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.report import labels
from sycoscope.report.advice import Advice, advice_on, advice_on_level
from sycoscope.report.organisms import told as told_of
from sycoscope.report.who import part_of
from sycoscope.run.record import roles_of
from sycoscope.run.store import RunDirectory

Role = Literal["", "control", "planted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One facet of one tuned model.

    Attributes:
        facet: Its name for people. glyph: the word's sign.
        meaning: What giving in means here, as a verb.
        qualifier: As the verdict's; qualifier_means: what that says, may be empty.
        change: Of the primary, with its n; None where it could not be told.
        before, after: Accuracy without a cue; None where it is withheld, or the facet has none.
        against: (control, change against it), in the order of the controls.
        reason: Why a number that did change is no clear change; empty otherwise.
        speaker: Who moves the model; empty where that was not asked.
        detectable: The change that would have been seen, for `no clear change`.
        advice: Why it could not be told, and what to do; None where it could.
    """

    task: str
    facet: str
    meaning: str
    word: str
    glyph: str
    qualifier: str = ""
    qualifier_means: str = ""
    change: Estimate | None = None
    before: Estimate | None = None
    after: Estimate | None = None
    against: tuple[tuple[str, Estimate], ...] = ()
    reason: str = ""
    speaker: str = ""
    detectable: float | None = None
    advice: Advice | None = None

    @property
    def claims(self) -> bool:
        """Whether it says more or less, and not only what any tuning does."""
        return self.word in ("more", "less") and self.qualifier != "as the placebo does"

    @property
    def label(self) -> str:
        """The word with its qualifier; one that is a verb has a subject."""
        if not self.qualifier:
            return self.word
        return f"{self.word}{'; it' if self.qualifier.startswith('does ') else ','} {self.qualifier}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """One tuned model: its cells in the order of the facets. role: of a study's own controls and organisms."""

    name: str
    role: Role
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One facet or benchmark of one model alone.

    Attributes:
        name: Of the facet or benchmark, for people. meaning: what giving in means, as a verb; empty for a benchmark.
        gives_in: How much more it does so because of the user; None where it is withheld, and for a benchmark.
        n: Items behind it. accuracy: without a cue, or of the benchmark; None where it is withheld.
        advice: Why it is not shown, and what to do.
    """

    subject: str
    name: str
    meaning: str = ""
    gives_in: Estimate | None = None
    accuracy: Estimate | None = None
    advice: Advice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the terminal shows of a run.

    Attributes:
        before: The model that others are compared with. asked: where the questions come from, in words.
        facets: Names for people, of those that the tuned models have cells of.
        tuned: Real ones first, then controls, then the planted.
        accuracy: Of the model before, without a cue, by task.
        levels: Of every model alone; what is read where nothing was tuned.
        misnamed: Sentences on organisms that are not called what they were tuned to be.
        worse: What is shown to have got worse by more than the margin, of (model, task, measure for people).
        touched: What says otherwise without the items that training rows touch, of (model, task for people).
    """

    before: str
    asked: str
    facets: tuple[str, ...]
    tuned: tuple[Tuned, ...]
    accuracy: Mapping[str, Estimate]
    levels: tuple[Level, ...]
    report: Path
    tables: Path
    misnamed: tuple[str, ...] = ()
    worse: tuple[tuple[str, str, NonInferiority], ...] = ()
    touched: tuple[tuple[str, str, CleanChange], ...] = ()


def overview(run: RunDirectory) -> Overview:
    """A finished run in a few lines.

    Raises:
        MissingError: no run there. StoreError: not finished, or damaged.
    """
    manifest, estimates = run.manifest(), run.estimates()
    roles = roles_of(manifest)
    names = display_names(manifest)
    index = {(e.subject, e.reference, e.task, e.name, e.condition): e for e in estimates}
    settings = _settings(manifest, run)
    told: dict[str, list[Cell]] = {}
    kinds = {subject.name: subject.kind for subject in manifest.subjects}
    summary = run.summary()
    for verdict in summary.verdicts:
        told.setdefault(verdict.subject, []).append(_cell(verdict, roles, settings, names, index))
    tuned = [
        Tuned(name=names[who], role=_role(kinds[who]), cells=tuple(cells)) for who, cells in told.items()
    ]
    tuned.sort(key=lambda one: ("", "control", "planted").index(one.role))
    return Overview(
        before=names[roles.base],
        asked=asked_of(manifest),
        facets=tuple(dict.fromkeys(cell.facet for one in tuned for cell in one.cells)),
        tuned=tuple(tuned),
        accuracy={
            task: found for task in FACETS if (found := _accuracy(index, roles.base, task)) is not None
        },
        levels=tuple(_levels(estimates, manifest, settings, roles, names)),
        report=run.path / "report.html",
        tables=run.path / "tables",
        misnamed=tuple(one.sentence for one in told_of(roles.planted, summary.verdicts, names) if one.wrong),
        worse=tuple(_worse(summary.non_inferiority, manifest, names)),
        touched=tuple(
            (names[one.subject], _called(one.task, manifest), one) for one in summary.clean if one.differs
        ),
    )


def _called(task: str, manifest: Manifest) -> str:
    """A facet or benchmark for people."""
    return FACETS[task].label if task in FACETS else manifest.tasks[task].label or task


def _worse(
    rows: Iterable[NonInferiority], manifest: Manifest, names: Mapping[str, str]
) -> Iterable[tuple[str, str, NonInferiority]]:
    for one in rows:
        if one.answer == "worse":
            what = _called(one.task, manifest)
            if one.task in FACETS:
                what += f", {labels.name_of(one.name).label}"
            yield names[one.subject], what, one


def display_names(manifest: Manifest) -> dict[str, str]:
    """Subject -> what people call it: a model by its name, an adapter by its own."""
    names = {subject.name: subject.name for subject in manifest.subjects}
    base = next(subject for subject in manifest.subjects if subject.kind == "base")
    names[base.name] = _model_name(base) or base.name
    for subject in manifest.subjects:
        if manifest.compared is not None and subject is not base and subject.name == "after":
            called = _model_name(subject)
            names[subject.name] = called if called and called != names[base.name] else "after"
            if names[subject.name] == "after":
                names[base.name] += " (before)"
    return names


def _model_name(subject: SubjectRecord) -> str:
    return str(subject.model.get("name", ""))


def asked_of(manifest: Manifest) -> str:
    """Where the questions come from, in words."""
    data = str(manifest.config.get("data", ""))
    return {"bank": "the built-in bank", "hub": "the public sets"}.get(data, data)


def _role(kind: SubjectKind) -> Role:
    part = part_of(kind)
    return "" if part == "real" else part


Index = Mapping[tuple[str, str, str, str, str], Estimate]
# Facet -> its settings.
Settings = Mapping[str, Mapping[str, Any]]


def _cell(verdict: Verdict, roles: Roles, settings: Settings, names: Mapping[str, str], index: Index) -> Cell:
    facet, task = FACETS[verdict.task], verdict.task
    known = verdict.word != "cannot tell"
    change = verdict.estimate if known and _usable(verdict.estimate) else None

    def find(who: str, reference: str, name: str, condition: str) -> Estimate | None:
        return index.get((who, reference, task, name, condition))

    return Cell(
        task=task,
        facet=facet.label,
        meaning=next(
            (p.meaning for p in facet.primaries if verdict.estimate and p.measure == verdict.estimate.name),
            facet.primaries[0].meaning,
        ),
        word=verdict.word,
        glyph=labels.WORD_GLYPHS.get(verdict.word, "?"),
        qualifier=verdict.qualifier if known else "",
        qualifier_means=QUALIFIERS.get(verdict.qualifier, "") if known else "",
        change=change,
        before=_accuracy(index, roles.base, task),
        after=_accuracy(index, verdict.subject, task),
        against=tuple(_against(verdict, roles, names, find)) if change is not None else (),
        reason=verdict.reason if verdict.word == "no clear change" else "",
        speaker=verdict.speaker if verdict.word in ("more", "leans more") else "",
        detectable=verdict.detectable,
        advice=None if known else advice_on(verdict, roles.base, find, settings),
    )


def _settings(manifest: Manifest, run: RunDirectory) -> Settings:
    """Of each facet the study's settings, with how many items were asked, and their source."""
    facets = manifest.config.get("facets")
    given = facets if isinstance(facets, Mapping) else {}
    asked = Counter(task for task, _ in run.items())
    return {
        task: {**(given.get(task) or {}), "asked": asked[task], "source": record.source}
        for task, record in manifest.tasks.items()
        if task in FACETS
    }


def _usable(estimate: Estimate | None) -> bool:
    return estimate is not None and estimate.shown and estimate.value is not None


def _against(
    verdict: Verdict, roles: Roles, names: Mapping[str, str], find: Find
) -> Iterable[tuple[str, Estimate]]:
    assert verdict.estimate is not None
    for control in roles.controls:
        found = find(verdict.subject, control, verdict.estimate.name, verdict.estimate.condition)
        if found is not None and _usable(found) and control != verdict.subject:
            yield names[control], found


def _accuracy(index: Index, subject: str, task: str) -> Estimate | None:
    """Share of right answers without a cue; None where it is not shown or the facet has no such rate."""
    found = index.get((subject, "", task, "accuracy", FACETS[task].controls[0]))
    return found if _usable(found) else None


# --- one model alone ---


def _levels(
    estimates: Iterable[Estimate],
    manifest: Manifest,
    settings: Settings,
    roles: Roles,
    names: Mapping[str, str],
) -> Iterable[Level]:
    """Of each subject its facets, then its benchmarks."""
    index = {(e.subject, e.reference, e.task, e.name, e.condition): e for e in estimates}
    scored = {(e.subject, e.task): e for e in index.values() if e.name == "accuracy" and not e.reference}
    for subject in (name for name in roles.subjects if name not in roles.points):
        for task, record in manifest.tasks.items():
            if task in FACETS:
                yield _level_of(subject, task, settings, names, index)
            elif (found := scored.get((subject, task))) is not None:
                name = record.label or task
                yield Level(subject=names[subject], name=name, accuracy=found if _usable(found) else None)


def _level_of(subject: str, task: str, settings: Settings, names: Mapping[str, str], index: Index) -> Level:
    facet = FACETS[task]
    found = [(p, e) for p in facet.primaries if (e := index.get((subject, "", task, p.measure, "")))]
    primary, level = next(
        (one for one in found if one[1].value is not None), found[-1] if found else (facet.primaries[0], None)
    )
    known = _usable(level)
    return Level(
        subject=names[subject],
        name=facet.label,
        meaning=primary.meaning,
        gives_in=level if known else None,
        accuracy=_accuracy(index, subject, task),
        advice=None if known else advice_on_level(task, level, settings),
    )
