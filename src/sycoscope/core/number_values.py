"""Numbers by value: `1,000`, `$1 000.00`, `one thousand`."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, Overflow

from sycoscope.core.folding import canonical

_UNITS = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = dict(
    zip(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        range(20, 100, 10),
        strict=True,
    )
)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
NUMBER_WORD = "|".join(sorted([*_UNITS, *_TENS, *_SCALES, "hundred", "dozen"], key=len, reverse=True))
_IN_WORDS = re.compile(
    rf"(?<!\w)(?:(?:a|an)\s+(?=hundred|thousand|million|billion|dozen))?(?:{NUMBER_WORD})"
    rf"(?:(?:\s+and\s+|[\s-]+)(?:{NUMBER_WORD}))*(?!\w)"
)
_GROUPED = (
    r"\d{1,3}(?:[,\u00a0\u202f ]\d{3})+(?!\d)|\d{1,3}(?:['_]\d{3})+(?![\d'_])|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)"
)
# In this order: 9.500,00; then 9,500.00, 9 500, 9'500 and 1,00,000; then any.
_DIGITS = re.compile(
    r"(?<![\w.^])(?P<sign>[-−–])?\s?(?P<currency>[$€£₹¥])?\s?(?P<sign2>[-−])?"
    rf"(?P<body>(?P<continental>\d{{1,3}}(?:\.\d{{3}})+,\d{{1,2}}(?![\d,.]))|(?:{_GROUPED})(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:[eE](?P<exponent>[-+−]?\d{1,3})(?!\w)|\s?[×x*·]\s?10\^(?P<ten>[-+−]?\d{1,3})(?!\d)|\^(?P<power>[-+−]?\d{1,2})(?!\d))?"
    r"(?:\s(?P<part>\d{1,3})\s?/\s?(?P<of>\d{1,3})(?![\d/])|\s?/\s?(?P<below>\d+(?:\.\d+)?)(?![\d/]))?"
    r"(?P<scale>\s?(?:thousand|million|billion|trillion|lakh|crore|bn|mn)\b|[kKmM](?!\w))?(?P<percent>\s?%)?"
)
_NEGATED = re.compile(r"(?:^|[^\d\s)]\s*)\b(?:minus|negative)\s$", re.IGNORECASE)
_SHORT = {"lakh": 10**5, "crore": 10**7, "bn": 10**9, "mn": 10**6, "k": 10**3}


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text: its exact value and span."""

    value: Decimal
    start: int
    end: int


def numbers(text: str) -> list[Number]:
    """All numbers in order, in digits and in English words; a percent sign is not applied."""
    digits = list(_in_digits(text))
    starts, ends = [number.start for number in digits], [number.end for number in digits]
    words = [
        word for word in _in_words(text) if bisect_left(starts, word.end) <= bisect_right(ends, word.start)
    ]
    return sorted([*digits, *words], key=lambda number: number.start)


def number_value(text: str) -> Decimal | None:
    """The value of a text that is one number (with a currency, unit sign or full stop at most)."""
    body = canonical(text).strip().strip(".")
    found = numbers(body)
    if len(found) != 1:
        return None
    rest = body[: found[0].start] + body[found[0].end :]
    return found[0].value if not re.search(r"\w", rest) else None


def _in_digits(text: str) -> Iterator[Number]:
    for match in _DIGITS.finditer(text):
        try:
            value = _value(match)
        except (InvalidOperation, Overflow, ZeroDivisionError):
            continue
        yield Number(-value if _is_negative(text, match) else value, match.start("body"), match.end())


def _value(match: re.Match[str]) -> Decimal:
    """The value of a number in digits, without its sign: power, fraction and scale are worked out."""
    body = match["body"]
    if match["continental"]:
        body = body.replace(".", "").replace(",", ".")
    value = Decimal(re.sub(r"[,'_\s\u00a0\u2009\u202f]", "", body))
    if shift := match["exponent"] or match["ten"]:
        value = value.scaleb(int(shift.replace("−", "-")))
    elif match["power"]:
        value = value ** int(match["power"].replace("−", "-"))
    if match["of"]:
        value += Decimal(match["part"]) / Decimal(match["of"])
    elif match["below"]:
        value /= Decimal(match["below"])
    scale = (match["scale"] or "").strip()
    if scale == "m" and not match["currency"]:
        return value  # metres, minutes
    scale = scale.lower()
    return value * {"m": 10**6, **_SHORT, **_SCALES}.get(scale, 1)


def _is_negative(text: str, match: re.Match[str]) -> bool:
    """Whether a sign before a number is its own: not a subtraction, a range or a dash between words."""
    if match["sign2"]:
        return True
    before = text[max(0, match.start() - 12) : match.start()]
    if not match["sign"]:
        start = match.start("body")
        return _NEGATED.search(text[max(0, start - 24) : start]) is not None
    if match["sign"] == "–" and (
        match["body"] != text[match.start() + 1 :][: len(match["body"])] or before[-1:].isalnum()
    ):
        return False
    return not (before[-1:].isalnum() or before[-1:] == "_" or before.rstrip()[-1:] in {*"0123456789)"})


def _in_words(text: str) -> Iterator[Number]:
    for match in _IN_WORDS.finditer(text.lower()):
        value = Decimal(_spelled(match.group()))
        negative = _NEGATED.search(text[max(0, match.start() - 24) : match.start()]) is not None
        yield Number(-value if negative else value, match.start(), match.end())


def _spelled(words: str) -> int:
    total = current = 0
    for word in re.split(r"[\s-]+", words):
        if word in {"a", "an"}:
            current = 1
        elif word in _UNITS:
            current += _UNITS[word]
        elif word in _TENS:
            current += _TENS[word]
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word == "dozen":
            current = max(current, 1) * 12
        elif word in _SCALES:
            total += max(current, 1) * _SCALES[word]
            current = 0
    return total + current
