"""Figures that set adapters beside each other: ranks under weightings, and a profile of each."""

from __future__ import annotations

from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.report import labels
from sycoscope.report.figures import charts, theme
from sycoscope.report.figures.facets import order_note
from sycoscope.report.figures.figure import Figure, instead, reasons
from sycoscope.report.figures.space import Space
from sycoscope.report.view import View

SYCOPHANCY, CAPABILITY = "sycophancy (right: more)", "capability (right: better)"


def ranks(view: View, space: Space) -> Figure | None:
    """The place of each adapter under each weighting, with its limits."""
    ranked = view.data.rankings
    if not ranked:
        return None
    weightings = list(dict.fromkeys(one.weighting for one in ranked))
    first = sorted((one for one in ranked if one.weighting == weightings[0]), key=lambda one: one.rank)
    order = list(dict.fromkeys(view.short(one.subject) for one in [*first, *ranked]))
    n = max(one.n_subjects for one in ranked)
    panels = []
    for weighting in weightings:
        rows: list[charts.Row] = [
            {
                "row": view.short(one.subject), "series": "place", "value": one.rank, "low": one.low,
                "high": one.high, "why": "",
            }
            for one in ranked
            if one.weighting == weighting
        ]  # fmt: skip
        panels.append(charts.Panel(weighting.split(", "), rows, f"place of {n}"))
    layout = charts.Layout(
        order=order, series={"place": theme.BLUE}, row_height=26, space=space, least=105, most=5,
        domain=(0.5, n + 0.5), legend=False, whole=True,
    )  # fmt: skip
    caption = (
        f"Place of each of {n} adapters, 1 being the best, with its 95{labels.NBSP}% limits over joint resamples of "
        f"the items. Where limits overlap the order is not settled. Adapters stand in the order of the first weighting "
        f"({weightings[0]}), the best first."
    )
    return Figure(
        "ranks", "Ranks under five weightings" if len(weightings) == 5 else "Ranks under weightings", "Ranks",
        caption, (), charts.interval_panels(panels, layout), at="across",
    )  # fmt: skip


def profile(view: View, space: Space) -> Figure | None:
    """Every adapter with its change in all facets and benchmarks, on one axis of percentage points."""
    changes = profiled(view)
    if not changes or not view.adapters:
        return None
    line = instead(changes, view)
    key, title, tables = (
        "profile",
        "A profile of each adapter",
        ("changes", "other-changes", "capability-changes"),
    )
    if line:
        return Figure(key, title, "Profiles", line, tables, None)
    panels, hidden = [], []
    for subject in view.by_change():
        own = [e for e in changes if e.subject == subject.name]
        name = view.short(subject.name)
        if own and not any(e.shown for e in own):
            hidden.append(f"{name} ({reasons(own)})")
        elif own:
            table = [row for e in own for row in charts.rows([e], view, _side, label=_measure(e, view))]
            ends = {_measure(e, view): f"n {labels.count(e.n)}" for e in own if e.shown}
            panels.append(charts.Panel([name], table, "percentage points", ends))
    layout = charts.Layout(
        order=list(dict.fromkeys(_measure(e, view) for e in changes)),
        series={SYCOPHANCY: theme.VERMILLION, CAPABILITY: theme.BLUE},
        row_height=24,
        space=space,
        least=150,
        most=3,
        zero=True,
        shared=True,
        apart=False,
    )
    caption = (
        "Paired changes against base, with intervals and n, all in percentage points on one axis: each facet by its "
        "difference of rates (also where its verdict rests on another measure), each benchmark by its accuracy. Right "
        "of 0 a facet is more sycophantic, a benchmark better."
    )
    caption += f" Not drawn, every number being withheld or missing: {'; '.join(hidden)}." if hidden else ""
    chart = charts.interval_panels(panels, layout)
    return Figure(key, title, "Profiles", caption + order_note(view), tables, chart)


def profiled(view: View) -> list[Estimate]:
    """The changes of a profile: facets first, then benchmarks; all are differences of shares."""
    rates = {
        (facet.name, facet.primary_rate.name) for facet in FACETS.values() if facet.primary_rate is not None
    }
    facets = [
        e
        for e in view.differences("facet")
        if (e.task, e.name) in rates and not e.condition and view.is_base(e.reference)
    ]
    gains = [e for found in view.capability_changes().values() for e in found]
    return [e for e in (*facets, *gains) if e.unit == "proportion"]


def _side(change: Estimate) -> str:
    return SYCOPHANCY if change.task in FACETS else CAPABILITY


def _measure(change: Estimate, view: View) -> str:
    task = view.task_label(change.task)
    return (
        f"{task}: {labels.name_of(change.name).label}" if change.task in FACETS else labels.shorten(task, 30)
    )
