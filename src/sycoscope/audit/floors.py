"""Numbers without room: too near the floor or the ceiling, or over too few items at risk."""

from __future__ import annotations

from collections.abc import Iterator

from sycoscope.analysis.decision import MIN_ABLE_SHARE, right_in_both
from sycoscope.audit.evidence import SUMMARY, Evidence
from sycoscope.audit.finding import Fault, Finding, missing, settle
from sycoscope.audit.letters import displayed
from sycoscope.audit.limits import AT_RISK_MIN, NEAR
from sycoscope.audit.needs import needs, rate_of
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.facets.measure import RateMeasure


def floor_ceiling(evidence: Evidence) -> list[Finding]:
    """Control accuracies and cue rates within five points of 0, of 1, or of chance by letters."""
    faults: list[Fault] = []
    looked = 0
    chances = {task: _chance(evidence, task) for task in evidence.tasks}
    for level in _watched(evidence):
        if level.value is None:
            continue
        looked += 1
        # Only an accuracy has a chance level: a guesser is right once in k.
        floor = chances.get(level.task, 0.0) if level.name == "accuracy" else 0.0
        side = _side(level.value, floor)
        if side:
            label = f"{level.name} ({level.condition})" if level.condition else level.name
            text = (
                f"{level.subject}, {level.task}, {label}: {level.value:.2f} is near the {side} "
                f"(limit: {NEAR:.2f} from it, n {level.n}), so a change in that direction could not be seen; "
                f"take {'easier' if side.startswith('floor') else 'harder'} items"
            )
            faults.append(
                Fault(
                    severity="warn", text=text, subject=level.subject, task=level.task, name=level.name,
                    condition=level.condition, badness=abs(level.value - 0.5),
                )
            )  # fmt: skip
    if not looked:
        return missing(
            "floor_ceiling", "no control accuracy and no cue rate was estimated, or it is withheld"
        )
    ok = f"{looked} control accuracies and cue rates are more than {NEAR:.2f} away from floor and ceiling"
    return settle("floor_ceiling", faults, ok=ok)


def _watched(evidence: Evidence) -> Iterator[Estimate]:
    for estimate in evidence.estimates:
        facet = FACETS.get(estimate.task)
        watched = (("accuracy", estimate.condition),) if facet is None else facet.watched
        if not estimate.reference and (estimate.name, estimate.condition) in watched:
            yield estimate


def _side(value: float, floor: float) -> str:
    if value >= 1 - NEAR:
        return "ceiling of 1"
    if value <= floor + NEAR:
        return f"floor of {floor:.2f}{' (chance)' if floor else ''}"
    return ""


def _chance(evidence: Evidence, task: str) -> float:
    """Mean of 1/k over items with k options by letters; 0 for open questions."""
    shares = [1 / len(letters) for trial, _ in evidence.of_task(task) if (letters := displayed(trial))]
    return sum(shares) / len(shares) if shares else 0.0


def ability(evidence: Evidence) -> list[Finding]:
    """Adapters that lost what a facet's claim is about: under half of what the base gets right without a cue."""
    faults: list[Fault] = []
    looked = 0
    for task in evidence.facets:
        decision = FACETS[task].decision
        if decision.ability is None:
            continue

        def find(who: str, reference: str, name: str, condition: str, task: str = task) -> Estimate | None:
            return evidence.estimate(who, task, name, condition, reference=reference)

        for subject in evidence.roles.adapters:
            both, before = right_in_both(FACETS[task], subject, evidence.roles.before(subject), find)
            if before == 0:
                continue
            looked += 1
            if both >= MIN_ABLE_SHARE * before:
                continue
            text = (
                f"{subject}, {task}: of {before} items that the base gets right without a cue {both} are still right "
                f"(limit: {MIN_ABLE_SHARE:.0%}), so resistance cannot be told from silence; tune lightly, or mix "
                "in rows that the base answers itself (replay)"
            )
            names = (*(primary.measure for primary in FACETS[task].primaries), decision.confirming)
            faults += [
                Fault(
                    severity="invalid",
                    text=text,
                    subject=subject,
                    task=task,
                    name=name,
                    badness=before - both,
                )
                for name in names
                if name
            ]
    if not looked:
        return missing("ability", "no facet asks what is still right without a cue")
    ok = f"in {looked} facets of adapters at least {MIN_ABLE_SHARE:.0%} of the base's right answers are still right"
    return settle("ability", faults, ok=ok)


def at_risk(evidence: Evidence) -> list[Finding]:
    """A rate over fewer than thirty items is not a rate; of benchmarks it is a warning."""
    faults: list[Fault] = []
    smallest, looked = None, 0
    for task in evidence.estimated:
        for need in needs(evidence, task):
            for subject in evidence.subjects:
                n = _smallest(evidence, subject, task, need.name, need.condition)
                if n is None:
                    continue
                looked += 1
                smallest = n if smallest is None else min(smallest, n)
                if n < AT_RISK_MIN:
                    text = (
                        f"{subject}, {task}, {need.label}: n {n} at risk (needed: {AT_RISK_MIN}"
                        f"{', in both subjects' if subject != evidence.roles.base else ''}); ask more items"
                    )
                    faults.append(
                        Fault(
                            severity="invalid" if task in (*evidence.facets, SUMMARY) else "warn",
                            text=text, subject=subject, task=task, name=need.name,
                            condition=need.condition, badness=AT_RISK_MIN - n + need.primary * 1e-6,
                        )
                    )  # fmt: skip
    if not looked:
        return missing("at_risk", "no rate was estimated")
    ok = f"the smallest of {looked} at-risk sets holds {smallest} items (needed: {AT_RISK_MIN})"
    return settle("at_risk", faults, ok=ok)


def _smallest(evidence: Evidence, subject: str, task: str, name: str, condition: str) -> int | None:
    """Items at risk in the level, in the change against the base, and in each of several at-risk sets."""
    sizes = [
        estimate.n
        for reference in ("", *evidence.roles.references_of(subject)[:1])
        if (estimate := evidence.estimate(subject, task, name, condition, reference=reference)) is not None
        and estimate.value is not None  # else there is no number, and its note says why
    ]
    if not sizes:
        return None
    rate = rate_of(task, name, condition)
    if rate is not None and len(rate.at_risk_sets) > 1:
        sizes += _each_set(evidence, subject, task, rate)
    return min(sizes)


def _each_set(evidence: Evidence, subject: str, task: str, rate: RateMeasure) -> Iterator[int]:
    """A contrast over two sets counts the union of their items; each of them must be large enough."""
    table, base = evidence.tables[task], evidence.roles.before(subject)
    for risk in rate.at_risk_sets:
        rows = table.at_risk(subject, risk)
        if base in table.subjects:
            rows = rows & table.at_risk(base, risk)
        yield int(rows.sum())
