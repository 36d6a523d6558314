"""Real adapters ranked by capability and independence, under several weightings, with the uncertainty of the ranks.

Capability is the mean accuracy over the benchmarks. Independence is 1 less the mean of what each facet's user
takes away: suggested_shift, retention_loss and suppression, all differences of rates, so that a point of
one weighs as much as a point of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from sycoscope.analysis.joint import Part, rate_part, stack
from sycoscope.analysis.measures import accuracy
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.score_table import FloatArray, ScoreTable
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.stats import Ranks, bootstrap_replicates, rank_replicates

# Share of capability in the score; the rest is independence.
WEIGHTINGS: dict[str, float] = {
    "capability 50, independence 50": 0.5,
    "capability 70, independence 30": 0.7,
    "capability 30, independence 70": 0.3,
    "capability only": 1.0,
    "independence only": 0.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """One adapter's place under one weighting.

    Attributes:
        capability, independence: The two sides, in [0, 1] (independence above 1 where a model resists more under
            the cue). score: their weighted sum.
        rank: 1 is best; ties share the mean of their places. low, high: 95 % limits over joint resamples of items.
        best: Probability of being first. n_subjects: adapters ranked.
    """

    weighting: str
    capability_weight: float
    subject: str
    score: float
    capability: float | None
    independence: float | None
    rank: float
    low: float
    high: float
    best: float
    n_subjects: int
    note: str = ""


def rankings(
    tables: Mapping[str, ScoreTable],
    roles: Roles,
    *,
    seed: int = 0,
    headline: Mapping[str, str] | None = None,
    estimates: Iterable[Estimate] = (),
    broken: Mapping[str, str] | None = None,
    n_boot: int = 2000,
) -> list[Rank]:
    """Rank the real adapters; one that lacks a part that another has is left out, and the note says so.

    Args:
        headline: Benchmark -> name of its score (`acc` by default).
        estimates: After the audit, each with its state. A part whose level is withheld of any adapter counts for none,
            since adapters with other parts cannot be ranked beside each other.
        broken: Adapters that lost the ability that a facet asks for -> the facet. They are not ranked: resistance
            cannot be told from silence.
    """
    broken = {subject: task for subject, task in (broken or {}).items() if subject in roles.real}
    ranked = [subject for subject in roles.real if subject not in broken]
    parts = {subject: _parts(tables, subject, headline or {}) for subject in ranked}
    withheld = {
        (e.subject, e.task, e.name, e.condition)
        for e in estimates
        if not e.reference and e.state == "withheld"
    }
    hidden = sorted(
        {
            task
            for subject, own in parts.items()
            for task in own
            if (subject, *_level(tables[task])) in withheld
        }
    )
    table = _Table(
        {subject: {t: part for t, part in own.items() if t not in hidden} for subject, own in parts.items()},
        hidden,
        broken,
    )
    if not table.known or len(table.subjects) < 2:
        return []
    ranking: list[Rank] = []
    for name, weight in WEIGHTINGS.items():
        if table.measures(weight) and table.complete(weight):
            fn, rng = partial(table.score, weight), np.random.default_rng([seed, 11])
            boot = bootstrap_replicates(table.sums, fn, rng=rng, n_boot=n_boot)
            # a resample with nobody at risk in some part ranks nothing
            boot = boot[np.isfinite(boot).all(axis=1)]
            if boot.size:
                ranks = rank_replicates(fn(table.sums.sum(axis=0, keepdims=True))[0], boot)
                ranking += table.rows(name, weight, ranks)
    return ranking


class _Table:
    """The parts of every adapter that has them all, as one table of cluster sums."""

    def __init__(
        self, parts: Mapping[str, Mapping[str, Part]], hidden: Sequence[str], broken: Mapping[str, str]
    ) -> None:
        self.hidden = hidden
        self.broken = broken
        self.known = sorted({name for own in parts.values() for name in own})
        self.subjects = [subject for subject, own in parts.items() if len(own) == len(self.known)]
        self.left_out = [subject for subject in parts if subject not in self.subjects]
        self.sides = {
            "capability": [i for i, name in enumerate(self.known) if name not in FACETS],
            "independence": [i for i, name in enumerate(self.known) if name in FACETS],
        }
        self._ordered = [parts[subject][name] for subject in self.subjects for name in self.known]
        if self._ordered:
            self.sums, self._places = stack(self._ordered)

    def measures(self, weight: float) -> bool:
        """Whether every side that this weighting counts was measured."""
        return all(
            self.sides[side] or share == 0.0
            for side, share in (("capability", weight), ("independence", 1.0 - weight))
        )

    def complete(self, weight: float) -> bool:
        """Whether every adapter has a score: a part with nobody at risk has none, and nothing is ranked then."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return bool(np.isfinite(self.score(weight, self.sums.sum(axis=0, keepdims=True))).all())

    def side(self, name: str, sums: FloatArray) -> FloatArray:
        """(B, k) sums -> (B, subjects): the mean of one side's parts."""
        flat = [p.value(sums[:, place]) for p, place in zip(self._ordered, self._places, strict=True)]
        levels = np.stack(flat, axis=1).reshape(sums.shape[0], len(self.subjects), len(self.known))
        return np.asarray(levels[..., self.sides[name]].mean(axis=-1))

    def score(self, weight: float, sums: FloatArray) -> FloatArray:
        """(B, k) sums -> (B, subjects): the weighted sum of the sides."""
        total = np.zeros((sums.shape[0], len(self.subjects)))
        for name, share in (("capability", weight), ("independence", 1.0 - weight)):
            if share > 0.0:
                total += share * self.side(name, sums)
        return total

    def rows(self, weighting: str, weight: float, ranks: Ranks) -> list[Rank]:
        """The ranks as records."""
        own = self.sums.sum(axis=0)[None, :]
        each = {name: self.side(name, own)[0] if places else None for name, places in self.sides.items()}
        return [
            Rank(
                weighting=weighting, capability_weight=weight, subject=subject, score=float(ranks.score[i]),
                capability=_at(each["capability"], i), independence=_at(each["independence"], i),
                rank=float(ranks.rank[i]), low=float(ranks.low[i]), high=float(ranks.high[i]),
                best=float(ranks.best[i]), n_subjects=len(self.subjects), note=self._note(),
            )
            for i, subject in enumerate(self.subjects)
        ]  # fmt: skip

    def _note(self) -> str:
        parts = [
            f"{side}: {', '.join(self.known[i] for i in places) or 'not measured'}"
            for side, places in self.sides.items()
        ]
        if self.left_out:
            parts.append(f"left out, a part is missing: {', '.join(self.left_out)}")
        if self.broken:
            lost = ", ".join(f"{subject} ({task})" for subject, task in self.broken.items())
            parts.append(f"not ranked, ability lost: {lost}")
        if self.hidden:
            parts.append(f"not counted, withheld by the audit: {', '.join(self.hidden)}")
        return "; ".join(parts)


def _at(values: FloatArray | None, index: int) -> float | None:
    """The entry; None where there is none, or where a side that this weighting does not count has nobody at risk."""
    return None if values is None or not np.isfinite(values[index]) else float(values[index])


def _level(table: ScoreTable) -> tuple[str, str, str]:
    """(task, name, condition) of the level that stands for a task."""
    rate = FACETS[table.task].primary_rate if table.task in FACETS else None
    if rate is not None:
        return table.task, rate.name, rate.condition
    return table.task, "accuracy", table.conditions[0]


def _parts(tables: Mapping[str, ScoreTable], subject: str, headline: Mapping[str, str]) -> dict[str, Part]:
    """Task -> its part: accuracy of a benchmark, 1 - what the user takes away of a facet."""
    found: dict[str, Part] = {}
    for task, table in tables.items():
        if subject not in table.subjects:
            continue
        part = (
            _resisted(table, subject)
            if task in FACETS
            else _accuracy(table, subject, headline.get(task, "acc"))
        )
        if part is not None:
            found[task] = part
    return found


def _resisted(table: ScoreTable, subject: str) -> Part | None:
    what = FACETS[table.task].primary_rate
    if what is None or not {condition for condition, _ in what.cells} <= set(table.conditions):
        return None
    table = table.signals
    lost = rate_part(table, what, [subject])
    if lost is None:
        return None
    return Part(lost.columns, lost.clusters, lambda sums: 1.0 - sums[:, 0] / sums[:, 1])


def _accuracy(table: ScoreTable, subject: str, headline: str) -> Part | None:
    form = table.conditions[0]
    column = table.column(subject, form, headline)
    if not column.scored.any():
        return None
    if np.isin(column.value[column.scored], (0.0, 1.0)).all():
        return rate_part(table, accuracy(form, headline), [subject])
    values = np.where(column.scored, np.nan_to_num(column.value), 0.0)
    columns = np.stack([values, column.scored.astype(np.float64)], axis=1)
    return Part(columns, list(table.clusters), lambda sums: sums[:, 0] / sums[:, 1])
