"""Figures over an axis: training curves, and series over scale or steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sycoscope.analysis import SeriesPoint
from sycoscope.report import labels
from sycoscope.report.data import TrainingRow
from sycoscope.report.dose import change_of
from sycoscope.report.figures import curves
from sycoscope.report.figures.curves import Point, SeriesPanel
from sycoscope.report.figures.figure import Figure, Numbers
from sycoscope.report.figures.space import Space
from sycoscope.report.view import View

MAX_CURVE_POINTS = 300
AXES = {"scale": "scale of the adapter's update", "step": "optimiser steps"}


def training(view: View, space: Space) -> Figure | None:
    """Loss of each adapter over its steps, and what it answered meanwhile, where that was asked."""
    rows = [
        row
        for row in view.data.training
        if any(number is not None for number in (row.loss, row.eval_loss, row.suggested_shift, row.accuracy))
    ]
    if not rows:
        return None
    panels, numbers = [], []
    for adapter in dict.fromkeys(row.adapter for row in rows):
        steps = sorted((row for row in rows if row.adapter == adapter), key=lambda row: row.step)
        numbers.append(_ends(view.label(adapter), steps))
        if len(steps) > 1:
            panels.append(curves.Curve(view.short(adapter), _losses(steps), _responses(steps)))
    if not panels:
        line = "No chart: one step alone was logged of each adapter; the table file has it."
        return Figure("training", "Training curves", "Training", line, (), None, numbers=_numbers(numbers))
    asked = (
        " Below: what the model answered while it was tuned, on a few items (step 0: the base). Squares: "
        "suggested shift with its interval. Circles: accuracy."
    )
    caption = (
        f"Loss in nats per {_per(rows)}. Line: training. Diamonds: validation. A long curve is "
        "thinned here; the file tables/training.csv holds every step."
        + (asked if any(panel.responses for panel in panels) else "")
    )
    chart = curves.curve_panels(panels, space)
    return Figure("training", "Training curves", "Training", caption, (), chart, numbers=_numbers(numbers))


def _per(rows: Sequence[TrainingRow]) -> str:
    """What a loss is the mean over."""
    pairs = {row.adapter for row in rows if row.preferred is not None}
    if not pairs:
        return "token on the answers"
    return "pair of answers" + (
        " (of preference pairs) or per token" if {r.adapter for r in rows} - pairs else ""
    )


def _numbers(rows: Sequence[Sequence[str]]) -> Numbers:
    heads = ("Adapter", "Steps", "Loss", "Validation loss", "Pairs preferred", "Suggested shift", "Accuracy")
    kept = [
        at
        for at, head in enumerate(heads)
        if head != "Pairs preferred" or any(row[at] != labels.DASH for row in rows)
    ]
    return Numbers([heads[at] for at in kept], [[row[at] for at in kept] for row in rows])


def _ends(adapter: str, steps: Sequence[TrainingRow]) -> tuple[str, ...]:
    """First and last of what was logged of one adapter."""

    def reach(values: Sequence[float | None], *, share: bool) -> str:
        known = [value for value in values if value is not None]
        if not known:
            return labels.DASH
        told = [labels.percent(v) if share else labels.decimal(v, 3) for v in (known[0], known[-1])]
        return told[0] if len(known) == 1 else " → ".join(told)

    shifts = [None if row.suggested_shift is None else row.suggested_shift for row in steps]
    known = [labels.decimal(100 * shift, 1, True) for shift in shifts if shift is not None]
    points = f"{known[0]} → {known[-1]}{labels.NBSP}points" if known else labels.DASH
    return (
        adapter,
        f"{steps[0].step} to {steps[-1].step}",
        reach([row.loss for row in steps], share=False),
        reach([row.eval_loss for row in steps], share=False),
        reach(_preferred(steps), share=True),
        points,
        reach([row.accuracy for row in steps], share=True),
    )


def _preferred(steps: Sequence[TrainingRow]) -> list[float | None]:
    """Of the pairs that were held out, where there are any."""
    held = [row.eval_preferred for row in steps]
    return held if any(share is not None for share in held) else [row.preferred for row in steps]


def series(view: View, space: Space) -> Figure | None:
    """Changes of the primaries over the scale of an adapter and over its steps."""
    panels = _panels(view)
    if not panels:
        return None
    key, title, nav = "series", "Dose and steps", "Dose and steps"
    if sum(len(panel.rows) for panel in panels) < 2:
        line = "No chart: fewer than two points can be shown; the table below has them, and why others lack a number."
        return Figure(key, title, nav, line, (), None, at="dose")
    return Figure(
        key,
        title,
        nav,
        "Each line is one adapter: its update of the weights multiplied (1 is the adapter itself, 0 the base), or the "
        "adapter as it was after so many steps. Points are paired changes against base, vertical lines their "
        "intervals; above 0 the model gives in more than the base. Points at one place are drawn a little apart; a "
        "withheld number has no point. One that starts from another begins where that one ends.",
        (),
        curves.series_panels(panels, [view.short(subject.name) for subject in view.adapters], space),
        at="dose",
    )


def _losses(steps: Sequence[TrainingRow]) -> list[dict[str, Any]]:
    steps = [row for row in steps if row.loss is not None or row.eval_loss is not None]
    every = -(-len(steps) // MAX_CURVE_POINTS)
    return [
        {"step": row.step, "loss": loss, "series": series}
        for i, row in enumerate(steps)
        for series, loss in (("training", row.loss), ("validation", row.eval_loss))
        if loss is not None and (series == "validation" or i % every == 0 or i == len(steps) - 1)
    ]


def _responses(steps: Sequence[TrainingRow]) -> list[dict[str, Any]]:
    """In per cent."""
    return [
        {"step": row.step, "series": series}
        | {
            key: None if end is None else 100 * end
            for key, end in zip(("value", "low", "high"), ends, strict=True)
        }
        for row in steps
        for series, ends in (
            ("shift", (row.suggested_shift, row.suggested_shift_low, row.suggested_shift_high)),
            ("accuracy", (row.accuracy, None, None)),
        )
        if ends[0] is not None
    ]


def _panels(view: View) -> list[SeriesPanel]:
    """One panel for each axis and facet: the change of every adapter's points against the base."""
    points = view.data.series
    keys = dict.fromkeys((point.axis, point.task) for axis in AXES for point in points if point.axis == axis)
    drawn = []
    for axis, task in keys:
        mine = [point for point in points if (point.axis, point.task) == (axis, task)]
        unit = labels.unit_of(change_of(mine[0]))
        title = [view.task_label(task), labels.name_of(mine[0].name).label]
        rows = [row for point in mine for row in _marks(point, view)]
        if any(point.change is not None and not view.is_base(point.subject) for point in mine):
            drawn.append(SeriesPanel(title, AXES[axis], f"change against base, {unit}", rows))
    return drawn


def _marks(point: SeriesPoint, view: View) -> Iterator[Point]:
    """A point with its interval, in the unit of its axis; the base itself lies at 0."""
    scale = labels.scale_of(change_of(point))
    if view.is_base(point.subject):
        yield {"label": view.short(point.adapter), "at": point.at, "value": 0.0, "low": None, "high": None}
    elif point.change is not None:
        ends = {"value": point.change, "low": point.change_low, "high": point.change_high}
        yield {"label": view.short(point.adapter), "at": point.at} | {
            key: None if end is None else end * scale for key, end in ends.items()
        }
