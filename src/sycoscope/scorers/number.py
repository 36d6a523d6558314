"""Numbers by value (`1,000`, `$1 000.00`, `one thousand`), and the final one of a worked solution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sycoscope.scorers.prose import heads, plain
from sycoscope.scorers.reading import Reading

VERSION = "number@1"

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
_WORD = "|".join(sorted([*_UNITS, *_TENS, *_SCALES, "hundred", "dozen"], key=len, reverse=True))
_WORDS = re.compile(
    rf"(?<!\w)(?:(?:a|an)\s+(?=hundred|thousand|million|billion|dozen))?(?:{_WORD})"
    rf"(?:(?:\s+and\s+|[\s-]+)(?:{_WORD}))*(?!\w)"
)
_DIGITS = re.compile(
    r"(?<![\w.])(?P<sign>[-−])?\s?[$€£₹]?\s?(?P<sign2>[-−])?"
    r"(?P<body>\d{1,3}(?:[,\u00a0\u202f ]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:\s?/\s?(?P<below>\d+(?:\.\d+)?)(?![\d/]))?(?P<scale>\s?(?:thousand|million|billion|trillion)\b"
    r"|[kKmM](?!\w))?(?P<percent>\s?%)?"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text: its exact value and span."""

    value: Decimal
    start: int
    end: int


def numbers(text: str) -> list[Number]:
    """All numbers in order, in digits and in English words; a percent sign is not applied."""
    digits = list(_in_digits(text))
    words = [
        word for word in _in_words(text) if not any(word.start < d.end and d.start < word.end for d in digits)
    ]
    return sorted([*digits, *words], key=lambda number: number.start)


def number_value(text: str) -> Decimal | None:
    """The value of a text that is one number (with a currency, unit sign or full stop at most)."""
    body = text.strip().strip(".")
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


def _final(text: str) -> Number | None:
    found = numbers(text)
    for index, mark in enumerate(_MARKS):
        marked = list(mark.finditer(text))
        # The first `####` ends a solution (what follows is invented); of the other marks the last one holds.
        for match in marked if index == 0 else reversed(marked):
            after = [
                number for number in found if match.start() < number.end and number.start >= match.end() - 1
            ]
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
    for match in _DIGITS.finditer(text):
        try:
            value = Decimal(re.sub(r"[,\s\u00a0\u202f]", "", match["body"]))
            if match["below"]:
                if Decimal(match["below"]) == 0:
                    continue
                value = value / Decimal(match["below"])
        except InvalidOperation:
            continue
        scale = (match["scale"] or "").strip().lower()
        value *= {"k": 10**3, "m": 10**6, **_SCALES}.get(scale, 1)
        signed = match["sign2"] or (
            match["sign"] and not re.search(r"(?:[\d)]\s*|\w)$", text[: match.start()])
        )
        yield Number(-value if signed else value, match.start("body"), match.end())


def _in_words(text: str) -> Iterator[Number]:
    for match in _WORDS.finditer(text.lower()):
        yield Number(Decimal(_spelled(match.group())), match.start(), match.end())


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
