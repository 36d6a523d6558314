"""Options by the first token of the answer, looked up among the likeliest that a chat response lists.

For endpoints that tell nothing else, as clouds do. An answer that is begun (`The answer is (`) cannot be gone on with
there, so it is the answer's own first token: of letters and single words alone.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, Decoding
from sycoscope.models.served.client import Client
from sycoscope.models.served.endpoint import Endpoint
from sycoscope.models.served.likeliest import Likeliest, likeliest
from sycoscope.models.served.retry import Failure
from sycoscope.models.served.rung import FIRST, Check
from sycoscope.models.served.wire import CHAT, Voice, chat_body, note_usage

# What an option may stand behind in its token.
BEFORE = ("", " ", "(", " (")


class First:
    """The rung."""

    name = FIRST

    def __init__(self, client: Client, endpoint: Endpoint, count: int) -> None:
        """Args: count: How many likeliest tokens the endpoint lists."""
        self._client, self._kind, self.count = client, endpoint.kind, count

    def record(self) -> dict[str, Any]:
        """As `Rung`."""
        return {"likeliest": self.count}

    async def score(self, request: ChoiceRequest, voice: Voice, check: Check) -> ChoiceLogprobs:
        """As `Rung`."""
        read = partial(self.read, check)
        found = await self._client.ask(CHAT, self.body(request, voice), read)
        if isinstance(found, Failure):
            return ChoiceLogprobs(logprobs=None, error=found.reason)
        return compared(found, request.options)

    def body(self, request: ChoiceRequest, voice: Voice, temperature: float = 0.0) -> dict[str, Any]:
        """A request for one token."""
        asked = chat_body(
            request.messages,
            Decoding(max_tokens=1),
            voice,
            kind=self._kind,
            more=self._client.settings.body,
        )
        return asked | {"temperature": temperature, "logprobs": True, "top_logprobs": self.count}

    def read(self, check: Check, plain: dict[str, Any]) -> Likeliest:
        """The list in a response; raises `NoAnswer`."""
        check(plain)
        found = likeliest(plain)
        note_usage(plain, self._client.traffic)
        return found


def compared(found: Likeliest, options: tuple[str, ...]) -> ChoiceLogprobs:
    """What a list says of options: the sum over an option's spellings, or a bound where none is listed.

    A text that is not listed may be several tokens, of which a list of first ones says nothing; a letter is one.
    """
    texts = {text.replace("▁", " ").replace("Ġ", " "): value for text, value in found.by_text.items()}
    values: list[float] = []
    ends: list[float] = []
    for option in options:
        spelled = [texts[before + option] for before in BEFORE if before + option in texts]
        if not spelled and not (len(option) == 1 and option.isascii()):
            return ChoiceLogprobs(
                logprobs=None,
                error=f"'{option:.40}' is none of the {len(texts)} likeliest first tokens; texts of several tokens "
                "are not compared by them (ask by letters: form choice)",
            )
        unlisted = math.exp(found.ceiling(len(BEFORE) - len(spelled))) if len(spelled) < len(BEFORE) else 0.0
        mass = math.fsum(map(math.exp, spelled))
        values.append(math.log(mass) if spelled else math.nan)
        ends.append(math.log(min(1.0, mass + unlisted)))
    bounded = any(map(math.isnan, values))
    return ChoiceLogprobs(
        logprobs=tuple(values),
        n_tokens=(1,) * len(values),
        ceilings=tuple(ends) if bounded else (),
        rung=FIRST,
    )
