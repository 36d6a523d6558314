"""Series of one adapter: over the scale of its update, or over the steps of its training.

Each point is a level and its paired change against the base. A trend is the slope over the points: of each item its own
(the least-squares line through its numbers), and then their mean, with clusters as for any paired mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sycoscope.analysis.joint import Part, detection_part, per_row, rate_part, stack
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.score_table import BoolArray, ScoreTable
from sycoscope.core.manifest import SubjectRecord
from sycoscope.core.types import Estimate, State
from sycoscope.facets import FACETS
from sycoscope.facets.measure import DetectionMeasure, RateMeasure
from sycoscope.stats import Tested, linearised, nothing_to_test
from sycoscope.stats.interval import FloatArray

Axis = Literal["scale", "step"]
Place = tuple[float, str]  # scale or step, subject


@dataclass(frozen=True, slots=True)
class Line:
    """Which subjects lie where on an axis, from the left; of steps the first is what the training starts from."""

    adapter: str
    axis: Axis
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPoint:
    """One point of a series, in the primary of one facet.

    Attributes:
        at: Scale, or optimiser steps. subject: whose numbers these are.
        level: Of the subject, with its interval; level_n trials or pairs behind it.
        change: Paired, against the base, with its interval; None for the base itself. n, n_clusters, coverage: of it.
        state, reason: Of the change (for the base: of its level); of a state other than `valid` and `warned` the
            numbers are None.
    """

    adapter: str
    axis: Axis
    at: float
    subject: str
    task: str
    name: str
    unit: str
    level: float | None
    level_low: float | None
    level_high: float | None
    level_n: int
    change: float | None
    change_low: float | None
    change_high: float | None
    n: int
    n_clusters: int
    coverage: float | None
    state: State
    reason: str = ""

    @property
    def shown(self) -> bool:
        """Whether its numbers may be shown."""
        return self.state in ("valid", "warned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The slope of one facet's primary over a series.

    Attributes:
        slope: In `unit` per 1 of the scale, or per step; None where it cannot be said (`note` says why).
        low, high: 95 %.
        n: Rows that count at every point. n_points: points that it is taken over. points: where they are, as text.
    """

    adapter: str
    axis: Axis
    task: str
    name: str
    unit: str
    slope: float | None
    low: float | None
    high: float | None
    n: int
    n_clusters: int
    n_points: int
    points: str
    method: str = ""
    note: str = ""


def lines(subjects: Sequence[SubjectRecord], steps: Mapping[str, int]) -> list[Line]:
    """The series of a study: of every adapter that has points, starts from another, or is compared with one that does.

    Args:
        steps: Adapter -> steps of its training, as far as they are known.
    """
    names = {subject.name for subject in subjects}
    base = next(subject.name for subject in subjects if subject.kind == "base")
    bare = {subject.bare for subject in subjects if subject.bare}
    found = []
    for main in subjects:
        if main.kind == "base" or main.of or main.earlier:
            continue
        points = [subject for subject in subjects if subject.of == main.name]
        scales = [(one.scale, one.name) for one in points if one.step is None]
        if scales:
            places = {0.0: base, 1.0: main.name} | dict(scales)
            found.append(Line(main.name, "scale", tuple(sorted(places.items()))))
        if main.start or main.name in bare or len(points) > len(scales):
            passed = {float(one.step): one.name for one in points if one.step is not None}
            origin = base if not main.start else main.start
            places = passed | ({0.0: origin} if origin in names else {})
            if main.name in steps:
                places[float(steps[main.name])] = main.name
            found.append(Line(main.name, "step", tuple(sorted(places.items()))))
    return [line for line in found if len(line.places) > 1]


def series(
    drawn: Sequence[Line], tables: Mapping[str, ScoreTable], estimates: Sequence[Estimate], roles: Roles
) -> list[SeriesPoint]:
    """Every point of every series, facets in order.

    Args:
        estimates: After the audit, each with its state.
    """
    index = {(e.subject, e.reference, e.task, e.name): e for e in estimates if not e.condition}
    return [
        _point(line, at, subject, table.task, what, index, roles.base)
        for table, what in _primaries(tables)
        for line in drawn
        for at, subject in line.places
        if subject in table.subjects
    ]


def trends(points: Sequence[SeriesPoint], tables: Mapping[str, ScoreTable]) -> list[Trend]:
    """The slope of each series, over those of its points that are shown."""
    whole: dict[tuple[str, str, str], list[SeriesPoint]] = {}
    for point in points:
        whole.setdefault((point.task, point.adapter, point.axis), []).append(point)
    measures = {table.task: (table, what) for table, what in _primaries(tables)}
    return [_trend(own, *measures[task]) for (task, _, _), own in whole.items()]


def _primaries(
    tables: Mapping[str, ScoreTable],
) -> Iterator[tuple[ScoreTable, RateMeasure | DetectionMeasure]]:
    for task, facet in FACETS.items():
        if task in tables and (what := facet.primary_measure(foils=tables[task].has_foils)) is not None:
            yield tables[task], what


def _point(
    line: Line,
    at: float,
    subject: str,
    task: str,
    what: RateMeasure | DetectionMeasure,
    index: Mapping[tuple[str, str, str, str], Estimate],
    base: str,
) -> SeriesPoint:
    level = index.get((subject, "", task, what.name))
    change = index.get((subject, base, task, what.name)) if subject != base else None
    judged = level if subject == base else change
    shown = [one if one is not None and one.shown else None for one in (level, change)]
    held, moved = shown
    return SeriesPoint(
        adapter=line.adapter, axis=line.axis, at=at, subject=subject, task=task, name=what.name, unit=what.unit,
        level=held.value if held else None, level_low=held.low if held else None,
        level_high=held.high if held else None, level_n=held.n if held else 0,
        change=moved.value if moved else None, change_low=moved.low if moved else None,
        change_high=moved.high if moved else None, n=moved.n if moved else 0,
        n_clusters=moved.n_clusters if moved else 0, coverage=moved.coverage if moved else None,
        state=judged.state if judged else "missing", reason=judged.reason if judged else "it was not asked",
    )  # fmt: skip


def _trend(points: Sequence[SeriesPoint], table: ScoreTable, what: RateMeasure | DetectionMeasure) -> Trend:
    first = points[0]
    used = [point for point in points if point.shown]
    tested = slope(table, what, [(point.at, point.subject) for point in used])
    interval = tested.interval(0.95)
    left_out = ", ".join(f"{point.at:g}" for point in points if not point.shown)
    without = f"without {first.axis} {left_out}, of which there is no number" if left_out else ""
    return Trend(
        adapter=first.adapter, axis=first.axis, task=first.task, name=first.name, unit=first.unit,
        slope=interval.value, low=interval.low, high=interval.high, n=interval.n, n_clusters=interval.n_clusters,
        n_points=len(used), points=", ".join(f"{point.at:g}" for point in used), method=interval.method,
        note="; ".join(filter(None, (interval.note, without))),
    )  # fmt: skip


def slope(table: ScoreTable, what: RateMeasure | DetectionMeasure, places: Sequence[Place]) -> Tested:
    """Mean over items of the least-squares slope of their numbers over the places, paired and robust to clusters.

    Of item i with numbers v_ik at d_k it is sum_k w_k v_ik, with w_k = (d_k - d) / sum_j (d_j - d)^2 and d the mean of
    the d_k. A criterion is no mean of items: its slope is the same sum over the criteria of the points.

    Args:
        places: Two or more, at different places. Rows count that are readable, and at risk, at every one of them.

    Source: the slope as summary measure: Matthews, Altman, Campbell and Royston 1990, BMJ 300, 230-235; the interval as
        `sycoscope.stats.linearised`.
    """
    if len(places) < 2:
        return nothing_to_test("fewer than two points")
    at = np.array([place for place, _ in places])
    away = at - at.mean()
    weights = away / float(away @ away)
    names = [subject for _, subject in places]
    shared = _shared(table, what, names)
    bounds: tuple[float, float] | None = None
    parts = [_part(shared, what, name) for name in names]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return nothing_to_test("no item that counts at every point")
    if isinstance(what, RateMeasure):
        reach = float(np.abs(weights).sum()) / 2 * sum(abs(term.weight) for term in what.terms)
        bounds = (-reach, reach)
    sums, cells = stack(known)

    def of(sums: FloatArray) -> FloatArray:
        values = [part.value(sums[:, cell]) for part, cell in zip(known, cells, strict=True)]
        return np.asarray(weights @ np.stack(values))

    return linearised(sums, of, bounds=bounds, n=len(shared))


def _shared(table: ScoreTable, what: RateMeasure | DetectionMeasure, names: Sequence[str]) -> ScoreTable:
    """The rows that count for every one of these subjects."""
    rows: list[BoolArray]
    if isinstance(what, RateMeasure):
        mine = table.signals
        rows = [per_row(mine, what, [name])[1] for name in names]
    else:
        mine = table.judged
        rows = [mine.column(name, c, what.score).scored for name in names for c in what.weights]
    return mine.only(np.logical_and.reduce(rows))


def _part(table: ScoreTable, what: RateMeasure | DetectionMeasure, name: str) -> Part | None:
    if isinstance(what, RateMeasure):
        return rate_part(table, what, [name])
    return detection_part(table, what, [name])
