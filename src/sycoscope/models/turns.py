"""The turns of a dialogue inside rendered text: whether all are there, what stands between them, what ends one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.core.types import Message

# What ends a block of reasoning, which templates take off earlier turns.
_REASONED = re.compile(r"</\w+>|\[/\w+\]|<\|[^|<>]{1,40}\|>|◁/\w+▷")
# A line of a template with one of these is its own; a line without may stand in anybody's text.
_MARKED = re.compile(r"[#<>\[\]|:{}]")
_THOUGHT = re.compile(r"think|thought|reason", re.IGNORECASE)
# Dialogues that a template must be able to write, each turn in words of its own.
PROBES: tuple[tuple[Message, ...], ...] = (
    (Message("user", "zqa"),),
    (Message("user", "zqa"), Message("assistant", "zqx"), Message("user", "zqb")),
    (
        Message("user", "zqa"),
        Message("assistant", "zqx"),
        Message("user", "zqb"),
        Message("assistant", "zqy"),
        Message("user", "zqc"),
    ),
)


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """What ends an assistant's turn.

    Attributes:
        token: A special token; None where no special one does.
        text: What is written after the answer where no special token is: the next turn's heading as a rule.
        stop: The part of it that ends a response.
        of_next: It is read off what opens the next turn: nothing closes this one.
    """

    token: int | None = None
    text: str = ""
    stop: str = ""
    of_next: bool = False


def control_tokens(tokenizer: Any) -> tuple[str, ...]:
    """The special tokens of a tokenizer that stand for themselves in a text, the longest first."""
    added = getattr(tokenizer, "added_tokens_decoder", {}).values()
    tokens = {str(token) for token in tokenizer.all_special_tokens}
    tokens |= {str(token.content) for token in added if token.special}
    return tuple(sorted((token for token in tokens if token.strip()), key=lambda token: (-len(token), token)))


def pattern_of(tokens: Sequence[str]) -> re.Pattern[str] | None:
    """A pattern that finds any of these texts; None for none."""
    return re.compile("|".join(map(re.escape, tokens))) if tokens else None


def missing_turn(messages: Sequence[Message], text: str) -> int | None:
    """Index of the first turn whose words are not in the rendered text in their place; None where all are.

    Blanks do not count, and of an answer its reasoning may be left out.
    """
    index = _missing(messages, text, str.strip)
    return index if index is None else _missing(messages, _spaced(text), _spaced)


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _missing(messages: Sequence[Message], text: str, tidy: Any) -> int | None:
    at = 0
    for index, message in enumerate(messages):
        said = [tidy(message.content)]
        if message.role == "assistant":
            said.append(tidy(_REASONED.split(message.content)[-1]))
        if message.role == "system":  # some templates write it at the last turn
            found = text.find(said[0])
        else:
            found, words = next(
                ((place, words) for words in said if (place := text.find(words, at)) >= 0), (-1, "")
            )
            at = found + len(words)
        if found < 0:
            return index
    return None


def marks_of(text: str, control: re.Pattern[str] | None) -> list[str]:
    """Special tokens and headings by which a template tells turns apart, from the longest of `PROBES`, sorted.

    Tags of reasoning are none: answers hold them.
    """
    contents = "|".join(re.escape(message.content) for message in PROBES[-1])
    found: set[str] = set()
    for piece in re.split(contents, text)[1:-1]:
        found |= set(control.findall(piece)) if control else set()
        lines = (control.sub("\n", piece) if control else piece).splitlines()
        found |= {line.strip() for line in lines if _MARKED.search(line) and len(line.strip()) > 2}
    return sorted(mark for mark in found if not _THOUGHT.search(mark))


def end_of(tokenizer: Any, closed: str, following: str, control: re.Pattern[str] | None) -> TurnEnd:
    """What ends a turn.

    Args:
        closed: What is written after an answer with which a dialogue ends.
        following: What is written between an answer and the user's next words.
    """
    special = set(tokenizer.all_special_ids) - {tokenizer.bos_token_id}
    for of_next, written in ((False, closed), (True, following)):
        ids = tokenizer(written, add_special_tokens=False).input_ids
        token = next((int(token) for token in ids if token in special), None)
        if token is not None:
            return TurnEnd(token, of_next=of_next)
        text = (control.sub("", written) if control else written).rstrip()
        if text.strip():
            return TurnEnd(None, text, _stop_of(text), of_next)
    return TurnEnd()


def _stop_of(text: str) -> str:
    """The first line of what follows an answer; one that may stand in any text counts as a line of its own alone."""
    line = text.strip().splitlines()[0]
    if text[: len(text) - len(text.lstrip())].count("\n") and not re.search(r"[#<\[|]", line):
        return f"\n{line}"
    return line
