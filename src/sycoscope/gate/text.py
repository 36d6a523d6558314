"""The verdict in lines for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from sycoscope.core.texts import plain, shortened
from sycoscope.gate.numbers import change_of, coverage_of, flips_of, floor_of, margin_of, unit_of, why
from sycoscope.gate.verdict import MEANINGS, GateVerdict

WIDTH = 80
HEADS = ("", "verdict", "change (95 % each)", "margin", "n", "read")
_RIGHT = (3, 4, 5)
_GAP = "  "
# Items that are named; the files name more.
NAMED = 3


def text(verdict: GateVerdict, width: int = WIDTH) -> list[str]:
    """The word, a table with a line for each measure, and what each rests on."""
    against = f" against {verdict.against}" if verdict.against else ""
    lines = textwrap.wrap(f"{verdict.word}: {MEANINGS[verdict.word]}", width)
    lines += textwrap.wrap(plain(f"{verdict.run}{against}"), width)
    lines += _table(verdict, width)
    for note in _notes(verdict):
        lines += textwrap.wrap(
            f"{plain(note)}.", width, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )
    return lines


def _table(verdict: GateVerdict, width: int) -> list[str]:
    rows: list[Sequence[str]] = [HEADS]
    several = len({line.subject for line in verdict.lines}) > 1
    above: dict[int, str] = {}  # a subject stands above its rows
    for line in verdict.lines:
        if several and line.subject not in above.values():
            above[len(rows)] = line.subject
        change = f"{change_of(line)} {unit_of(line)}".rstrip()
        rows.append((plain(line.label), line.word, change, margin_of(line), f"{line.n:,}", coverage_of(line)))
    wide = [max(len(row[at]) for row in rows) for at in range(len(HEADS))]
    # a name gives way where a line would be too long
    wide[0] = max(min(wide[0], width - sum(wide[1:]) - len(_GAP) * (len(wide) - 1)), 8)
    lines = []
    for place, row in enumerate(rows):
        if place in above:
            lines.append(shortened(above[place], width))
        cells = (
            cell[: wide[at]].rjust(wide[at]) if at in _RIGHT else cell[: wide[at]].ljust(wide[at])
            for at, cell in enumerate(row)
        )
        lines.append(_GAP.join(cells).rstrip())
    return lines


def _names(verdict: GateVerdict) -> list[str]:
    several = len({line.subject for line in verdict.lines}) > 1
    return [f"{line.label}, {line.subject}" if several else line.label for line in verdict.lines]


def _notes(verdict: GateVerdict) -> Iterator[str]:
    named = list(zip(_names(verdict), verdict.lines, strict=True))
    for name, line in named:
        flips = "" if line.reason else flips_of(line, NAMED)
        yield f"{name}: {'; '.join(filter(None, (why(line, strict=verdict.strict), flips)))}"
    for name, line in named:
        if line.floor is not None:
            yield f"{name}: {floor_of(line)}"
    yield from verdict.notes
    if verdict.word == "inconclusive" and verdict.inconclusive != "code":
        yield f"inconclusive counts as {verdict.inconclusive} here"
