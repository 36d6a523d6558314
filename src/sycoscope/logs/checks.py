"""What may not be believed of two logs: findings as those of a run's audit, with its limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sycoscope.audit import Finding
from sycoscope.audit.finding import Fault, Severity, settle
from sycoscope.audit.limits import (
    AT_RISK_MIN,
    COVERAGE_GAP,
    COVERAGE_INVALID,
    COVERAGE_WARN,
    NEAR,
)
from sycoscope.core.texts import listed
from sycoscope.core.types import Estimate
from sycoscope.logs.changes import AFTER, BEFORE, Change
from sycoscope.logs.documents import Documents
from sycoscope.logs.pairs import Pair, repeated

# A share of 0.9 and one of 1.0 differ by 0.1, whatever floating point says.
_EPSILON = 1e-9
NAMED = 10
MARKS: Mapping[str, str] = {
    "limit": "answers hit a limit of the log (messages, tokens or time), and count with the score they have",
    "no answer": "answers are scored “N” (no answer), which Inspect counts as 0",
    "unread": "answers could not be read by the harness's filter, which counts them as wrong",
}


@dataclass(frozen=True, slots=True)
class Sides:
    """The two logs of one task, as they were read."""

    before: Documents
    after: Documents

    @property
    def each(self) -> tuple[tuple[str, Documents], tuple[str, Documents]]:
        """Both, with what they are called."""
        return (BEFORE, self.before), (AFTER, self.after)


def findings(
    changes: Sequence[Change],
    pairs: Sequence[Pair],
    sides: Mapping[str, Sides],
    alone: Mapping[str, Sequence[str]],
) -> list[Finding]:
    """All findings, check by check.

    Args:
        sides: Task -> its logs. alone: `before` and `after` -> what that side alone has, tasks and metrics, in words.
    """
    numbers = f"{len(changes)} change{'s' * (len(changes) != 1)}"
    by_task: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_task.setdefault(pair.task, []).append(pair)
    return [
        *settle(
            "coverage",
            _coverage(changes),
            ok=f"at least {COVERAGE_WARN:.2f} of the draws behind each are scored",
        ),
        *settle(
            "coverage_differs", _gap(changes), ok=f"no gap beyond {COVERAGE_GAP:.2f} between the two logs"
        ),
        *settle("at_risk", _few(changes), ok=f"{AT_RISK_MIN} pairs or more behind each of {numbers}"),
        *settle("missing_bounds", _open(changes), ok="no missing score could turn the sign of a change"),
        *settle("floor_ceiling", _near(changes), ok=f"no share within {NEAR:.2f} of 0 or 1 on both sides"),
        *settle(
            "one_side", _alone(by_task, alone), ok="both logs have the same tasks, metrics and documents"
        ),
        *settle(
            "settings", _settings(sides), ok="nothing that the logs record was asked or scored otherwise"
        ),
        *settle("status", _status(sides), ok="both logs ended with success"),
        *settle("models", _models(sides, by_task), ok="the logs name two models"),
        *settle("counted", _marked(sides), ok="no answer is counted that the log itself could not read"),
        *settle("repeated", _repeated(by_task, sides), ok="no question stands under two ids"),
    ]


def _on(change: Change, severity: Severity, text: str, badness: float, subject: str = "") -> Fault:
    task, name, condition = change.key
    return Fault(
        severity=severity,
        text=text,
        subject=subject,
        task=task,
        name=name,
        condition=condition,
        badness=badness,
    )


def _named(change: Change) -> str:
    task, name, condition = change.key
    return f"{task}, {name}{f' ({condition})' if condition else ''}"


def _levels(change: Change) -> tuple[Estimate, Estimate]:
    return change.before, change.after


def _coverage(changes: Iterable[Change]) -> Iterator[Fault]:
    for change in changes:
        for level in _levels(change):
            share = level.coverage or 0.0
            if share < COVERAGE_WARN - _EPSILON:
                severity: Severity = "invalid" if share < COVERAGE_INVALID - _EPSILON else "warn"
                limit = COVERAGE_INVALID if severity == "invalid" else COVERAGE_WARN
                text = (
                    f"{_named(change)}: {share:.2f} scored {level.subject} (limit {limit:.2f}); the table of pairs "
                    "says which were not, and how they failed"
                )
                yield _on(change, severity, text, 1 - share, level.subject)


def _gap(changes: Iterable[Change]) -> Iterator[Fault]:
    for change in changes:
        first, second = (level.coverage or 0.0 for level in _levels(change))
        if abs(first - second) > COVERAGE_GAP + _EPSILON:
            text = (
                f"{_named(change)}: {first:.2f} scored before and {second:.2f} after (limit {COVERAGE_GAP:.2f}), "
                "which can look like a change; make both equally readable"
            )
            yield _on(change, "invalid", text, abs(first - second), AFTER)


def _few(changes: Iterable[Change]) -> Iterator[Fault]:
    for change in changes:
        if (n := change.change.n) < AT_RISK_MIN:
            yield _on(
                change, "warn", f"{_named(change)}: {n} pairs (limit {AT_RISK_MIN}); compare more", -n, AFTER
            )


def _open(changes: Iterable[Change]) -> Iterator[Fault]:
    for change in changes:
        if (why := open_sign(change)) and change.change.value is not None:
            text = f"{_named(change)}: {why}; score what is missing"
            yield _on(
                change, "warn", text, change.bound.high - change.bound.low if change.bound else 0.0, AFTER
            )


def open_sign(change: Change) -> str:
    """Why missing numbers leave the sign of a change open; empty where they do not."""
    bound = change.bound
    if bound is None or not bound.open:
        return ""
    return (
        f"sign not fixed: {bound.n_missing} of {bound.n} documents lack a score; the change may lie anywhere in "
        f"{bound.text()}"
    )


def _near(changes: Iterable[Change]) -> Iterator[Fault]:
    for change in changes:
        values = [
            level.value for level in _levels(change) if level.unit == "proportion" and level.value is not None
        ]
        for end in (0.0, 1.0):
            if len(values) == 2 and all(abs(value - end) < NEAR for value in values):
                text = (
                    f"{_named(change)}: both shares are within {NEAR:.2f} of {end:g}, so that a change further that "
                    "way could not be seen"
                )
                yield _on(change, "warn", text, 0.0, AFTER)


def _alone(by_task: Mapping[str, Sequence[Pair]], alone: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    for side, names in alone.items():
        if names:
            yield Fault(
                severity="warn", text=f"only in the log {side}, and not compared: {listed(names, NAMED)}"
            )
    for task, pairs in by_task.items():
        first = [one for one in pairs if (one.metric, one.condition) == (pairs[0].metric, pairs[0].condition)]
        for side, other in ((BEFORE, AFTER), (AFTER, BEFORE)):
            missing = [one.document for one in first if getattr(one, f"status_{other}") == "absent"]
            if missing:
                text = (
                    f"{task}: {len(missing):,} of {len(first):,} documents are in the log {side} alone, and not "
                    f"compared: {listed(missing, NAMED)}"
                )
                yield Fault(severity="warn", text=text, task=task, badness=len(missing) / len(first))


def _settings(sides: Mapping[str, Sides]) -> Iterator[Fault]:
    for task, both in sides.items():
        first, second = both.before.log.settings, both.after.log.settings
        unlike = [
            f"{name} {first.get(name, 'not recorded')} before, {second.get(name, 'not recorded')} after"
            for name in dict.fromkeys([*first, *second])
            if first.get(name) != second.get(name)
        ]
        if unlike:
            text = f"{task}: the logs were not made alike: {', '.join(unlike)}; a change may come from that"
            yield Fault(severity="warn", text=text, task=task, badness=len(unlike))


def _status(sides: Mapping[str, Sides]) -> Iterator[Fault]:
    for task, both in sides.items():
        for side, documents in both.each:
            for note in documents.log.notes:
                yield Fault(severity="warn", text=f"{task}, log {side}: {note}", subject=side, task=task)


def _models(sides: Mapping[str, Sides], by_task: Mapping[str, Sequence[Pair]]) -> Iterator[Fault]:
    """One name on both sides: a log that names the base alone does not show that the tuned model answered."""
    for task, both in sides.items():
        names = {documents.log.model for _, documents in both.each}
        if len(names) == 1:
            same = all(pair.before == pair.after for pair in by_task.get(task, ()) if pair.common)
            alike = "every score is the same in both" if same else "their scores differ"
            text = (
                f"{task}: both logs name one model, {names.pop()}, and {alike}; if the second is of a tune, make sure "
                "that it was the tune that answered"
            )
            yield Fault(severity="warn", text=text, task=task, badness=float(same))


def _marked(sides: Mapping[str, Sides]) -> Iterator[Fault]:
    for task, both in sides.items():
        for mark, told in MARKS.items():
            counts = [documents.marks[mark] for _, documents in both.each]
            if any(counts):
                text = f"{task}: {counts[0]:,} before and {counts[1]:,} after: {told}"
                yield Fault(severity="warn", text=text, task=task, badness=max(counts))


def _repeated(by_task: Mapping[str, Sequence[Pair]], sides: Mapping[str, Sides]) -> Iterator[Fault]:
    """Questions with several ids where no group is known: each is one cluster."""
    for task, pairs in by_task.items():
        if any(one.group for one in sides[task].before.by_id.values()):
            continue
        if several := repeated(pairs):
            text = (
                f"{task}: {len(several):,} questions stand under several ids ({sum(several.values()):,} documents); "
                "each counts as one cluster"
            )
            yield Fault(severity="warn", text=text, task=task, badness=len(several))
