"""Numbers by value: `1,000`, `$1 000.00`, `one thousand`."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sycoscope.core.folding import canonical
from sycoscope.core.number_forms import SCALES, numerals

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
NUMBER_WORD = "|".join(sorted([*_UNITS, *_TENS, *SCALES, "hundred", "dozen"], key=len, reverse=True))
_WORDS = re.compile(
    rf"(?<!\w)(?:(?:a|an)\s+(?=hundred|thousand|million|billion|dozen))?(?:{NUMBER_WORD})"
    rf"(?:(?:\s+and\s+|[\s-]+)(?:{NUMBER_WORD}))*(?!\w)"
)
_NEGATED = re.compile(r"(?:^|[^\d\s)]\s*)\b(?:minus|negative)\s$", re.IGNORECASE)


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
    """Numbers that stand for themselves ("H2" holds none), with their scale; "10 -4" is a subtraction."""
    for found in numerals(text):
        if not found.glued:
            value = found.value * found.scale
            yield Number(-value if found.minus in {"own", "apart"} else value, found.start, found.stop)


def _in_words(text: str) -> Iterator[Number]:
    for match in _WORDS.finditer(text.lower()):
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
        elif word in SCALES:
            total += max(current, 1) * SCALES[word]
            current = 0
    return total + current
