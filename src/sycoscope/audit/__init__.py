"""The audit: may a number be believed? Every line of the table in docs/audit.md is one named check.

    findings = audit(Evidence(manifest, items, trials, scores, estimates, roles))
    estimates = decide_states(estimates, findings)  # each says whether it may be shown, and why not

A check that lacks what it needs says `not_run`; it is never passed over in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sycoscope.audit import (
    batches,
    behaviour,
    bounds,
    controls,
    coverage,
    floors,
    item_sets,
    judge,
    letters,
    prompts,
    rungs,
    served,
    subjects,
    training,
)
from sycoscope.audit.bounds import sign_open
from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Finding, Severity, grouped
from sycoscope.audit.states import carried, decide_states
from sycoscope.audit.training import few_left

CHECKS: Mapping[str, Callable[[Evidence], list[Finding]]] = {
    "coverage": coverage.coverage,
    "coverage_differs": coverage.coverage_differs,
    "truncation": coverage.truncation,
    "errors": coverage.errors,
    "missing_bounds": bounds.missing_bounds,
    "control_clean": prompts.control_clean,
    "one_span": prompts.one_span,
    "prompts_equal": prompts.prompts_equal,
    "template_marks": prompts.template_marks,
    "batch_shape": batches.batch_shape,
    "target_position": letters.target_position,
    "letter_prior": letters.letter_prior,
    "items": item_sets.items,
    "clusters": item_sets.clusters,
    "overlap": training.overlap,
    "taught_position": training.taught_position,
    "validation_split": training.validation_split,
    "template": subjects.template,
    "bos": subjects.bos,
    "precision": subjects.precision,
    "engine": subjects.engine,
    "adapter_base": subjects.adapter_base,
    "adapter_active": subjects.adapter_active,
    "adapter_off": subjects.adapter_off,
    "rung": rungs.rung,
    "served_adapter": served.served_adapter,
    "degenerate": behaviour.degenerate,
    "off_task": behaviour.off_task,
    "short_turn": behaviour.short_turn,
    "channels": behaviour.channels,
    "judge": judge.judge,
    "floor_ceiling": floors.floor_ceiling,
    "ability": floors.ability,
    "at_risk": floors.at_risk,
    "placebo": controls.placebo,
    "sham": controls.sham,
    "again": controls.again,
    "sycophant": controls.sycophant,
}
# These write values into their lines, so they come last, each sees only what was not withheld before it.
QUOTING = ("sycophant", "placebo", "sham", "again", "missing_bounds", "floor_ceiling")


def audit(run: Evidence) -> list[Finding]:
    """Run every check.

    Returns:
        Findings in the order of `CHECKS`, within a check worst first; each check gives at least one line. Last comes
        `summary`: summary scores that rest on a withheld number.
    """
    found = {name: check(run) for name, check in CHECKS.items() if name not in QUOTING}
    estimates, latest = list(run.estimates), [finding for findings in found.values() for finding in findings]
    for name in QUOTING:
        estimates = [e for e in decide_states(estimates, latest) if e.state != "withheld"]
        latest = found[name] = CHECKS[name](replace(run, estimates=estimates))
    findings = [finding for name in CHECKS for finding in found[name]]
    return findings + carried(run, findings)


__all__ = [
    "CHECKS",
    "Evidence",
    "Finding",
    "Severity",
    "audit",
    "decide_states",
    "few_left",
    "grouped",
    "sign_open",
]
