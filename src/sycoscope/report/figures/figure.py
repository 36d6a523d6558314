"""A figure as a record, and what stands in its place where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sycoscope.core.types import Estimate
from sycoscope.report import labels
from sycoscope.report.view import View

REASON = 200  # characters of a reason in a caption; the table has it whole


@dataclass(frozen=True, slots=True)
class Numbers:
    """A table of its own, for a figure whose numbers stand in no other table of the page."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        key: Names its files and its place on the page. nav: what the page's navigation calls it.
        caption: What is shown and how to read it; without a chart, the line that stands in its place.
        tables: Keys of the tables with its numbers. at: the section with its numbers, where that is no such table.
        chart: An altair chart; None where a chart would be empty or hold one number.
        svg: Ready for a page without any outside reference, wide and narrow; empty without a chart.
    """

    key: str
    title: str
    nav: str
    caption: str
    tables: tuple[str, ...]
    chart: Any
    svg: str = ""
    at: str = ""
    numbers: Numbers | None = field(default=None)


def full(estimate: Estimate, view: View) -> str:
    """One number in a line, with its interval and n."""
    what = f"{view.task_label(estimate.task)}, {labels.name_of(estimate.name).label}"
    against = f" against {estimate.reference}" if estimate.reference else ""
    return (
        f"{what}, {view.label(estimate.subject)}{against}: {labels.value_text(estimate)} "
        f"({100 * estimate.level:g}{labels.NBSP}% interval {labels.interval_text(estimate)}, "
        f"n {labels.count(estimate.n)})"
    )


def instead(estimates: Sequence[Estimate], view: View) -> str:
    """The line in the place of a chart of these numbers; empty where at least two of them can be drawn."""
    drawn = [e for e in estimates if e.shown and e.value is not None]
    if len(drawn) > 1:
        return ""
    if drawn:
        rest = len(estimates) - 1
        others = f"; {rest} more {'is' if rest == 1 else 'are'} withheld or missing" if rest else ""
        return f"One number, so no chart: {full(drawn[0], view)}{others}."
    return f"No chart: every number is withheld or missing ({reasons(estimates)})."


def reasons(estimates: Iterable[Estimate]) -> str:
    """Why these numbers are not shown: the first reason, and how many others there are."""
    found = list(dict.fromkeys(e.reason or e.note for e in estimates if not e.shown or e.value is None))
    found = [reason for reason in found if reason]
    if not found:
        return "no reason was given"
    more = f"; and {len(found) - 1} more, in the table" if len(found) > 1 else ""
    return labels.shorten(found[0], REASON) + more


def counts(estimates: Iterable[Estimate]) -> str:
    """The n behind these numbers: `n 79`, or `n 60 to 79`."""
    ns = [e.n for e in estimates if e.shown and e.value is not None]
    if not ns:
        return ""
    least, most = labels.count(min(ns)), labels.count(max(ns))
    return f"n {least}" if least == most else f"n {least} to {most}"
