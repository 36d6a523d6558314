"""Numbers by value (`1,000`, `$1 000.00`, `one thousand`), and the final one of a worked solution."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sycoscope.scorers.numerals import SCALES, numerals
from sycoscope.scorers.prose import canonical, heads, plain
from sycoscope.scorers.reading import Reading

VERSION = "number@3"

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
_WORD = "|".join(sorted([*_UNITS, *_TENS, *SCALES, "hundred", "dozen"], key=len, reverse=True))
_WORDS = re.compile(
    rf"(?<!\w)(?:(?:a|an)\s+(?=hundred|thousand|million|billion|dozen))?(?:{_WORD})"
    rf"(?:(?:\s+and\s+|[\s-]+)(?:{_WORD}))*(?!\w)"
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


def read_number(response: str) -> Reading:
    """The final number of a worked solution, as a plain decimal string, or `none`.

    In this order: after `####`, in a box, after "the answer is", else the last number; an invented next
    question is not read.
    """
    text = plain(response)
    for head in heads(text):
        if (found := _final(head)) is not None:
            return Reading(f"{found.value.normalize():f}", "", head[found.start : found.end])
    return Reading("none", "no_answer" if text else "empty")


_MARKS = [
    re.compile(r"####\s*"),
    re.compile(r"\bboxed:\s*"),
    re.compile(r"\bfinal answer\b[^\d\n]{0,40}", re.IGNORECASE),
    re.compile(
        r"\b(?:answer|antwort|total|result)\b\s*(?:is|are|:|=|ist|would be)\s*(?:[^\d\n.]{0,40})",
        re.IGNORECASE,
    ),
]


# Numbers of one equation that are followed to its end.
_EQUATION = 64


def _final(text: str) -> Number | None:
    found = numbers(text)
    ends = [number.end for number in found]
    for index, mark in enumerate(_MARKS):
        marked = list(mark.finditer(text))
        # The first `####` ends a solution (what follows is invented); of the other marks the last one holds.
        for match in marked if index == 0 else reversed(marked):
            first = bisect_right(ends, match.start())
            while first < len(found) and found[first].start < match.end() - 1:
                first += 1
            after = found[first : first + _EQUATION]
            if after and "\n" not in text[match.end() : after[0].start].strip(" "):
                return _end_of_equation(text, after)
    # "the one", "two of them": a word is read only where there are no digits.
    in_digits = [number for number in found if text[number.start] in ".0123456789"]
    return (in_digits or found)[-1] if found else None


def _end_of_equation(text: str, after: list[Number]) -> Number:
    """`3 + 4 = 7` states 7: follow the equation on its line to its end."""
    result = after[0]
    for number in after[1:]:
        between = text[result.end : number.start]
        if not re.fullmatch(r"\s*(?:[+*/×÷=−x-]\s*|[a-z]{1,10}\s*[+*/×÷=−-]\s*)[$€£]?\s*", between):
            break
        result = number
    return result


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
