"""The few kinds of chart that the figures are made of (altair is loaded on first use)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sycoscope.core.types import Estimate
from sycoscope.report import labels, theme
from sycoscope.report.view import View

Row = dict[str, str | float | None]


@dataclass(frozen=True, slots=True)
class Panel:
    """One small chart: title lines, rows, and the title of its x axis."""

    title: list[str]
    rows: list[Row]
    x_title: str


@dataclass(frozen=True, slots=True)
class Point:
    """One mark of a scatter: x and y with their intervals."""

    label: str
    x: Estimate
    y: Estimate


def rows(
    estimates: Iterable[Estimate], view: View, series: Callable[[Estimate], str], label: str = ""
) -> list[Row]:
    """Rows for a chart; what is withheld or missing keeps its row, with a word and without a number."""
    table: list[Row] = []
    for e in estimates:
        scale = labels.scale_of(e)
        shown = e.shown and e.value is not None
        table.append(
            {
                "row": label or view.short(e.subject),
                "series": series(e),
                "value": None if not shown or e.value is None else e.value * scale,
                "low": None if not shown or e.low is None else e.low * scale,
                "high": None if not shown or e.high is None else e.high * scale,
                "why": "" if shown else ("× withheld" if e.state == "withheld" else "— no value"),
            }
        )
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How panels of points with intervals are laid out.

    Attributes:
        order: The rows, from the top. series: name -> colour, in order; they stand side by side within a row.
        row_height, width: In pixels. columns: panels beside each other.
        zero: Draw a line at 0. join: a thin line between a row's two points. shared: the same x axis in every panel.
        row_ends: Panel's title and row's label, joined by a line break -> what stands at the row's right end.
    """

    order: Sequence[str]
    series: Mapping[str, str]
    row_height: int
    width: int
    zero: bool
    join: bool = False
    columns: int = 4
    shared: bool = False
    row_ends: Mapping[str, str] = field(default_factory=dict)


def interval_panels(panels: Sequence[Panel], layout: Layout) -> Any:
    """Points with intervals, one row each, series side by side within the row."""
    names = [name for name in layout.series if any(row["series"] == name for p in panels for row in p.rows)]
    domain = (
        domain_of([row for panel in panels for row in panel.rows], layout.zero) if layout.shared else None
    )
    drawn = [
        _interval_panel(panel, layout, names, domain, labelled=i % layout.columns == 0)
        for i, panel in enumerate(panels)
    ]
    return grid(drawn, layout.columns)


def _interval_panel(
    panel: Panel, layout: Layout, names: Sequence[str], domain: Sequence[float] | None, *, labelled: bool
) -> Any:
    alt = altair()

    order = list(layout.order)
    scale = alt.Scale(domain=domain or domain_of(panel.rows, layout.zero), nice=not layout.shared, zero=False)
    y = alt.Y("row:N", sort=order, title=None, scale=alt.Scale(domain=order), axis=_labels(labelled))
    apart = alt.YOffset("series:N", sort=names, scale=alt.Scale(paddingOuter=0.7))
    offset = {} if layout.join else {"yOffset": apart}
    layers = [_zero_line(scale, panel.x_title)] if layout.zero else []
    frame = alt.Chart(alt.InlineData(values=panel.rows)).encode(y=y, **offset)
    layers += _points(frame, layout, names, scale, panel.x_title)
    alone, beside = _unshown(panel.rows)
    layers.append(_why(alt.Chart(alt.InlineData(values=alone)).encode(y=y)))
    layers += [
        _why(alt.Chart(alt.InlineData(values=words)).encode(y=y, **offset), x, align)
        for words, x, align in _places(beside, panel.rows, layout)
    ]
    if layout.row_ends:
        ends = _row_ends(panel, layout)
        layers.append(ends.encode(y=y, x=alt.value(layout.width), text="at_end:N"))
    height = layout.row_height * len(order)
    return alt.layer(*layers).properties(
        width=layout.width, height=height, title=alt.TitleParams(panel.title)
    )


def _points(frame: Any, layout: Layout, names: Sequence[str], scale: Any, x_title: str) -> list[Any]:
    """The marks of one panel: what joins two points, the intervals, the points."""
    alt = altair()

    axis = alt.Axis(title=x_title)
    colour = _of_series(alt.Color, names, [layout.series[name] for name in names])
    shape = _of_series(alt.Shape, names, ["circle", "diamond"][: len(names)])
    value = alt.X("value:Q", scale=scale, axis=axis)
    line = frame.mark_line(color=theme.RULE, strokeWidth=1.5).encode(x=value, detail="row:N")
    interval = frame.mark_rule(strokeWidth=2.5, opacity=0.55 if layout.join else 1)
    point = frame.mark_point(filled=True, size=75, opacity=1)
    return [
        *([line] if layout.join else []),
        interval.encode(x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q", color=colour),
        point.encode(x=value, color=colour, shape=shape),
    ]


def _of_series(channel: Any, names: Sequence[str], values: Sequence[str]) -> Any:
    """The channel (colour or shape) that distinguishes the series."""
    alt = altair()

    scale = alt.Scale(domain=names, range=values)
    return channel("series:N", sort=names, title=None, scale=scale, legend=_legend())


def _zero_line(scale: Any, title: str) -> Any:
    alt = altair()

    mark = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=theme.MUTED, strokeDash=[3, 3])
    return mark.encode(x=alt.X("at:Q", scale=scale, title=title))


def _row_ends(panel: Panel, layout: Layout) -> Any:
    """What stands at the rows' right ends."""
    alt = altair()

    keys = {row: "\n".join([*panel.title, row]) for row in layout.order}
    ends = [
        {"row": row, "at_end": layout.row_ends[key]} for row, key in keys.items() if key in layout.row_ends
    ]
    return alt.Chart(alt.InlineData(values=ends)).mark_text(
        align="left", dx=8, fontSize=10, color=theme.MUTED
    )


def bar_panels(
    panels: Sequence[Panel],
    order: Sequence[str],
    series: Mapping[str, str],
    *,
    row_height: int,
    width: int,
    columns: int = 4,
) -> Any:
    """Horizontal bars from 0 with intervals, one panel per benchmark."""
    alt = altair()

    names = list(series)
    charts = []
    for i, panel in enumerate(panels):
        y = alt.Y(
            "row:N",
            sort=list(order),
            title=None,
            scale=alt.Scale(domain=list(order), paddingInner=0.35),
            axis=_labels(i % columns == 0),
        )
        x = alt.X("value:Q", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(title=panel.x_title))
        colour = alt.Color(
            "series:N",
            title=None,
            scale=alt.Scale(domain=names, range=[series[n] for n in names]),
            legend=_legend(),
        )
        frame = alt.Chart(alt.InlineData(values=panel.rows)).encode(y=y)
        charts.append(
            alt.layer(
                frame.mark_bar().encode(x=x, color=colour),
                frame.mark_rule(strokeWidth=2, color=theme.INK).encode(x=alt.X("low:Q"), x2="high:Q"),
                _why(frame.transform_filter("datum.why !== ''")),
            ).properties(width=width, height=row_height * len(order), title=alt.TitleParams(panel.title))
        )
    return grid(charts, columns)


def scatter_panels(
    panels: Sequence[tuple[str, Sequence[Point]]], order: Sequence[str], y_title: str, x_title: str
) -> Any:
    """Crosses of two intervals, distinguished by colour and shape (no labels that could overlap)."""
    alt = altair()

    points = [_point_row(point) for _, group in panels for point in group]
    xs = domain_of([{"low": p["xlow"], "high": p["xhigh"], "value": p["x"]} for p in points], True)
    ys = domain_of([{"low": p["ylow"], "high": p["yhigh"], "value": p["y"]} for p in points], True)
    colour, shape = of_adapters([name for name in order if any(p["label"] == name for p in points)])
    columns = 2 if len(panels) > 1 else 1
    drawn = []
    for i, (title, group) in enumerate(panels):
        cross = alt.InlineData(values=[{"at": 0}])
        zero = alt.Chart(cross).mark_rule(color=theme.MUTED, strokeDash=[3, 3])
        layers = [
            zero.encode(x=alt.X("at:Q", scale=alt.Scale(domain=xs), title=x_title)),
            zero.encode(y=alt.Y("at:Q", scale=alt.Scale(domain=ys), title=y_title)),
            *_crosses(group, xs, ys, x_title, y_title if i % columns == 0 else None, colour, shape),
        ]
        drawn.append(alt.layer(*layers).properties(width=310, height=230, title=alt.TitleParams(title)))
    return grid(drawn, columns)


def of_adapters(names: Sequence[str]) -> tuple[Any, Any]:
    """Colour and shape that distinguish the adapters."""
    alt = altair()

    colours = [theme.SERIES[i % len(theme.SERIES)] for i in range(len(names))]
    # the shapes go round at another pace than the colours, so that no two of many adapters look alike
    shapes = [theme.SHAPES[(i + i // len(theme.SERIES)) % len(theme.SHAPES)] for i in range(len(names))]
    colour = alt.Color(
        "label:N",
        sort=names,
        title="adapter",
        scale=alt.Scale(domain=names, range=colours),
        legend=alt.Legend(symbolOpacity=1),
    )
    scale = alt.Scale(domain=names, range=shapes)
    return colour, alt.Shape("label:N", sort=names, title="adapter", scale=scale)


def _crosses(
    points: Sequence[Point],
    xs: Sequence[float],
    ys: Sequence[float],
    x_title: str,
    y_title: str | None,
    colour: Any,
    shape: Any,
) -> list[Any]:
    """The marks of one scatter panel: both intervals of each point, and the point."""
    alt = altair()

    x = alt.X("x:Q", scale=alt.Scale(domain=xs), axis=alt.Axis(title=x_title))
    y_axis = alt.Axis(title=y_title, grid=True, labelColor=theme.MUTED, titleLimit=260, tickCount=5)
    y = alt.Y("y:Q", scale=alt.Scale(domain=ys), axis=y_axis)
    frame = alt.Chart(alt.InlineData(values=[_point_row(point) for point in points]))
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


def _why(frame: Any, x: int = 4, align: str = "left") -> Any:
    """The word in place of a number, at `x` pixels from the left."""
    alt = altair()

    mark = frame.mark_text(align=align, baseline="middle", fontSize=11, color=theme.MUTED)
    return mark.encode(x=alt.value(x), text="why:N")


def _places(
    beside: Sequence[Row], table: Sequence[Row], layout: Layout
) -> list[tuple[Sequence[Row], int, str]]:
    """(words, x, align) of words that share their row with a neighbour's interval.

    Joined points lie on one line, so the word stands beyond the panel; else at the side that the interval leaves free.
    """
    if layout.join:
        return [(beside, layout.width + 8, "left")]
    ends = [value for row in table for key in ("low", "high") if isinstance(value := row[key], float)]
    middle = (min(ends) + max(ends)) / 2 if ends else 0.0
    lows = {row["row"]: low for row in table if isinstance(low := row["low"], float)}
    left = [row for row in beside if lows.get(row["row"], middle) < middle]
    return [([row for row in beside if row not in left], 4, "left"), (left, layout.width - 4, "right")]


def _unshown(table: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Rows without a number: one word for a row that has none at all, else beside its neighbour."""
    numbered = {row["row"] for row in table if not row["why"]}
    alone = {row["row"]: row for row in reversed(table) if row["why"] and row["row"] not in numbered}
    return list(alone.values()), [row for row in table if row["why"] and row["row"] in numbered]


def domain_of(table: Sequence[Mapping[str, Any]], zero: bool) -> list[float]:
    """The range of an axis that holds all values and intervals of these rows; with `zero`: 0 too."""
    values = [row[key] for row in table for key in ("low", "value", "high") if row.get(key) is not None]
    values += [0.0] if zero or not values else []
    low, high = min(values), max(values)
    margin = 0.05 * (high - low) or 1.0
    return [low - margin, high + margin]


def _labels(shown: bool) -> Any:
    alt = altair()

    return alt.Axis() if shown else alt.Axis(labels=False)


def _legend() -> Any:
    return altair().Legend(orient="top", direction="horizontal")


def grid(panels: Sequence[Any], columns: int) -> Any:
    """Panels in lines of so many, with the settings of every figure."""
    alt = altair()

    lines = [alt.hconcat(*panels[i : i + columns], spacing=26) for i in range(0, len(panels), columns)]
    chart = alt.vconcat(*lines, spacing=24) if len(lines) > 1 else lines[0]
    return chart.configure(**theme.config())


def altair() -> Any:
    """The library, untyped: its generated signatures refuse what its documentation shows."""
    import altair as library

    return library
