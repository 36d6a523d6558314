"""The rule of the gate: several changes, each held against a margin that was fixed beforehand.

One change passes where its loss is shown to be below the margin, and fails where it is shown to be above
(`analysis.non_inferiority`). All must pass, which needs no correction: a false pass of all is one of each. That any
of them fails is said by Holm's steps, so that more measures do not make a false alarm likelier.

Sources: Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680; Berger 1982, Technometrics 24, 295-300
(intersection-union tests); Holm 1979, Scand. J. Stat. 6, 65-70.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sycoscope.analysis.decision import ALPHA
from sycoscope.analysis.non_inferiority import LEVEL, judged
from sycoscope.stats import Interval

Shown = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One change and its margin.

    Attributes:
        margin: > 0. lower: whether less of what is measured is better.
        at_level: The change's limits at a level, which its own test inverts.
    """

    margin: float
    lower: bool
    at_level: Callable[[float], Interval]


def decide(candidates: Sequence[Candidate], *, strict: bool = False) -> list[Shown]:
    """What is shown of each change, in the order given.

    Args:
        strict: Whether any loss that is shown fails, also one within the margin.
    """
    failed = _failed(candidates, strict)
    return [
        "fail" if place in failed else "pass" if _passes(one) else "inconclusive"
        for place, one in enumerate(candidates)
    ]


def _passes(one: Candidate) -> bool:
    limits = one.at_level(LEVEL)
    return judged(limits.low, limits.high, one.margin, lower=one.lower) == "not worse"


def _failed(candidates: Sequence[Candidate], strict: bool) -> set[int]:
    """Holm, step by step, on limits in place of p-values: with m left, each is tested at ALPHA / m."""
    left, failed = set(range(len(candidates))), set[int]()
    while left:
        level = 1 - 2 * ALPHA / len(left)
        found = {place for place in left if _is_worse(candidates[place], level, strict)}
        if not found:
            break
        failed |= found
        left -= found
    return failed


def _is_worse(one: Candidate, level: float, strict: bool) -> bool:
    limits = one.at_level(level)
    return judged(limits.low, limits.high, 0.0 if strict else one.margin, lower=one.lower) == "worse"
