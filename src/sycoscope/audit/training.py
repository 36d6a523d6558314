"""What an adapter was trained on: not what it is asked, and held out over all that it learned."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

from sycoscope.audit.evidence import Evidence, dig, number
from sycoscope.audit.finding import Fault, Finding, missing, settle
from sycoscope.audit.limits import OVERLAP_INVALID


def overlap(evidence: Evidence) -> list[Finding]:
    """Evaluation items whose content stands in the training rows, per adapter and task."""
    faults: list[Fault] = []
    untold: list[str] = []
    n_pairs = 0
    for adapter in evidence.roles.adapters:
        tasks = dig(evidence.training, adapter, "overlap")
        tasks = tasks if isinstance(tasks, Mapping) else {}
        for task in evidence.tasks:
            share = number(dig(tasks, task, "share"))
            if share is None:
                untold.append(f"{adapter}/{task}")
                continue
            n_pairs += 1
            if share > 0:
                faults.append(_overlapping(adapter, task, share, tasks[task]))
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


def _overlapping(adapter: str, task: str, share: float, found: Mapping[str, Any]) -> Fault:
    clean = found.get("clean")
    invalid = share > OVERLAP_INVALID and clean is None
    n = found.get("n_items", "?")
    exact, ngram = _count(found.get("exact")), _count(found.get("ngram"))
    text = (
        f"{adapter}, {task}: {share:.1%} of {n} items stand in its training rows ({exact} whole questions, {ngram} "
        f"with a run of 13 words; limit {OVERLAP_INVALID:.0%} without a result on the clean items)"
    )
    if clean is not None:
        text += f"; on the clean items: {clean}"
    else:
        text += "; take them out of the training rows, or give the result on the clean items"
    return Fault(
        severity="invalid" if invalid else "warn", text=text, subject=adapter, task=task, badness=share
    )


def _count(value: Any) -> str:
    if isinstance(value, Sized) and not isinstance(value, str):
        return str(len(value))
    return str(value) if number(value) is not None else "?"


def validation_split(evidence: Evidence) -> list[Finding]:
    """The held-out rows are of every kind that was trained on."""
    faults: list[Fault] = []
    untold: list[str] = []
    empty: list[str] = []
    looked = 0
    for adapter in evidence.roles.adapters:
        kinds, held = (
            dig(evidence.training, adapter, "kinds"),
            dig(evidence.training, adapter, "validation_kinds"),
        )
        if not isinstance(kinds, Mapping) or not isinstance(held, Mapping):
            untold.append(adapter)
            continue
        rows = sum(int(number(count) or 0) for count in held.values())
        if not rows:
            empty.append(adapter)
            continue
        looked += 1
        lacking = sorted(kind for kind in kinds if number(kinds[kind]) and not number(held.get(kind)))
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
    adapter: str, kinds: Mapping[str, Any], held: Mapping[str, Any], lacking: list[str], rows: int
) -> Fault:
    seen = [kind for kind in held if number(held[kind])]
    alone = len(seen) == 1
    text = (
        f"{adapter}: its {rows} validation rows are {'of one kind only' if alone else 'not of every kind'} "
        f"({', '.join(f'{kind} {held[kind]}' for kind in seen)}), and it was trained on {len(kinds)} kinds "
        f"(lacking: {', '.join(lacking)}); shuffle before the last rows are held out"
    )
    return Fault(severity="invalid" if alone else "warn", text=text, subject=adapter, badness=len(lacking))
