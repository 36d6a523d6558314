"""Charts over an axis: a training's losses with what was answered meanwhile, and series over scale or steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.report.figures import theme
from sycoscope.report.figures.charts import Row, altair, domain_of, grid
from sycoscope.report.figures.scatter import of_adapters
from sycoscope.report.figures.space import Space

Point = dict[str, Any]
LOSS_HEIGHT, RESPONSE_HEIGHT = 130, 90
AXIS = 52  # the labels and title of a y axis, in pixels
# What is drawn over the steps of a training: name in the rows -> (name in the legend, colour, shape).
LOSSES = {
    "training": ("training loss", theme.BLUE, "stroke"),
    "validation": ("validation loss", theme.VERMILLION, "diamond"),
}
RESPONSES = {
    "shift": ("suggested shift", theme.PURPLE, "square"),
    "accuracy": ("accuracy", theme.GREEN, "circle"),
}


@dataclass(frozen=True, slots=True)
class Curve:
    """One adapter's training.

    Attributes:
        losses: step, loss in nats per token, series (`training` or `validation`).
        responses: step, value, low, high in per cent (None where there is none), series (`shift` or `accuracy`).
    """

    title: str
    losses: list[Point]
    responses: list[Point]


def curve_panels(curves: Sequence[Curve], space: Space) -> Any:
    """Loss over steps, one panel per adapter, the same y axis in all; so too the responses, where there are any."""
    alt = altair()
    every = [point["loss"] for curve in curves for point in curve.losses]
    scale = alt.Scale(domain=domain_of([_row(loss) for loss in every], False), nice=True, zero=False)
    ends = [_row(p["value"], p["low"], p["high"]) for curve in curves for p in curve.responses]
    shares = alt.Scale(domain=domain_of(ends, True), nice=True, zero=False) if ends else None
    found = {point["series"] for curve in curves for point in (*curve.losses, *curve.responses)}
    named = {key: marks for key, marks in (LOSSES | RESPONSES).items() if key in found}
    columns, width = space.panels(len(curves), left=AXIS - 26, each=26, least=160)
    panels = []
    for i, curve in enumerate(curves):
        first = i % columns == 0
        panel = _losses(curve, scale, named, space, first=first, last=shares is None).properties(width=width)
        if shares is not None:
            below = _responses(curve, shares, named, space, first=first).properties(width=width)
            panel = alt.vconcat(panel, below, spacing=6)
        panels.append(panel)
    return grid(panels, columns)


def _row(value: float, low: float | None = None, high: float | None = None) -> Row:
    return {"value": value, "low": low, "high": high}


Marks = Mapping[str, tuple[str, str, str]]


def _marks(named: Marks, space: Space) -> tuple[Any, Any]:
    """Colour and shape of what is drawn, with one legend for all panels."""
    alt = altair()
    names, colours, shapes = (list(part) for part in zip(*named.values(), strict=True))
    legend = alt.Legend(orient="top", columns=2 if space.inside else 0, symbolOpacity=1, symbolStrokeWidth=2)
    shared = {"sort": names, "title": None, "legend": legend}
    return (
        alt.Color("named:N", scale=alt.Scale(domain=names, range=colours), **shared),
        alt.Shape("named:N", scale=alt.Scale(domain=names, range=shapes), **shared),
    )


def _named(points: Sequence[Point], named: Marks) -> Any:
    """The points with what the legend calls them."""
    alt = altair()
    return alt.Chart(alt.InlineData(values=[p | {"named": named[p["series"]][0]} for p in points]))


def _losses(curve: Curve, scale: Any, named: Marks, space: Space, *, first: bool, last: bool) -> Any:
    alt = altair()
    frame = _named(curve.losses, named)
    x, y = _steps(last), _axis("loss:Q", "loss, nats per token" if first else None, scale)
    colour, shape = _marks(named, space)
    return alt.layer(
        frame.transform_filter("datum.series === 'training'")
        .mark_line(strokeWidth=1.8)
        .encode(x=x, y=y, color=colour),
        frame.transform_filter("datum.series === 'validation'")
        .mark_point(filled=True, size=60, opacity=1)
        .encode(x=x, y=y, color=colour, shape=shape),
    ).properties(height=LOSS_HEIGHT, title=alt.TitleParams(curve.title))


def _responses(curve: Curve, scale: Any, named: Marks, space: Space, *, first: bool) -> Any:
    """The suggested shift with its intervals, and accuracy."""
    alt = altair()
    frame = _named(curve.responses, named)
    x, y = _steps(True), _axis("value:Q", "per cent" if first else None, scale)
    colour, shape = _marks(named, space)
    reach = frame.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=1.2, opacity=0.6)
    layers = [
        reach.encode(x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q", color=colour),
        frame.mark_line(strokeWidth=1.4).encode(x=x, y=y, color=colour),
        frame.mark_point(filled=True, size=36, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
    ]
    return alt.layer(*layers).properties(height=RESPONSE_HEIGHT)


def _steps(labelled: bool) -> Any:
    alt = altair()
    title = "step" if labelled else None
    return alt.X("step:Q", axis=alt.Axis(title=title, format="d", tickMinStep=1, tickCount=4))


def _axis(field: str, title: str | None, scale: Any) -> Any:
    alt = altair()
    return alt.Y(
        field, scale=scale, axis=alt.Axis(title=title, grid=True, labelColor=theme.MUTED, tickCount=5)
    )


@dataclass(frozen=True, slots=True)
class SeriesPanel:
    """Changes of several adapters over one axis.

    Attributes:
        rows: label (the adapter), at, value, low, high (None where there is no interval).
    """

    title: list[str]
    x_title: str
    y_title: str
    rows: list[Point]


def series_panels(panels: Sequence[SeriesPanel], order: Sequence[str], space: Space) -> Any:
    """Lines over scale or steps, distinguished by colour and shape; points at one place stand a little apart."""
    alt = altair()
    drawn = [name for name in order if any(row["label"] == name for panel in panels for row in panel.rows)]
    colour, shape = of_adapters(drawn, space)
    columns, width = space.panels(len(panels), left=0, each=AXIS + 8, least=230, most=3)
    charts = []
    for panel in panels:
        zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=theme.MUTED, strokeDash=[3, 3])
        scale = alt.Scale(domain=domain_of(panel.rows, True), nice=False)
        axis = alt.Axis(title=panel.y_title, grid=True, labelColor=theme.MUTED, tickCount=5, titleLimit=260)
        y = alt.Y("value:Q", scale=scale, axis=axis)
        x = alt.X("place:Q", axis=alt.Axis(title=panel.x_title, tickCount=6), scale=alt.Scale(nice=False))
        frame = alt.Chart(alt.InlineData(values=_apart(panel.rows, drawn)))
        reach = frame.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=1.5, opacity=0.6)
        layers = [
            zero.encode(y=alt.Y("at:Q", scale=scale, title=panel.y_title)),
            reach.encode(x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q", color=colour),
            frame.mark_line(strokeWidth=1.6).encode(x=x, y=y, color=colour),
            frame.mark_point(filled=True, size=64, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
        ]
        charts.append(
            alt.layer(*layers).properties(
                width=width, height=min(max(round(0.6 * width), 190), 280), title=alt.TitleParams(panel.title)
            )
        )
    return grid(charts, columns)


def _apart(rows: Sequence[Point], order: Sequence[str]) -> list[Point]:
    """The rows with the place where each is drawn: beside its own, where several adapters have points there."""
    places = [row["at"] for row in rows]
    width = 0.012 * ((max(places) - min(places)) or 1.0)
    middle = (len(order) - 1) / 2
    return [row | {"place": row["at"] + width * (order.index(row["label"]) - middle)} for row in rows]
