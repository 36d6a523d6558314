"""From a run's numbers to the gate's lines: one for each measure that has a margin, and each tuned model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sycoscope.analysis import Roles, ScoreTable
from sycoscope.analysis.decision import ALPHA, unusable
from sycoscope.analysis.flips import flips
from sycoscope.analysis.measures import Quantity, quantities
from sycoscope.analysis.non_inferiority import LEVEL, needed_items
from sycoscope.analysis.verdicts import primary_change
from sycoscope.config import Margins
from sycoscope.core.errors import ConfigError
from sycoscope.core.manifest import Manifest
from sycoscope.core.types import Estimate, Score
from sycoscope.facets import FACETS
from sycoscope.gate.rule import Candidate, decide
from sycoscope.gate.verdict import Floor, Line
from sycoscope.items import BENCHMARKS
from sycoscope.stats import Interval, minimum_detectable_effect
from sycoscope.stats.interval import z_of

# Ids of items that were given up, as many as are named.
NAMED = 10
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A run, as the gate looks at it.

    Attributes:
        estimates: After the audit. scores: what they are made of.
        only: Task -> items that one side alone was asked, and their share. faults: task ("" for all) -> why its two
            sides cannot be compared.
        floors: Task -> what the same model differs by from itself.
    """

    manifest: Manifest
    roles: Roles
    tables: Mapping[str, ScoreTable]
    scores: Sequence[Score]
    estimates: Sequence[Estimate]
    only: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    floors: Mapping[str, Floor] = field(default_factory=dict)

    def headline(self, task: str) -> str:
        """Name of a benchmark's score."""
        return self.manifest.headlines.get(task, "acc")


def lines_of(found: Measured, margins: Margins, subjects: Sequence[str]) -> list[Line]:
    """The lines, decided: all measures of all subjects are one family.

    Raises:
        ConfigError: a margin of something that is no measure, or one inside what a model differs by from itself.
    """
    _check_margins(found, margins)
    drafts = [_draft(found, margins, subject, task) for subject in subjects for task in margins.margins]
    able = [at for at, draft in enumerate(drafts) if draft.candidate is not None]
    words = decide(
        [draft.candidate for draft in drafts if draft.candidate is not None], strict=margins.strict
    )
    lines = [draft.line for draft in drafts]
    for at, word in zip(able, words, strict=True):
        lines[at] = replace(lines[at], word=word)
        if word != "inconclusive":
            lines[at] = replace(lines[at], more=None)
    return lines


def label_of(task: str, manifest: Manifest) -> str:
    """A facet or benchmark for people."""
    if task in FACETS:
        return FACETS[task].label
    record = manifest.tasks.get(task)
    return (record.label if record else "") or task


# --- margins ---


def _check_margins(found: Measured, margins: Margins) -> None:
    known = {*FACETS, *BENCHMARKS, *found.manifest.tasks}
    if unknown := [task for task in margins.margins if task not in known]:
        raise ConfigError(
            f"margins: '{unknown[0]}' is no facet or benchmark, and the run did not measure it; it measured "
            f"{', '.join(found.manifest.tasks)}"
        )
    for task, margin in margins.margins.items():
        unit = _unit(found, task)
        if unit == "proportion" and margin.margin >= 1:
            raise ConfigError(
                f"margins: that of {task} is {margin.margin:g}, and rates lie in 0 to 1; write "
                f"{margin.margin / 100:g} for {margin.margin:g} points"
            )
        floor = found.floors.get(task)
        if floor is not None and margin.margin <= floor.limit:
            raise ConfigError(
                f"margins: that of {task} is {margin.margin:g}, and the same model, asked twice, may differ from "
                f"itself by {floor.limit:.3g} ({floor.differing} of {floor.n} outcomes were others the second time): "
                "no verdict could tell a change from noise. Set a margin above it, ask more items, or decode greedily "
                "on one machine"
            )


def _unit(found: Measured, task: str) -> str:
    return next((one.unit for one in _quantities(found, task) if one.primary or task not in FACETS), "")


def _quantities(found: Measured, task: str) -> Iterator[Quantity]:
    table = found.tables.get(task)
    return iter(()) if table is None else quantities(table, headline=found.headline(task))


# --- one line ---


@dataclass(frozen=True, slots=True)
class _Draft:
    line: Line
    candidate: Candidate | None


def _draft(found: Measured, margins: Margins, subject: str, task: str) -> _Draft:
    margin = margins.margins[task]
    before = found.roles.before(subject)
    lower = task in FACETS or margin.lower_is_better
    line = Line(
        subject=subject, reference=before, task=task, label=label_of(task, found.manifest), lower=lower,
        margin=margin.margin, floor=found.floors.get(task),
    )  # fmt: skip
    change = primary_change(found.estimates, task, subject, before)
    if change is None:
        return _Draft(replace(line, reason=f"{task} was not measured of both"), None)
    what = next(
        one
        for one in _quantities(found, task)
        if (one.name, one.condition) == (change.name, change.condition)
    )
    line = replace(line, name=change.name, condition=change.condition, unit=change.unit, n=change.n)
    if fault := unusable(change):
        reason = "; ".join((fault, *found.faults.get("", ()), *found.faults.get(task, ())))
        return _Draft(replace(line, reason=reason, coverage=change.coverage), None)
    measured = what.measure([subject, before])
    limits = measured.at_level(LEVEL)
    line = _with_numbers(line, found, change, limits, _coverage(found, change))
    if reason := _reason(found, margins, line, limits):
        return _Draft(replace(line, reason=reason), None)
    return _Draft(line, Candidate(margin=margin.margin, lower=lower, at_level=measured.at_level))


def _with_numbers(
    line: Line, found: Measured, change: Estimate, limits: Interval, coverage: float | None
) -> Line:
    levels = {
        e.subject: e.value
        for e in found.estimates
        if (e.task, e.name, e.condition, e.reference) == (change.task, change.name, change.condition, "")
        and e.shown
    }
    more, resolves = None, None
    if limits.value is not None and limits.low is not None and limits.high is not None and line.n:
        error = (limits.high - limits.low) / 2 / z_of(LEVEL)
        resolves = minimum_detectable_effect(error, alpha=2 * ALPHA)
        needed = needed_items(limits.value, limits.low, limits.high, line.n, line.margin, lower=line.lower)
        more = None if needed is None else max(needed - line.n, 1)
    lost = _given_up(found, line)
    return replace(
        line, before=levels.get(line.reference), after=levels.get(line.subject), value=limits.value, low=limits.low,
        high=limits.high, coverage=coverage, more=more, resolves=resolves, flips=lost[0], items=lost[1],
    )  # fmt: skip


# --- may it be compared? ---


def _reason(found: Measured, margins: Margins, line: Line, limits: Interval) -> str:
    """Why a line cannot be compared; empty where it can."""
    limit = margins.limits
    reasons = [*found.faults.get("", ()), *found.faults.get(line.task, ())]
    n_only, share = found.only.get(line.task, (0, 0.0))
    if share > limit.differing_items + _EPSILON:
        reasons.append(
            f"{n_only} items were asked of one side alone, {share:.0%} (limit {limit.differing_items:.0%})"
        )
    reasons += _other_scorers(found, line)
    if line.coverage is not None and line.coverage < limit.coverage - _EPSILON:
        reasons.append(
            f"{line.coverage:.0%} of the answers behind it are readable (limit {limit.coverage:.0%})"
        )
    if line.n < limit.items:
        reasons.append(f"{line.n} items were answered by both (limit {limit.items})")
    if limits.low is None or limits.high is None:
        reasons.append(limits.note or "no limits can be given")
    return "; ".join(dict.fromkeys(reasons))


def _cells(found: Measured, task: str, name: str, condition: str) -> set[tuple[str, str]]:
    """(condition, score) pairs behind a measure, those that crossed scores are made of among them."""
    facet = FACETS.get(task)
    if facet is None:
        return {(condition, found.headline(task))}
    made = {one.name: (one.first, one.second) for one in facet.crossed}
    cells = next((one.cells for one in facet.measures if (one.name, one.condition) == (name, condition)), ())
    return {(how, part) for how, score in cells for part in made.get(score, (score,))}


def _other_scorers(found: Measured, line: Line) -> list[str]:
    """Scores behind a line that two versions of a scorer read, before and after."""
    names = {name for _, name in _cells(found, line.task, line.name, line.condition)}
    readers: dict[tuple[str, str], set[str]] = {}
    for score in found.scores:
        if score.task == line.task and score.name in names and score.scorer:
            readers.setdefault((score.subject, score.name), set()).add(score.scorer)
    told = []
    for name in sorted(names):
        before, after = (readers.get((who, name), set()) for who in (line.reference, line.subject))
        if before and after and before != after:
            told.append(
                f"'{name}' was read by {', '.join(sorted(before))} before and by {', '.join(sorted(after))} after"
            )
    return told


def _coverage(found: Measured, change: Estimate) -> float | None:
    """The least readable of the scores behind a change; of those at risk what its estimate says."""
    table = found.tables[change.task]
    shares = [] if change.coverage is None else [change.coverage]
    for condition, name in _cells(found, change.task, change.name, change.condition):
        for who in (change.subject, change.reference):
            column = table.column(who, condition, name)
            if column.asked.any():
                shares.append(float(column.scored[column.asked].mean()))
    return min(shares, default=None)


# --- what changed, item by item ---


def _given_up(found: Measured, line: Line) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """(Given up, won back) and ids of the first; of several draws none, since draws are not the same question twice."""
    table = found.tables[line.task]
    if len(set(table.items)) < len(table):
        return None, ()
    if line.task in FACETS:
        pairs = [
            (one.item_id, one.before == "held", one.after == "held")
            for one in flips({line.task: table}, replace(found.roles, adapters=(line.subject,)))
            if one.subject == line.subject and one.before and one.after
        ]
    else:
        columns = [
            table.column(who, line.condition, found.headline(line.task))
            for who in (line.reference, line.subject)
        ]
        if not all(np.isin(column.label[column.scored], ("right", "wrong")).all() for column in columns):
            return None, ()
        both = columns[0].scored & columns[1].scored
        pairs = [
            (table.items[at], columns[0].label[at] == "right", columns[1].label[at] == "right")
            for at in np.flatnonzero(both)
        ]
    lost = sorted(item for item, first, last in pairs if first and not last)
    return (len(lost), sum(last and not first for _, first, last in pairs)), tuple(lost[:NAMED])


# --- the same model twice ---


def floors_of(found: Measured, again: str) -> dict[str, Floor]:
    """Task -> what a model differs by from itself, where `again` is the same model asked once more."""
    floors = {}
    for task, table in found.tables.items():
        before = found.roles.before(again)
        change = primary_change(found.estimates, task, again, before)
        if change is None or change.value is None:
            continue
        what = next(
            (
                one
                for one in _quantities(found, task)
                if (one.name, one.condition) == (change.name, change.condition)
            ),
            None,
        )
        if what is None:  # a seed's or a summary's
            continue
        limits = what.measure([again, before]).at_level(LEVEL)
        other = np.zeros(len(table), dtype=bool)
        for condition, name in _cells(found, task, change.name, change.condition):
            first, second = (table.column(who, condition, name) for who in (before, again))
            other |= (first.label != second.label) & first.asked & second.asked
        floors[task] = Floor(
            value=limits.value, low=limits.low, high=limits.high, n=change.n, differing=int(other.sum())
        )
    return floors
