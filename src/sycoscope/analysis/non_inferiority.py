"""Is what a tune should keep not worse than before, by more than a margin that was stated beforehand?

That is the accuracy of each benchmark, and the rates that a facet's record names (`Facet.kept`). The rule is `judged`:
everything that asks this asks it. Source: Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680 (one-sided tests
against a margin).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sycoscope.analysis.decision import ALPHA, unusable
from sycoscope.analysis.measures import Quantity, quantities
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.score_table import ScoreTable
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.facets.spec import Kept
from sycoscope.stats import items_needed
from sycoscope.stats.interval import z_of

Answer = Literal["not worse", "worse", "not shown"]
# The two-sided level whose limits are one-sided ones of 95 %.
LEVEL = 1 - 2 * ALPHA
ACCURACY = "accuracy"


@dataclass(frozen=True, slots=True, kw_only=True)
class NonInferiority:
    """One change of one adapter held against a margin.

    Attributes:
        reference: What the paired change is against. margin: in points of proportion.
        lower: Whether less of it is better; else a loss is a change below 0.
        value, low, high: The change, with one-sided limits of 95 % each; None where there is no number, or no limits.
        n: Items behind it.
        needed: For `not shown`: items like these with which it would be shown (power 80 %) if the change is the one
            that was seen, or none where that was for the better; None where no number of them would.
        reason: Why there is no number to go by; empty where there is one.
    """

    subject: str
    reference: str
    task: str
    name: str
    condition: str
    margin: float
    lower: bool
    answer: Answer
    value: float | None
    low: float | None
    high: float | None
    n: int
    needed: int | None = None
    reason: str = ""


def judged(low: float | None, high: float | None, margin: float, *, lower: bool = False) -> Answer:
    """The rule: what one-sided limits of 95 % of a change say to a margin.

    Args:
        low, high: Limits of the change; None where there are none.
        margin: > 0, stated before looking: a loss of less than this does not matter.
        lower: Whether less of what is measured is better.

    Returns:
        `not worse`: the loss is shown to be below the margin. `worse`: it is shown to lie above. Else `not shown`,
        which says neither.
    """
    if low is None or high is None:
        return "not shown"
    least, most = (low, high) if lower else (-high, -low)
    if most < margin:
        return "not worse"
    return "worse" if least > margin else "not shown"


def non_inferiority(
    tables: Mapping[str, ScoreTable],
    roles: Roles,
    estimates: Sequence[Estimate],
    *,
    margin: float,
    headline: Mapping[str, str] | None = None,
) -> list[NonInferiority]:
    """Every adapter on every benchmark, and on what the facets' records name, against what it is compared with.

    Args:
        estimates: After the audit: a change that is withheld is held against nothing.
        headline: Benchmark -> name of its score (`acc` by default).
    """
    index = {(e.subject, e.reference, e.task, e.name, e.condition): e for e in estimates}
    found = []
    for task, table in tables.items():
        for quantity, kept in _kept(table, (headline or {}).get(task, "acc")):
            for subject in roles.whole:
                pair = (subject, roles.before(subject))
                estimate = index.get((*pair, task, kept.name, kept.condition))
                if estimate is not None and set(pair) <= set(table.subjects):
                    found.append(_one(quantity, kept, estimate, margin))
    return found


def _kept(table: ScoreTable, headline: str) -> Iterator[tuple[Quantity, Kept]]:
    """What of a table must not be worse, with how it is measured."""
    facet = FACETS.get(table.task)
    named = {} if facet is None else {(one.name, one.condition): one for one in facet.kept}
    if facet is not None and not named:
        return
    for quantity in quantities(table, headline=headline):
        key = (quantity.name, quantity.condition)
        if facet is None and quantity.name == ACCURACY:
            yield quantity, Kept(*key)
        elif key in named:
            yield quantity, named[key]


def _one(quantity: Quantity, kept: Kept, estimate: Estimate, margin: float) -> NonInferiority:
    reason = unusable(estimate)
    measured = quantity.measure([estimate.subject, estimate.reference])
    # the test's own limits at this level: those of the estimate are wider, and not all are symmetric
    limits = measured.at_level(LEVEL)
    value, low, high = (None, None, None) if reason else (limits.value, limits.low, limits.high)
    answer = judged(low, high, margin, lower=kept.lower)
    needed = None
    if answer == "not shown" and value is not None and low is not None and high is not None:
        needed = needed_items(value, low, high, estimate.n, margin, lower=kept.lower)
    return NonInferiority(
        subject=estimate.subject, reference=estimate.reference, task=estimate.task, name=kept.name,
        condition=kept.condition, margin=margin, lower=kept.lower, answer=answer, value=value, low=low, high=high,
        n=estimate.n, needed=needed, reason=reason or ("" if low is not None else limits.note),
    )  # fmt: skip


def needed_items(
    value: float, low: float, high: float, n: int, margin: float, *, lower: bool = False
) -> int | None:
    """Items like these with which a change would be shown to be not worse (power 80 %); None where no number would.

    Args:
        value, low, high: The change with its limits at `LEVEL`, on `n` items. It is taken for the true one, or none in
            place of one that was for the better.
    """
    error = (high - low) / 2 / z_of(LEVEL)
    room = margin - max(value if lower else -value, 0.0)
    return items_needed(error, n, room, alpha=ALPHA) if room > 0.0 and error > 0.0 and n else None
