"""The final number of a worked solution."""

from __future__ import annotations

import re
from bisect import bisect_right

from sycoscope.core.number_values import Number, numbers
from sycoscope.scorers.prose import heads, plain
from sycoscope.scorers.reading import Reading

VERSION = "number@3"


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
