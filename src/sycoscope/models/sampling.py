"""One response as it grows: greedy or seeded choice of the next token, and what ends the response.

Each row has a random stream of its own, so both engines draw the same tokens whatever rows are beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sycoscope.core.types import Decoding, Finish, Response

# Tokens before a stop string that are decoded with it: the first token of a text may lose its space.
STOP_MARGIN = 4


@dataclass(frozen=True, slots=True)
class Stops:
    """What ends a response: token ids, and how ids become text (for stop strings)."""

    token_ids: frozenset[int]
    decode: Callable[[list[int]], str]


class Row:
    """One response as it grows."""

    def __init__(self, prompt: list[int], decoding: Decoding, stops: Stops) -> None:
        self.prompt = prompt
        self.decoding = decoding
        self.stops = stops
        self.ids: list[int] = []
        self.finish = ""
        self._rng: Any = None

    @property
    def is_greedy(self) -> bool:
        """Whether the next token is simply the likeliest."""
        return self.decoding.temperature <= 0

    def take(self, logits: Any) -> int:
        """Choose the next token from a row of logits (vocabulary,), and note whether it ends the row."""
        return self.note(self._choose(logits))

    def note(self, token: int) -> int:
        """Append `token`; `finish` is set where it ends the row."""
        if token in self.stops.token_ids:
            self.finish = "stop"
            return token
        self.ids.append(token)
        if self._has_stop():
            self.finish = "stop"
        elif len(self.ids) >= self.decoding.max_tokens:
            self.finish = "length"
        return token

    def _has_stop(self) -> bool:
        """Whether a stop string ends in the newest token: the last tokens say so, the whole text confirms."""
        if not self.decoding.stop:
            return False
        # a token is at least a byte, and a character at most four
        tail = self.stops.decode(self.ids[-(4 * max(map(len, self.decoding.stop)) + STOP_MARGIN) :])
        return any(stop in tail and stop in self.text() for stop in self.decoding.stop)

    def _choose(self, logits: Any) -> int:
        import torch

        if self.is_greedy:
            return int(logits.argmax())
        if self._rng is None:
            self._rng = torch.Generator().manual_seed(self.decoding.seed)
        probabilities = torch.softmax(logits.float().cpu() / self.decoding.temperature, dim=-1)
        if self.decoding.top_p < 1:
            ordered, order = probabilities.sort(descending=True, stable=True)
            # a token stays while the mass before it is below top_p, so one always stays
            ordered[ordered.cumsum(-1) - ordered >= self.decoding.top_p] = 0
            probabilities = torch.zeros_like(probabilities).scatter(0, order, ordered)
        return int(torch.multinomial(probabilities, 1, generator=self._rng))

    def text(self) -> str:
        """The response so far, stop strings included."""
        return self.stops.decode(self.ids)

    def response(self) -> Response:
        """The response, cut where the first stop string begins."""
        text = self.text()
        cuts = [text.find(stop) for stop in self.decoding.stop if stop in text]
        if cuts:
            text = text[: min(cuts)]
        finish: Finish = "stop" if self.finish == "stop" else "length"
        return Response(text=text.strip(), finish=finish, n_tokens=len(self.ids))
