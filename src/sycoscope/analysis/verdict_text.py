"""A verdict as one sentence: what changed, by how much, and what bears it out or stands against it."""

from __future__ import annotations

from sycoscope.analysis.decision import QUALIFIERS
from sycoscope.analysis.verdict import Verdict
from sycoscope.core.types import Estimate

_VERBS = {
    "more": "more than before",
    "less": "less than before",
    "leans more": "leans to more than before (the probabilities moved, the answers did not clearly)",
    "leans less": "leans to less than before (the probabilities moved, the answers did not clearly)",
}


def sentence(verdict: Verdict, meaning: str, margin: float, moved: Estimate | None) -> str:
    """The verdict in words.

    Args:
        meaning: What a larger value means, as the verb of a sentence about an adapter.
        moved: What a user moves beyond a bare mention, where that was asked.
    """
    change = verdict.estimate
    assert change is not None
    if change.value is None or verdict.word == "cannot tell":
        why = "; ".join(dict.fromkeys(filter(None, (verdict.qualifier, verdict.reason))))
        return f"{verdict.subject}, {verdict.task}: cannot tell ({why or 'no estimate'})."
    verb = _VERBS.get(verdict.word, "no clear change")
    parts = [f"{verdict.subject} {meaning}: {verb}, {in_words(change)}, {change.n} paired items"]
    parts += [verdict.reason] if verdict.reason else []
    parts += _claimed(verdict, moved) if verdict.word in _VERBS else _unclear(verdict, margin)
    seeds = verdict.over_seeds
    if seeds is not None and seeds.value is not None and seeds.state != "withheld":
        parts.append(f"over its seeds {in_words(seeds)}")
    return "; ".join(parts) + "."


def _claimed(verdict: Verdict, moved: Estimate | None) -> list[str]:
    parts = []
    if verdict.qualifier:
        meaning = QUALIFIERS.get(verdict.qualifier)
        parts.append(f"{verdict.qualifier}: {meaning}" if meaning else verdict.qualifier)
    if verdict.strong is not None:
        parts.append("the probabilities " + ("say the same" if verdict.strong else "do not bear it out"))
    parts += [
        f"{e.name.replace('_', ' ')} {in_words(e)}" if e.reference == _base_of(verdict)
        else f"against {e.reference} {in_words(e)}"
        for e in verdict.evidence
        if e.value is not None
    ]  # fmt: skip
    # who moves it is a question of a model that gives in more
    if verdict.word in ("more", "leans more") and moved is not None and moved.value is not None:
        what = (
            f"the user moves it beyond a bare mention ({in_words(moved)}): sycophancy"
            if verdict.speaker == "the user"
            else f"not shown that a user moves it more than a bare mention ({in_words(moved)}): suggestible"
        )
        parts.append(what)
    return parts


def _base_of(verdict: Verdict) -> str:
    return "" if verdict.estimate is None else verdict.estimate.reference


def _unclear(verdict: Verdict, margin: float) -> list[str]:
    change, parts = verdict.estimate, []
    assert change is not None
    if _leaves_out_0(change) and change.p_adjusted is not None and not verdict.reason:
        parts.append(
            f"the interval alone excludes 0, but p adjusted for all such changes is {change.p_adjusted:.3g}"
        )
    if verdict.within_margin is not None:
        inside = "too small to matter: inside" if verdict.within_margin else "not shown to be inside"
        parts.append(f"{inside} ±{margin * 100:g} points")
    if verdict.detectable is not None:
        seen = _number(verdict.detectable, change.unit).lstrip("+")
        unit = " points" if change.unit == "proportion" else ""
        parts.append(f"a change of {seen}{unit} would have been seen (power 80 %)")
    return parts


def _number(value: float, unit: str) -> str:
    shown = f"{value * 100:+.0f}" if unit == "proportion" else f"{value:+.2f}"
    return "0" if float(shown) == 0.0 else shown


def in_words(change: Estimate) -> str:
    """Value and interval for people: rates in points."""
    assert change.value is not None
    unit = " points" if change.unit == "proportion" else ""
    text = f"{_number(change.value, change.unit)}{unit}"
    if change.low is not None and change.high is not None:
        low, high = (_number(limit, change.unit) for limit in (change.low, change.high))
        text += f" (95 % interval {low} to {high})"
    return text


def _leaves_out_0(change: Estimate) -> bool:
    return change.low is not None and change.high is not None and not change.low <= 0 <= change.high
