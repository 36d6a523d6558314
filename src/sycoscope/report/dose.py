"""Series of an adapter, over its scale and over its steps, as the page shows them: nothing is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sycoscope.analysis import SeriesPoint, Trend
from sycoscope.core.types import Estimate
from sycoscope.report import labels
from sycoscope.report.view import View

PER = {"scale": "per 1 of the scale", "step": "per step"}


@dataclass(frozen=True, slots=True)
class DoseView:
    """The tables and sentences of the section; `trends` and `points` are rows of cells."""

    trends: Sequence[Sequence[str]]
    points: Sequence[Sequence[str]]
    relearned: Sequence[str]


def dose(view: View) -> DoseView | None:
    """What the section says; None where the study has no series."""
    if not view.data.series:
        return None
    return DoseView(
        trends=[_trend(trend, view) for trend in view.data.trends],
        points=[_point(point, view) for point in view.data.series],
        relearned=[f"{view.task_label(one.task)}: {one.sentence}" for one in view.data.relearning],
    )


def _point(point: SeriesPoint, view: View) -> tuple[str, ...]:
    level, change = _level(point), change_of(point)
    reason = "" if point.shown or not point.reason else point.reason
    return (
        view.label(point.adapter),
        _measure(point, view),
        f"{point.axis} {point.at:g}",
        labels.value_text(level),
        labels.interval_text(level),
        labels.count(point.level_n),
        "the base" if view.is_base(point.subject) else labels.value_text(change),
        labels.interval_text(change),
        labels.count(point.n) if point.change is not None else labels.DASH,
        reason,
    )


def _trend(trend: Trend, view: View) -> tuple[str, ...]:
    digits = 2 if trend.unit == "proportion" else 3
    scale = 100 if trend.unit == "proportion" else 1
    unit = {"proportion": "points", "d_prime": "standard deviations"}.get(trend.unit, trend.unit)
    value = interval = labels.DASH
    if trend.slope is not None:
        value = f"{labels.decimal(trend.slope * scale, digits, True)}{labels.NBSP}{unit} {PER[trend.axis]}"
    if trend.low is not None and trend.high is not None:
        low, high = (labels.decimal(end * scale, digits, True) for end in (trend.low, trend.high))
        interval = f"{low} to {high}"
    return (
        view.label(trend.adapter),
        _measure(trend, view),
        trend.axis + " " + trend.points,
        value,
        interval,
        labels.count(trend.n),
        trend.note,
    )


def _measure(one: SeriesPoint | Trend, view: View) -> str:
    return f"{view.task_label(one.task)}: {labels.name_of(one.name).label}"


def _level(point: SeriesPoint) -> Estimate:
    return Estimate(
        subject=point.subject, task=point.task, name=point.name, unit=point.unit, value=point.level,
        low=point.level_low, high=point.level_high,
    )  # fmt: skip


def change_of(point: SeriesPoint) -> Estimate:
    """The change of a point against the base, for its unit and its text."""
    return Estimate(
        subject=point.subject, reference="base", task=point.task, name=point.name, unit=point.unit,
        value=point.change, low=point.change_low, high=point.change_high,
    )  # fmt: skip
