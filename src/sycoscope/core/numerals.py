"""How a number is written. Nothing here depends on a locale."""

from __future__ import annotations


def decimal(value: float, digits: int, signed: bool = False) -> str:
    """A number with a decimal point; what rounds to zero is written without a sign."""
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text
