"""How a number is written. Nothing here depends on a locale."""

from __future__ import annotations


def decimal(value: float, digits: int, signed: bool = False) -> str:
    """A number with a decimal point; what rounds to zero is written without a sign."""
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text


def duration(seconds: float) -> str:
    """How long something took, or will: `40 s`, `12 min`, `3.4 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
