"""The last lines of a run: what was found, what could not be told and how it could, where page and tables lie.

At most `LINES` lines of `WIDTH` columns, which hold for any number of adapters. Every number comes from the overview.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from sycoscope.cli.notes import Options, notes_of
from sycoscope.cli.words import GAP, TOGETHER, accuracy_of, interval_of, name_in, number_of, table
from sycoscope.core.texts import plain

if TYPE_CHECKING:
    from pathlib import Path

    from sycoscope.api import Cell, Overview, Tuned
    from sycoscope.core.types import Estimate

LINES, WIDTH = 20, 80
# A tuned model has one line where more of them, or more facets in all, would not fit.
_FEW, _FEW_CELLS = 2, 6
# Columns that a name has at least, before intervals give way.
_NAME = 19


def closing(found: Overview, options: Options, *, width: int = WIDTH, most: int = LINES) -> list[str]:
    """The lines.

    Args:
        options: Which options the command takes, for what could be done.
    """
    if not found.tuned:
        head = _levels(found, width, most - 6)
    elif not _has_many(found):
        head = _few(found, width)
    else:
        head = _many(found, width, most)
    tail = places(found.report, found.tables, width)
    left = most - len(head) - len(tail)
    return [*head, *fitting(notes_of(found, options, brief=_has_many(found)), width, left), *tail]


def _has_many(found: Overview) -> bool:
    return len(found.tuned) > _FEW or sum(len(one.cells) for one in found.tuned) > _FEW_CELLS


def fitting(notes: Sequence[str], width: int, left: int) -> list[str]:
    """Notes that fit into so many lines, the first first; how many do not."""
    lines: list[str] = []
    out = 0
    for i, note in enumerate(notes):
        told = textwrap.wrap(note, width, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        closes = bool(out) or i < len(notes) - 1  # a line is kept for what does not fit
        if len(lines) + len(told) <= left - closes:
            lines += told
        else:
            out += 1
    if out and left:
        lines.append(f"- and {out} more note{'s' * (out > 1)} on the page")
    return lines


def places(report: Path, tables: Path, width: int) -> list[str]:
    """Where page and tables lie."""
    one = f"page: {plain(str(report))}   tables: {plain(str(tables))}"
    return [one] if len(one) <= width else [f"page:   {plain(str(report))}", f"tables: {plain(str(tables))}"]


# --- one or two tuned models: a line for each facet ---


def _few(found: Overview, width: int) -> list[str]:
    rows: list[tuple[str, ...]] = []
    for one in found.tuned:
        if len(found.tuned) > 1:
            rows.append((_called(one),))
        rows += [_row(cell) for cell in one.cells]
    heads = ("", "verdict", "change (95 %)", "n", "right")
    title = f"{name_in(_called(found.tuned[0]), 36)} against" if len(found.tuned) == 1 else "Each against"
    lines = textwrap.wrap(f"{title} {name_in(found.before, 36)}, on {name_in(found.asked, 30)}", width)
    return lines + table(heads, rows, width, numeric=(3, 4)) + textwrap.wrap(_key(found), width)


def _row(cell: Cell) -> tuple[str, ...]:
    label = f"{cell.glyph} {cell.label}"
    if cell.change is None:
        return (cell.facet, label, "-", "-", accuracy_of(cell.before, cell.after))
    change = f"{number_of(cell.change)} ({interval_of(cell.change, ' to ')})"
    return (cell.facet, label, change, f"{cell.change.n:,}", accuracy_of(cell.before, cell.after))


def _key(found: Overview) -> str:
    other = _other_units(found)
    return (
        "Change: how much more it gives in to the user than before, in points"
        + (f" ({other})" if other else "")
        + ". Right: answers right without a cue, before and after."
    )


def _other_units(found: Overview) -> str:
    units = {
        f"{cell.facet}: {unit}"
        for one in found.tuned
        for cell in one.cells
        if cell.change is not None
        and (unit := {"d_prime": "in standard deviations", "log_odds": "in nats"}.get(cell.change.unit))
    }
    return ", ".join(sorted(units))


# --- many: a line for each ---


def _many(found: Overview, width: int, most: int) -> list[str]:
    real = sum(not one.role for one in found.tuned)
    what = f"{real} tuned model{'s' * (real != 1)}" + (
        f" and {len(found.tuned) - real} controls" if real < len(found.tuned) else ""
    )
    room = width - len(what) - len(" against , on ") - min(len(found.asked), 24)
    title = f"{what} against {name_in(found.before, room)}, on {name_in(found.asked, 24)}"
    room = most - 9  # title, head, base, key, three lines of notes, places
    shown = found.tuned if len(found.tuned) <= room else _first(found.tuned, room - 1)
    heads = ("", "right", *found.facets)
    base = next(iter(found.accuracy.values()), None)
    first = (found.before, _percent(base), *(_sizes(found, facet) for facet in found.facets))
    for cell_of, gap in ((_cell, GAP), (_cell, 1), (_short, GAP)):
        rows = [first, *((_called(one), _after(one), *_cells(one, found.facets, cell_of)) for one in shown)]
        wide = sum(max(len(row[i]) for row in (heads, *rows)) + gap for i in range(1, len(heads)))
        if wide + _NAME <= width:
            break
    rows = [(name_in(row[0], max(width - wide, 1)), *row[1:]) for row in rows]
    lines = [title, *table(heads, rows, width, gap=gap)]
    if len(shown) < len(found.tuned):
        lines.append(f"  and {len(found.tuned) - len(shown)} more on the page")
    return lines + [line.replace(TOGETHER, " ") for line in textwrap.wrap(_signs(found), width)]


_ORDER = ("more", "less", "leans more", "leans less", "no clear change", "cannot tell")


def _first(tuned: Sequence[Tuned], room: int) -> Sequence[Tuned]:
    """The most telling ones, in their order: what claims something, then the controls, then the rest."""

    def weight(one: Tuned) -> int:
        return 0 if any(cell.claims for cell in one.cells) else 1 if one.role else 2

    kept = sorted(range(len(tuned)), key=lambda i: (weight(tuned[i]), i))[:room]
    return [tuned[i] for i in sorted(kept)]


def _called(one: Tuned) -> str:
    return one.name + {"": "", "control": " (control)", "planted": " (planted)"}[one.role]


def _cells(one: Tuned, facets: Sequence[str], cell_of: Callable[[Cell], str]) -> Iterable[str]:
    by_facet = {cell.facet: cell for cell in one.cells}
    return (cell_of(by_facet[facet]) if facet in by_facet else "-" for facet in facets)


def _cell(cell: Cell) -> str:
    return _short(cell) + (
        f" ({interval_of(cell.change, ', ', brief=True)})" if cell.change is not None else ""
    )


def _short(cell: Cell) -> str:
    glyph = f"({cell.glyph})" if cell.qualifier == "as the placebo does" else cell.glyph
    return glyph if cell.change is None else f"{glyph} {number_of(cell.change, brief=True)}"


def _after(one: Tuned) -> str:
    return _percent(next((cell.after for cell in one.cells if cell.after is not None), None))


def _percent(estimate: Estimate | None) -> str:
    return "-" if estimate is None or estimate.value is None else f"{estimate.value * 100:.0f}"


def _sizes(found: Overview, facet: str) -> str:
    sizes = [
        cell.change.n
        for one in found.tuned
        for cell in one.cells
        if cell.facet == facet and cell.change is not None
    ]
    if not sizes:
        return "n -"
    return f"n {min(sizes)}" + (f" to {max(sizes)}" if min(sizes) < max(sizes) else "")


def _signs(found: Overview) -> str:
    cells = [cell for one in found.tuned for cell in one.cells]
    words = {cell.word: cell.glyph for cell in cells}
    signs = [
        f"{words[word]}{TOGETHER}{word.replace(' ', TOGETHER)}" for word in sorted(words, key=_ORDER.index)
    ]
    if any(cell.qualifier == "as the placebo does" for cell in cells):
        signs.append(f"( ){TOGETHER}as{TOGETHER}placebo")
    other = _other_units(found)
    points = "Points (95 %): how much more it gives in" + (f"; {other}" if other else "")
    return f"{points}. {', '.join(signs)}."


# --- nothing tuned: the levels ---


def _levels(found: Overview, width: int, most: int) -> list[str]:
    title = f"{name_in(found.before, 44)}, on {name_in(found.asked, 24)}: how far it gives in to the user"
    several = len({level.subject for level in found.levels}) > 1
    rows: list[tuple[str, ...]] = []
    for level in found.levels:
        name = f"{level.name}, {level.subject}" if several else level.name
        rows.append(
            (name_in(name, 30), _with_interval(level.gives_in), _with_interval(level.accuracy, level=True))
        )
    lines = textwrap.wrap(title, width)
    if not any(level.meaning for level in found.levels):
        rows = [(row[0], row[2]) for row in rows]
        heads: tuple[str, ...] = ("", "right (95 %)")
    else:
        heads = ("", "gives in (95 %)", "right without a cue (95 %)")
    lines += table(heads, rows, width)
    if len(lines) > most:
        lines = [*lines[: most - 1], "  and more on the page"]
    if any(level.gives_in for level in found.levels):
        lines += textwrap.wrap(
            "Gives in: how much more it does so because of the user; 0: the user changes nothing.", width
        )
    return lines


def _with_interval(estimate: Estimate | None, *, level: bool = False) -> str:
    """A number with its interval and n; a dash where it is not shown."""
    if estimate is None:
        return "-"
    unit = " points" if estimate.unit == "proportion" and not level else ""
    value = f"{number_of(estimate, level=level)}{unit}"
    return f"{value} ({interval_of(estimate, ' to ', level=level)}), n {estimate.n:,}"
