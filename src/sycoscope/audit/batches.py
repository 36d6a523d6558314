"""The noise of the instrument itself: the same items asked in batches of another shape."""

from __future__ import annotations

from sycoscope.audit.evidence import Evidence, dig
from sycoscope.audit.finding import Fault, Finding, missing, settle


def batch_shape(evidence: Evidence) -> list[Finding]:
    """Subjects that are compared were asked in batches of one shape: else some answers differ by rounding alone."""
    if not evidence.facets:
        return missing("batch_shape", "no facet was asked")
    compared = evidence.manifest.compared
    if compared is None:
        return settle(
            "batch_shape", [], ok="one run: each facet was asked of all its subjects in the same batches"
        )
    if not _by_batch(evidence):
        return settle(
            "batch_shape", [], ok="these models answer each request by itself, whatever is asked beside it"
        )
    after = next(name for name in evidence.subjects if name != evidence.roles.base)
    faults = [
        Fault(
            severity="warn",
            text=f"{task}: asked in batches of another shape before and after, by {', '.join(differing)}; in half "
            "precision some greedy answers differ by that alone (docs/performance.md). Ask both with the same "
            "settings",
            subject=after,
            task=task,
            badness=len(differing),
        )
        for task, differing in compared.batch.items()
        if differing
    ]
    both = [task for task in evidence.facets if task not in compared.alone]
    unknown = [task for task in both if compared.batch.get(task) is None]
    notes = [f"a run did not record what shaped the batches of {', '.join(unknown)}"] if unknown else []
    ok = f"{', '.join(both)}: asked in batches of the same shape before and after"
    return settle("batch_shape", faults, ok=ok, not_run=notes, ran=len(unknown) < len(both))


def _by_batch(evidence: Evidence) -> bool:
    """Whether any of the models answers in batches: those that do record a precision."""
    return any(dig(model, "hardware", "dtype") is not None for model in evidence.models.values())
