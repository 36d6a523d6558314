"""Numbers and names as the terminal writes them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sycoscope.core.numerals import decimal
from sycoscope.core.texts import plain

if TYPE_CHECKING:
    from sycoscope.core.types import Estimate

# Columns between two columns.
GAP = 2
# A blank at which no line is broken.
TOGETHER = "\u00a0"
# Rates are told in points.
_SCALE = {"proportion": 100.0}


def number_of(estimate: Estimate, *, level: bool = False, brief: bool = False) -> str:
    """A change in points, or in its own unit; a level that is a share in per cent. brief: one decimal at most."""
    assert estimate.value is not None
    if level and _share(estimate):
        return f"{decimal(estimate.value * 100, 0)} %"
    return _decimal(estimate.value, estimate, brief)


def interval_of(estimate: Estimate, between: str, *, level: bool = False, brief: bool = False) -> str:
    """Its limits; a dash where it has none. brief: one decimal at most, no plus signs."""
    if estimate.low is None or estimate.high is None:
        return "-"
    if level and _share(estimate):
        return between.join(decimal(limit * 100, 0) for limit in (estimate.low, estimate.high))
    limits = [_decimal(limit, estimate, brief) for limit in (estimate.low, estimate.high)]
    return between.join(limit.removeprefix("+") if brief else limit for limit in limits)


def _share(estimate: Estimate) -> bool:
    return estimate.unit == "proportion" and bool(estimate.condition or estimate.name == "accuracy")


def _decimal(value: float, estimate: Estimate, brief: bool) -> str:
    digits = 0 if estimate.unit in _SCALE else 1 if brief else 2
    return decimal(value * _SCALE.get(estimate.unit, 1.0), digits, True)


def accuracy_of(before: Estimate | None, after: Estimate | None) -> str:
    """Share of right answers before and after, as `71 -> 69 %`; a dash where neither is shown."""
    shown = ["?" if one is None or one.value is None else f"{one.value * 100:.0f}" for one in (before, after)]
    return "-" if shown == ["?", "?"] else f"{shown[0]} -> {shown[1]} %"


def name_in(name: str, room: int) -> str:
    """A name in so many columns: the end of one that is too long, which tells folders apart."""
    shown = plain(name)
    return shown if len(shown) <= room else "..." + shown[len(shown) - max(room - 3, 1) :]


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Text with blanks up to a width."""
    return text.rjust(width) if right else text.ljust(width)


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    numeric: Sequence[int] = (),
    gap: int = GAP,
    wraps: int = 1,
) -> list[str]:
    """Columns side by side; one gives way where they are too wide, wrapped between words."""
    full = [row for row in rows if len(row) == len(heads)]
    widths = [max(len(row[i]) for row in (heads, *full)) for i in range(len(heads))]
    over = sum(widths) + gap * (len(widths) - 1) - width
    if over > 0:
        longest = max(len(word) for row in full for word in row[wraps].split() or [""])
        widths[wraps] = max(widths[wraps] - over, longest, len(heads[wraps]))
    lines = []
    for row in (heads, *rows):
        if len(row) < len(heads):
            lines.append(row[0][:width])
            continue
        parts = [
            textwrap.wrap(text, widths[i], break_on_hyphens=False) or [""] if i == wraps else [text]
            for i, text in enumerate(row)
        ]
        for k in range(max(map(len, parts))):
            cells = [
                padded(part[k] if k < len(part) else "", widths[i], right=i in numeric)
                for i, part in enumerate(parts)
            ]
            lines.append((" " * gap).join(cells).rstrip()[:width])
    return lines
