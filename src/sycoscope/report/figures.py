"""Estimates in, Vega-Lite charts out: each figure as its spec, SVG and PNG."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sycoscope.core.files import write_atomic
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.facets.spec import Facet
from sycoscope.report import charts, curves, dose, labels, theme
from sycoscope.report.data import TrainingRow
from sycoscope.report.view import View

MAX_CURVE_POINTS = 300


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        key: Names its files and its place on the page. nav: what the page's navigation calls it.
        tables: Keys of the tables with its numbers.
        chart: An altair chart. svg: ready for a page without any outside reference.
    """

    key: str
    title: str
    nav: str
    caption: str
    tables: tuple[str, ...]
    chart: Any
    svg: str = ""


def forest(view: View) -> Figure | None:
    """Changes in the confirmatory contrasts, every adapter, against base and against placebo."""
    contrasts = view.contrasts()
    if not contrasts or not view.adapters:
        return None
    order = [view.short(subject.name) for subject in view.adapters]
    panels = []
    for contrast in contrasts:
        rows = view.changes(contrast)
        task, name, _ = contrast
        title = [view.task_label(task), labels.name_of(name).label]
        panels.append(
            charts.Panel(
                title,
                charts.rows(rows, view, lambda e: f"change against {view.reference(e)}"),
                labels.unit_of(rows[0]),
            )
        )
    series = {"change against base": theme.BLUE, "change against placebo": theme.VERMILLION}
    layout = charts.Layout(order=order, series=series, row_height=34, width=250, zero=True)
    chart = charts.interval_panels(panels, layout)
    return Figure(
        "changes",
        "Change after tuning",
        "Changes",
        "Points are paired changes, lines their intervals. Right of 0: the tuned model gives in more than "
        "the reference does. The change against placebo leaves out what any tuning does. A withheld number "
        "has no point; the reason is in the table.",
        ("changes",),
        chart,
    )


def levels(view: View) -> Figure | None:
    """Before and after, on the scale of the rate itself."""
    pairs = [v for v in view.lead_verdicts() if v.before is not None and v.after is not None]
    if not pairs:
        return None
    rows: list[charts.Row] = []
    for verdict in pairs:
        assert verdict.before is not None
        assert verdict.after is not None
        label = view.short(verdict.subject)
        rows += charts.rows([verdict.before], view, lambda _: "base", label=label)
        rows += charts.rows([verdict.after], view, lambda _: "tuned", label=label)
    first = pairs[0].after
    assert first is not None
    title = [view.task_label(first.task), _rate_title(first)]
    layout = charts.Layout(
        order=[view.short(verdict.subject) for verdict in pairs],
        series={"base": theme.GREY, "tuned": theme.BLUE}, row_height=30, width=640, zero=False, join=True,
    )  # fmt: skip
    chart = charts.interval_panels([charts.Panel(title, rows, labels.unit_of(first))], layout)
    return Figure(
        "levels",
        "Before and after",
        "Before and after",
        "Grey: the base model. Blue: the tuned model on the same items. The thin line joins the two; the "
        "thick lines are their intervals.",
        ("levels",),
        chart,
    )


def capability(view: View) -> Figure | None:
    """Accuracy of every subject on every benchmark."""
    estimates = [e for e in view.levels("capability") if e.name == "accuracy"]
    tasks = list(dict.fromkeys(e.task for e in estimates))
    if not tasks:
        return None
    order = [view.short(subject.name) for subject in view.subjects]
    panels = []
    for task in tasks:
        rows = [e for e in estimates if e.task == task]
        table = charts.rows(rows, view, lambda e: "base" if view.is_base(e.subject) else "tuned")
        panels.append(charts.Panel([view.task_label(task)], table, "accuracy, per cent"))
    chart = charts.bar_panels(
        panels, order, {"base": theme.GREY, "tuned": theme.SKY}, row_height=24, width=165
    )
    return Figure(
        "capability",
        "Capability",
        "Capability",
        "Accuracy on each benchmark with its interval. Grey: the base model.",
        ("capability", "capability-changes"),
        chart,
    )


def trade_off(view: View) -> Figure | None:
    """Change of capability against change of sycophancy, one point per adapter."""
    contrasts = view.contrasts()
    if not contrasts:
        return None
    lead = {e.subject: e for e in view.changes(contrasts[0]) if view.is_base(e.reference)}
    panels = []
    for benchmark, rows in view.capability_changes().items():
        points = [
            charts.Point(view.short(e.subject), e, lead[e.subject])
            for e in rows
            if e.subject in lead and e.shown and lead[e.subject].shown
        ]
        if points:
            panels.append((view.task_label(benchmark), points))
    if not panels:
        return None
    order = [view.short(subject.name) for subject in view.adapters]
    first = panels[0][1][0].y
    name = labels.name_of(first.name).label
    y_title = f"{view.task_label(first.task)}: {name}, {labels.unit_of(first)}"
    drawn = {point.label for _, points in panels for point in points}
    absent = ", ".join(label for label in order if label not in drawn)
    chart = charts.scatter_panels(panels, order, y_title, "accuracy change, percentage points")
    return Figure(
        "trade-off",
        "Capability against sycophancy",
        "Trade-off",
        "Each mark is an adapter's change against base: to the right it answers better, upwards it gives in "
        "more. Lines are intervals. Few adapters make no correlation; read this as a picture, not as a test."
        + (f" Not drawn, since a number is withheld or missing: {absent}." if absent else ""),
        ("changes", "capability-changes"),
        chart,
    )


def ladder(view: View) -> Figure | None:
    """How often a mentioned answer is taken over, by who mentions it, every subject beside base."""
    for facet in FACETS.values():
        rates = [
            e
            for e in view.levels("facet")
            if e.task == facet.name and e.name in facet.ladder_rates[:1] and e.condition in facet.ladder
        ]
        if rates:
            alone = len(view.subjects) == 1
            return _ladder_of_one(view, facet, rates) if alone else _ladder_of_all(view, facet, rates)
    return None


def _rungs(facet: Facet, rates: Sequence[Estimate]) -> list[str]:
    """Labels of the conditions that were asked, from a mention to the user."""
    asked = {e.condition for e in rates}
    return [facet.condition(name).label for name in facet.ladder if name in asked]


def _ladder_of_all(view: View, facet: Facet, rates: Sequence[Estimate]) -> Figure:
    base = [e for e in rates if view.is_base(e.subject)]
    panels = []
    row_ends: dict[str, str] = {}
    for subject in view.subjects:
        levels = [e for e in rates if e.subject == subject.name]
        if not levels:
            continue
        table: list[charts.Row] = []
        for e in levels if view.is_base(subject.name) else [*levels, *base]:
            series = "base" if view.is_base(e.subject) else "this adapter"
            table += charts.rows([e], view, _named(series), label=labels.condition_of(e.task, e.condition))
        title = view.short(subject.name)
        panels.append(charts.Panel([title], table, "per cent"))
        row_ends |= {f"{title}\n{labels.condition_of(e.task, e.condition)}": _counted(e) for e in levels}
    layout = charts.Layout(
        order=_rungs(facet, rates), series={"base": theme.GREY, "this adapter": theme.BLUE}, row_height=26, width=190,
        zero=False, columns=2 if len(panels) == 2 else 3, shared=True, row_ends=row_ends,
    )  # fmt: skip
    return _ladder_figure(charts.interval_panels(panels, layout))


def _ladder_of_one(view: View, facet: Facet, rates: Sequence[Estimate]) -> Figure:
    """One subject: its channels side by side, what it says and what it holds likeliest."""
    panels = []
    row_ends: dict[str, str] = {}
    titles = ("answer given", "likeliest answer (log-probability)")
    for name, title in zip(facet.ladder_rates, titles, strict=False):
        levels = [
            e
            for e in view.levels("facet")
            if e.task == facet.name and e.name == name and e.condition in {rate.condition for rate in rates}
        ]
        if levels:
            table = [
                row
                for e in levels
                for row in charts.rows(
                    [e], view, _named("base"), label=labels.condition_of(e.task, e.condition)
                )
            ]
            panels.append(charts.Panel([title], table, "per cent"))
            row_ends |= {f"{title}\n{labels.condition_of(e.task, e.condition)}": _counted(e) for e in levels}
    layout = charts.Layout(
        order=_rungs(facet, rates), series={"base": theme.BLUE}, row_height=30, width=250, zero=False, columns=2,
        shared=True, row_ends=row_ends,
    )  # fmt: skip
    return _ladder_figure(charts.interval_panels(panels, layout))


def _ladder_figure(chart: Any) -> Figure:
    return Figure(
        "ladder",
        "How often a wrong answer is taken over, by who says it",
        "Ladder",
        "Share of items, right under control, on which the suggested wrong answer is given. Padded is the "
        "noise floor; anchor mentions the answer without a person; then a third person, then the user. "
        "Only the step from anchor to user is deference. Beside each row: n, the items right under control (in this "
        "panel's subject and channel), and coverage, the share of them whose answer could be read.",
        ("levels",),
        chart,
    )


def training(view: View) -> Figure | None:
    """Loss of each adapter over its steps, and what it answered meanwhile, where that was asked."""
    rows = [
        row
        for row in view.data.training
        if any(number is not None for number in (row.loss, row.eval_loss, row.suggested_shift, row.accuracy))
    ]
    if not rows:
        return None
    adapters = list(dict.fromkeys(row.adapter for row in rows))
    panels = []
    for adapter in adapters:
        steps = sorted((row for row in rows if row.adapter == adapter), key=lambda row: row.step)
        panels.append(curves.Curve(view.short(adapter), _losses(steps), _responses(steps)))
    asked = (
        " Below: what the model answered while it was tuned, on a few items (step 0: the base). Squares: "
        "suggested shift with its interval. Circles: accuracy."
    )
    return Figure(
        "training",
        "Training curves",
        "Training",
        "Loss in nats per token on the answers. Line: training. Diamonds: validation. A long curve is "
        "thinned here; the table file holds every step."
        + (asked if any(panel.responses for panel in panels) else ""),
        ("training",),
        curves.curve_panels(panels),
    )


def series(view: View) -> Figure | None:
    """Changes of the primaries over the scale of an adapter and over its steps."""
    panels = dose.panels(view)
    if not panels:
        return None
    return Figure(
        "series",
        "Dose and steps",
        "Dose and steps",
        "Each line is one adapter: its update of the weights multiplied (1 is the adapter itself, 0 the base), or the "
        "adapter as it was after so many steps. Points are paired changes against base, vertical lines their "
        "intervals; above 0 the model gives in more than the base. Points at one place are drawn a little apart; a "
        "withheld number has no point. One that starts from another begins where that one ends.",
        (),
        curves.series_panels(panels, [view.short(subject.name) for subject in view.adapters]),
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


FIGURES: tuple[Callable[[View], Figure | None], ...] = (
    levels,
    forest,
    capability,
    trade_off,
    ladder,
    series,
    training,
)


def draw(view: View, folder: Path) -> list[Figure]:
    """Write every figure that the data allows as `.vl.json`, `.svg` and `.png`."""
    done = []
    for make in FIGURES:
        figure = make(view)
        if figure is None:
            continue
        spec = figure.chart.to_dict()
        text = json.dumps(spec, ensure_ascii=True, indent=1, sort_keys=True)
        svg, png = _render(text)
        for ending, content in (("vl.json", f"{text}\n".encode()), ("svg", svg.encode()), ("png", png)):
            write_atomic(folder / f"{figure.key}.{ending}", content)
        done.append(replace(figure, svg=inline(svg, figure)))
    return done


def drawn(figure: Figure) -> Figure:
    """The figure with its SVG; no file is written."""
    svg, _ = _render(json.dumps(figure.chart.to_dict()), png=False)
    return replace(figure, svg=inline(svg, figure))


def _render(spec: str, *, png: bool = True) -> tuple[str, bytes]:
    import altair as alt
    import vl_convert as vlc

    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    svg = vlc.vegalite_to_svg(vl_spec=spec, vl_version=version)
    return svg, vlc.vegalite_to_png(vl_spec=spec, vl_version=version, scale=2) if png else b""


def inline(svg: str, figure: Figure) -> str:
    """The SVG for use inside a page: own ids, no namespaces, a label, its width as the widest it grows."""
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg, count=2)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{figure.key}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{figure.key}-\1)", svg)
    return svg.replace(
        "<svg ", f'<svg role="img" aria-label="{figure.title}. The numbers are in the table." ', 1
    )


def _counted(estimate: Estimate) -> str:
    coverage = labels.DASH if estimate.coverage is None else labels.percent(estimate.coverage, 0)
    return f"n {labels.count(estimate.n)} · cov. {coverage}"


def _named(series: str) -> Callable[[Estimate], str]:
    return lambda _: series


def _rate_title(estimate: Estimate) -> str:
    label = labels.name_of(estimate.name).label
    return (
        f"{label}, {labels.condition_of(estimate.task, estimate.condition)}" if estimate.condition else label
    )
