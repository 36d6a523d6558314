"""A table of coloured cells with their numbers written in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.report.figures import theme
from sycoscope.report.figures.charts import altair, grid
from sycoscope.report.figures.space import EDGE, SMALL, Space, widest

LINE = 14  # from one line of a cell to the next, in pixels


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        value: In [-1, 1], decides the colour; None leaves the cell without one. lines: what is written in it.
    """

    row: str
    column: str
    value: float | None
    lines: Sequence[str]


def heat_map(cells: Sequence[Cell], space: Space, title: str) -> Any:
    """Cells from -1 (blue) over 0 (pale) to 1 (orange); one without a value has an outline and its words."""
    alt = altair()

    rows = list(dict.fromkeys(cell.row for cell in cells))
    columns = list(dict.fromkeys(cell.column for cell in cells))
    lines = max(len(cell.lines) for cell in cells)
    left = widest(rows) + 12 if not space.inside else min(widest(rows) + 12, 110)
    least = widest((line for cell in cells for line in cell.lines), SMALL + 1) + 10
    width = max(least, (space.width - EDGE - left) / len(columns))
    legend = alt.Legend(title=title, orient="top", gradientLength=min(200, space.width - 80), tickCount=5)
    scale = alt.Scale(domain=[-1, 0, 1], range=list(theme.HEAT))
    x = alt.X(
        "column:N",
        sort=columns,
        title=None,
        axis=alt.Axis(orient="top", labelAngle=0, labelLimit=width - 6, labelColor=theme.INK, labelPadding=6),
    )
    y = alt.Y("row:N", sort=rows, title=None, axis=alt.Axis(labelLimit=left))
    frame = alt.Chart(alt.InlineData(values=[_row(cell, lines) for cell in cells])).encode(x=x, y=y)
    known, unknown = frame.transform_filter("datum.known"), frame.transform_filter("!datum.known")
    layers = [
        known.mark_rect(stroke=theme.PAPER, strokeWidth=2).encode(
            color=alt.Color("value:Q", scale=scale, legend=legend)
        ),
        unknown.mark_rect(fill=None, stroke=theme.RULE, strokeDash=[3, 3], strokeWidth=1),
    ]
    for i in range(lines):
        dy = LINE * (i - (lines - 1) / 2)
        size = SMALL + 3 if i == 0 else SMALL
        for part, colour in ((known, theme.CELL_INK), (unknown, theme.MUTED)):
            mark = part.mark_text(dy=dy, fontSize=size if part is known else SMALL, color=colour)
            layers.append(mark.encode(text=f"line{i}:N"))
    height = (lines * LINE + 12) * len(rows)
    return grid([alt.layer(*layers).properties(width=width * len(columns), height=height)], 1)


def _row(cell: Cell, lines: int) -> dict[str, Any]:
    written = {f"line{i}": line for i, line in enumerate(cell.lines)}
    # a cell of fewer lines than others would show the word `undefined`
    written = {f"line{i}": "" for i in range(lines)} | written
    return {
        "row": cell.row,
        "column": cell.column,
        "value": cell.value,
        "known": cell.value is not None,
    } | written
