"""The verdict on each adapter and facet: a word, what stands behind it, and a sentence with the numbers.

The rule is in `decision`: a primary's Holm-adjusted p-value below 0.05, which the guards must bear out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sycoscope.analysis.decision import ALPHA, Decided, Find, ability_lost, decide, speaker_of
from sycoscope.analysis.non_inferiority import ACCURACY
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.seeds import SUFFIX
from sycoscope.analysis.verdict import Verdict
from sycoscope.analysis.verdict_text import sentence
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.facets.spec import Facet, Primary
from sycoscope.stats import minimum_detectable_effect
from sycoscope.stats.interval import z_of

Key = tuple[str, str, str, str, str]  # subject, reference, task, name, condition


def verdicts(
    estimates: Sequence[Estimate],
    roles: Roles,
    *,
    margin: float = 0.05,
    sign_open: Callable[[Estimate], str] = lambda _: "",
) -> list[Verdict]:
    """The verdicts, facets in order, adapters in order (further seeds of an adapter stand beside it).

    Args:
        estimates: After the audit and the adjustment, each with its state.
        margin: A change of a rate inside +- margin is too small to matter.
        sign_open: Why missing outcomes leave the sign of a change open, or "".
    """
    index = {(e.subject, e.reference, e.task, e.name, e.condition): e for e in estimates}
    rows = []
    for task, facet in FACETS.items():
        find = _finder(index, task)
        for subject in roles.whole:
            if subject in roles.repeats:
                continue
            primary, change = _change(facet, index, subject, roles.before(subject))
            if change is None:
                continue
            decided = decide(facet, subject, change, roles, find, sign_open(change))
            speaker, moved = speaker_of(facet, subject, find)
            verdict = _verdict(task, subject, primary, change, decided, index, roles, margin)
            verdict = replace(verdict, speaker=speaker)
            rows.append(replace(verdict, sentence=sentence(verdict, primary.meaning, margin, moved)))
    return rows


def primaries() -> dict[str, tuple[str, ...]]:
    """Facet -> the measures that its hypothesis is about; of several the first that has a value."""
    return {task: tuple(one.measure for one in facet.primaries) for task, facet in FACETS.items()}


def broken(estimates: Sequence[Estimate], roles: Roles) -> dict[str, str]:
    """Adapters that lost the ability that a facet asks for -> the facet: they are ranked and correlated nowhere."""
    index = {(e.subject, e.reference, e.task, e.name, e.condition): e for e in estimates}
    found: dict[str, str] = {}
    for task, facet in FACETS.items():
        find = _finder(index, task)
        for subject in roles.adapters:
            if ability_lost(facet, subject, roles.before(subject), find):
                found.setdefault(subject, task)
    return found


def primary_change(estimates: Sequence[Estimate], task: str, subject: str, before: str) -> Estimate | None:
    """The change that a facet's verdict is about; of a benchmark, that of its accuracy (of its first form)."""
    if task in FACETS:
        index = {(e.subject, e.reference, e.task, e.name, e.condition): e for e in estimates}
        return _change(FACETS[task], index, subject, before)[1]
    of_pair = (e for e in estimates if (e.subject, e.reference, e.task) == (subject, before, task))
    return next((e for e in of_pair if e.name == ACCURACY), None)


def confirming(estimate: Estimate) -> bool:
    """Whether it is of a facet's second channel."""
    facet = FACETS.get(estimate.task)
    return facet is not None and estimate.name == facet.decision.confirming and not estimate.condition


def _finder(index: Mapping[Key, Estimate], task: str) -> Find:
    return lambda who, reference, name, condition: index.get((who, reference, task, name, condition))


def _verdict(
    task: str,
    subject: str,
    primary: Primary,
    change: Estimate,
    decided: Decided,
    index: Mapping[Key, Estimate],
    roles: Roles,
    margin: float,
) -> Verdict:
    rate, condition = primary.shown
    unclear = decided.word == "no clear change"
    return Verdict(
        subject=subject,
        task=task,
        word=decided.word,
        sentence="",
        qualifier=decided.qualifier,
        reason=decided.reason,
        strong=decided.strong,
        estimate=change,
        before=index.get((roles.before(subject), "", task, rate, condition)),
        after=index.get((subject, "", task, rate, condition)),
        evidence=decided.evidence,
        within_margin=within(change, margin) if unclear else None,
        detectable=detectable(change) if unclear else None,
        over_seeds=index.get((subject, roles.before(subject), task, primary.measure + SUFFIX, "")),
    )


def _change(
    facet: Facet, index: Mapping[Key, Estimate], subject: str, base: str
) -> tuple[Primary, Estimate | None]:
    """The primary that could be estimated, the first of several; else the last that there is an estimate of."""
    primary, change = facet.primaries[0], None
    for candidate in facet.primaries:
        primary = candidate
        estimate = index.get((subject, base, facet.name, candidate.measure, ""))
        change = estimate or change
        if estimate is not None and estimate.value is not None:
            break
    return primary, change


def within(change: Estimate, margin: float) -> bool | None:
    """Whether a change of a rate lies inside +- margin, interval and all; None for other units.

    The 95 % interval inside the margin is two one-sided tests at 0.025 each.
    """
    if change.unit != "proportion" or change.low is None or change.high is None:
        return None
    return -margin < change.low and change.high < margin


def detectable(change: Estimate) -> float | None:
    """The true change that this study would have seen with a power of 80 %, from its interval's half-width."""
    if change.low is None or change.high is None:
        return None
    error = (change.high - change.low) / 2 / z_of(change.level)
    return minimum_detectable_effect(error, alpha=ALPHA)
