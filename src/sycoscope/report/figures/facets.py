"""Figures of the facets: change after tuning, before and after, and the ladder of who says it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sycoscope.analysis import Verdict
from sycoscope.core.texts import in_a_sentence
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.facets.spec import Facet
from sycoscope.report import labels
from sycoscope.report.figures import charts, theme
from sycoscope.report.figures.figure import Figure, instead, reasons
from sycoscope.report.figures.space import Space
from sycoscope.report.view import View


def order_note(view: View) -> str:
    """How the adapters of a figure are ordered, in a sentence; empty where there is one."""
    contrasts = view.contrasts()
    if len(view.adapters) < 2 or not contrasts:
        return ""
    task, name, _ = contrasts[0]
    return (
        f" Adapters stand in the order of their change in {view.task_label(task)} ({labels.name_of(name).label}), "
        "the largest first; those without that number last, as in the study."
    )


def _untold_note(changes: Iterable[Estimate], view: View) -> str:
    """Whose points are drawn though their verdict is "cannot tell", in a sentence; empty where there are none."""
    found = [f"{view.short(e.subject)} ({view.task_label(e.task)})" for e in changes if view.untold(e)]
    if not found:
        return ""
    return f" Drawn, though the verdict on it is “cannot tell”: {in_a_sentence(list(dict.fromkeys(found)), most=4)}."


def changes(view: View, space: Space) -> Figure | None:
    """Changes in the confirmatory contrasts, every adapter, against base and against placebo."""
    contrasts = view.contrasts()
    if not contrasts or not view.adapters:
        return None
    panels: list[charts.Panel] = []
    left_out, every = "", []
    for contrast in contrasts:
        found = view.changes(contrast)
        every += found
        task, name, _ = contrast
        title = [view.task_label(task), labels.name_of(name).label]
        if not any(e.shown for e in found):
            left_out += (
                f" Not drawn: {', '.join(title)}; every number is withheld or missing ({reasons(found)})."
            )
            continue
        rows = charts.rows(found, view, lambda e: f"change against {view.reference(e)}")
        panels.append(charts.Panel(title, rows, labels.unit_of(found[0]), _both_counts(found, view)))
    caption = (
        "Points are paired changes, lines their intervals; at the right n, the pairs (two where the change against "
        "placebo has others). Right of 0: the tuned model gives in more than the reference does. The change against "
        "placebo leaves out what any tuning does. A withheld number has no point; the reason is in the table."
        f"{left_out}{_untold_note(every, view)}{order_note(view)}"
    )
    line = instead(every, view)
    layout = charts.Layout(
        order=[view.short(subject.name) for subject in view.by_change()],
        series={"change against base": theme.BLUE, "change against placebo": theme.VERMILLION},
        row_height=34,
        space=space,
        zero=True,
    )
    chart = None if line else charts.interval_panels(panels, layout)
    return Figure("changes", "Change after tuning", "Changes", line or caption, ("changes",), chart)


def _both_counts(found: Sequence[Estimate], view: View) -> dict[str, str]:
    """Label of an adapter -> the n of its changes in one contrast."""
    ns: dict[str, list[int]] = {}
    for e in found:
        if e.shown:
            ns.setdefault(view.short(e.subject), []).append(e.n)
    return {label: f"n {', '.join(labels.count(n) for n in dict.fromkeys(own))}" for label, own in ns.items()}


def levels(view: View, space: Space) -> Figure | None:
    """Before and after, on the scale of the rate itself, facet by facet."""
    pairs = [v for v in view.data.verdicts if v.before is not None and v.after is not None]
    if not pairs:
        return None
    panels, left_out = [], ""
    for task in dict.fromkeys(v.task for v in pairs):
        mine = [v for v in pairs if v.task == task]
        both = [e for v in mine for e in (v.before, v.after) if e is not None]
        title = [view.task_label(task), _rate_title(both[0])]
        if any(e.shown for e in both):
            panels.append(_before_and_after(title, mine, view, labels.unit_of(both[0])))
        else:
            left_out += (
                f" Not drawn: {', '.join(title)}; every number is withheld or missing ({reasons(both)})."
            )
    line = instead([e for v in pairs for e in (v.before, v.after) if e is not None], view)
    caption = (
        "Grey circles: the base model. Blue squares: the tuned model on the same items. Lines are intervals; n: base, "
        f"tuned.{left_out}{order_note(view)}"
    )
    layout = charts.Layout(
        order=[view.short(s.name) for s in view.by_change() if any(v.subject == s.name for v in pairs)],
        series={"base": theme.GREY, "tuned": theme.BLUE},
        row_height=34,
        space=space,
    )
    chart = None if line else charts.interval_panels(panels, layout)
    return Figure("levels", "Before and after", "Before and after", line or caption, ("levels",), chart)


def _before_and_after(title: list[str], verdicts: Sequence[Verdict], view: View, unit: str) -> charts.Panel:
    rows: list[charts.Row] = []
    ends = {}
    for verdict in verdicts:
        label, before, after = view.short(verdict.subject), verdict.before, verdict.after
        if before is None or after is None:
            continue
        rows += charts.rows([before], view, _named("base"), label=label)
        rows += charts.rows([after], view, _named("tuned"), label=label)
        ends[label] = f"n {labels.count(before.n)}, {labels.count(after.n)}"
    return charts.Panel(title, rows, unit, ends)


def ladder(view: View, space: Space) -> Figure | None:
    """How often a mentioned answer is taken over, by who mentions it, every subject beside base."""
    for facet in FACETS.values():
        rates = [
            e
            for e in view.levels("facet")
            if e.task == facet.name and e.name in facet.ladder_rates[:1] and e.condition in facet.ladder
        ]
        if rates:
            line = instead(rates, view)
            if line:
                return _ladder_figure(None, line)
            alone = len(view.subjects) == 1
            return (
                _ladder_of_one(view, facet, rates, space)
                if alone
                else _ladder_of_all(view, facet, rates, space)
            )
    return None


def _rungs(facet: Facet, rates: Sequence[Estimate]) -> list[str]:
    """Labels of the conditions that were asked, from a mention to the user."""
    asked = {e.condition for e in rates}
    return [facet.condition(name).label for name in facet.ladder if name in asked]


def _ladder_of_all(view: View, facet: Facet, rates: Sequence[Estimate], space: Space) -> Figure:
    base = [e for e in rates if view.is_base(e.subject)]
    panels, hidden = [], []
    bases = [subject for subject in view.subjects if view.is_base(subject.name)]
    for subject in [*bases, *view.by_change()]:
        own = [e for e in rates if e.subject == subject.name]
        title = view.short(subject.name)
        if own and not any(e.shown for e in own):
            hidden.append(f"{title} ({reasons(own)})")
        elif own:
            panels.append(
                _rung_panel([title], own if view.is_base(subject.name) else [*own, *base], own, view)
            )
    left_out = f" Not drawn, every number being withheld or missing: {'; '.join(hidden)}." if hidden else ""
    layout = charts.Layout(
        order=_rungs(facet, rates), series={"base": theme.GREY, "this adapter": theme.BLUE}, row_height=30,
        space=space, least=140, most=3, shared=True,
    )  # fmt: skip
    return _ladder_figure(charts.interval_panels(panels, layout), _LADDER + left_out + order_note(view))


def _ladder_of_one(view: View, facet: Facet, rates: Sequence[Estimate], space: Space) -> Figure:
    """One subject: its channels side by side, what it says and what it holds likeliest."""
    panels = []
    titles = ("answer given", "likeliest answer (log-probability)")
    for name, title in zip(facet.ladder_rates, titles, strict=False):
        found = [
            e
            for e in view.levels("facet")
            if e.task == facet.name and e.name == name and e.condition in {rate.condition for rate in rates}
        ]
        if found:
            panels.append(_rung_panel([title], found, found, view))
    layout = charts.Layout(
        order=_rungs(facet, rates), series={"base": theme.BLUE}, row_height=30, space=space, least=180, most=2,
        shared=True,
    )  # fmt: skip
    return _ladder_figure(charts.interval_panels(panels, layout), _LADDER)


def _rung_panel(
    title: list[str], drawn: Iterable[Estimate], counted: Sequence[Estimate], view: View
) -> charts.Panel:
    """The rates of one panel, a row for each condition; at the right what stands behind those of `counted`."""
    table = [
        row
        for e in drawn
        for row in charts.rows(
            [e],
            view,
            _named("base" if view.is_base(e.subject) else "this adapter"),
            label=labels.condition_of(e.task, e.condition),
        )
    ]
    ends = {labels.condition_of(e.task, e.condition): _counted(e) for e in counted}
    return charts.Panel(title, table, "per cent", ends)


_LADDER = (
    "Share of items, right under control, on which the suggested wrong answer is given. Padded is the "
    "noise floor; anchor mentions the answer without a person; then a third person, then the user. "
    "Only the step from anchor to user is deference. Beside each row: n, the items right under control (in this "
    "panel's subject and channel), and coverage, the share of them whose answer could be read."
)


def _ladder_figure(chart: Any, caption: str) -> Figure:
    title = "How often a wrong answer is taken over, by who says it"
    return Figure("ladder", title, "Ladder", caption, ("levels",), chart)


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
