"""The items themselves: sound, and independent of each other where they are counted so."""

from __future__ import annotations

from collections.abc import Mapping

from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Fault, Finding, Severity, missing, settle
from sycoscope.audit.limits import UNSOUND_INVALID
from sycoscope.core.types import Item
from sycoscope.items import check_items

# finding of `check_items` -> how it weighs on a number (`invalid`: from a share of the items on)
REPEATS: Mapping[str, Severity] = {"duplicate_question": "warn", "question_across_clusters": "invalid"}
SOUND: Mapping[str, Severity] = {
    "empty_text": "invalid",
    "target_outside_choices": "invalid",
    "choice_is_alias": "invalid",
    "suggestion_right": "invalid",
    "suggestion_in_question": "warn",
    "choice_twice": "warn",
}


def clusters(evidence: Evidence) -> list[Finding]:
    """Repeated questions, and how many independent clusters the items make."""
    faults, counts = _judged(evidence, evidence.tasks, REPEATS)
    if not counts:
        return missing("clusters", "the run's items were not recorded")
    return settle(
        "clusters", faults, ok=f"no question is repeated; intervals are by cluster ({'; '.join(counts)})"
    )


def items(evidence: Evidence) -> list[Finding]:
    """Facts about the facets' items that would make a number from them wrong."""
    faults, counts = _judged(evidence, evidence.facets, SOUND)
    if not counts:
        return missing("items", "the items of the facets were not recorded")
    return settle("items", faults, ok=f"the items are sound ({'; '.join(counts)})")


def _judged(
    evidence: Evidence, tasks: tuple[str, ...], weights: Mapping[str, Severity]
) -> tuple[list[Fault], list[str]]:
    faults, counts = [], []
    for task in tasks:
        mine = _asked(evidence, task)
        if not mine:
            continue
        n_clusters = len({item.cluster or item.id for item in mine})
        counts.append(f"{task}: {len(mine)} items, {n_clusters} clusters")
        for finding in check_items(mine):
            if finding.check in weights:
                text = f"{task}: {finding.message} ({finding.check}, first item {finding.ids[0]})"
                severity = weights[finding.check]
                if severity == "invalid":
                    text += f"; limit {UNSOUND_INVALID:.0%} of the items: take them out"
                    severity = "invalid" if len(finding.ids) > UNSOUND_INVALID * len(mine) else "warn"
                faults.append(Fault(severity=severity, text=text, task=task, badness=len(finding.ids)))
    return faults, counts


def _asked(evidence: Evidence, task: str) -> list[Item]:
    """The items of a task that trials or scores are of."""
    seen = {row.item_id for rows in (evidence.trials, evidence.scores) for row in rows if row.task == task}
    return [item for (name, item_id), item in evidence.items.items() if name == task and item_id in seen]
