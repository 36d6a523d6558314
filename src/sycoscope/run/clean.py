"""A run's changes with and without the items that training rows touch: judged as the run itself is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sycoscope.analysis import NonInferiority, Verdict, adjusted, non_inferiority, verdicts
from sycoscope.analysis.clean import CleanChange, CleanPart, Place, in_place_of
from sycoscope.analysis.verdicts import confirming, primary_change
from sycoscope.audit import Evidence, Finding, decide_states, few_left, sign_open
from sycoscope.core.types import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class OverAll:
    """What a run found over all items: estimates after the audit, verdicts, and what is not worse."""

    estimates: Sequence[Estimate]
    verdicts: Sequence[Verdict]
    kept: Sequence[NonInferiority]


def clean_changes(
    parts: Mapping[Place, CleanPart], evidence: Evidence, findings: Sequence[Finding], found: OverAll
) -> list[CleanChange]:
    """Each touched adapter and task, over all items and over the rest.

    Args:
        evidence: With the estimates before the audit. findings: of the audit; that rows touch items is no fault of the
            rest.
    """
    changes = []
    for part in parts.values():
        rest = _judged(part, evidence, findings)
        over_clean = primary_change(rest.estimates, *_pair(part, evidence))
        if over_clean is None:
            continue
        if (
            over_clean.adjustment == "bh"
        ):  # its family are all changes of the run, which are not looked at here
            over_clean = replace(over_clean, p_adjusted=None, adjustment="")
        same = (over_clean.subject, over_clean.reference, part.task, over_clean.name, over_clean.condition)
        over_all = next(
            e for e in found.estimates if (e.subject, e.reference, e.task, e.name, e.condition) == same
        )
        changes.append(
            CleanChange(
                subject=part.adapter, task=part.task, n_items=part.n_items, n_touched=part.n_touched,
                over_all=over_all, over_clean=over_clean,
                word_all=_word(over_clean, found, evidence), word_clean=_word(over_clean, rest, evidence),
            )
        )  # fmt: skip
    return changes


def _pair(part: CleanPart, evidence: Evidence) -> tuple[str, str, str]:
    return part.task, part.adapter, evidence.roles.before(part.adapter)


def _judged(part: CleanPart, evidence: Evidence, findings: Sequence[Finding]) -> OverAll:
    """The audit's states, the adjustment and the words of one part."""
    manifest, roles = evidence.manifest, evidence.roles
    mine = [f for f in findings if (f.check, f.subject, f.task) != ("overlap", part.adapter, part.task)]
    # what is adjusted with the part's changes, and what its words are read from
    read = [e for e in evidence.estimates if e.task == part.task or e.primary or confirming(e)]
    merged = in_place_of(read, part)
    states = decide_states(merged, [*mine, *few_left(part.adapter, part.task, part.change(roles))])
    estimates = adjusted(states, roles, family=manifest.family)
    tables = {**evidence.tables, part.task: part.table}
    open_sign = sign_open(replace(evidence, laid_out=tables, estimates=estimates))
    alone = replace(roles, adapters=(part.adapter,))
    return OverAll(
        estimates=estimates,
        verdicts=verdicts(estimates, alone, margin=manifest.margin, sign_open=open_sign),
        kept=non_inferiority(
            {part.task: part.table}, alone, estimates, margin=manifest.capability_margin,
            headline=manifest.headlines,
        ),
    )  # fmt: skip


def _word(change: Estimate, found: OverAll, evidence: Evidence) -> str:
    """What is said of the adapter on this task; empty of a further seed, which has no verdict."""
    who, task = change.subject, change.task
    if task in evidence.facets:
        return next((v.label for v in found.verdicts if (v.subject, v.task) == (who, task)), "")
    mine = (who, task, change.name, change.condition)
    return next(one.answer for one in found.kept if (one.subject, one.task, one.name, one.condition) == mine)
