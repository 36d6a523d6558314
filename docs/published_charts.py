"""Figures of the re-examination: changes with intervals, correlations with n and p, and the two readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sycoscope.published.figures import Figures
from sycoscope.published.numerals import p_text, sign_open, signed
from sycoscope.published.recompute import Change, associations, changes
from sycoscope.published.side_by_side import READERS, Total

# Okabe and Ito (2008): distinguishable in colour-blind vision.
BLUE, VERMILLION, GREY, INK, MUTED = "#0072b2", "#d55e00", "#8b949e", "#1c2127", "#59636e"
KNOWN = "measure with a known fault"
PLAIN = "no known fault of the measure"
OPEN = "sign not fixed: unread answers"
_FONT = "Helvetica, Arial, Liberation Sans, sans-serif"


def change_chart(figures: Figures, limits: Mapping[str, str] | None = None) -> Any:
    """Every adapter's change on every measure.

    Args:
        limits: Measures with a known fault (drawn in another colour).
    """
    import altair as alt

    found = changes(figures)
    panels = []
    for kind, title in (
        ("benchmark", "Benchmarks: change of accuracy"),
        ("facet", "Facets: change of sycophancy"),
    ):
        measures = [name for name in figures.measures(kind) if any(one.measure == name for one in found)]  # type: ignore[arg-type]
        row = [
            _panel(
                [one for one in found if one.measure == name], name, figures.adapters, limits or {}, i == 0
            )
            for i, name in enumerate(measures)
        ]
        if row:
            panels.append(alt.hconcat(*row, spacing=24).properties(title=title))
    return _themed(alt.vconcat(*panels, spacing=28).resolve_scale(color="shared"))


def _panel(
    ones: Sequence[Change], name: str, order: Sequence[str], limits: Mapping[str, str], labelled: bool
) -> Any:
    import altair as alt

    rows = [
        {
            "adapter": one.subject,
            "change": 100 * one.value,
            "low": 100 * one.independent[0],
            "high": 100 * one.independent[1],
            "least": 100 * one.widest[0],
            "most": 100 * one.widest[1],
            "measure": OPEN if sign_open(one) else KNOWN if name in limits else PLAIN,
        }
        for one in ones
    ]
    y = alt.Y(
        "adapter:N",
        sort=list(order),
        title=None,
        axis=alt.Axis(labels=labelled, ticks=False, domain=False, labelPadding=8, labelColor=INK),
    )
    colour = alt.Color(
        "measure:N",
        title=None,
        scale=alt.Scale(domain=[PLAIN, KNOWN, OPEN], range=[BLUE, VERMILLION, GREY]),
        legend=alt.Legend(orient="bottom", symbolType="circle", symbolOpacity=1, labelLimit=320),
    )
    base = alt.Chart(_data(rows)).encode(y=y, color=colour)
    axis = alt.X(
        "least:Q",
        title="percentage points",
        axis=alt.Axis(tickCount=5, grid=True),
        scale=alt.Scale(nice=True),
    )
    zero = alt.Chart(_data([{"zero": 0}])).mark_rule(color=INK, strokeWidth=1).encode(x="zero:Q")
    return alt.layer(
        zero,
        base.mark_bar(opacity=0.22, height=12).encode(x=alt.X("change:Q", title="percentage points")),
        base.mark_rule(strokeWidth=1).encode(x=axis, x2="most:Q"),
        base.mark_rule(strokeWidth=3).encode(x="low:Q", x2="high:Q"),
        base.mark_point(filled=True, size=46, opacity=1).encode(x="change:Q"),
    ).properties(
        width=170, height=150, title=alt.Title(name, fontWeight="normal", fontSize=12, anchor="start")
    )


def correlation_chart(figures: Figures) -> Any:
    """All benchmark-facet correlations with their n, exact p, and p after Holm."""
    import altair as alt

    found = associations(figures)
    rows = [
        {
            "benchmark": one.benchmark,
            "facet": one.facet,
            "r": one.r,
            "told": "none" if one.r is None else signed(one.r, 2),
            "p": f"n {one.n}, p {p_text(one.p_value)}",
            "holm": f"Holm {p_text(one.p_holm)}",
        }
        for one in found
    ]
    base = alt.Chart(_data(rows)).encode(
        x=alt.X(
            "facet:N",
            sort=list(figures.measures("facet")),
            title=None,
            axis=alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False, labelColor=INK),
        ),
        y=alt.Y(
            "benchmark:N",
            sort=list(figures.measures("benchmark")),
            title=None,
            axis=alt.Axis(ticks=False, domain=False, labelColor=INK),
        ),
    )
    scale = alt.Scale(domain=[-1, 0, 1], range=["#5aa2d0", "#f7f7f7", "#ee8a4b"])
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color("r:Q", scale=scale, title="r", legend=alt.Legend(gradientLength=160))
    )
    lines = [
        base.mark_text(dy=dy, fontSize=size, color=INK).encode(text=f"{name}:N")
        for name, dy, size in (("told", -13, 15), ("p", 5, 10), ("holm", 19, 10))
    ]
    return _themed(
        alt.layer(cells, *lines)
        .resolve_scale(color="independent")
        .properties(
            width=120 * len(figures.measures("facet")), height=62 * len(figures.measures("benchmark"))
        )
    )


def reading_chart(found: Sequence[Total]) -> Any:
    """The same transcripts by each reader: the share unread at first, and the rate that it reports."""
    import altair as alt

    rows: list[dict[str, Any]] = []
    for one in found:
        name = f"{one.facet}, {one.condition}"
        rows.append(
            {
                "what": name, "reader": one.reader, "share": 100 * one.unread / one.n, "low": None,
                "high": None, "told": f"{one.unread} of {one.n}", "panel": "first answer unread, per cent",
            }
        )  # fmt: skip
        if one.rate.value is not None:
            rows.append(
                {
                    "what": name, "reader": one.reader, "share": 100 * one.rate.value,
                    "low": 100 * (one.rate.low or 0.0), "high": 100 * (one.rate.high or 0.0),
                    "told": f"{one.turned} of {one.at_risk}", "panel": "counted as giving way, per cent",
                }
            )  # fmt: skip
    order = list(dict.fromkeys(row["what"] for row in rows))
    panels = [
        _reading_panel([r for r in rows if r["panel"] == p], order, p)
        for p in dict.fromkeys(r["panel"] for r in rows)
    ]
    return _themed(alt.hconcat(*panels, spacing=50))


def _reading_panel(rows: Sequence[Mapping[str, Any]], order: Sequence[str], title: str) -> Any:
    import altair as alt

    y = alt.Y(
        "what:N",
        sort=list(order),
        title=None,
        axis=alt.Axis(labelColor=INK, ticks=False, domain=False, labelLimit=320, labelPadding=8),
    )
    offset = alt.YOffset("reader:N", sort=list(READERS))
    colour = alt.Color(
        "reader:N",
        sort=list(READERS),
        title=None,
        scale=alt.Scale(domain=list(READERS), range=[VERMILLION, "#e69f00", BLUE]),
        legend=alt.Legend(orient="bottom"),
    )
    base = alt.Chart(_data(rows)).encode(y=y, yOffset=offset)
    domain = alt.Scale(domain=[0, 100])
    return alt.layer(
        base.mark_bar(opacity=0.85).encode(x=alt.X("share:Q", title=title, scale=domain), color=colour),
        base.mark_rule(color=INK, strokeWidth=1.5).encode(x="low:Q", x2="high:Q"),
        base.mark_text(align="left", dx=6, fontSize=9, color=MUTED).encode(x=alt.datum(100), text="told:N"),
    ).properties(width=260, height=alt.Step(16))


def _data(rows: Sequence[Mapping[str, Any]]) -> Any:
    import altair as alt

    return alt.InlineData(values=list(rows))


def _themed(chart: Any) -> Any:
    rule = "#d9dee3"
    return chart.configure(
        background="white",
        font=_FONT,
        padding=10,
        view={"stroke": None},
        title={"color": INK, "anchor": "start", "fontSize": 13},
        axis={
            "labelColor": MUTED,
            "titleColor": MUTED,
            "titleFontWeight": "normal",
            "gridColor": rule,
            "domainColor": rule,
            "tickColor": rule,
            "labelFontSize": 11,
            "titleFontSize": 11,
        },
    )


def save_charts(
    charts: Mapping[str, Any], folder: str | Path, endings: Sequence[str] = ("svg", "png")
) -> list[Path]:
    """Write each chart as `NAME.ENDING`; returns the paths."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, chart in charts.items():
        for ending in endings:
            path = target / f"{name}.{ending}"
            chart.save(str(path), **({"scale_factor": 2} if ending == "png" else {}))
            written.append(path)
    return written
