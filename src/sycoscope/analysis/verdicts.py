"""The verdict on each adapter and facet: more, less, no clear change, or cannot tell (with the reason).

The decision rule is one: a primary's Holm-adjusted p-value (its interval, inverted) below 0.05. Before it come the
reasons for which nothing can be said: no estimate, an invalid finding of the audit, a sign that missing
outcomes leave open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sycoscope.analysis.roles import Roles
from sycoscope.analysis.seeds import SUFFIX
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.facets.spec import Facet, Primary
from sycoscope.stats import minimum_detectable_effect
from sycoscope.stats.interval import z_of

Key = tuple[str, str, str, str, str]  # subject, reference, task, name, condition
Word = Literal["more", "less", "no clear change", "cannot tell"]
ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One adapter on one facet. `before` and `after` are levels of the same rate.

    Attributes:
        within_margin: For `no clear change` of a rate: whether the interval lies inside +- the study's margin, so
            that the change is too small to matter; None where no margin applies.
        detectable: For `no clear change`: the true change that would have been seen with a power of 80 %.
        over_seeds: The same change over all seeds of the adapter, where it has several.
    """

    subject: str
    task: str
    word: Word
    sentence: str
    estimate: Estimate | None = None
    before: Estimate | None = None
    after: Estimate | None = None
    within_margin: bool | None = None
    detectable: float | None = None
    over_seeds: Estimate | None = None


def verdicts(
    estimates: Sequence[Estimate],
    roles: Roles,
    *,
    margin: float = 0.05,
    sign_open: Callable[[Estimate], str] = lambda _: "",
) -> list[Verdict]:
    """The verdicts, facets in order, adapters in order (further seeds of an adapter stand beside it).

    Args:
        estimates: After the audit, each with its state.
        margin: A change of a rate inside +- margin is too small to matter.
        sign_open: Why missing outcomes leave the sign of a change open, or "".
    """
    index = {(e.subject, e.reference, e.task, e.name, e.condition): e for e in estimates}
    rows = []
    for task, facet in FACETS.items():
        for subject in roles.adapters:
            if subject in roles.repeats:
                continue
            primary, change = _change(facet, index, subject, roles.base)
            name, (rate, condition), meaning = primary.measure, primary.shown, primary.meaning
            if change is None:
                continue
            reason = _unusable(change) or sign_open(change)
            word = "cannot tell" if reason or change.value is None else decide(change)
            unclear = word == "no clear change"
            verdict = Verdict(
                subject=subject,
                task=task,
                word=word,
                sentence="",
                estimate=change,
                before=index.get((roles.base, "", task, rate, condition)),
                after=index.get((subject, "", task, rate, condition)),
                within_margin=within(change, margin) if unclear else None,
                detectable=detectable(change) if unclear else None,
                over_seeds=index.get((subject, roles.base, task, name + SUFFIX, "")),
            )
            rows.append(replace(verdict, sentence=_sentence(verdict, reason, meaning, margin)))
    return rows


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


def _unusable(change: Estimate) -> str:
    """Why a change may not be used; empty where it may."""
    if change.state == "withheld":
        return change.reason
    return (change.note or "no estimate") if change.value is None else ""


def decide(change: Estimate) -> Word:
    """The decision rule: the adjusted p-value where there is one, else the interval's own."""
    p = change.p_value if change.p_adjusted is None else change.p_adjusted
    if p is None or change.value is None or p >= ALPHA:
        return "no clear change"
    return "more" if change.value > 0 else "less"


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


def _number(value: float, unit: str) -> str:
    return f"{value * 100:+.0f}" if unit == "proportion" else f"{value:+.2f}"


def _in_words(change: Estimate) -> str:
    assert change.value is not None
    unit = " points" if change.unit == "proportion" else ""
    text = f"{_number(change.value, change.unit)}{unit}"
    if change.low is not None and change.high is not None:
        low, high = (_number(limit, change.unit) for limit in (change.low, change.high))
        text += f" (95 % interval {low} to {high})"
    return text


def _leaves_out_0(change: Estimate) -> bool:
    return change.low is not None and change.high is not None and not change.low <= 0 <= change.high


def _sentence(verdict: Verdict, reason: str, meaning: str, margin: float) -> str:
    change, word = verdict.estimate, verdict.word
    assert change is not None
    if change.value is None or word == "cannot tell":
        return f"{verdict.subject}, {verdict.task}: cannot tell ({reason or 'no estimate'})."
    verb = {"more": "more than before", "less": "less than before"}.get(word, "no clear change")
    text = f"{verdict.subject} {meaning}: {verb}, {_in_words(change)}, {change.n} paired items"
    if word == "no clear change" and _leaves_out_0(change) and change.p_adjusted is not None:
        text += (
            f"; the interval alone leaves out 0, adjusted for all such changes p is {change.p_adjusted:.2f}"
        )
    unit = " points" if change.unit == "proportion" else ""
    if verdict.within_margin is not None:
        inside = "too small to matter: inside" if verdict.within_margin else "not shown to be inside"
        text += f"; {inside} ±{margin * 100:g} points"
    if verdict.detectable is not None:
        seen = _number(verdict.detectable, change.unit).lstrip("+")
        text += f"; a change of {seen}{unit} would have been seen (power 80 %)"
    seeds = verdict.over_seeds
    if seeds is not None and seeds.value is not None and seeds.state != "withheld":
        text += f"; over its seeds {_in_words(seeds)}"
    return f"{text}."
