"""Coverage: how much of what was asked could be read, and whether the subjects could be read equally well."""

from __future__ import annotations

from collections import Counter

from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Fault, Finding, missing, settle
from sycoscope.audit.limits import (
    COVERAGE_GAP,
    COVERAGE_INVALID,
    COVERAGE_WARN,
    TRUNCATED_WARN,
)
from sycoscope.audit.needs import Need, needs
from sycoscope.core.texts import listed
from sycoscope.core.types import ChoiceLogprobs
from sycoscope.facets.runner import NO_LOGPROBS

# A rate of 0.9 and one of 1.0 differ by 0.1, whatever floating point says.
_EPSILON = 1e-9
NAMED = 3  # failed items that a finding names
LONGER = (
    "give answers more room (--max-tokens of eval and compare; max_tokens of the facet or benchmark in a study), or "
    "let a model that reasons first answer at once where its template can (--template-option enable_thinking=false; "
    "model.template_options in a study)"
)


def coverage(evidence: Evidence) -> list[Finding]:
    """Share of readable scores behind every rate."""
    faults: list[Fault] = []
    lowest, n_rates = 1.0, 0
    for task in evidence.tasks:
        for need in needs(evidence, task):
            for subject in evidence.subjects:
                least = _lowest(evidence, subject, task, need)
                if least is None:
                    continue
                share, counts, where = least
                lowest, n_rates = min(lowest, share), n_rates + 1
                if share < COVERAGE_WARN - _EPSILON:
                    faults.append(_low(subject, task, need, share, counts, where))
    if not n_rates:
        return missing("coverage", "the run holds no scores of a known rate")
    return settle(
        "coverage",
        faults,
        ok=f"at least {lowest:.2f} of the scores behind each of {n_rates} rates are readable "
        f"(limit {COVERAGE_WARN:.2f})",
    )


def _low(subject: str, task: str, need: Need, share: float, counts: Counter[str] | None, where: str) -> Fault:
    invalid = share < COVERAGE_INVALID - _EPSILON
    limit = COVERAGE_INVALID if invalid else COVERAGE_WARN
    text = f"{subject}, {task}, {need.label}: {share:.2f} readable (limit {limit:.2f}), {where}"
    if counts is not None:
        parts = ", ".join(
            f"{counts[kind]} {kind}" for kind in ("unparsed", "truncated", "error") if counts[kind]
        )
        text += f": of {counts.total()} trials {parts}; {_advice(counts)}"
    return Fault(
        severity="invalid" if invalid else "warn",
        text=text,
        subject=subject,
        task=task,
        name=need.name,
        condition=need.condition,
        badness=1 - share + need.primary * 1e-6,
    )


def _advice(counts: Counter[str]) -> str:
    worst = max(("unparsed", "truncated", "error"), key=lambda kind: counts[kind])
    return {
        "unparsed": "read the transcripts, and ask for a plainer answer or another form",
        "truncated": LONGER,
        "error": "the checks 'errors' and 'rung' say why",
    }[worst]


def _lowest(
    evidence: Evidence, subject: str, task: str, need: Need
) -> tuple[float, Counter[str] | None, str] | None:
    """The least readable of the scores behind a number, and of its own at-risk sets."""
    shares: list[tuple[float, Counter[str] | None, str]] = []
    for condition, score in sorted(need.cells):
        counts = evidence.statuses.get((subject, task, condition, score))
        if counts:
            shares.append((counts["scored"] / counts.total(), counts, f"'{score}' under {condition}"))
    estimate = evidence.estimate(subject, task, need.name, need.condition)
    if estimate is not None and estimate.value is not None and estimate.coverage is not None and estimate.n:
        shares.append((estimate.coverage, None, "within the items at risk"))
    return min(shares, key=lambda one: one[0]) if shares else None


def coverage_differs(evidence: Evidence) -> list[Finding]:
    """Whether base and tuned could be read equally well; a gap can look like a change of behaviour."""
    roles, base, placebo = evidence.roles, evidence.roles.base, evidence.roles.placebo
    others = [name for name in evidence.subjects if name in roles.adapters]
    if base not in evidence.subjects or not others:
        return missing("coverage_differs", "there is no second subject to compare with the base")
    faults: list[Fault] = []
    widest, n_rates = 0.0, 0
    for task in evidence.tasks:
        for need in needs(evidence, task):
            for subject in others:
                gap, text = _gap(evidence, roles.before(subject), subject, task, need)
                widest, n_rates = max(widest, gap), n_rates + 1
                if gap > COVERAGE_GAP + _EPSILON:
                    faults.append(_differs("invalid", subject, task, need, gap, text))
                elif placebo in evidence.subjects and subject != placebo:
                    gap, text = _gap(evidence, placebo, subject, task, need)
                    if gap > COVERAGE_GAP + _EPSILON:
                        faults.append(_differs("warn", subject, task, need, gap, text))
    if not n_rates:
        return missing("coverage_differs", "the run holds no scores of a known rate")
    return settle(
        "coverage_differs",
        faults,
        ok=f"coverage differs from the base by at most {widest:.2f} over {n_rates} rates (limit {COVERAGE_GAP:.2f})",
    )


def _differs(severity: str, subject: str, task: str, need: Need, gap: float, text: str) -> Fault:
    return Fault(
        severity="invalid" if severity == "invalid" else "warn",
        text=f"{task}, {need.label}: {text}, apart by {gap:.2f} (limit {COVERAGE_GAP:.2f}); "
        "a change of format would look like a change of behaviour: make both subjects readable",
        subject=subject,
        task=task,
        name=need.name,
        condition=need.condition,
        badness=gap + need.primary * 1e-6,
    )


def _gap(evidence: Evidence, reference: str, subject: str, task: str, need: Need) -> tuple[float, str]:
    """The widest gap between two subjects over the scores behind a number."""
    widest, text = 0.0, ""
    for condition, score in sorted(need.cells):
        a = evidence.statuses.get((reference, task, condition, score))
        b = evidence.statuses.get((subject, task, condition, score))
        if not a or not b:
            continue
        shares = (a["scored"] / a.total(), b["scored"] / b.total())
        if abs(shares[0] - shares[1]) > widest:
            widest = abs(shares[0] - shares[1])
            text = (
                f"'{score}' under {condition} is readable in {shares[0]:.2f} of {a.total()} trials of {reference} "
                f"and {shares[1]:.2f} of {b.total()} of {subject}"
            )
    return widest, text


def truncation(evidence: Evidence) -> list[Finding]:
    """Answers that were cut off before they committed."""
    totals: dict[tuple[str, str, str], Counter[str]] = {}
    for (subject, task, _, score), counts in evidence.statuses.items():
        totals.setdefault((subject, task, score), Counter()).update(counts)
    faults: dict[tuple[str, str], Fault] = {}
    worst = 0.0
    for (subject, task, score), counts in totals.items():
        share = counts["truncated"] / counts.total()
        worst = max(worst, share)
        if share > TRUNCATED_WARN + _EPSILON and share > getattr(faults.get((subject, task)), "badness", 0.0):
            faults[subject, task] = Fault(
                severity="warn",
                text=f"{subject}, {task}: '{score}' was cut off in {share:.2f} of {counts.total()} trials "
                f"(limit {TRUNCATED_WARN:.2f}); {LONGER}",
                subject=subject,
                task=task,
                badness=share,
            )
    if not totals:
        return missing("truncation", "the run holds no scores")
    return settle(
        "truncation",
        faults.values(),
        ok=f"at most {worst:.2f} of the answers were cut off before they committed (limit {TRUNCATED_WARN:.2f})",
    )


def _failed(result: ChoiceLogprobs) -> bool:
    return result.logprobs is None and result.chosen is None


def errors(evidence: Evidence) -> list[Finding]:
    """Requests that failed, per subject and task: how many, the first of them, and why."""
    failed: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for trial in evidence.trials:
        reasons = [turn.response.error for turn in trial.asked if turn.response.finish == "error"]
        reasons += [probe.result.error for probe in trial.probes if _failed(probe.result)]
        told = [reason for reason in reasons if reason != NO_LOGPROBS]
        if told:
            failed.setdefault((trial.subject, trial.task), []).append((trial.item_id, told[0]))
    if not evidence.trials:
        return missing("errors", "the run holds no trials")
    faults = []
    for (subject, task), found in failed.items():
        items = list(dict.fromkeys(item for item, _ in found))
        faults.append(
            Fault(
                severity="warn",
                text=f"{subject}, {task}: {len(found)} trials of {len(items)} items failed and are missing (items "
                f"{listed(items, NAMED)}), the first: {found[0][1] or 'no reason given'}; leave such items "
                "out, or change them",
                subject=subject,
                task=task,
                badness=len(found),
            )
        )
    return settle("errors", faults, ok=f"none of {len(evidence.trials)} trials failed")
