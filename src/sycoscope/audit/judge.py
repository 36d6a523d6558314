"""The judge model, where a study has one: whether it may be counted, and how often it contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Fault, Finding, missing, settle
from sycoscope.audit.limits import INCONSISTENT_WARN
from sycoscope.facets import FACETS
from sycoscope.judging.trials import inconsistent


def judge(evidence: Evidence) -> list[Finding]:
    """The judge on labelled cases, and its two orders on the run's trials."""
    record, compared = evidence.manifest.judge, evidence.manifest.compared
    if compared is not None and compared.judge_left_out:
        return missing("judge", f"judged rates are left out: {compared.judge_left_out}")
    if record is None or not record.standings:
        return missing("judge", "the study names no judge; the rules alone read the responses")
    name = str(record.model.get("name") or "judge")
    faults, counted = [], []
    for kind, standing in record.standings.items():
        rates, why = _rates(standing), standing["reason"]
        if why:
            text = f"{name}, {kind}: not counted, {why}; {rates}. Its rates are withheld; the rules' stand"
            faults += _faults(text, _task(kind), badness=1.0)
        else:
            counted.append(f"{kind}: {rates}")
    for (subject, task), (disagree, asked) in inconsistent(evidence.judgements).items():
        if disagree > INCONSISTENT_WARN * asked:
            text = (
                f"{subject}, {task}: {name} contradicts itself in {disagree} of {asked} questions when the answers "
                f"are swapped (limit {INCONSISTENT_WARN:.2f})"
            )
            faults += _faults(text, task, subject, badness=disagree / asked)
    return settle("judge", faults, ok=f"{name} is counted ({'; '.join(counted)})")


def _faults(text: str, task: str, subject: str = "", *, badness: float) -> list[Fault]:
    """One fault for each rate that the judge gives of a facet."""
    judged = FACETS[task].judged if task in FACETS else None
    return [
        Fault(severity="warn", text=text, subject=subject, task=task, name=rate, badness=badness)
        for rate, _ in (judged.rates if judged else ())
    ]


def _rates(standing: Mapping[str, Any]) -> str:
    """Error rates in words: each outcome's sensitivity and specificity, with counts."""
    rates = [
        f"{outcome} sensitivity {_share(one, 'sensitivity')}, specificity {_share(one, 'specificity')}"
        for outcome, one in standing["errors"].items()
    ]
    return "; ".join([*rates, f"{standing['n_inconsistent']} inconsistent over the orders"])


def _share(one: Mapping[str, Any], which: str) -> str:
    value = one[which]
    return "-" if value is None else f"{value:.2f} ({one[f'{which}_right']} of {one[f'{which}_n']})"


def _task(kind: str) -> str:
    return next((name for name, facet in FACETS.items() if facet.judged and facet.judged.kind == kind), "")
