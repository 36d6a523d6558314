"""What is left of a change on the items that no row of the adapter's training touches, beside that over all items.

The items are a part of the rows of a table, and everything else is the analysis of a run: the same estimates, the same
adjustment, the same rule. Only an adapter's own items are left out, so a run without touched items costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sycoscope.analysis.analyse import analyse_table
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.score_table import ScoreTable
from sycoscope.analysis.verdicts import primary_change
from sycoscope.core.types import Estimate

Place = tuple[str, str]  # adapter, task


@dataclass(frozen=True, slots=True)
class CleanPart:
    """One task without the items that one adapter's rows touch.

    Attributes:
        n_items: Items that were asked of the task. n_touched: of these, those that are left out.
        table: The rest. estimates: over the rest, of the adapter, of what it is compared with and of the controls.
    """

    adapter: str
    task: str
    n_items: int
    n_touched: int
    table: ScoreTable
    estimates: Sequence[Estimate]

    def change(self, roles: Roles) -> Estimate | None:
        """The change of the facet's primary or of the benchmark's accuracy, over the rest."""
        return primary_change(self.estimates, self.task, self.adapter, roles.before(self.adapter))


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanChange:
    """One adapter's change of a facet's primary or of a benchmark's accuracy, with and without the touched items.

    Attributes:
        over_all, over_clean: The change over all items, and over those that no training row touches.
        word_all, word_clean: A facet's verdict; of a benchmark whether it is not worse (`non_inferiority`).
    """

    subject: str
    task: str
    n_items: int
    n_touched: int
    over_all: Estimate
    over_clean: Estimate
    word_all: str
    word_clean: str

    @property
    def differs(self) -> bool:
        """Whether the two say different things: another sign, or another word."""
        a, b = self.over_all.value, self.over_clean.value
        return self.word_all != self.word_clean or (a is not None and b is not None and a * b < 0.0)


def clean_parts(
    tables: Mapping[str, ScoreTable],
    roles: Roles,
    touched: Mapping[Place, frozenset[str]],
    *,
    seed: int = 0,
    headline: Mapping[str, str] | None = None,
) -> dict[Place, CleanPart]:
    """Each adapter and task of which an item is touched and another is not; the others are not looked at.

    Args:
        touched: (Adapter, task) -> ids of items that its training rows touch.
        seed, headline: As of `analyse_tables`.
    """
    found = {}
    for adapter in roles.whole:
        alone = replace(roles, adapters=tuple(n for n in roles.adapters if n in {adapter, *roles.controls}))
        for task, table in tables.items():
            ids = touched.get((adapter, task), frozenset())
            out = np.array([item in ids for item in table.items], dtype=bool)
            if adapter not in table.subjects or not out.any() or out.all():
                continue
            rest = table.only(~out)
            estimates = analyse_table(rest, alone, seed=seed, headline=(headline or {}).get(task, "acc"))
            found[adapter, task] = CleanPart(
                adapter, task, len(set(table.items)), len(ids & set(table.items)), rest, estimates
            )
    return found


def in_place_of(estimates: Sequence[Estimate], part: CleanPart) -> list[Estimate]:
    """All estimates of a run, with those of one part in the place of the same ones over all items.

    Other adapters keep theirs, so that a change is adjusted for as many as it is over all items.
    """
    instead = {_key(e): e for e in part.estimates}
    return [instead.get(_key(e), e) for e in estimates]


def _key(e: Estimate) -> tuple[str, str, str, str, str]:
    return e.subject, e.reference, e.task, e.name, e.condition
