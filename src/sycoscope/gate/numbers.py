"""The gate's numbers for people: rates in points, everything else in its own unit."""

from __future__ import annotations

from sycoscope.core.numerals import decimal
from sycoscope.gate.verdict import Line

_UNITS = {"proportion": "points", "d_prime": "SD", "log_odds": "nats"}


def number(value: float | None, unit: str, *, signed: bool = True) -> str:
    """A number; a dash where there is none."""
    if value is None:
        return "-"
    return decimal(value * 100, 1, signed) if unit == "proportion" else decimal(value, 2, signed)


def change_of(line: Line) -> str:
    """The change with its limits, as `+3.0 (-1.2 to +7.1)`; a dash where there is none."""
    if line.value is None:
        return "-"
    limits = (
        f" ({number(line.low, line.unit)} to {number(line.high, line.unit)})" if line.low is not None else ""
    )
    return number(line.value, line.unit) + limits


def margin_of(line: Line) -> str:
    """The margin on the side on which it lies."""
    text = number(line.margin, line.unit, signed=False)
    text = text.removesuffix(".0") if line.unit == "proportion" else text
    return ("+" if line.lower else "-") + text


def unit_of(line: Line) -> str:
    """The unit of its numbers, for people."""
    return _UNITS.get(line.unit, "")


def coverage_of(line: Line) -> str:
    """Share of readable answers; a dash where it is not known."""
    return "-" if line.coverage is None else f"{line.coverage:.0%}"


def why(line: Line, *, strict: bool = False) -> str:
    """One sentence on what a line's word rests on, and what to do."""
    if line.word == "not comparable":
        return f"cannot be compared: {line.reason}"
    unit = f" {unit_of(line)}" if unit_of(line) else ""
    margin = number(line.margin, line.unit, signed=False)
    if line.word == "pass":
        return f"not worse by {margin}{unit} or more"
    if line.word == "fail":
        return "shown to be worse" if strict else f"shown to be worse by more than {margin}{unit}"
    loss = line.high if line.lower else None if line.low is None else -line.low
    can = f"a loss of up to {number(loss, line.unit, signed=False)}{unit} is not ruled out"
    if line.more is not None:
        return f"{can}; ask about {line.more:,} more items like these (power 80 %, if the change is the one seen)"
    return f"{can}; no number of items would show that it passes, if the change is the one seen"


def flips_of(line: Line, most: int = 10) -> str:
    """What became of single items, so many of them by name; empty where that is not counted."""
    if line.flips is None:
        return ""
    names = f" (the first: {', '.join(line.items[:most])})" if line.items else ""
    return f"{line.flips[0]} given up{names}, {line.flips[1]} won back"


def floor_of(line: Line) -> str:
    """What the same model differs by from itself; empty where that was not looked at."""
    if line.floor is None:
        return ""
    return (
        f"asked twice, the same model differs from itself in {line.floor.differing} of {line.floor.n} outcomes"
        f" (by up to {number(line.floor.limit, line.unit, signed=False)})"
    )
