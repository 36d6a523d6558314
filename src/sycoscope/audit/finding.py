"""One line of the audit, and how many lines become few without losing what they withhold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

GROUPED = 3
Severity = Literal["ok", "warn", "invalid", "not_run"]


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
    ran: bool = True,
) -> list[Finding]:
    """Findings of one check: its faults, the worst first, or one line that all is well.

    Args:
        not_run: What could not be looked at, and why.
        ran: Whether anything was looked at at all.
    """
    found = list(faults)
    findings: list[Finding] = []
    for severity in ("invalid", "warn"):
        part = [fault for fault in found if fault.severity == severity]
        part = sorted(_once_a_name(part), key=lambda fault: -fault.badness)
        findings += [_finding(check, fault) for fault in part]
    if not found and ran:
        findings.append(Finding(check=check, severity="ok", message=ok))
    if not_run:
        findings.append(Finding(check=check, severity="not_run", message="not run: " + "; ".join(not_run)))
    return findings


def reason_of(message: str) -> str:
    """A finding's message as the reason for one number: without the advice."""
    return message.partition("; ")[0]


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
    by_names: dict[tuple[str, ...], list[str]] = {}
    for subject, said in by_subject.items():
        by_names.setdefault(tuple(dict.fromkeys(said)), []).append(subject)
    rest = "; ".join(f"{', '.join(whom)}: {_listed(said, 6)}" for said, whom in by_names.items())
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
