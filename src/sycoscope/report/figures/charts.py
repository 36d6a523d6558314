"""The few kinds of chart that the figures are made of (altair is loaded on first use)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sycoscope.core.types import Estimate
from sycoscope.report import labels
from sycoscope.report.figures import theme
from sycoscope.report.figures.space import GAP, SMALL, TEXT, Space, widest
from sycoscope.report.view import View

Row = dict[str, str | float | None]
NAME_HEIGHT = 18  # of a row's name above its marks, in pixels
MARK = 5  # half the height of a point, in pixels
BAR = 0.62  # height of a bar in its row


@dataclass(frozen=True, slots=True)
class Panel:
    """One small chart: title lines, rows, and the title of its x axis.

    Attributes:
        ends: Label of a row -> what stands at its right end.
    """

    title: list[str]
    rows: list[Row]
    x_title: str
    ends: Mapping[str, str] = field(default_factory=dict)


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
    """How panels of rows are laid out.

    Attributes:
        order: The rows, from the top. series: name -> colour, in order; they stand side by side within a row.
        row_height: In pixels, beside the row's name. space, least, most: see `Space.panels`.
        zero: Draw a line at 0. shared: the same x axis in every panel. domain: of the x axis, where it is fixed.
        legend: Whether the series are named above the panels. apart: Whether they stand above each other in a row.
        whole: Whether the x axis counts in whole numbers.
    """

    order: Sequence[str]
    series: Mapping[str, str]
    row_height: int
    space: Space
    least: int = 150
    most: int = 4
    zero: bool = False
    shared: bool = False
    domain: Sequence[float] | None = None
    legend: bool = True
    apart: bool = True
    whole: bool = False

    @property
    def inside(self) -> bool:
        """Whether the name of a row stands above its marks."""
        return self.space.inside

    @property
    def height(self) -> int:
        """Of one row, with its name where that stands above its marks; in pixels."""
        return self.row_height + (NAME_HEIGHT if self.inside else 0)

    @property
    def middle(self) -> float:
        """Of the marks in a row, in pixels from the row's top."""
        return self.height - self.row_height / 2

    def panels(self, panels: Sequence[Panel]) -> tuple[int, int]:
        """(columns, width of a panel in pixels)."""
        left = 0.0 if self.inside else widest(self.order) + 12
        each = widest((end for panel in panels for end in panel.ends.values()), SMALL)
        return self.space.panels(
            len(panels), left=left, each=each + 8 if each else 0, least=self.least, most=self.most
        )


def interval_panels(panels: Sequence[Panel], layout: Layout) -> Any:
    """Points with intervals, one row each, series side by side within the row."""
    names = [name for name in layout.series if any(row["series"] == name for p in panels for row in p.rows)]
    every = [row for panel in panels for row in panel.rows]
    domain = layout.domain or (domain_of(every, layout.zero) if layout.shared else None)
    columns, width = layout.panels(panels)
    drawn = [
        _interval_panel(panel, layout, names, domain, width, labelled=layout.inside or i % columns == 0)
        for i, panel in enumerate(panels)
    ]
    return grid(drawn, columns)


def _interval_panel(
    panel: Panel,
    layout: Layout,
    names: Sequence[str],
    domain: Sequence[float] | None,
    width: int,
    *,
    labelled: bool,
) -> Any:
    alt = altair()

    scale = alt.Scale(domain=domain or domain_of(panel.rows, layout.zero), nice=domain is None, zero=False)
    first, last = _places_in_row(layout, len(names))
    y = _rows_axis(layout, (last - first) / 2 + MARK, labelled=labelled)
    place = alt.Scale(type="point", padding=0, range=[first, last])
    offset = {"yOffset": alt.YOffset("series:N", sort=names, scale=place)}
    layers = [_zero_line(scale, panel.x_title)] if layout.zero else []
    frame = alt.Chart(alt.InlineData(values=panel.rows)).encode(y=y, **offset)
    layers += _points(frame, layout, names, scale, panel.x_title)
    alone, beside = _unshown(panel.rows)
    layers.append(_why(alt.Chart(alt.InlineData(values=alone)).encode(y=y, **offset)))
    layers += [
        _why(alt.Chart(alt.InlineData(values=words)).encode(y=y, **offset), x, align)
        for words, x, align in _places(beside, panel.rows, width)
    ]
    if panel.ends:
        layers.append(_row_ends(panel, layout).encode(y=y, x=alt.value(width), text="at_end:N"))
    height = layout.height * len(layout.order)
    return alt.layer(*layers).properties(width=width, height=height, title=alt.TitleParams(panel.title))


def _places_in_row(layout: Layout, n: int) -> list[float]:
    """Where in a row the first and the last of its `n` series stand, in pixels from the row's top."""
    middle = layout.middle
    apart = 0.0 if not layout.apart else min(10.0, 0.5 * layout.row_height / max(n - 1, 1))
    reach = apart * (n - 1) / 2
    return [middle - reach, middle + reach]


def _rows_axis(layout: Layout, reach: float, *, labelled: bool) -> Any:
    """The y axis of rows: their names beside the panel, or each close above its marks, which reach so far up."""
    alt = altair()

    if not labelled:
        axis = alt.Axis(labels=False)
    elif layout.inside:
        up = layout.middle - reach - TEXT / 2 - 1 - layout.height / 2
        axis = alt.Axis(
            labelAlign="left", labelPadding=0, labelOffset=up, labelLimit=layout.space.width, zindex=1
        )
    else:
        axis = alt.Axis()
    order = list(layout.order)
    scale = alt.Scale(domain=order, paddingInner=0, paddingOuter=0)
    return alt.Y("row:N", sort=order, title=None, scale=scale, axis=axis)


def _points(frame: Any, layout: Layout, names: Sequence[str], scale: Any, x_title: str) -> list[Any]:
    """The marks of one panel: the intervals, the points."""
    alt = altair()

    axis = alt.Axis(title=x_title, **({"tickMinStep": 1, "format": "d"} if layout.whole else {}))
    colour = _of_series(alt.Color, layout, names, [layout.series[name] for name in names])
    shape = _of_series(alt.Shape, layout, names, theme.SHAPES[: len(names)])
    value = alt.X("value:Q", scale=scale, axis=axis)
    return [
        frame.mark_rule(strokeWidth=2.5).encode(
            x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q", color=colour
        ),
        frame.mark_point(filled=True, size=75, opacity=1).encode(x=value, color=colour, shape=shape),
    ]


def _of_series(channel: Any, layout: Layout, names: Sequence[str], values: Sequence[str]) -> Any:
    """The channel (colour or shape) that distinguishes the series."""
    alt = altair()

    scale = alt.Scale(domain=names, range=values)
    columns = 1 if layout.inside else 0
    legend = (
        alt.Legend(orient="top", columns=columns, labelLimit=layout.space.width) if layout.legend else None
    )
    return channel("series:N", sort=names, title=None, scale=scale, legend=legend)


def _zero_line(scale: Any, title: str) -> Any:
    alt = altair()

    mark = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=theme.MUTED, strokeDash=[3, 3])
    return mark.encode(x=alt.X("at:Q", scale=scale, title=title))


def _row_ends(panel: Panel, layout: Layout) -> Any:
    """What stands at the rows' right ends, at the height of their marks."""
    alt = altair()

    ends = [{"row": row, "at_end": panel.ends[row]} for row in layout.order if row in panel.ends]
    down = (layout.height - layout.row_height) / 2
    mark = alt.Chart(alt.InlineData(values=ends)).mark_text(
        align="left", dx=8, dy=down, fontSize=SMALL, color=theme.MUTED
    )
    return mark


def bar_panels(panels: Sequence[Panel], layout: Layout) -> Any:
    """Horizontal bars from 0 with intervals, one panel per benchmark."""
    alt = altair()

    columns, width = layout.panels(panels)
    scale = alt.Scale(domain=layout.domain)
    names = list(layout.series)
    colour = _of_series(alt.Color, layout, names, [layout.series[name] for name in names])
    middle = layout.middle
    charts = []
    for i, panel in enumerate(panels):
        y = _rows_axis(layout, BAR / 2 * layout.row_height, labelled=layout.inside or i % columns == 0)
        offset = {
            "yOffset": alt.YOffset(
                "place:N", scale=alt.Scale(type="point", padding=0, domain=["at"], range=[middle, middle])
            )
        }
        x = alt.X("value:Q", scale=scale, axis=alt.Axis(title=panel.x_title))
        table = [row | {"place": "at"} for row in panel.rows]
        frame = alt.Chart(alt.InlineData(values=table)).encode(y=y, **offset)
        layers = [
            frame.mark_bar(height=layout.row_height * BAR).encode(x=x, color=colour),
            frame.mark_rule(strokeWidth=2, color=theme.INK).encode(x=alt.X("low:Q"), x2="high:Q"),
            _why(frame.transform_filter("datum.why !== ''")),
        ]
        if panel.ends:
            layers.append(_row_ends(panel, layout).encode(y=y, x=alt.value(width), text="at_end:N"))
        charts.append(
            alt.layer(*layers).properties(
                width=width, height=layout.height * len(layout.order), title=alt.TitleParams(panel.title)
            )
        )
    return grid(charts, columns)


def _why(frame: Any, x: int = 4, align: str = "left") -> Any:
    """The word in place of a number, at `x` pixels from the left."""
    alt = altair()

    mark = frame.mark_text(align=align, baseline="middle", fontSize=11, color=theme.MUTED)
    return mark.encode(x=alt.value(x), text="why:N")


def _places(beside: Sequence[Row], table: Sequence[Row], width: int) -> list[tuple[Sequence[Row], int, str]]:
    """(words, x, align) of words that share their row with a neighbour's interval: at the side that it leaves free."""
    ends = [value for row in table for key in ("low", "high") if isinstance(value := row[key], float)]
    middle = (min(ends) + max(ends)) / 2 if ends else 0.0
    lows = {row["row"]: low for row in table if isinstance(low := row["low"], float)}
    left = [row for row in beside if lows.get(row["row"], middle) < middle]
    return [([row for row in beside if row not in left], 4, "left"), (left, width - 4, "right")]


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


def grid(panels: Sequence[Any], columns: int) -> Any:
    """Panels in lines of so many, with the settings of every figure."""
    alt = altair()

    lines = [alt.hconcat(*panels[i : i + columns], spacing=GAP) for i in range(0, len(panels), columns)]
    chart = alt.vconcat(*lines, spacing=24) if len(lines) > 1 else lines[0]
    return chart.configure(**theme.config())


def altair() -> Any:
    """The library, untyped: its generated signatures refuse what its documentation shows."""
    import altair as library

    return library
