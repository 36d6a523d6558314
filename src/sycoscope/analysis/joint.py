"""Numbers that rest on several tasks at once: their parts as cluster sums, resampled together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sycoscope.analysis.score_table import BoolArray, FloatArray, ScoreTable
from sycoscope.facets.measure import EVERY, DetectionMeasure, RateMeasure
from sycoscope.stats import Interval, d_prime_and_criterion, resampled
from sycoscope.stats.bootstrap import N_BOOT
from sycoscope.stats.interval import not_computable
from sycoscope.stats.resampling import Statistic


@dataclass(frozen=True, slots=True)
class Part:
    """A number as a function of sums over rows.

    Attributes:
        columns: (n_rows, k), 0 for rows that do not count. clusters: (n_rows,).
        value: (B, k) sums -> (B,).
    """

    columns: FloatArray
    clusters: Sequence[str]
    value: Statistic

    @property
    def n(self) -> int:
        """Rows that count."""
        return int(np.any(self.columns != 0.0, axis=1).sum())


def rate_part(table: ScoreTable, what: RateMeasure, subjects: Sequence[str]) -> Part | None:
    """A measure over one at-risk set, for one subject or a change: the mean of its per-row numbers.

    None where no row is readable in all of its cells.
    """
    values, rows = per_row(table, what, subjects)
    if not rows.any():
        return None
    columns = np.stack([np.where(rows, values, 0.0), rows.astype(np.float64)], axis=1)
    return Part(columns, list(table.clusters), lambda sums: sums[:, 0] / sums[:, 1])


def per_row(table: ScoreTable, what: RateMeasure, subjects: Sequence[str]) -> tuple[FloatArray, BoolArray]:
    """(n,) weighted sum of a measure's outcomes in each row, and the rows that are readable in all cells.

    Args:
        what: Terms of one at-risk set. subjects: One, or two for subjects[0] - subjects[1] (at risk in both).
    """
    values, rows = np.zeros(len(table)), np.ones(len(table), dtype=bool)
    assert len({term.at_risk for term in what.terms}) == 1
    for sign, subject in zip((1, -1), subjects, strict=False):
        for term in what.terms:
            column = table.column(subject, term.condition, term.name)
            among = np.isin(column.label, term.labels)
            values += sign * term.weight * (~among if term.negate else among)
            rows &= column.scored
            if term.at_risk != EVERY:
                rows &= table.at_risk(subject, term.at_risk)
    return values, rows


def detection_part(table: ScoreTable, what: DetectionMeasure, subjects: Sequence[str]) -> Part | None:
    """A contrast of criterion (or d') over conditions, of one subject or its change.

    None where no signal or no foil is readable in all cells.
    """
    judged = table.judged
    flawed, place = judged.signal, 1 if what.which == "criterion" else 0
    columns, weights = [], []
    rows = np.ones(len(judged), dtype=bool)
    for sign, subject in zip((1, -1), subjects, strict=False):
        for condition, weight in what.weights.items():
            column = judged.column(subject, condition, what.score)
            rows &= column.scored
            columns.append(column.label == "yes")
            weights.append(sign * weight)
    if not (rows & flawed).any() or not (rows & ~flawed).any():
        return None
    cells = [rows & flawed, rows & ~flawed]
    for says in columns:
        cells += [says & rows & flawed, says & rows & ~flawed]

    def value(sums: FloatArray) -> FloatArray:
        total = np.zeros(sums.shape[0])
        for j, weight in enumerate(weights):
            four = np.stack([sums[:, 2 + 2 * j], sums[:, 0], sums[:, 3 + 2 * j], sums[:, 1]], axis=1)
            total += weight * d_prime_and_criterion(four)[:, place]
        return total

    return Part(np.stack(cells, axis=1).astype(np.float64), list(judged.clusters), value)


def stack(parts: Sequence[Part]) -> tuple[FloatArray, list[slice]]:
    """(n_clusters, k) sums over the clusters of all parts, and where each part's columns are."""
    labels = np.concatenate([np.asarray(part.clusters, dtype=str) for part in parts])
    clusters, codes = np.unique(labels, return_inverse=True)
    sums, places, start, row = [], [], 0, 0
    for part in parts:
        mine = codes[row : row + len(part.clusters)]
        row += len(part.clusters)
        sums += [np.bincount(mine, weights=column, minlength=clusters.size) for column in part.columns.T]
        places.append(slice(start, start + part.columns.shape[1]))
        start += part.columns.shape[1]
    return np.stack(sums, axis=1), places


def mean_of(parts: Sequence[Part], places: Sequence[slice]) -> Statistic:
    """(B, k) sums -> (B,): the plain mean of the parts."""
    return lambda sums: (
        np.sum([part.value(sums[:, place]) for part, place in zip(parts, places, strict=True)], axis=0)
        / len(parts)
    )


def joint_mean(
    parts: Sequence[Part],
    rng: np.random.Generator,
    *,
    bounds: tuple[float, float] | None,
    n_boot: int = N_BOOT,
) -> Callable[[float], Interval]:
    """Level -> BCa interval of the mean of the parts, over one set of joint resamples of their clusters.

    Args:
        bounds: Range of the mean; without it a bootstrap of zero width has no limits.

    Source: as `sycoscope.stats.resampled`.
    """
    sums, places = stack(parts)
    # A cluster need not be in every part.
    resamples = resampled(
        sums,
        mean_of(parts, places),
        rng=rng,
        n_boot=n_boot,
        where_undefined="all count",
        scheme="joint cluster bootstrap",
    )
    if np.isnan(resamples.value).any():
        return lambda level: not_computable("no observations in one of the parts", level=level)
    n = sum(part.n for part in parts)
    # Limits are given however many resamples leave a part without observations; the note says how many.
    return lambda level: resamples.intervals(level, bounds=bounds, n=n, max_undefined=1.0)[0]
