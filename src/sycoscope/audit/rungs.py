"""How log-probabilities of options were read: two ways measure two things, so no change is taken between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sycoscope.analysis.channels import NAME as KAPPA
from sycoscope.audit.evidence import Evidence, dig
from sycoscope.audit.finding import Fault, Finding, Severity, missing, settle
from sycoscope.audit.needs import Need, needs
from sycoscope.facets import FACETS
from sycoscope.facets.trial_scorer import LOGPROB_VERSION

# How models on this machine are read, and served ones of runs from before rows said it.
WHOLE = "sequence"


@dataclass
class _Read:
    """Probes of one subject in one task: by rung how many, and how many of them hold an option without a number."""

    rungs: Counter[str] = field(default_factory=Counter)
    censored: int = 0
    decided: int = 0

    @property
    def said(self) -> str:
        return " and ".join(f"'{rung}'" for rung in sorted(self.rungs))


def rung(evidence: Evidence) -> list[Finding]:
    """Options of all subjects were read on one rung; where it bounds or decides only, how often."""
    found = _found(evidence)
    faults: list[Fault] = []
    for (subject, task), read in found.items():
        if len(read.rungs) > 1:
            parts = ", ".join(f"{n} on '{name}'" for name, n in sorted(read.rungs.items()))
            text = (
                f"{subject}, {task}: not comparable, its options were read on {len(read.rungs)} rungs ({parts}); "
                "allowed: one. Ask again from an empty cache, with model.scoring naming the rung"
            )
            faults += _on(evidence, subject, task, text)
        for other in _references(evidence, subject):
            if (before := found.get((other, task))) and before.rungs.keys() != read.rungs.keys():
                text = (
                    f"{subject}, {task}: not comparable, its options were read on {read.said} and those of {other} on "
                    f"{before.said}; allowed: one rung. Ask both with the same model.scoring"
                )
                faults += _on(evidence, subject, task, text)
                break
        faults += _incomplete(evidence, subject, task, read)
    notes = list(_without(evidence, {subject for subject, _ in found}))
    if not found:
        return missing("rung", "; ".join(notes) or "no log-probabilities of options were asked")
    kinds = sorted({name for read in found.values() for name in read.rungs})
    total = sum(read.rungs.total() for read in found.values())
    ok = f"options of {total} probes were read on one rung: {', '.join(kinds)}"
    return settle("rung", faults, ok=ok, not_run=notes)


def _found(evidence: Evidence) -> dict[tuple[str, str], _Read]:
    found: dict[tuple[str, str], _Read] = {}
    for trial in evidence.trials:
        if trial.task not in FACETS:
            continue
        for probe in trial.probes:
            if probe.result.answered:
                read = found.setdefault((trial.subject, trial.task), _Read())
                read.rungs[probe.result.rung or WHOLE] += 1
                read.censored += probe.result.censored
                read.decided += probe.result.chosen is not None
    return found


def _references(evidence: Evidence, subject: str) -> tuple[str, ...]:
    """What the changes of a subject are against."""
    before = evidence.roles.before(subject)
    return tuple(
        dict.fromkeys((*([before] if before != subject else []), *evidence.roles.references_of(subject)))
    )


def _on(
    evidence: Evidence, subject: str, task: str, text: str, severity: Severity = "invalid"
) -> Iterator[Fault]:
    """The fault on every number that rests on options' log-probabilities: answers as texts are of no rung."""
    for need in _probed(evidence, task):
        yield Fault(
            severity=severity,
            text=text,
            subject=subject,
            task=task,
            name=need.name,
            condition=need.condition,
            badness=float(need.primary),
        )


def _probed(evidence: Evidence, task: str) -> list[Need]:
    read = {one.name for one in evidence.scores if one.task == task and one.scorer == LOGPROB_VERSION}
    read |= {one.name for one in FACETS[task].crossed if {one.first, one.second} & read}
    return [
        need
        for need in needs(evidence, task)
        if need.name == KAPPA or any(name in read for _, name in need.cells)
    ]


def _incomplete(evidence: Evidence, subject: str, task: str, read: _Read) -> Iterator[Fault]:
    """What a rung leaves open, counted."""
    total = read.rungs.total()
    if read.censored:
        text = (
            f"{subject}, {task}: in {read.censored} of {total} probes an option is not among the likeliest tokens that "
            "the server names, so that it is bounded and has no number; the likeliest option is taken only where no "
            "bound reaches it. Probabilities and log-odds are of the other probes"
        )
        yield from _on(evidence, subject, task, text, "warn")
    if read.decided:
        text = (
            f"{subject}, {task}: decisions only, in {read.decided} of {total} probes the server chose among the "
            "options and gave no log-probabilities; rates of the likeliest option stand, probabilities and log-odds "
            "are missing"
        )
        yield from _on(evidence, subject, task, text, "warn")


def _without(evidence: Evidence, read: set[str]) -> Iterator[str]:
    """Subjects that a server gave no log-probabilities of, and why."""
    for subject in evidence.subjects:
        why = dig(evidence.models, subject, "endpoint", "why_no_rung")
        if subject not in read and isinstance(why, str) and why:
            yield f"no log-probabilities of {subject}: {why}"
