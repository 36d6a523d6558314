"""Scatters of two changes, each point with both its intervals, and what distinguishes adapters in any chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.core.types import Estimate
from sycoscope.report import labels
from sycoscope.report.figures import theme
from sycoscope.report.figures.charts import Row, altair, domain_of, grid
from sycoscope.report.figures.space import EDGE, Space, widest


@dataclass(frozen=True, slots=True)
class Point:
    """One mark of a scatter: x and y with their intervals."""

    label: str
    x: Estimate
    y: Estimate


@dataclass(frozen=True, slots=True)
class Scatter:
    """One scatter: title lines, points, and the titles of its axes."""

    title: list[str]
    points: Sequence[Point]
    x_title: str
    y_title: str


def scatter_panels(panels: Sequence[Scatter], order: Sequence[str], space: Space) -> Any:
    """Crosses of two intervals, distinguished by colour and shape (no labels that could overlap).

    Panels share the x axis, and the y axis where it has the same title in all.
    """
    alt = altair()

    every = [_point_row(point) for panel in panels for point in panel.points]
    drawn = [name for name in order if any(row["label"] == name for row in every)]
    colour, shape = of_adapters(drawn, space)
    one_scale = len({panel.y_title for panel in panels}) == 1
    columns, width = space.panels(
        len(panels), left=58 if one_scale else 12, each=0 if one_scale else 46, least=190, most=3
    )
    xs = _extent(every, "x")
    charts = []
    for i, panel in enumerate(panels):
        own = every if one_scale else [_point_row(point) for point in panel.points]
        ys = _extent(own, "y")
        zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=theme.MUTED, strokeDash=[3, 3])
        titled = not one_scale or i % columns == 0
        layers = [
            zero.encode(x=alt.X("at:Q", scale=alt.Scale(domain=xs), title=panel.x_title)),
            zero.encode(y=alt.Y("at:Q", scale=alt.Scale(domain=ys), title=panel.y_title)),
            *_crosses(panel, xs, ys, colour, shape, titled=titled),
        ]
        height = min(max(round(0.62 * width), 200), 300)
        charts.append(
            alt.layer(*layers).properties(width=width, height=height, title=alt.TitleParams(panel.title))
        )
    return grid(charts, columns)


def _extent(table: Sequence[Row], side: str) -> list[float]:
    """The range of one axis of a scatter."""
    keys = {"low": f"{side}low", "value": side, "high": f"{side}high"}
    return domain_of([{key: row[own] for key, own in keys.items()} for row in table], True)


def of_adapters(names: Sequence[str], space: Space) -> tuple[Any, Any]:
    """Colour and shape that distinguish the adapters; their legend stands below the panels."""
    alt = altair()

    colours, shapes = marks_of(len(names))
    sort, title = list(names), "adapter"
    columns = max(1, int((space.width - EDGE) / (widest(names) + 40)))
    legend = alt.Legend(symbolOpacity=1, labelLimit=space.width, orient="bottom", columns=columns)
    colour = alt.Color(
        "label:N", sort=sort, title=title, scale=alt.Scale(domain=sort, range=colours), legend=legend
    )
    shape = alt.Shape(
        "label:N", sort=sort, title=title, scale=alt.Scale(domain=sort, range=shapes), legend=legend
    )
    return colour, shape


def marks_of(n: int) -> tuple[list[str], list[str]]:
    """Colours and shapes of `n` adapters: no two have both the same."""
    colours = [theme.SERIES[i % len(theme.SERIES)] for i in range(n)]
    # the shapes go round at another pace than the colours, so that no two of many adapters look alike
    shapes = [theme.SHAPES[(i + i // len(theme.SERIES)) % len(theme.SHAPES)] for i in range(n)]
    return colours, shapes


def _crosses(
    panel: Scatter, xs: Sequence[float], ys: Sequence[float], colour: Any, shape: Any, *, titled: bool
) -> list[Any]:
    """The marks of one scatter panel: both intervals of each point, and the point."""
    alt = altair()

    x = alt.X("x:Q", scale=alt.Scale(domain=xs), axis=alt.Axis(title=panel.x_title))
    title = panel.y_title if titled else None
    y_axis = alt.Axis(title=title, grid=True, labelColor=theme.MUTED, titleLimit=300, tickCount=5)
    y = alt.Y("y:Q", scale=alt.Scale(domain=ys), axis=y_axis)
    frame = alt.Chart(alt.InlineData(values=[_point_row(point) for point in panel.points]))
    interval = frame.mark_rule(opacity=0.35, strokeWidth=1.5)
    return [
        interval.encode(x=alt.X("xlow:Q"), x2="xhigh:Q", y=y, color=colour),
        interval.encode(y=alt.Y("ylow:Q"), y2="yhigh:Q", x=x, color=colour),
        frame.mark_point(filled=True, size=110, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
    ]


def _point_row(point: Point) -> Row:
    x, y = point.x, point.y
    sx, sy = labels.scale_of(x), labels.scale_of(y)
    ends = {
        "x": (x.value, sx),
        "xlow": (x.low, sx),
        "xhigh": (x.high, sx),
        "y": (y.value, sy),
        "ylow": (y.low, sy),
        "yhigh": (y.high, sy),
    }
    row: Row = {"label": point.label}
    row.update({key: None if value is None else value * scale for key, (value, scale) in ends.items()})
    return row
