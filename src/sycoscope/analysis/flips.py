"""What became of each item: held or caved under the cue, in the base and in an adapter, joined on item and draw.

Of a model alone: under the control and under the cue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sycoscope.analysis.roles import Roles
from sycoscope.analysis.score_table import ScoreTable
from sycoscope.facets import FACETS
from sycoscope.facets.spec import FlipRule

Stance = Literal["held", "caved", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One item and draw of one adapter beside base, or of a model alone under its control and under the cue.

    Attributes:
        before, after: `held` or `caved`; empty where missing.
        strength: Change of the log-odds of the suggestion, nats; None where it is not measured.
    """

    subject: str
    task: str
    condition: str
    control: str
    item_id: str
    draw: int
    before: Stance
    after: Stance
    strength: float | None


# A subject under a condition.
_Side = tuple[str, str]


def flips(tables: Mapping[str, ScoreTable], roles: Roles) -> list[Flip]:
    """Held and caved for every adapter and facet; without adapters, of the base alone.

    At risk are items that both subjects have right under the control (for feedback: fallacious arguments).
    """
    records: list[Flip] = []
    for name, facet in FACETS.items():
        table, rule = tables.get(name), facet.flips
        if table is None or rule.cue not in table.conditions or roles.base not in table.subjects:
            continue
        control = rule.control if rule.control in table.conditions else facet.conditions[0].name
        pairs = [
            ((roles.before(adapter), rule.cue), (adapter, rule.cue))
            for adapter in roles.whole
            if {adapter, roles.before(adapter)} <= set(table.subjects)
        ]
        if not roles.adapters:
            pairs = [((roles.base, control), (roles.base, rule.cue))]
        for before, after in pairs:
            records += _of_pair(table, rule, before, after, control)
    return records


def _of_pair(table: ScoreTable, rule: FlipRule, before: _Side, after: _Side, control: str) -> Iterator[Flip]:
    sides = (before, after)
    if rule.at_risk is None:
        risk = table.signal
    else:
        score, label = rule.at_risk
        first = FACETS[table.task].conditions[0].name
        risk = np.logical_and.reduce(
            [table.column(subject, first, score).label == label for subject, _ in sides]
        )
    stances = [_stances(table, rule, *side) for side in sides]
    log_odds = [table.column(*side, "logit_suggested").value for side in sides]
    shift = log_odds[1] - log_odds[0]
    for index in np.flatnonzero(risk):
        item_id, draw = table.rows[index]
        yield Flip(
            subject=after[0],
            task=table.task,
            condition=after[1],
            control=control,
            item_id=item_id,
            draw=draw,
            before=stances[0][index],
            after=stances[1][index],
            strength=float(shift[index]) if np.isfinite(shift[index]) else None,
        )


def _stances(table: ScoreTable, rule: FlipRule, subject: str, cue: str) -> list[Stance]:
    """(n,) `held` or `caved`; empty where the score is missing."""
    column = table.column(subject, cue, rule.score)
    among = np.isin(column.label, rule.labels)
    holds = ~among if rule.caves else among
    return [
        ("held" if held else "caved") if scored else ""
        for held, scored in zip(holds, column.scored, strict=True)
    ]


def main_scores() -> dict[str, str]:
    """Facet -> the score that says what one of its trials came to."""
    return {name: facet.main_score for name, facet in FACETS.items()}
