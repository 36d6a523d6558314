"""Reasoning blocks: kept in the record, taken off before anything is scored."""

from __future__ import annotations

from dataclasses import dataclass

from sycoscope.core.reasoning import MARK
from sycoscope.core.types import Response

VERSION = "thinking@2"


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


def split_reasoning(response: str, *, opened: bool = False, cut: bool = False) -> Thinking:
    """Take reasoning blocks off: closed ones, an unclosed one, and a close whose opening is in the prompt.

    Args:
        opened: The prompt had opened a block, so that the response begins inside it.
        cut: The response was cut at its limit. One that begins inside the prompt's block, never closes it and yet
            comes to its own end has spoken there.
    """
    said: list[str] = []
    bodies: list[str] = []
    inside, own, at = opened, not opened, 0
    for mark in MARK.finditer(response):
        own = own or bool(mark["open"])
        if mark["open"] and inside:
            continue  # a block within a block
        (bodies if inside else said).append(response[at : mark.start()])
        at = mark.end()
        if mark["close"] and not inside:
            # Some chat templates open the block themselves, so that the response holds the end mark alone.
            bodies, said = [*bodies, *said], []
        inside = bool(mark["open"])
    truncated = inside and (own or cut)
    (bodies if truncated else said).append(response[at:])
    reasoning = "\n\n".join(body.strip() for body in bodies if body.strip())
    return Thinking("".join(said).strip(), reasoning, truncated)


def said_aloud(response: Response) -> Thinking:
    """A response of a model in its two parts, whoever opened the reasoning."""
    return split_reasoning(response.text, opened=response.opened, cut=response.finish == "length")


def spoken(response: str) -> str:
    """The response without its reasoning blocks."""
    return split_reasoning(response).text
