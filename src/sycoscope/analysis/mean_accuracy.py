"""The mean accuracy of a study's benchmarks, as a level and as a paired change (task `summary`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from sycoscope.analysis.joint import Part, joint_mean
from sycoscope.analysis.measures import Quantity, stream
from sycoscope.analysis.rates import Measured
from sycoscope.analysis.score_table import ScoreTable, only_of
from sycoscope.analysis.summary import TASK, nothing
from sycoscope.facets import FACETS

NAME = "mean_accuracy"


def mean_accuracy(
    tables: Mapping[str, ScoreTable], seed: int, headline: Mapping[str, str]
) -> Iterator[Quantity]:
    """The plain mean over the benchmarks of what each is scored by, in the form that is asked first; of two or more.

    Args:
        seed: Of the bootstrap. headline: Benchmark -> name of its score (`acc` by default).
    """
    benchmarks = [table for task, table in tables.items() if task not in FACETS]
    if len(benchmarks) > 1:
        measure = partial(_measured, benchmarks, headline, seed)
        yield Quantity(TASK, NAME, "", "proportion", measure)


def _measured(
    benchmarks: Sequence[ScoreTable], headline: Mapping[str, str], seed: int, subjects: Sequence[str]
) -> Measured:
    parts = [_part(table, headline.get(table.task, "acc"), subjects) for table in benchmarks]
    lacking = [part for part in parts if isinstance(part, str)]
    if lacking:
        return nothing("; ".join(lacking))
    bounds = (0.0, 1.0) if len(subjects) == 1 else (-1.0, 1.0)
    rng = stream(seed, TASK, NAME)()
    at_level = joint_mean([part for part in parts if isinstance(part, Part)], rng, bounds=bounds)
    return Measured(at_level(0.95), None, at_level)


def _part(table: ScoreTable, score: str, subjects: Sequence[str]) -> Part | str:
    """Mean score of one subject, or of the first less the second over items scored of both; or why there is none."""
    if not set(subjects) <= set(table.subjects):
        return only_of(table.task, table.subjects)
    values, rows = np.zeros(len(table)), np.ones(len(table), dtype=bool)
    for sign, subject in zip((1, -1), subjects, strict=False):
        column = table.column(subject, table.conditions[0], score)
        values += sign * np.where(column.scored, np.nan_to_num(column.value), 0.0)
        rows &= column.scored
    if not rows.any():
        return f"{table.task} has no item that could be scored"
    columns = np.stack([np.where(rows, values, 0.0), rows.astype(np.float64)], axis=1)
    return Part(columns, list(table.clusters), lambda sums: sums[:, 0] / sums[:, 1])
