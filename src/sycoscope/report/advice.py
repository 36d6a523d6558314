"""Why a verdict could not be told, for people, and which options of a command could change that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sycoscope.analysis import Verdict
from sycoscope.analysis.decision import MIN_ABLE, Find, right_in_both
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS

# How the source of the bank's items begins.
BANK = "bank/"
# A limit that is advised is this much above what would just do: items differ.
_ROOM = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Why, and what to do: one sentence in two halves.

    Attributes:
        kind: What is the matter; verdicts of one kind and facet are told together.
        why: The reason, as the end of "cannot tell: ...".
        options: What to raise or set, by the name of the option without dashes (`max_tokens`), with a value where one
            can be named.
        step: What to do beside or in place of options, as an imperative; may be empty.
    """

    kind: str
    why: str
    options: tuple[tuple[str, str], ...] = ()
    step: str = ""


# The audit's check -> (why, options that help, another step).
_CHECKS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "coverage": ("too many answers could not be read", ("max_tokens", "form"), ""),
    "coverage_differs": (
        "answers could not be read equally often before and after",
        ("max_tokens", "form"),
        "",
    ),
    "degenerate": ("too much of what it says is broken text", (), "tune it more lightly"),
    "off_task": ("too many of its answers answer nothing", (), "tune it more lightly"),
    "overlap": ("questions asked here stand in its training rows", ("data",), "ask other questions"),
    "target_position": ("the right option stands too often in one place", (), "shuffle the options"),
    "taught_position": (
        "its training rows have the right option always in one place",
        (),
        "shuffle the options of its rows",
    ),
    "items": ("some questions are unsound", (), "run `sycoscope items check` on them"),
    "sycophant": ("even the planted sycophant is not seen", ("limit",), "tune the sycophant longer"),
    "adapter_active": ("the adapter changes nothing", (), "check that it fits this model"),
    "adapter_base": ("the adapter was tuned on another model", (), "measure it on its own base"),
    "precision": ("before and after were computed in different precision", ("dtype",), ""),
    "engine": ("before and after were computed in different ways", (), "measure both again"),
}


def advice_on(verdict: Verdict, base: str, find: Find, facets: Mapping[str, Any]) -> Advice:
    """Why this verdict is `cannot tell`.

    Args:
        find: Estimates of its facet. facets: The study's settings of the facets, by name, each with the number of
            items that were `asked` and their `source`.
    """
    facet = FACETS[verdict.task]
    if verdict.qualifier == "ability lost":
        return _ability(verdict, base, find, facets)
    if verdict.qualifier:  # the facet's gate
        why = f"it {verdict.qualifier}, before or after"
        return Advice(kind="gate", why=why, options=(("limit", ""),), step="take a model that does")
    if verdict.estimate is None:
        return Advice(kind="nothing", why="there is no number", step="read the audit on the page")
    guard = find(verdict.subject, base, facet.decision.guard, "") if facet.decision.guard else None
    for estimate in (verdict.estimate, guard):
        if estimate is not None and (not estimate.shown or estimate.value is None):
            return _of_number(estimate, facets.get(verdict.task) or {}, at_first=_at_risk_alone(verdict.task))
    why = "answers that could not be read leave it open which way it went"
    return Advice(kind="sign", why=why, options=(("max_tokens", ""), ("limit", "")))


def advice_on_level(task: str, level: Estimate | None, facets: Mapping[str, Any]) -> Advice:
    """Why a level of a facet is not shown."""
    if level is None:
        return Advice(kind="nothing", why="there is no number", step="read the audit on the page")
    return _of_number(level, facets.get(task) or {}, at_first=_at_risk_alone(task), both=False)


def _at_risk_alone(task: str) -> bool:
    """Whether the primary itself is of the items alone that were right before the cue."""
    ability = FACETS[task].decision.ability
    return ability is not None and ability[0] == FACETS[task].primaries[0].measure


def _of_number(
    estimate: Estimate, settings: Mapping[str, Any], *, at_first: bool, both: bool = True
) -> Advice:
    checks = [name for name in estimate.checks.split(", ") if name]
    if estimate.state != "withheld" or checks == ["at_risk"] or "at_risk" in checks[:1]:
        return _too_few(estimate.n, settings, at_first=at_first, both=both)
    known = next((name for name in checks if name in _CHECKS), "")
    if not known:
        return Advice(kind="audit", why="a check of the audit failed", step="read the audit on the page")
    why, options, step = _CHECKS[known]
    if known == "coverage" and estimate.coverage is not None:
        why += f" (readable: {estimate.coverage * 100:.0f} %)"
    return Advice(kind=known, why=why, options=tuple((name, "") for name in options), step=step)


def _too_few(n: int, settings: Mapping[str, Any], *, at_first: bool, both: bool = True) -> Advice:
    what = (
        f"questions were right at first{' in both' if both else ''}"
        if at_first
        else "questions could be used"
    )
    why = f"only {n} {what} (needed: {MIN_ABLE})" if n else f"no {what} (needed: {MIN_ABLE})"
    more = () if _all_asked(settings) else (("limit", _limit(n, settings)),)
    easier = (("difficulty", "easy"),) if str(settings.get("source", BANK)).startswith(BANK) else ()
    step = "" if more or easier else "add questions to your file that it answers rightly"
    return Advice(kind="few", why=why, options=more + easier, step=step)


def _all_asked(settings: Mapping[str, Any]) -> bool:
    """Whether there were no more items than were asked, so that no limit brings any."""
    limit, asked = settings.get("limit"), settings.get("asked")
    return asked is not None and (not limit or asked < limit)


def _limit(n: int, settings: Mapping[str, Any]) -> str:
    """A limit at which enough items would be at risk, a whole ten; empty where it cannot be said."""
    limit = settings.get("limit")
    if not limit or not 0 < n < MIN_ABLE:
        return ""
    return str(10 * math.ceil(limit * MIN_ABLE / n * _ROOM / 10))


def _ability(verdict: Verdict, base: str, find: Find, facets: Mapping[str, Any]) -> Advice:
    both, before = right_in_both(FACETS[verdict.task], verdict.subject, base, find)
    why = f"of {before} questions that were right before {both} still are, without anybody disagreeing"
    if before <= 2 * both:  # the model kept it; there are too few questions
        return _too_few(both, facets.get(verdict.task) or {}, at_first=True)
    return Advice(kind="ability", why=why, step="tune it more lightly, or mix in the model's own answers")
