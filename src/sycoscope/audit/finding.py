"""One line of the audit, and how many lines become few without losing what they withhold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sycoscope.core.texts import listed

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
        condition: None for all; "" is that of a contrast.
    """

    check: str
    severity: Severity
    message: str
    subject: str = ""
    task: str = ""
    name: str = ""
    condition: str | None = None

    @property
    def label(self) -> str:
        """What number it is on, for people: the name, with the condition of a rate of one; empty for all."""
        return f"{self.name} ({self.condition})" if self.condition else self.name

    def concerns(self, subjects: Collection[str], task: str, name: str, condition: str) -> bool:
        """Whether it concerns this number of any of these subjects."""
        return self.is_of(subjects) and self.is_on(task, name, condition)

    def is_of(self, subjects: Collection[str]) -> bool:
        """Whether it concerns any of these subjects."""
        return not self.subject or self.subject in subjects

    def is_on(self, task: str, name: str, condition: str) -> bool:
        """Whether it concerns this number."""
        return self.task in ("", task) and self.name in ("", name) and self.condition in (None, condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A limit that was crossed. `badness` sorts faults of one check, worst first (any scale)."""

    severity: Severity
    text: str
    subject: str = ""
    task: str = ""
    name: str = ""
    condition: str | None = None
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
    crossed = list(faults)
    findings: list[Finding] = []
    for severity in ("invalid", "warn"):
        part = sorted(
            (fault for fault in crossed if fault.severity == severity), key=lambda fault: -fault.badness
        )
        findings += [_finding(check, fault) for fault in part]
    if not crossed and ran:
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


def grouped(findings: Iterable[Finding]) -> list[Finding]:
    """For people: three or more findings of one check, severity and task are one line, its first (the worst).

    The line names whom and what else it is said of; every single finding stays in the run's summary and tables.
    """
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.check, finding.severity, finding.task), []).append(finding)
    lines: list[Finding] = []
    for group in groups.values():
        lines += [_as_one(group)] if len(group) >= GROUPED else group
    return lines


def _as_one(group: Sequence[Finding]) -> Finding:
    first = group[0]
    subjects = list(dict.fromkeys(finding.subject for finding in group if finding.subject))
    labels = list(dict.fromkeys(finding.label for finding in group if finding.label))
    by_subject: dict[str, list[str]] = {}
    for finding in group[1:]:
        by_subject.setdefault(finding.subject or "all subjects", []).append(finding.label or "all rates")
    by_labels: dict[tuple[str, ...], list[str]] = {}
    for subject, named in by_subject.items():
        by_labels.setdefault(tuple(dict.fromkeys(named)), []).append(subject)
    rest = "; ".join(
        f"{', '.join(whom)}: {listed(dict.fromkeys(named), 6)}" for named, whom in by_labels.items()
    )
    several = len(labels) > 1
    return replace(
        first,
        subject=listed(dict.fromkeys(subjects), 3) if len(subjects) > 1 else first.subject,
        name=listed(dict.fromkeys(labels), 2) if several else first.name,
        condition=None if several else first.condition,
        message=f"{first.message} [{len(group)} such findings, the first is shown; also {rest}]",
    )


def _finding(check: str, fault: Fault) -> Finding:
    return Finding(
        check=check,
        severity=fault.severity,
        message=fault.text,
        subject=fault.subject,
        task=fault.task,
        name=fault.name,
        condition=fault.condition,
    )
