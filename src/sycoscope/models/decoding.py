"""Generation with a key-value cache, in left-padded batches (the reference path).

Greedy or seeded sampling, each row with its own random stream, so that a row's text does not depend on
the rows beside it beyond the rounding of a batched matrix product.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.core.types import Decoding, Response
from sycoscope.models.batching import budgeted, run_batches

# Tokens before a stop string that are decoded with it: the first token of a text may lose its space.
STOP_MARGIN = 4


@dataclass(frozen=True, slots=True)
class Stops:
    """What ends a response: token ids, and how ids become text (for stop strings)."""

    token_ids: frozenset[int]
    decode: Callable[[list[int]], str]


def generate(
    network: Any,
    prompts: Sequence[list[int]],
    decodings: Sequence[Decoding],
    stops: Stops,
    *,
    pad_id: int,
    budget: int,
    most_rows: int,
    progress: Callable[[int], None] | None = None,
) -> list[Response]:
    """Continue every prompt.

    Args:
        prompts: Token ids, not empty.
        budget: Most padded tokens (prompt and response) in a batch. most_rows: most rows in a batch.
    """
    lengths = [len(ids) + decoding.max_tokens for ids, decoding in zip(prompts, decodings, strict=True)]

    def work(indices: Sequence[int]) -> list[Response]:
        rows = [Row(prompts[index], decodings[index], stops) for index in indices]
        _decode(network, rows, pad_id)
        return [row.response() for row in rows]

    return run_batches(budgeted(lengths, budget, most_rows), lengths, work, progress)


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
        finish = "stop" if self.finish == "stop" else "length"
        return Response(
            text=text.strip(), finish="stop" if finish == "stop" else "length", n_tokens=len(self.ids)
        )


def _decode(network: Any, rows: list[Row], pad_id: int) -> None:
    """Prefill once, then a token a step for the rows that are still open."""
    import torch
    from transformers import DynamicCache

    device = network.device
    width = max(len(row.prompt) for row in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, width - len(row.prompt) :] = torch.tensor(row.prompt)
        mask[index, width - len(row.prompt) :] = 1
    ids, mask = ids.to(device), mask.to(device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    cache = DynamicCache(config=network.config)
    with torch.inference_mode():
        while True:
            out = network(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                use_cache=True,
                logits_to_keep=1,
                **{_cache_keyword(network): cache},
            )
            logits = out.logits[:, -1]
            taken = [pad_id if row.finish else row.take(logits[index]) for index, row in enumerate(rows)]
            if all(row.finish for row in rows):
                return
            ids = torch.tensor(taken, device=device)[:, None]
            mask = torch.cat([mask, mask.new_ones((len(rows), 1))], dim=-1)
            positions = positions[:, -1:] + 1


def _cache_keyword(network: Any) -> str:
    """Releases of transformers name the cache differently."""
    plain = network.get_base_model() if hasattr(network, "get_base_model") else network
    return "cache" if "cache" in inspect.signature(plain.forward).parameters else "past_key_values"
