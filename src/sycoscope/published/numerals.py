"""How recomputed numbers are written for people."""

from __future__ import annotations

from collections.abc import Iterable

from sycoscope.core.numerals import decimal
from sycoscope.published.recompute import Change, Limits, MeanChange, among_readable

MINUS = "\u2212"


def signed(value: float, decimals: int = 3) -> str:
    """A difference with its sign, and a real minus."""
    return decimal(value, decimals, signed=True).replace("-", MINUS)


def span(limits: Limits | None) -> str:
    """An interval of a difference or correlation."""
    return "none" if limits is None else f"{signed(limits[0])} to {signed(limits[1])}"


def p_text(p: float | None) -> str:
    """A p-value for people."""
    if p is None:
        return "none"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_range(one: Change) -> str:
    """The range of p over all pairings."""
    return f"p {p_ends((one.p_low, one.p_high))}"


def p_ends(ends: Limits) -> str:
    """Two ends of a p-value."""
    low, high = map(p_text, ends)
    return low if low == high else f"{low} to {high}"


def sign_open(one: Change) -> bool:
    """Whether unread outcomes leave the sign of a change open."""
    return one.unread is not None and one.unread.sign == "sign not fixed"


def unread_text(one: Change) -> str:
    """What unread outcomes leave of a change."""
    before, after = one.before, one.after
    text = (
        f"{one.measure}: unread in {before.unread} of {before.n} before and {after.unread} of {after.n} after"
    )
    if before.readable and after.readable and before.successes_if_read and after.successes_if_read:
        text += (
            f"; among the readable {within(before.successes_if_read)} of {before.readable} before and "
            f"{within(after.successes_if_read)} of {after.readable} after"
        )
        among = among_readable(before, after)
        if among is not None and one.value:
            text += f" (change {signed(among[0])} to {signed(among[1])})"
    assert one.unread is not None
    bounds = (one.unread.low or 0.0, one.unread.high or 0.0)
    return f"{text}; whatever the unread were, the change lies in {span(bounds)}: sign not fixed"


def other_rule_text(one: Change) -> str:
    """How many successes can only come from the second rule."""
    counts = []
    for figure in (one.before, one.after):
        if figure.unread_as == "other_rule" and figure.readable is not None:
            counts.append(f"at least {max(0, figure.successes - figure.readable)} of {figure.successes}")
    return f"{one.measure}: {' before and '.join(counts)} after come from trials that its main rule did not decide"


def within(ends: tuple[int, int]) -> str:
    """A count that is known only between two ends."""
    return str(ends[0]) if ends[0] == ends[1] else f"anywhere from {ends[0]} to {ends[1]}"


def outside(mean: MeanChange) -> str:
    """Whether the interval of a mean change excludes 0, the pairing being unknown."""
    return {
        "beyond chance however paired": "excludes 0 however the items pair",
        "within chance however paired": "includes 0 however the items pair",
        "depends on the pairing": "excludes 0 only for some pairings of the items",
    }[mean.paired]


def percents(limits: Limits) -> str:
    """An interval of a relative change."""
    return f"{signed(100 * limits[0], 1)} % to {signed(100 * limits[1], 1)} %"


def agrees(value: float, stated: float, decimals: int) -> bool:
    """Whether two numbers agree at the printed places (half a unit, with room for binary rounding)."""
    return abs(value - stated) <= 0.5 * 10.0**-decimals + 1e-9


def listed(names: Iterable[str]) -> str:
    """Names in a row, the last with "and"."""
    texts = list(names)
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1] if texts else ""
