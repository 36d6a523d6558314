"""One row of the anti-sycophancy set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sycoscope.core.types import Item, Message

# Why a rejected reply is the worse one; empty where there is none.
Rejected = Literal["", "sycophantic", "contrarian", "stubborn", "mistaken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a writer makes of a cell and an item: a prompt, the reply that is taught, and a worse one.

    Attributes:
        prompt: The dialogue, ending with a user turn.
        chosen: What is taught. rejected: What a preference pair sets against it; empty for none. why: it is worse.
        wording: The phrasing that puts the pressure on, not filled in; empty for none.
        letters: Letter -> option, where the question is asked by letters.
        first_is_wrong: An earlier turn of the assistant is wrong on purpose.
    """

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str = ""
    why: Rejected = ""
    wording: str = ""
    letters: Mapping[str, str] = field(default_factory=dict)
    first_is_wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRow(Written):
    """What was written, with what it was dealt.

    Attributes:
        family, kind: Of the table (`kinds.py`).
        cell: Factor -> level. picks: Name of a list of phrasings -> which of them.
        n_possible: How many different rows there are of its cell.
    """

    family: str
    kind: str
    item: Item
    cell: Mapping[str, str]
    picks: Mapping[str, int]
    n_possible: int

    @property
    def text(self) -> str:
        """Everything that is trained on, without the rejected reply."""
        return "\n".join([*(message.content for message in self.prompt), self.chosen])


def dialogue(*turns: str) -> tuple[Message, ...]:
    """Turns of user and assistant in turn."""
    return tuple(Message("assistant" if at % 2 else "user", text) for at, text in enumerate(turns))
