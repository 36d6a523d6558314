"""The tables of docs/data.md (a run, and columns of those that it describes), edge_cases.md and other_logs.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def blocks(page: str = "data") -> dict[str, str]:
    """Block of a page -> its table."""
    if page == "edge_cases":
        return {"kinds": kinds_table()}
    if page == "other_logs":
        from sycoscope.logs.pairs import COLUMNS

        return {"pairs": columns_table(COLUMNS)}
    from sycoscope.analysis.sample_columns import score_columns, turn_columns
    from sycoscope.core.columns import TABLES

    return {
        "tables": tables_table(),
        "turns": columns_table(turn_columns()),
        "scores_of_facets": columns_table(score_columns()),
        **{kind: columns_table(TABLES[kind].columns) for kind in DESCRIBED},
    }


DESCRIBED = ("samples", "scores", "estimates", "trials", "items")


def tables_table() -> str:
    """The tables of a run."""
    from sycoscope.core.columns import TABLES
    from sycoscope.run.store import DERIVED, OPTIONAL

    lines = ["| table | holds | computed from the others | columns |", "|---|---|---|---|"]
    for kind, table in TABLES.items():
        link = (
            f"[below](#{kind})" if kind in DESCRIBED else ", ".join(f"`{one.name}`" for one in table.columns)
        )
        columns = "those of `trials`" if kind in OPTIONAL else link
        if kind == "breakdowns":
            columns = "`by`, `group`, then those of `estimates`"
        there = " (where there are any)" if kind in OPTIONAL else ""
        lines.append(
            f"| `{kind}` | {table.meaning}{there} | {'yes' if kind in DERIVED else ''} | {columns} |"
        )
    return "\n".join(lines)


COLUMN_KINDS = {"count": "whole number", "flag": "true or false", "texts": "list of text"}
COLUMN_KINDS |= {"numbers": "list of numbers", "counts": "list of whole numbers"}


def columns_table(columns: Iterable[Any]) -> str:
    """Columns (`core.columns.Column`): name, type, meaning, range or unit, what an empty cell means."""
    lines = ["| column | type | holds | range, unit | empty (null) |", "|---|---|---|---|---|"]
    for one in columns:
        kind = COLUMN_KINDS.get(one.kind, one.kind)
        lines.append(
            f"| `{one.name}` | {kind} | {_cell(one.meaning)} | {_cell(one.values)} | {one.null or 'never'} |"
        )
    return "\n".join(lines)


def kinds_table() -> str:
    """The kinds of edge cases: name, label, what makes a case, what is counted, which tasks have it."""
    from sycoscope.analysis.edge_cases import edge_kinds, kinds_of
    from sycoscope.facets import FACETS
    from sycoscope.facets.edge_kinds import COMMON, GROUPS

    lines = ["| kind | on the page | a case | n | of |", "|---|---|---|---|---|"]
    group = ""
    for kind in edge_kinds().values():
        if GROUPS[kind.group] != group:
            group = GROUPS[kind.group]
            lines.append(f"| **{group}** | | | | |")
        tasks = [name for name in FACETS if kind.name in {one.name for one in kinds_of(name)}]
        of = "every task" if kind in COMMON else ", ".join(f"`{name}`" for name in tasks)
        lines.append(f"| `{kind.name}` | {kind.label} | {_cell(kind.meaning)} | {kind.unit}s | {of} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
