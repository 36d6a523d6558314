"""Tables for a paper or a README: LaTeX (booktabs) and Markdown, in the words and rounding of the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sycoscope.core.files import write_atomic
from sycoscope.core.types import Estimate
from sycoscope.report import cross_subject, dose, kept, labels, tables
from sycoscope.report.view import View

LONG = 30  # rows of a float; a table with more breaks over pages
# What pdflatex knows under another name.
_SIGNS = {
    labels.MINUS: "$-$", labels.DASH: "---", "\u00d7": r"$\times$", "→": r"$\to$", "…": r"\dots{}", "≥": r"$\geq$",
    "≤": r"$\leq$", "✕": r"$\times$", "✓": r"\checkmark{}", "\ufffd": "?", "<": "$<$", ">": "$>$",
}  # fmt: skip
_MARKDOWN = {"&": "&amp;", "<": "&lt;", ">": "&gt;"} | {sign: f"\\{sign}" for sign in "\\|*`[]_~$"}


@dataclass(frozen=True, slots=True)
class Printed:
    """A table of texts.

    Attributes:
        name: Of its files; tables/NAME.csv has the same numbers in full precision. align: a letter for each column, as
            LaTeX has them: l, r, or p for one that is broken into lines.
    """

    name: str
    caption: str
    columns: Sequence[str]
    align: str
    rows: Sequence[Sequence[str]]


def write(view: View, folder: Path) -> list[str]:
    """Write every table that has rows as `NAME.tex` and `NAME.md`; returns their names.

    Raises:
        StoreError: a file cannot be written; each is whole or not there.
    """
    return write_printed(printed(view), folder)


def write_printed(tables: Iterable[Printed], folder: Path) -> list[str]:
    """Write these tables, those that have rows; returns their names.

    Raises:
        StoreError: as `write`.
    """
    filled = [table for table in tables if table.rows]
    for table in filled:
        write_atomic(folder / f"{table.name}.tex", latex(table).encode("utf-8"))
        write_atomic(folder / f"{table.name}.md", markdown(table).encode("utf-8"))
    return [table.name for table in filled]


def printed(view: View) -> list[Printed]:
    """The tables; those of estimates have a row for each row of their CSV."""
    of_estimates = [
        ("confirmatory", "Confirmatory changes, paired per item", view.primaries()),
        ("levels", "Rates of the facets, each subject", view.levels("facet")),
        ("changes", "Changes on the facets, paired per item", view.differences("facet")),
        ("capability", "Capability, each subject", view.levels("capability")),
        ("capability_changes", "Change of capability, paired per item", view.differences("capability")),
        ("summary", "Summary scores", [*view.levels("summary"), *view.differences("summary")]),
    ]
    return [
        *(estimates_table(name, caption, found, view) for name, caption, found in of_estimates),
        _verdicts(view),
        _associations(view),
        _rankings(view),
        _kept(view),
        _trends(view),
    ]


def estimates_table(name: str, caption: str, estimates: Iterable[Estimate], view: View) -> Printed:
    """Estimates in the words and rounding of the page."""
    lines = [tables.line(e, view) for e in estimates]
    columns = (
        "Subject",
        "Measure",
        "Condition",
        "Against",
        "Value",
        "Interval",
        "n",
        "Coverage",
        "p (adjusted)",
        "State",
    )
    return Printed(name, caption, columns, "llllrrrrrl", [
        (
            one.subject, one.what, one.condition, one.against, one.value, one.interval, one.n, one.coverage, one.p,
            one.state,
        )
        for one in lines
    ])  # fmt: skip


def _verdicts(view: View) -> Printed:
    rows = [(view.label(v.subject), view.task_label(v.task), v.label, v.sentence) for v in view.data.verdicts]
    return Printed("verdicts", "Verdicts", ("Adapter", "Facet", "Verdict", "In words"), "lllp", rows)


def _associations(view: View) -> Printed:
    keys = ("benchmark", "facet", "r", "interval", "n", "p", "bh", "reading")
    columns = ("Benchmark", "Facet", "r", "Interval", "n", "p", "p (BH)", "Reads as")
    rows = [tuple(one[key] for key in keys) for one in cross_subject.associations(view)]
    caption = "Correlation of capability change and sycophancy change over adapters"
    return Printed("associations", caption, columns, "llrrrrrp", rows)


def _rankings(view: View) -> Printed:
    table = cross_subject.ranking(view)
    if table is None:
        return Printed("rankings", "", (), "", ())
    rows = [
        (
            row.subject,
            row.capability,
            row.independence,
            *(f"{place} ({small})" if small else place for place, small in row.cells),
        )
        for row in table.rows
    ]
    columns = ("Adapter", "Capability", "Independence", *table.weightings)
    caption = "Place of each adapter under each weighting, its limits, and the probability of being first"
    return Printed("rankings", caption, columns, "lrr" + "p" * len(table.weightings), rows)


def _kept(view: View) -> Printed:
    table = kept.kept(view)
    lines = table.lines if table is not None else ()
    rows = [(one.subject, one.what, one.answer, one.value, one.limits, one.n) for one in lines]
    columns = ("Subject", "What", "By the margin", "Change", "One-sided limits", "n")
    return Printed("non_inferiority", "What must not get worse", columns, "lllrrr", rows)


def _trends(view: View) -> Printed:
    found = dose.dose(view)
    columns = ("Adapter", "Measure", "Points", "Trend", "Interval", "n", "Reads as")
    return Printed(
        "trends", "Trends over dose and steps", columns, "lllrrrp", found.trends if found is not None else ()
    )


def latex(table: Printed) -> str:
    """A `table` float, or a `longtable` of many rows; every text is escaped. It needs the packages that it names."""
    import pandas as pd

    frame = pd.DataFrame([[_flat(cell) for cell in row] for row in table.rows], columns=list(table.columns))
    style = frame.style.format(escape="latex").format_index(escape="latex", axis="columns").hide(axis="index")
    wide = table.align.count("p")
    broken = f"p{{{0.5 / max(wide, 1):.2f}\\linewidth}}"
    long = len(table.rows) > LONG
    text = style.to_latex(
        hrules=True,
        environment="longtable" if long else "table",
        position_float=None if long else "centering",
        column_format="".join(broken if letter == "p" else letter for letter in table.align),
        caption=table.caption,
        label=f"tab:{table.name}",
    )
    for sign, name in _SIGNS.items():
        text = text.replace(sign, name)
    return f"% \\usepackage{{amssymb,booktabs,longtable}}\n{text}"


def markdown(table: Printed) -> str:
    """A table as GitHub reads it; nothing in a cell is taken for markup."""
    # polars prints such tables too, but panics on wide ones and breaks long cells
    rule = ["---:" if letter == "r" else "---" for letter in table.align]
    body = [[_marked(cell) for cell in row] for row in table.rows]
    lines = [[_marked(column) for column in table.columns], rule, *body]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"**{table.caption}**\n\n{rows}\n"


def _marked(text: str) -> str:
    return "".join(_MARKDOWN.get(c, c) for c in _flat(text))


def _flat(text: str) -> str:
    """On one line."""
    return " ".join(labels.clean(text).split())
