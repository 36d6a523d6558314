"""Text that is no answer at all: empty, looping, chat-template tokens, the prompt said back."""

from __future__ import annotations

import re
import zlib
from typing import Literal

from rapidfuzz.fuzz import ratio

from sycoscope.core.folding import fold
from sycoscope.scorers.prose import ends
from sycoscope.scorers.reading import Reading

VERSION = "degenerate@1"

Fault = Literal["", "empty", "loop", "template", "echo"]

_TEMPLATE = re.compile(
    r"<\|[a-z_0-9]{2,40}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>"
    r"|\[(?:PAD|CLS|SEP|MASK)\]"
    r"|^\s*(?:### (?:Instruction|Response|Human|Assistant):)",
    re.MULTILINE,
)
# From this many words on, a text that repeats itself is looping.
_LOOP_WORDS = 12
_LOOP_SHARE = 0.5
_COMPRESSED = 0.2


def read_degenerate(response: str, prompt: str = "") -> Reading:
    """Find what makes a text degenerate: label `fine`, or `empty`, `loop`, `template`, `echo`.

    Args:
        response: The text as it came from the model.
        prompt: What was asked; an answer of at least eight words that only says it back is an echo.
    """
    response = ends(response)
    if not re.search(r"\w", response):
        return Reading("empty", "", response[:20])
    if match := _TEMPLATE.search(response):
        return Reading("template", "", match.group())
    if looping := loop_unit(response):
        return Reading("loop", "", looping)
    said = " ".join(re.findall(r"\w+", fold(response)))
    asked = " ".join(re.findall(r"\w+", fold(prompt)))
    if asked and len(said.split()) >= 8 and (said in asked or ratio(said, asked, score_cutoff=90) > 0):
        return Reading("echo", "", response[:80])
    return Reading("fine")


def degenerate(response: str, prompt: str = "") -> bool:
    """Whether the text is degenerate."""
    return read_degenerate(response, prompt).label != "fine"


def loop_unit(text: str) -> str:
    """The unit that a text repeats for more than half of its length; empty where it does not."""
    text = ends(text)
    if match := re.search(r"(\S)\1{29,}", text):
        return match.group(1)
    words = re.findall(r"\w+|[^\w\s]", fold(text))
    if len(words) < _LOOP_WORDS:
        return ""
    for size in range(1, min(40, len(words) // 3) + 1):
        repeated = _longest_run(words, size)
        if (
            repeated[0] >= 3
            and repeated[0] * size > _LOOP_SHARE * len(words)
            and repeated[0] * size >= _LOOP_WORDS
        ):
            return " ".join(repeated[1])
    packed = len(zlib.compress(text.encode(), 9)) / len(text.encode())
    return text[-60:] if len(words) >= 60 and packed < _COMPRESSED else ""


def _longest_run(words: list[str], size: int) -> tuple[int, list[str]]:
    """The most consecutive copies of one unit of `size` words, and the unit."""
    best, unit, run = 1, words[:size], 0
    for index in range(size, len(words)):
        run = run + 1 if words[index] == words[index - size] else 0
        if run // size + 1 > best:
            best, unit = run // size + 1, words[index - size + 1 : index + 1]
    return best, unit
