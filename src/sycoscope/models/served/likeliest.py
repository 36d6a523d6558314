"""The likeliest tokens that a response lists, and what such a list says of tokens that it leaves out.

Source of the bound: with p_k the least probability listed and s the sum of all, a token that is left out has at most
min(p_k, 1 - s).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sycoscope.models.served.client import NoAnswer

# What servers put where a token has no number: below it no float32 log-softmax comes.
STAND_IN = -9998.0
# By so much may a sum of rounded probabilities be off.
ROUNDED = 1e-5
SUM_LIMIT = 1.001


@dataclass(frozen=True, slots=True)
class Likeliest:
    """One position's list.

    Attributes:
        by_id: Token id -> log-probability (nats), where ids are told. by_text: the same by the token's text, where none
            stands twice.
        least: Of the probabilities listed. rest: what they leave of 1.
    """

    by_id: Mapping[int, float]
    by_text: Mapping[str, float]
    least: float
    rest: float

    def ceiling(self, tokens: int = 1) -> float:
        """The most that so many tokens that are not listed can have together (nats)."""
        return math.log(min(1.0, min(tokens * self.least, self.rest)))


def number(value: object, token: object) -> float:
    """A log-probability (nats); minus infinity for its stand-ins.

    Raises:
        NoAnswer: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or value > 1e-3:
        raise NoAnswer(f"the log-probability of token {token} is {str(value)[:40]}")
    return -math.inf if value <= STAND_IN else float(value)


def likeliest(plain: Mapping[str, Any]) -> Likeliest:
    """The list of a response's first token.

    Raises:
        NoAnswer: there is none, or what stands there are no probabilities of different tokens.
    """
    by_id: dict[int, float] = {}
    by_text: dict[str, float] = {}
    total = 0.0
    probabilities: list[float] = []
    for text, token, value in _entries(plain):
        found = number(value, token if token is not None else repr(text)[:20])
        if found == -math.inf:  # as good as not listed
            continue
        known: dict[Any, float] = by_text if token is None else by_id
        key = text if token is None else token
        if key in known:
            if abs(known[key] - found) > 1e-6:
                raise NoAnswer(f"the list of likeliest tokens has two numbers for {key!r:.30}")
            continue  # the sampled token, listed once more
        known[key] = found
        if token is not None:
            by_text[text] = _either(by_text.get(text), found)
        total += math.exp(found)
        probabilities.append(math.exp(found))
    if not probabilities:
        raise NoAnswer("the list of likeliest tokens is empty")
    if total > SUM_LIMIT:
        raise NoAnswer(f"the probabilities of the likeliest tokens sum to {total:.3f}, so they are none")
    return Likeliest(by_id, by_text, min(probabilities), max(0.0, 1 - total) + ROUNDED)


def _either(known: float | None, found: float) -> float:
    """Two tokens of one text (their ids differ) are one text's probability."""
    return found if known is None else math.log(math.exp(known) + math.exp(found))


def _entries(plain: Mapping[str, Any]) -> list[tuple[str, int | None, object]]:
    """(text, id where it is told, value) of each entry, in whichever form they come."""
    try:
        given = plain["choices"][0]["logprobs"]
        content = given.get("content")
        top = content[0]["top_logprobs"] if content else given["top_logprobs"][0]
    except (KeyError, IndexError, TypeError, AttributeError) as fault:
        raise NoAnswer("no list of likeliest tokens came back (top_logprobs)") from fault
    if isinstance(top, Mapping):
        return [(str(text), _id(str(text), None), value) for text, value in top.items()]
    if not isinstance(top, list) or not all(isinstance(one, Mapping) for one in top):
        raise NoAnswer("the list of likeliest tokens (top_logprobs) is none")
    return [
        (str(one.get("token")), _id(str(one.get("token")), one.get("id")), one.get("logprob")) for one in top
    ]


def _id(text: str, told: object) -> int | None:
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    digits = text.removeprefix("token_id:")
    return int(digits) if digits != text and digits.isdigit() else None
