"""What the rungs of the scoring ladder have in common (docs/serving.md): names, best first, and what each can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest
from sycoscope.models.served.wire import Voice

SEQUENCE, ECHO, TOP, FIRST, CONSTRAINED = "sequence", "echo", "top", "first", "constrained"
# No rung: answers are read as texts.
TEXT, AUTO = "text", "auto"
# Those that give log-probabilities; the others decide.
NUMBERS = frozenset({SEQUENCE, ECHO, TOP, FIRST})
# Raises `NoAnswer` for a response of another model.
Check = Callable[[dict[str, Any]], None]


class Rung(Protocol):
    """One way to compare options.

    Attributes:
        name: Of those above.
    """

    name: str

    async def score(self, request: ChoiceRequest, voice: Voice, check: Check) -> ChoiceLogprobs:
        """What it says of the options; no numbers, and the reason, where it failed."""
        ...

    def record(self) -> dict[str, Any]:
        """What belongs beside its name in the manifest."""
        ...
