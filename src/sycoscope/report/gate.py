"""Which numbers the audit withholds: an invalid one is replaced by its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sycoscope.audit.finding import reason_of
from sycoscope.core.types import Estimate
from sycoscope.report.data import Finding, ReportData

State = Literal["valid", "warned", "withheld", "missing"]


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a number may be shown, the reasons, and the checks that gave them."""

    state: State
    reason: str = ""
    checks: tuple[str, ...] = ()

    @property
    def shown(self) -> bool:
        """Whether the number itself may be shown."""
        return self.state in ("valid", "warned")


class Gate:
    """Looks an estimate up among the audit's findings.

    A finding on the base model or the placebo concerns every change against it, too.
    """

    def __init__(self, data: ReportData) -> None:
        by_kind: dict[str, set[str]] = {}
        for subject in data.subjects:
            by_kind.setdefault(subject.kind, set()).add(subject.name)
        self._references = {kind: by_kind.get(kind, set()) | {kind} for kind in ("base", "placebo")}
        self._invalid = [finding for finding in data.findings if finding.severity == "invalid"]
        self._warned = [finding for finding in data.findings if finding.severity == "warn"]

    def judge(self, estimate: Estimate) -> Judged:
        """The state of one estimate."""
        found = self._concerning(estimate, self._invalid)
        if found:
            return _judged("withheld", found)
        if estimate.value is None:
            return Judged("missing", estimate.note or "no value was given and no reason")
        found = self._concerning(estimate, self._warned)
        return _judged("warned", found) if found else Judged("valid")

    def _concerning(self, estimate: Estimate, findings: Sequence[Finding]) -> list[Finding]:
        subjects = {"", estimate.subject} | self._references.get(estimate.reference, set())
        return [
            finding
            for finding in findings
            if finding.subject in subjects
            and finding.task in ("", estimate.task)
            and finding.name in ("", estimate.name)
        ]


def _judged(state: State, findings: Sequence[Finding]) -> Judged:
    reasons = dict.fromkeys(f"{reason_of(finding.message)} [{finding.check}]" for finding in findings)
    return Judged(state, "; ".join(reasons), tuple(dict.fromkeys(finding.check for finding in findings)))
