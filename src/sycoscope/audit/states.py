"""From findings to what may be shown: the state of every number, decided here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sycoscope.analysis.summary import rests_on
from sycoscope.audit.evidence import SUMMARY, Evidence
from sycoscope.audit.finding import Fault, Finding, missing, reason_of, settle
from sycoscope.core.types import Estimate, State


def carried(evidence: Evidence, findings: Sequence[Finding]) -> list[Finding]:
    """What is invalid of a summary score because a number that it rests on is."""
    invalid = [finding for finding in findings if finding.severity == "invalid"]
    estimated = {(e.task, e.name, e.condition) for e in evidence.estimates}
    parts_of = rests_on(estimated)
    asked = {name for task, name, _ in estimated if task == SUMMARY} & parts_of.keys()
    faults: list[Fault] = []
    for subject in evidence.subjects:
        for name in sorted(asked):
            parts = [
                f"{task} {part} ({finding.check})"
                for task, part, condition in parts_of[name]
                if (task, part, condition) in estimated
                for finding in invalid
                if finding.concerns({subject}, task, part, condition)
            ]
            if parts:
                text = f"{subject}, {name}: it rests on numbers that are withheld: {', '.join(dict.fromkeys(parts))}"
                faults.append(Fault(severity="invalid", text=text, subject=subject, task=SUMMARY, name=name))
    if not asked:
        return missing("summary", "no summary score was estimated")
    ok = f"{len(asked)} summary scores rest on numbers that are not withheld"
    return settle("summary", faults, ok=ok)


def decide_states(estimates: Iterable[Estimate], findings: Sequence[Finding]) -> list[Estimate]:
    """The estimates, each with its state, its reason and the checks behind it.

    A change is a number of its subject and of its reference, so a finding on either concerns it. An invalid finding
    withholds the number, whether it has a value or not; a number without a value is missing, for the reason in its
    note; a warning is read beside a number that is shown.
    """
    severe = [finding for finding in findings if finding.severity in ("invalid", "warn")]
    on_number: dict[tuple[str, str, str], list[Finding]] = {}
    decided = []
    for e in estimates:
        number = (e.task, e.name, e.condition)
        if number not in on_number:
            on_number[number] = [f for f in severe if f.is_on(*number)]
        decided.append(_decided(e, [f for f in on_number[number] if f.is_of({e.subject, e.reference})]))
    return decided


def _decided(estimate: Estimate, findings: Sequence[Finding]) -> Estimate:
    invalid = [finding for finding in findings if finding.severity == "invalid"]
    if invalid:
        return _with_state(estimate, "withheld", invalid)
    if estimate.value is None:
        reason = estimate.note or "no value was given and no reason"
        return replace(estimate, state="missing", reason=reason, checks="")
    return _with_state(estimate, "warned" if findings else "valid", findings)


def _with_state(estimate: Estimate, state: State, findings: Sequence[Finding]) -> Estimate:
    reasons = dict.fromkeys(f"{reason_of(finding.message)} [{finding.check}]" for finding in findings)
    checks = dict.fromkeys(finding.check for finding in findings)
    return replace(estimate, state=state, reason="; ".join(reasons), checks=", ".join(checks))
