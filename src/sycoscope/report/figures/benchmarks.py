"""Figures of capability, and of capability beside sycophancy."""

from __future__ import annotations

from collections.abc import Sequence

from sycoscope.analysis import Association
from sycoscope.core.types import Estimate
from sycoscope.report import labels
from sycoscope.report.figures import charts, theme
from sycoscope.report.figures.facets import order_note
from sycoscope.report.figures.figure import Figure, counts, full, instead, reasons
from sycoscope.report.figures.heat import Cell, heat_map
from sycoscope.report.figures.scatter import Point, Scatter, scatter_panels
from sycoscope.report.figures.space import Space
from sycoscope.report.view import View

POINTS = 3  # through two, r is 1 or -1 whatever they are
FEW = " Few adapters make no correlation; read this as a picture, not as a test."


def capability(view: View, space: Space) -> Figure | None:
    """Accuracy of every subject on every benchmark."""
    estimates = [e for e in view.levels("capability") if e.name == "accuracy"]
    tasks = list(dict.fromkeys(e.task for e in estimates))
    if not tasks:
        return None
    bases = [subject for subject in view.subjects if view.is_base(subject.name)]
    panels, left_out = [], ""
    for task in tasks:
        found = [e for e in estimates if e.task == task]
        if not any(e.shown for e in found):
            left_out += f" Not drawn: {view.task_label(task)}; every number is withheld or missing ({reasons(found)})."
            continue
        table = charts.rows(found, view, lambda e: "base" if view.is_base(e.subject) else "tuned")
        ends = {view.short(e.subject): f"n {labels.count(e.n)}" for e in found if e.shown}
        panels.append(charts.Panel([view.task_label(task)], table, "accuracy, per cent", ends))
    line = instead(estimates, view)
    layout = charts.Layout(
        order=[view.short(subject.name) for subject in [*bases, *view.by_change()]],
        series={"base": theme.GREY, "tuned": theme.SKY},
        row_height=24,
        space=space,
        domain=(0, 100),
    )
    caption = (
        f"Accuracy on each benchmark with its interval and n. Grey, at the top: the base model.{left_out}"
    )
    return Figure(
        "capability",
        "Capability",
        "Capability",
        line or caption + order_note(view),
        ("capability", "capability-changes"),
        None if line else charts.bar_panels(panels, layout),
    )


def trade_off(view: View, space: Space) -> Figure | None:
    """Change of capability against change of sycophancy in the lead facet, one panel per benchmark."""
    contrasts = view.contrasts()
    gains = view.capability_changes()
    if not contrasts or not gains:
        return None
    lead = _against_base(view.changes(contrasts[0]), view)
    if not lead:
        return None
    y_title = _y_title(next(iter(lead.values())), view)
    panels = []
    for benchmark, found in gains.items():
        points = _points(found, lead, view)
        if points:
            x_title = "accuracy change, percentage points"
            panels.append(Scatter([view.task_label(benchmark)], points, x_title, y_title))
    caption = (
        "Each mark is an adapter's change against base: to the right it answers better, upwards it gives in "
        "more. Lines are intervals."
    )
    return _scattered("trade-off", "Capability against sycophancy", "Trade-off", caption, panels, view, space)


def progression(view: View, space: Space) -> Figure | None:
    """Change of each facet against the mean gain over the benchmarks, one panel per facet."""
    gains, n_benchmarks = view.mean_gains()
    contrasts = view.contrasts()
    if not gains or not contrasts:
        return None
    told = "mean gain" if n_benchmarks > 1 else "gain"
    panels = []
    for contrast in contrasts:
        changes = _against_base(view.changes(contrast), view)
        points = _points(gains, changes, view)
        if points:
            task, name, _ = contrast
            above = [view.task_label(task), labels.name_of(name).label]
            unit = labels.unit_of(points[0].y)
            panels.append(Scatter(above, points, f"{told}, percentage points", f"change, {unit}"))
    caption = (
        f"Each mark is an adapter: its mean gain in accuracy over the benchmarks ({n_benchmarks}; to the right: "
        "better), and its change in the facet (upwards: it gives in more), both against base, with intervals."
    )
    title = "Sycophancy beside the mean gain"
    return _scattered("progression", title, "Progression", caption, panels, view, space)


def _scattered(
    key: str, title: str, nav: str, caption: str, panels: Sequence[Scatter], view: View, space: Space
) -> Figure:
    """A figure of scatters; a line where there are not two points to compare."""
    order = [view.short(subject.name) for subject in view.adapters]
    drawn = {point.label for panel in panels for point in panel.points}
    absent = ", ".join(label for label in order if label not in drawn)
    points = [point for panel in panels for point in panel.points]
    tables = ("changes", "capability-changes", *(("summary",) if key == "progression" else ()))
    if len(drawn) < 2:
        if not points:
            line = "No chart: of no adapter can both changes be shown; the reasons are in the tables."
        else:
            both = list({id(e): e for point in points for e in (point.x, point.y)}.values())
            line = f"One adapter with both changes, so no chart. {'; '.join(full(e, view) for e in both)}."
            line += f" Withheld or missing: {absent}." if absent else ""
        return Figure(key, title, nav, line, tables, None)
    xs, ys = counts(point.x for point in points), counts(point.y for point in points)
    caption += f" Pairs: {xs} on the benchmarks, {ys} in the facets.{FEW}"
    caption += f" Not drawn, since a number is withheld or missing: {absent}." if absent else ""
    return Figure(key, title, nav, caption, tables, scatter_panels(panels, order, space))


def _against_base(found: Sequence[Estimate], view: View) -> dict[str, Estimate]:
    return {e.subject: e for e in found if view.is_base(e.reference)}


def _points(gains: Sequence[Estimate], changes: dict[str, Estimate], view: View) -> list[Point]:
    return [
        Point(view.short(e.subject), e, changes[e.subject])
        for e in gains
        if e.subject in changes and e.shown and changes[e.subject].shown
    ]


def _y_title(estimate: Estimate, view: View) -> str:
    name = labels.name_of(estimate.name).label
    return f"{view.task_label(estimate.task)}: {name}, {labels.unit_of(estimate)}"


def correlations(view: View, space: Space) -> Figure | None:
    """Correlation of each benchmark's gain with each facet's change, as a heat map."""
    found = view.data.associations
    if not found:
        return None
    key, title, nav = "correlations", "Do gains in capability go with changes of sycophancy?", "Correlations"
    known = [one for one in found if _told(one)]
    if len(known) < 2:
        line = "No chart: " + (
            "no correlation can be told, since fewer than three adapters have both changes."
            if not known
            else "one correlation alone can be told."
        )
        return Figure(key, title, nav, line, (), None, at="across")
    cells = [_cell(one, found, view) for one in found]
    caption = (
        "Pearson's r over the real adapters of the change in accuracy (rows) with the change in the facet (columns): "
        "r, its interval, n (adapters), p over all pairings of the points. Orange: adapters that gain more give in "
        "more; blue: they give in less. Outlined cells have no r and say why: through two points r is always 1 or −1. "
        "Under 10 adapters r describes these adapters and supports no claim beyond them."
    )
    return Figure(key, title, nav, caption, (), heat_map(cells, space, "r"), at="across")


def _told(one: Association) -> bool:
    return one.r is not None and one.n >= POINTS


def _cell(one: Association, found: Sequence[Association], view: View) -> Cell:
    names = dict.fromkeys(other.name for other in found if other.task == one.task)
    column = view.task_label(one.task)
    column += f", {labels.name_of(one.name).label}" if len(names) > 1 else ""
    row = view.task_label(one.benchmark)
    if one.r is None or not _told(one):
        why = "too few points" if one.n < POINTS else "no spread"
        return Cell(row, column, None, ("no r", why, f"n {labels.count(one.n)}"))
    reach = "no interval"
    if one.low is not None and one.high is not None:
        reach = f"{labels.decimal(one.low, 2, True)} to {labels.decimal(one.high, 2, True)}"
    lines = (
        labels.decimal(one.r, 2, True),
        reach,
        f"n {labels.count(one.n)}",
        f"p {labels.p_text(one.p_value)}",
    )
    return Cell(row, column, one.r, lines)
