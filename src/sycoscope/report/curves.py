"""The chart of a training: its losses over the steps, and under them what the model answered meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.report import theme
from sycoscope.report.charts import Row, altair, domain_of, grid

Point = dict[str, Any]
WIDTH, LOSS_HEIGHT, RESPONSE_HEIGHT = 190, 130, 80


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


def curve_panels(curves: Sequence[Curve], columns: int = 4) -> Any:
    """Loss over steps, one panel per adapter, the same y axis in all; so too the responses, where there are any."""
    alt = altair()
    every = [point["loss"] for curve in curves for point in curve.losses]
    scale = alt.Scale(domain=domain_of([_row(loss) for loss in every], False), nice=True, zero=False)
    ends = [_row(p["value"], p["low"], p["high"]) for curve in curves for p in curve.responses]
    shares = alt.Scale(domain=domain_of(ends, True), nice=True, zero=False) if ends else None
    panels = []
    for i, curve in enumerate(curves):
        first = i % columns == 0
        panel = _losses(curve, scale, first=first, last=shares is None)
        if shares is not None:
            panel = alt.vconcat(panel, _responses(curve, shares, first=first), spacing=6)
        panels.append(panel)
    return grid(panels, columns)


def _row(value: float, low: float | None = None, high: float | None = None) -> Row:
    return {"value": value, "low": low, "high": high}


def _losses(curve: Curve, scale: Any, *, first: bool, last: bool) -> Any:
    alt = altair()
    frame = alt.Chart(alt.InlineData(values=curve.losses))
    x, y = _steps(last), _axis("loss:Q", "loss, nats per token" if first else None, scale)
    return alt.layer(
        frame.transform_filter("datum.series === 'training'")
        .mark_line(color=theme.BLUE, strokeWidth=1.8)
        .encode(x=x, y=y),
        frame.transform_filter("datum.series === 'validation'")
        .mark_point(color=theme.VERMILLION, shape="diamond", filled=True, size=60, opacity=1)
        .encode(x=x, y=y),
    ).properties(width=WIDTH, height=LOSS_HEIGHT, title=alt.TitleParams(curve.title))


def _responses(curve: Curve, scale: Any, *, first: bool) -> Any:
    """The suggested shift with its intervals, and accuracy."""
    alt = altair()
    frame = alt.Chart(alt.InlineData(values=curve.responses))
    x, y = _steps(True), _axis("value:Q", "per cent" if first else None, scale)
    layers = []
    for series, colour, shape in (("accuracy", theme.GREEN, "circle"), ("shift", theme.PURPLE, "square")):
        mine = frame.transform_filter(f"datum.series === '{series}'")
        if series == "shift":
            reach = mine.transform_filter("isValid(datum.low)")
            layers.append(
                reach.mark_rule(color=colour, strokeWidth=1.2, opacity=0.6).encode(
                    x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q"
                )
            )
        layers.append(mine.mark_line(color=colour, strokeWidth=1.4).encode(x=x, y=y))
        layers.append(
            mine.mark_point(color=colour, shape=shape, filled=True, size=36, opacity=1).encode(x=x, y=y)
        )
    return alt.layer(*layers).properties(width=WIDTH, height=RESPONSE_HEIGHT)


def _steps(labelled: bool) -> Any:
    alt = altair()
    title = "step" if labelled else None
    return alt.X("step:Q", axis=alt.Axis(title=title, format="d", tickMinStep=1, tickCount=4))


def _axis(field: str, title: str | None, scale: Any) -> Any:
    alt = altair()
    return alt.Y(
        field, scale=scale, axis=alt.Axis(title=title, grid=True, labelColor=theme.MUTED, tickCount=5)
    )
