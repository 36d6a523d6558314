"""What an adapter was trained on: not what it is asked, and held out over all that it learned."""

from __future__ import annotations

from collections.abc import Mapping

from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Fault, Finding, Severity, missing, settle
from sycoscope.audit.limits import OVERLAP_INVALID
from sycoscope.core.manifest import Overlap, TrainingRecord

NOTHING = TrainingRecord()


def overlap(evidence: Evidence) -> list[Finding]:
    """Evaluation items whose content stands in the training rows, per adapter and task."""
    faults: list[Fault] = []
    untold: list[str] = []
    n_pairs = 0
    for adapter in evidence.roles.whole:
        training = evidence.manifest.training.get(adapter, NOTHING)
        for task in evidence.tasks:
            shared = training.overlap.get(task)
            if shared is None:
                untold.append(f"{adapter}/{task}")
                continue
            n_pairs += 1
            if shared.share > 0:
                faults.append(_overlapping(adapter, task, shared))
    notes = [_untold(untold)] if untold else []
    if not n_pairs:
        return missing("overlap", notes[0] if notes else "the run holds no adapter")
    ok = (
        f"no evaluation item stands in training rows ({n_pairs} pairs of adapter and task; exact and 13-gram)"
    )
    return settle("overlap", faults, ok=ok, not_run=notes)


def _untold(places: list[str]) -> str:
    shown = ", ".join(places[:4]) + (f" and {len(places) - 4} more" if len(places) > 4 else "")
    return f"training rows were not compared for {shown}"


def _overlapping(adapter: str, task: str, shared: Overlap) -> Fault:
    invalid = shared.share > OVERLAP_INVALID and shared.clean is None
    text = (
        f"{adapter}, {task}: {shared.share:.1%} of {shared.n_items} items stand in its training rows ({shared.exact} "
        f"whole questions, {shared.ngram} with a run of 13 words; limit {OVERLAP_INVALID:.0%} without a result on the "
        "clean items)"
    )
    if shared.clean is not None:
        text += f"; on the clean items: {dict(shared.clean)}"
    else:
        text += "; take them out of the training rows, or give the result on the clean items"
    severity: Severity = "invalid" if invalid else "warn"
    return Fault(severity=severity, text=text, subject=adapter, task=task, badness=shared.share)


def validation_split(evidence: Evidence) -> list[Finding]:
    """The held-out rows are of every kind that was trained on."""
    faults: list[Fault] = []
    untold: list[str] = []
    empty: list[str] = []
    looked = 0
    for adapter in evidence.roles.whole:
        training = evidence.manifest.training.get(adapter, NOTHING)
        kinds, held = training.kinds, training.validation_kinds
        if not kinds:
            untold.append(adapter)
            continue
        rows = sum(held.values())
        if not rows:
            empty.append(adapter)
            continue
        looked += 1
        lacking = sorted(kind for kind in kinds if kinds[kind] and not held.get(kind))
        if lacking:
            faults.append(_lacking(adapter, kinds, held, lacking, rows))
    notes = []
    if untold:
        notes.append(f"kinds of rows were not recorded for {', '.join(untold)}")
    if empty:
        notes.append(f"no row was held out for {', '.join(empty)}")
    if not looked:
        return missing("validation_split", "; ".join(notes) or "the run holds no adapter")
    ok = f"the held-out rows of {looked} adapters are of every kind that they were trained on"
    return settle("validation_split", faults, ok=ok, not_run=notes)


def _lacking(
    adapter: str, kinds: Mapping[str, int], held: Mapping[str, int], lacking: list[str], rows: int
) -> Fault:
    seen = [kind for kind in held if held[kind]]
    alone = len(seen) == 1
    text = (
        f"{adapter}: its {rows} validation rows are {'of one kind only' if alone else 'not of every kind'} "
        f"({', '.join(f'{kind} {held[kind]}' for kind in seen)}), and it was trained on {len(kinds)} kinds "
        f"(lacking: {', '.join(lacking)}); shuffle before the last rows are held out"
    )
    return Fault(severity="invalid" if alone else "warn", text=text, subject=adapter, badness=len(lacking))
