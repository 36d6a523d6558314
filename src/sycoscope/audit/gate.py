"""From findings to what may be shown."""

from __future__ import annotations

from collections.abc import Sequence

from sycoscope.analysis import Roles
from sycoscope.analysis.summary import rests_on
from sycoscope.audit.evidence import SUMMARY, Evidence
from sycoscope.audit.finding import Fault, Finding, missing, reason_of, settle

# Checks whose own name says too little in one line.
_BRIEF = {"summary": "it rests on withheld numbers"}


def carried(evidence: Evidence, findings: Sequence[Finding]) -> list[Finding]:
    """What is invalid of a summary score because a number that it rests on is."""
    invalid = [finding for finding in findings if finding.severity == "invalid"]
    faults: list[Fault] = []
    parts_of = rests_on()
    asked = evidence.names.get(SUMMARY, frozenset()) & parts_of.keys()
    for subject in evidence.subjects:
        for name in sorted(asked):
            parts = [
                f"{task} {part} ({finding.check})"
                for task, part in parts_of[name]
                if part in evidence.names.get(task, frozenset())
                for finding in invalid
                if _concerns(finding, {"", subject}, task, part)
            ]
            if parts:
                text = f"{subject}, {name}: it rests on numbers that are withheld: {', '.join(dict.fromkeys(parts))}"
                faults.append(Fault(severity="invalid", text=text, subject=subject, task=SUMMARY, name=name))
    if not asked:
        return missing("summary", "no summary score was estimated")
    ok = f"{len(asked)} summary scores rest on numbers that are not withheld"
    return settle("summary", faults, ok=ok)


def _concerns(finding: Finding, subjects: set[str], task: str, name: str) -> bool:
    return finding.subject in subjects and finding.task in ("", task) and finding.name in ("", name)


class Withheld:
    """(subject, task, name) -> the reason for which a number may not be shown as a headline, or "".

    A number of an adapter is a change against `reference` (the base unless told otherwise), so what is invalid of
    the reference is invalid of the change. Levels have no reference: pass `reference=""`.
    """

    def __init__(self, findings: Sequence[Finding], roles: Roles) -> None:
        self._invalid = [finding for finding in findings if finding.severity == "invalid"]
        self._base = roles.base

    def __call__(self, subject: str, task: str, name: str, reference: str | None = None) -> str:
        """The reasons, each once, in the order of the audit."""
        found = self._concerning(subject, task, name, reference)
        reasons = [f"{reason_of(finding.message)} [{finding.check}]" for finding in found]
        return "; ".join(dict.fromkeys(reasons))

    def checks(self, subject: str, task: str, name: str, reference: str | None = None) -> str:
        """The same in brief: the names of the checks."""
        found = self._concerning(subject, task, name, reference)
        names = dict.fromkeys(_BRIEF.get(finding.check, finding.check) for finding in found)
        return ", ".join(names)

    def _concerning(self, subject: str, task: str, name: str, reference: str | None) -> list[Finding]:
        concerned = {"", subject, self._base if reference is None else reference}
        return [finding for finding in self._invalid if _concerns(finding, concerned, task, name)]


def withheld(findings: Sequence[Finding], roles: Roles | None = None) -> Withheld:
    """The gate of a run.

    Args:
        roles: Names the base, where it is not called `base`.
    """
    return Withheld(findings, roles or Roles())
