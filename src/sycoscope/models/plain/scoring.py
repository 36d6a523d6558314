"""Log-probabilities of continuations: one padded forward pass per batch (the reference path)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sycoscope.models.batching import budgeted, run_batches

Pair = tuple[list[int], list[int]]
Scored = tuple[float, bool]


def score_pairs(
    network: Any,
    pairs: Sequence[Pair],
    *,
    pad_id: int,
    budget: int,
    max_length: int,
    progress: Callable[[int], None] | None = None,
) -> list[Scored]:
    """Sum of log-probabilities (nats) of each continuation, and whether it is the greedy one.

    Args:
        network: A causal language model of transformers.
        pairs: (context ids, continuation ids); the context is not empty.
        budget: Most padded tokens in a forward pass; halved when memory runs out.
        max_length: Longer rows lose tokens from the left.

    Source: lm-evaluation-harness, `HFLM._loglikelihood_tokens` (same truncation and split).
    """
    rows = [(context + target)[-(max_length + 1) :] for context, target in pairs]
    lengths = [len(row) - 1 for row in rows]

    def score(indices: Sequence[int]) -> list[Scored]:
        return _forward(network, [rows[i] for i in indices], [len(pairs[i][1]) for i in indices], pad_id)

    return run_batches(budgeted(lengths, budget), lengths, score, progress)


def _forward(network: Any, rows: list[list[int]], counts: list[int], pad_id: int) -> list[Scored]:
    import torch

    width = max(len(row) for row in rows) - 1
    device = network.device
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, : len(row) - 1] = torch.tensor(row[:-1])
        mask[index, : len(row) - 1] = 1
    with torch.inference_mode():
        logits = network(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False).logits
        results: list[Scored] = []
        for index, (row, count) in enumerate(zip(rows, counts, strict=True)):
            end = len(row) - 1
            target = torch.tensor(row[len(row) - count :], dtype=torch.long, device=device)
            # float32 before the softmax: half precision loses the third digit of a log-probability
            read = torch.log_softmax(logits[index, end - count : end].float(), dim=-1)
            total = read.gather(-1, target[:, None]).sum()
            results.append((float(total), bool((read.argmax(-1) == target).all())))
    return results
