"""What an adapter was trained on: not what it is asked, no place for an answer, and held out over all it learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from string import ascii_uppercase

from sycoscope.analysis.verdict_text import in_words
from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Fault, Finding, Severity, missing, settle
from sycoscope.audit.letters import one_place, task_places
from sycoscope.audit.limits import AT_RISK_MIN, OVERLAP_INVALID, SKEW_P
from sycoscope.core.manifest import Overlap, Place, TrainingRecord
from sycoscope.core.texts import listed
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.stats import skew_p_value

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
                faults.append(_overlapping(adapter, task, shared, evidence.clean.get((adapter, task))))
    notes = [*([_untold(untold)] if untold else []), *_unknown_starts(evidence)]
    if not n_pairs:
        return missing("overlap", notes[0] if notes else "the run holds no adapter")
    ok = (
        f"no evaluation item stands in training rows ({n_pairs} pairs of adapter and task; exact and 13-gram)"
    )
    return settle("overlap", _of_points_too(evidence, faults), ok=ok, not_run=notes)


def _of_points_too(evidence: Evidence, faults: Sequence[Fault]) -> list[Fault]:
    """What withholds a number of an adapter withholds that of its points, which learned from the same rows."""
    points = evidence.roles.points
    return [
        *faults,
        *(
            replace(fault, subject=point, text=f"{point}, a point of {fault.text}")
            for fault in faults
            if fault.severity == "invalid"
            for point, adapter in points.items()
            if adapter == fault.subject
        ),
    ]


def _untold(places: list[str]) -> str:
    return f"training rows were not compared for {listed(places, 4)}"


def _unknown_starts(evidence: Evidence) -> Iterator[str]:
    """Starts whose rows this study does not know: a finished adapter, which learned them before."""
    training = evidence.manifest.training
    for one in evidence.manifest.subjects:
        if one.name in training and one.start and one.start not in training:
            yield f"the rows that the start of {one.name} was trained on are not known ({one.start})"


def few_left(adapter: str, task: str, clean: Estimate | None) -> list[Finding]:
    """That too few items are left for a facet's number of their own, where there are: nothing of a benchmark."""
    if clean is None or task not in FACETS or clean.n >= AT_RISK_MIN:
        return []
    text = f"{adapter}, {task}: n {clean.n} where no training row touches an item (needed: {AT_RISK_MIN})"
    return [Finding(check="at_risk", severity="invalid", message=text, subject=adapter, task=task)]


def _overlapping(adapter: str, task: str, shared: Overlap, clean: Estimate | None) -> Fault:
    result = clean is not None and clean.low is not None and not few_left(adapter, task, clean)
    text = (
        f"{adapter}, {task}: {shared.share:.1%} of {shared.n_items} items stand in its training rows ({shared.exact} "
        f"whole questions, {shared.ngram} with a run of 13 words, limit {OVERLAP_INVALID:.0%} without a result on the "
        f"clean items); {_told(shared, clean, result)}"
    )
    severity: Severity = "invalid" if shared.share > OVERLAP_INVALID and not result else "warn"
    return Fault(severity=severity, text=text, subject=adapter, task=task, badness=shared.share)


def _told(shared: Overlap, clean: Estimate | None, result: bool) -> str:
    """The result on the clean items; or why there is none, and what to do."""
    if result and clean is not None:
        return f"over the items that no row touches (n {clean.n}): {clean.name.replace('_', ' ')} {in_words(clean)}"
    if not shared.named:
        return "which items they are was not kept: run the study again, or take them out of the training rows"
    n = 0 if clean is None else clean.n
    return f"the others are too few for a result (n {n}): take them out of the training rows, or ask more questions"


def taught_position(evidence: Evidence) -> list[Finding]:
    """In rows that are answered by a letter, the answer stands in every place equally often.

    Where it is always in one, an adapter can learn the letter and nothing else: what it gains where the evaluation has
    it in that place too is withheld, and everything else of it is read with that.
    """
    faults: list[Fault] = []
    untold: list[str] = []
    n_rows = 0
    for adapter in evidence.roles.whole:
        taught = evidence.manifest.training.get(adapter, NOTHING).places
        if taught is None:
            untold.append(adapter)
            continue
        for kind, places in taught.items():
            n_rows += sum(n for *_, n in places)
            faults += _taught(evidence, adapter, kind, places)
    notes = [f"places of right options were not recorded for {', '.join(untold)}"] if untold else []
    notes += _unknown_starts(evidence)
    if len(untold) == len(evidence.roles.whole):
        return missing("taught_position", notes[0] if notes else "the run holds no adapter")
    ok = f"{n_rows} training rows are answered by a letter" + (
        f", evenly placed (chi-square p >= {SKEW_P})" if n_rows else ""
    )
    return settle("taught_position", _of_points_too(evidence, faults), ok=ok, not_run=notes)


def _taught(evidence: Evidence, adapter: str, kind: str, places: Sequence[Place]) -> Iterator[Fault]:
    rows = [(at, size) for at, size, n in places for _ in range(n)]
    p = skew_p_value(rows)
    if p >= SKEW_P:
        return
    what = f"{adapter}: of its {len(rows)} training rows of {kind} by letters, the answer"
    advice = "; shuffle the choices of the rows, and read no ability into its letters"
    fixed = one_place(rows)
    if not fixed:
        counts = ", ".join(f"{ascii_uppercase[at]} of {size} {n}" for at, size, n in places)
        yield Fault(
            severity="warn",
            text=f"{what} is unevenly placed, {counts} (chi-square p {p:.2g}, limit {SKEW_P}){advice}",
            subject=adapter,
        )
        return
    always = f"{what} is always {fixed}: the letter can be learned without the question"
    yield Fault(severity="warn", text=always + advice, subject=adapter, badness=1.0)
    for task in evidence.tasks:
        if one_place(task_places(evidence, task)) == fixed:
            text = f"{always}, and in {task} it is always {fixed} too{advice}"
            yield Fault(severity="invalid", text=text, subject=adapter, task=task)


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
