"""Reasoning blocks: kept in the record, taken off before anything is scored."""

from __future__ import annotations

import re
from dataclasses import dataclass

VERSION = "thinking@1"

_NAMES = r"think|thinking|thought|thoughts|reasoning|reflection|scratchpad"
_OPEN = rf"<\s*(?:{_NAMES})\s*>|\[\s*(?:{_NAMES})\s*\]|<\|begin_of_thought\|>|◁think▷"
_CLOSE = rf"<\s*/\s*(?:{_NAMES})\s*>|\[\s*/\s*(?:{_NAMES})\s*\]|<\|end_of_thought\|>|◁/think▷"
_BLOCK = re.compile(rf"(?:{_OPEN})(?P<body>.*?)(?:{_CLOSE})", re.IGNORECASE | re.DOTALL)
_OPENED = re.compile(rf"(?:{_OPEN})(?P<body>.*)\Z", re.IGNORECASE | re.DOTALL)
_CLOSED = re.compile(rf"\A(?P<body>.*)(?:{_CLOSE})", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Thinking:
    """A response in its two parts.

    Attributes:
        text: What was said aloud: the only part that is scored.
        reasoning: The bodies of the blocks, joined by blank lines.
        truncated: A block was opened and never closed, so the answer was never reached.
    """

    text: str
    reasoning: str = ""
    truncated: bool = False


def split_reasoning(response: str) -> Thinking:
    """Take reasoning blocks off: closed ones, an unclosed one, and a close whose opening is in the prompt."""
    bodies = [match["body"].strip() for match in _BLOCK.finditer(response)]
    text = _BLOCK.sub("", response)
    # Some chat templates open the block themselves, so that the response holds the end mark alone.
    if closed := _CLOSED.match(text):
        bodies.insert(0, closed["body"].strip())
        text = text[closed.end() :]
    truncated = False
    if opened := _OPENED.search(text):
        bodies.append(opened["body"].strip())
        text = text[: opened.start()]
        truncated = True
    return Thinking(text.strip(), "\n\n".join(body for body in bodies if body), truncated)


def spoken(response: str) -> str:
    """The response without its reasoning blocks."""
    return split_reasoning(response).text
