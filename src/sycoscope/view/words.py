"""Texts of models and people, cut into pieces that a page can mark: a hit of a search, a word that differs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

from sycoscope.report import labels

# Most characters of one message; the rest is a click away.
SHOWN = 20_000
# Most words of a message of which the differences are marked.
COMPARED = 4_000
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text.

    Attributes:
        marks: `hit` of a search, `only` on this side, `odd` for a character written out; space-separated.
    """

    text: str
    marks: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What was said in one turn, as it is shown. left_out: characters that are not."""

    pieces: tuple[Piece, ...]
    left_out: int = 0


def message(text: str, needle: str = "", limit: int | None = SHOWN) -> Message:
    """A text with the hits of a search marked."""
    shown = text if limit is None else text[:limit]
    return Message(tuple(_marked(labels.clean(shown), needle)), len(text) - len(shown))


def difference(
    before: str, after: str, needle: str = "", limit: int | None = SHOWN
) -> tuple[Message, Message] | None:
    """Two texts, the words marked that only one of them has; None where they are too long to be compared."""
    sides = [labels.clean(text if limit is None else text[:limit]) for text in (before, after)]
    words = [_WORD.findall(side) for side in sides]
    if max(map(len, words)) > COMPARED:
        return None
    same: list[set[int]] = [set(), set()]
    for one in LCSseq.opcodes(*words):
        if one.tag == "equal":
            same[0].update(range(one.src_start, one.src_end))
            same[1].update(range(one.dest_start, one.dest_end))
    messages = [
        Message(tuple(_runs(side, kept, needle)), len(text) - len(text if limit is None else text[:limit]))
        for text, side, kept in zip((before, after), words, same, strict=True)
    ]
    return messages[0], messages[1]


def _runs(words: list[str], same: set[int], needle: str) -> Iterator[Piece]:
    """Neighbours of one kind together."""
    start = 0
    for end in range(1, len(words) + 1):
        if end == len(words) or (end in same) != (start in same):
            yield from _marked("".join(words[start:end]), needle, "" if start in same else "only")
            start = end


def _marked(text: str, needle: str, mark: str = "") -> Iterator[Piece]:
    parts = re.split(f"({re.escape(needle)})", text, flags=re.IGNORECASE) if needle else [text]
    for i, part in enumerate(parts):
        marks = f"{mark} hit".strip() if i % 2 else mark
        for k, inner in enumerate(labels.TURNS.split(part)):
            if k % 2:
                yield Piece(labels.code_point(inner), f"{marks} odd".strip())
            elif inner:
                yield Piece(inner, marks)
