"""One line of the audit, and how many lines become few without losing what they withhold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from sycoscope.audit.limits import LISTED

GROUPED = 3
Severity = Literal["ok", "warn", "invalid", "not_run"]
# (task) -> names of its numbers
Names = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the audit. An empty subject, task or name means all of them.

    Attributes:
        check: Name of the check, as `coverage`.
        severity: `ok`; `warn`: read it beside the number; `invalid`: the number is withheld; `not_run`: what the
            check needs was not recorded.
        message: The number, its limit, n, and what to do.
    """

    check: str
    severity: Severity
    message: str
    subject: str = ""
    task: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A limit that was crossed. `badness` sorts faults of one check, worst first (any scale)."""

    severity: Severity
    text: str
    subject: str = ""
    task: str = ""
    name: str = ""
    badness: float = 0.0


def settle(
    check: str,
    faults: Iterable[Fault],
    *,
    ok: str,
    not_run: Sequence[str] = (),
    names: Names | None = None,
    subjects: Sequence[str] = (),
    ran: bool = True,
) -> list[Finding]:
    """Findings of one check: its faults (merged where they say the same), or one line that all is well.

    Args:
        not_run: What could not be looked at, and why. names: all names of each task, so that faults of (more than
            half of) them become one. subjects: all of the run, so that a fault of all of them becomes one.
        ran: Whether anything was looked at at all.
    """
    found = list(faults)
    findings: list[Finding] = []
    for severity in ("invalid", "warn"):
        part = [fault for fault in found if fault.severity == severity]
        part = _over_subjects(_over_names(_once_a_name(part), names or {}), subjects)
        part.sort(key=lambda fault: -fault.badness)
        if severity == "warn":
            part = _capped(part)
        findings += [_finding(check, fault) for fault in part]
    if not found and ran:
        findings.append(Finding(check=check, severity="ok", message=ok))
    if not_run:
        findings.append(Finding(check=check, severity="not_run", message="not run: " + "; ".join(not_run)))
    return findings


# What `_over_names` and `_over_subjects` add to a message.
_MERGED = re.compile(r" \((?:\d+ of \d+ rates of [^()]*|so for all \d+ subjects; the worst is shown)\)")


def unmerged(message: str) -> str:
    """A finding's message as the reason for one number: without what else it is said of, and without the advice."""
    return _MERGED.sub("", message).partition("; ")[0]


def missing(check: str, why: str) -> list[Finding]:
    """The check was not run."""
    return [Finding(check=check, severity="not_run", message=f"not run: {why}")]


class Line(Protocol):
    """A finding, of the audit or as a report keeps it."""

    @property
    def check(self) -> str: ...  # noqa: D102
    @property
    def severity(self) -> Severity: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def task(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102


def grouped(findings: Iterable[Line]) -> list[Finding]:
    """For people: three or more findings of one check, severity and task are one line, its first (the worst).

    The line names whom and what else it is said of; every single finding stays in the run's summary and tables.
    """
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for finding in findings:
        groups.setdefault((finding.check, finding.severity, finding.task), []).append(finding)
    lines: list[Finding] = []
    for group in groups.values():
        lines += [_as_one(group)] if len(group) >= GROUPED else [_copy(one) for one in group]
    return lines


def _as_one(group: Sequence[Line]) -> Finding:
    first = group[0]
    subjects = list(dict.fromkeys(one.subject for one in group if one.subject))
    names = list(dict.fromkeys(one.name for one in group if one.name))
    by_subject: dict[str, list[str]] = {}
    for one in group[1:]:
        by_subject.setdefault(one.subject or "all subjects", []).append(one.name or "all rates")
    rest = "; ".join(f"{subject}: {_listed(said, 6)}" for subject, said in by_subject.items())
    return replace(
        _copy(first),
        subject=_listed(subjects, 3) if len(subjects) > 1 else first.subject,
        name=_listed(names, 2) if len(names) > 1 else first.name,
        message=f"{first.message} [{len(group)} such findings, the first is shown; also {rest}]",
    )


def _listed(words: Sequence[str], most: int) -> str:
    distinct = list(dict.fromkeys(words))
    more = f" and {len(distinct) - most} more" if len(distinct) > most else ""
    return ", ".join(distinct[:most]) + more


def _copy(line: Line) -> Finding:
    return Finding(
        check=line.check,
        severity=line.severity,
        message=line.message,
        subject=line.subject,
        task=line.task,
        name=line.name,
    )


def _finding(check: str, fault: Fault) -> Finding:
    return Finding(
        check=check,
        severity=fault.severity,
        message=fault.text,
        subject=fault.subject,
        task=fault.task,
        name=fault.name,
    )


def _worst(faults: Sequence[Fault]) -> Fault:
    return max(faults, key=lambda fault: fault.badness)


def _once_a_name(faults: list[Fault]) -> list[Fault]:
    """A rate of several conditions has one line, its worst: a finding knows names, not conditions."""
    groups: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.subject, fault.task, fault.name), []).append(fault)
    return [
        _worst(group) if name else fault
        for (_, _, name), group in groups.items()
        for fault in group[: 1 if name else None]
    ]


def _over_names(faults: list[Fault], names: Names) -> list[Fault]:
    """More than half of a task's numbers of one subject (for warnings: three): the whole task."""
    groups: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.subject, fault.task), []).append(fault)
    merged: list[Fault] = []
    for (_, task), group in groups.items():
        every = names.get(task, frozenset())
        hit = {fault.name for fault in group if fault.name}
        many = len(hit) > len(every) / 2 or (group[0].severity == "warn" and len(hit) >= 3)
        if every and task and len(hit) > 1 and many:
            worst = _worst(group)
            others = ", ".join(sorted(hit - {worst.name}))
            text = f"{worst.text} ({len(hit)} of {len(every)} rates of {task}: also {others})"
            merged.append(replace(worst, name="", text=text))
        else:
            merged += group
    return merged


def _over_subjects(faults: list[Fault], subjects: Sequence[str]) -> list[Fault]:
    """The same fault of every subject: one of no subject."""
    groups: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.task, fault.name), []).append(fault)
    merged: list[Fault] = []
    for group in groups.values():
        hit = {fault.subject for fault in group}
        if len(subjects) > 1 and hit >= set(subjects):
            worst = _worst(group)
            merged.append(
                replace(
                    worst,
                    subject="",
                    text=f"{worst.text} (so for all {len(hit)} subjects; the worst is shown)",
                )
            )
        else:
            merged += group
    return merged


def _capped(faults: list[Fault]) -> list[Fault]:
    if len(faults) <= LISTED:
        return faults
    shown, rest = faults[:LISTED], faults[LISTED:]
    places = ", ".join(
        "/".join(part for part in (f.subject, f.task, f.name) if part) or "all" for f in rest[:6]
    )
    more = f"; and {len(rest)} more, less far off: {places}{', ...' if len(rest) > 6 else ''}"
    return [*shown[:-1], replace(shown[-1], text=shown[-1].text + more)]
