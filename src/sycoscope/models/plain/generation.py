"""Generation with a key-value cache, in left-padded batches (the reference path).

A row's text does not depend on the rows beside it beyond the rounding of a batched matrix product.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from sycoscope.core.types import Decoding, Response
from sycoscope.models.batching import budgeted, run_batches
from sycoscope.models.sampling import Row, Stops


def generate(
    network: Any,
    prompts: Sequence[list[int]],
    decodings: Sequence[Decoding],
    stops: Stops,
    *,
    pad_id: int,
    budget: int,
    max_rows: int,
    progress: Callable[[int], None] | None = None,
) -> list[Response]:
    """Continue every prompt.

    Args:
        prompts: Token ids, not empty.
        budget: Most padded tokens (prompt and response) in a batch. max_rows: most rows in a batch.
    """
    lengths = [len(ids) + decoding.max_tokens for ids, decoding in zip(prompts, decodings, strict=True)]

    def work(indices: Sequence[int]) -> list[Response]:
        rows = [Row(prompts[index], decodings[index], stops) for index in indices]
        _decode(network, rows, pad_id)
        return [row.response() for row in rows]

    return run_batches(budgeted(lengths, budget, max_rows), lengths, work, progress)


def _decode(network: Any, rows: list[Row], pad_id: int) -> None:
    """Prefill once, then one token per step for the rows that are still open."""
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
