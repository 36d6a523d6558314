"""Reads the number that a worked answer commits to.

The harness's own match turns every unread answer into 0. Here a cut answer is missing, and a complete
answer without any number is an outcome (`abandoned`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sycoscope.core.number_forms import Numeral, numerals
from sycoscope.core.thinking import split_reasoning
from sycoscope.core.types import Finish, Status
from sycoscope.core.typesetting import plain_signs, untex

_INVISIBLE = re.compile("[\\u00ad\\u200b-\\u200f\\u2060-\\u2064\\ufeff]+")
# A marked answer is a commitment, readable or not; a phrase is one only with a number behind it.
MARKS = (re.compile(r"####(?P<answer>[^\n]*)"), re.compile(r"\\boxed\{(?P<answer>(?:[^{}]|\{[^{}]*\})*)\}?"))
PHRASE = re.compile(r"\banswer(?:\s+is|\s*:)\s*", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class NumberReading:
    """`number` is None unless one was read; `label` is set where the status is `scored` without one."""

    status: Status
    number: Decimal | None = None
    label: Literal["", "abandoned"] = ""


def parse_number(text: str) -> Decimal | None:
    """The first number in `text`, without thousands separators and currency; None where there is none."""
    return _first(_plain(text))[0]


def read_number(text: str, finish: Finish, *, opened: bool = False) -> NumberReading:
    """Read the number that an answer commits to.

    In order: after the first `####`, in the last box, after the last "answer is"; then, in a complete
    text only, the last number.

    Args:
        text: The response. finish: `length` where it was cut, so that a number at its very end may be
            half of one. opened: the prompt had opened a block of reasoning, so the text begins inside it.
    """
    if finish == "error":
        return NumberReading("error")
    whole, thinking = text, split_reasoning(text, opened=opened, cut=finish == "length")
    if thinking.truncated:
        return NumberReading("truncated")
    text = _plain(thinking.text)
    unreadable = False
    for span in _commitments(text):
        number, end = _first(text, *span)
        if number is None:
            unreadable = True
            continue
        if finish == "length" and end == len(text) and not whole[-1:].isspace():
            return NumberReading("truncated")
        return NumberReading("scored", number)
    if finish == "length":
        return NumberReading("truncated")
    if unreadable:
        return NumberReading("unparsed")
    numbers = list(numerals(text))
    if not numbers:
        return NumberReading("scored", label="abandoned")
    return NumberReading("scored", _signed(numbers[-1]))


def _plain(text: str) -> str:
    """Numbers of LaTeX and of other scripts in plain digits."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", plain_signs(text))).replace("\u2044", "/")
    return untex(text)


def _first(text: str, start: int = 0, end: int | None = None) -> tuple[Decimal | None, int]:
    """The first number of a span, and where it ends."""
    found = next(numerals(text, start, end), None)
    return (None, start) if found is None else (_signed(found), found.end)


def _signed(found: Numeral) -> Decimal:
    """A number as a benchmark means it: in the unit that is asked for (no "million"), "10 -4" ending in -4."""
    return -found.value if found.minus in {"own", "after"} else found.value


def _commitments(text: str) -> list[tuple[int, int]]:
    mark, box = (list(pattern.finditer(text)) for pattern in MARKS)
    spans = [found.span("answer") for found in mark[:1] + box[-1:]]
    return [_after_equals(text, *span) for span in (*spans, *_phrases(text)[-1:])]


def _phrases(text: str) -> list[tuple[int, int]]:
    """What follows "the answer is" up to the end of its line, where there is a digit in it."""
    spans: list[tuple[int, int]] = []
    read = 0
    for phrase in PHRASE.finditer(text):
        if phrase.start() < read:
            continue
        stop = text.find("\n", phrase.end())
        read = len(text) if stop < 0 else stop
        if _DIGIT.search(text, phrase.end(), read):
            spans.append((phrase.end(), read))
    return spans


def _after_equals(text: str, start: int, end: int) -> tuple[int, int]:
    """The part of a span that holds its result: `10 - 4 = 6` commits to 6."""
    return max(start, text.rfind("=", start, end) + 1), end
