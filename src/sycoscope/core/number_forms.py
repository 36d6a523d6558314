"""Numbers in digits: every form in which they are written, for all that reads them.

Of plain text (`typesetting`) `numerals` finds the numbers. Which of them is meant, and what a minus or a word like
"million" makes of one, is for the reader to say: see `Numeral`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, Overflow
from typing import Literal

_GAP = r"[^\S\n]"
# Thousands: 9,500 and 9 500 (not mixed), 9'500 and 9_500, 1,00,000.
_GROUPED = (
    r"\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?:[\u00a0\u202f ]\d{3})+(?!\d)|\d{1,3}(?:['_]\d{3})+(?![\d'_])"
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)"
)
# A sign that could be a dash or a subtraction is told apart by what stands before it (`_minus`). The digits of an
# exponent and what follows a decimal number's second point begin no number.
_NUMERAL = re.compile(
    rf"(?P<sign>(?<![\w.^)])[-−–]{_GAP}?)?(?:(?P<currency>[$€£₹¥]){_GAP}?(?P<inner>[-−])?)?"
    r"(?P<body>(?<![\d^])(?<!\d\.)(?<!\^[-+−])"
    rf"(?:(?P<continental>\d{{1,3}}(?:\.\d{{3}})+,\d{{1,2}}(?![\d,.]))|(?:{_GROUPED})(?:\.\d+)?|\d+(?:\.\d+)?"
    r"|(?<![\w.])\.\d+))"
    rf"(?:[eE](?P<exponent>[-+−]?\d{{1,3}})(?!\w)|{_GAP}?[×x*·]{_GAP}?10\^(?P<ten>[-+−]?\d{{1,3}})(?!\d)"
    r"|\^(?P<power>[-+−]?\d{1,2})(?!\d))?"
    rf"(?:{_GAP}(?P<part>\d{{1,9}}){_GAP}?/{_GAP}?(?P<of>\d{{1,9}})(?![\d/])"
    rf"|{_GAP}?/{_GAP}?(?P<below>\d+(?:\.\d+)?)(?![\d/]))?"
)
_SCALE = re.compile(
    rf"(?P<scale>{_GAP}?(?:thousand|million|billion|trillion|lakh|crore|bn|mn)\b|[kKmM](?!\w))?(?:{_GAP}?%)?"
)
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT = {"lakh": 10**5, "crore": 10**7, "bn": 10**9, "mn": 10**6, "k": 10**3, "m": 10**6}
_IN_WORDS = re.compile(r"(?:^|[^\d\s)]\s*)\b(?:minus|negative)\s$", re.IGNORECASE)
_TIMES = re.compile(r"(?:[1-9]|\d0)x$")  # "5x2", not "0x2"
Minus = Literal["", "own", "apart", "after"]


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in digits.

    Attributes:
        value: Without its sign and scale; powers and fractions are worked out.
        start, end: The span of its digits.
        minus: A minus before it: its `own` ("-7", "minus 7"); `apart` from it by a space ("- 7"); right before it,
            but `after` a number and a space ("10 -4"). Empty for none, and for a subtraction, range or dash.
        scale: What a word behind it makes of it ("2.5 million", "$3k"); 1 without one. stop: The end of that.
        glued: A letter stands right before it ("H2").
    """

    value: Decimal
    start: int
    end: int
    minus: Minus
    scale: int
    stop: int
    glued: bool


def numerals(text: str, start: int = 0, end: int | None = None) -> Iterator[Numeral]:
    """The numbers in digits of a span of plain text, in order; one that cannot be worked out is left out."""
    for match in _NUMERAL.finditer(text, start, len(text) if end is None else end):
        try:
            value = _value(match)
        except (InvalidOperation, Overflow):
            continue
        first, last = match.span("body")[0], match.end()
        behind = _SCALE.match(text, last, len(text) if end is None else end)
        word = (behind["scale"] or "").strip() if behind else ""
        metres = word == "m" and not match["currency"]  # or minutes
        scale = 1 if metres else (SCALES | _SHORT).get(word.lower(), 1)
        before = text[max(0, first - 3) : first]
        glued = (before[-1:].isalpha() or before[-1:] == "_") and not _TIMES.search(before)
        yield Numeral(value, first, last, _minus(text, match), scale, behind.end() if behind else last, glued)


def _minus(text: str, match: re.Match[str]) -> Minus:
    before = text[max(0, match.start() - 24) : match.start()]
    if match["inner"]:
        return "own"
    if not match["sign"]:
        return "own" if _IN_WORDS.search(before) else ""
    attached = match["sign"] in {"-", "−", "–"}
    if before.rstrip(" \t")[-1:] in {*"0123456789)"}:
        return "after" if attached else ""
    if attached:
        return "own"
    return "" if match["sign"][0] == "–" else "apart"


def _value(match: re.Match[str]) -> Decimal:
    """The value of a number in digits, without its sign: power and fraction are worked out."""
    body = match["body"]
    if match["continental"]:
        body = body.replace(".", "").replace(",", ".")
    value = Decimal(re.sub(r"[,'_\s]", "", body))
    if shift := match["exponent"] or match["ten"]:
        value = value.scaleb(int(shift.replace("−", "-")))
    elif match["power"]:
        value = value ** int(match["power"].replace("−", "-"))
    below = Decimal(match["of"] or match["below"] or 0)
    if match["of"] and below:
        value += Decimal(match["part"]) / below
    elif below:
        value /= below
    return value  # "12/0" is 12
