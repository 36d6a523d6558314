"""Log-probabilities of continuations on a prefix tree: what rows share is encoded once (the fast path).

Rows are sorted by their ids, so the tree is walked depth first; passes are filled up to the token budget
without padding; the vocabulary projection runs once for every distinct position that is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from sycoscope.models.batching import free, is_out_of_memory
from sycoscope.models.fast.packed import Packed
from sycoscope.models.fast.prefix_tree import Pass, PathStore, PrefixTreeAttention, common_prefix
from sycoscope.models.plain.scoring import Pair, Scored

# Most bytes of logits (in the model's precision) in a pass, and of their float32 copy at a time.
LOGIT_BYTES = 2**27
CHUNK_BYTES = 2**22
# Most tokens of a pass on a CPU: more are no cheaper by the token, and leave the processor's cache.
CPU_TOKENS = 2048


@dataclass(slots=True)
class _Row:
    """Distinct input ids, with what is read off them: (depth, token, owner), by depth."""

    ids: list[int]
    reads: list[tuple[int, int, int]] = field(default_factory=list)
    owners: int = 0


@dataclass(slots=True)
class _Cursor:
    """Where the next pass begins: in row `row`, whose first `held` tokens are in the store.

    Reads before `done` were answered by earlier passes (a row longer than the budget spans several).
    """

    row: int = 0
    held: int = 0
    done: int = 0


@dataclass(slots=True)
class _Reads:
    """What a pass reads: packed index -> [(token, owner)]."""

    at: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def add(self, row: _Row, path: Any, low: int, high: int) -> None:
        for depth, token, owner in row.reads:
            if low <= depth < high:
                self.at.setdefault(int(path[depth]), []).append((token, owner))


def score_pairs(
    network: Any,
    pairs: Sequence[Pair],
    *,
    budget: int,
    max_length: int,
    progress: Callable[[int], None] | None = None,
) -> list[Scored]:
    """Sum of log-probabilities (nats) of each continuation, and whether it is the greedy one.

    Same numbers as `sycoscope.models.plain.scoring.score_pairs` up to rounding.

    Args:
        network: A causal language model that passed `sycoscope.models.engine`'s check.
        pairs: (context ids, continuation ids); the context is not empty.
        budget: Most tokens in a forward pass; halved when memory runs out.
        max_length: Longer rows lose tokens from the left.
    """
    rows = _distinct(pairs, max_length)
    shared = [0, *(common_prefix(a.ids, b.ids) for a, b in pairwise(rows))]
    packed = Packed(network)
    vocabulary = int(network.get_output_embeddings().weight.shape[0])
    max_reads = max(1, LOGIT_BYTES // (vocabulary * network.dtype.itemsize))
    totals = np.zeros(len(pairs))
    greedy = np.ones(len(pairs), dtype=np.bool_)
    if packed.device.type == "cpu":
        budget = min(budget, CPU_TOKENS)
    store, cursor = PathStore(), _Cursor()
    empty = len(pairs) - sum(row.owners for row in rows)
    if progress is not None and empty:
        progress(empty)
    while cursor.row < len(rows):
        pass_, reads, following = _fill(rows, shared, cursor, budget, max_reads)
        try:
            _run(packed, pass_, reads, PrefixTreeAttention(pass_, store, following.held), totals, greedy)
        except (RuntimeError, MemoryError) as fault:
            if budget == 1 or not is_out_of_memory(fault):
                raise
            free()
            budget, max_reads = max(1, min(budget, len(pass_.ids)) // 2), max(1, max_reads // 2)
            # layers that had finished hold the next path already, so nothing in the store can be used
            store, cursor = PathStore(), _Cursor(cursor.row, 0, cursor.done)
            continue
        if progress is not None and following.row > cursor.row:
            progress(sum(row.owners for row in rows[cursor.row : following.row]))
        cursor = following
    return [(float(total), bool(best)) for total, best in zip(totals, greedy, strict=True)]


def _distinct(pairs: Sequence[Pair], max_length: int) -> list[_Row]:
    """Rows sorted by ids, each once."""
    by_ids: dict[tuple[int, ...], _Row] = {}
    for owner, (context, target) in enumerate(pairs):
        if not target:
            continue
        ids = (context + target)[-(max_length + 1) :]
        key = tuple(ids[:-1])
        row = by_ids.setdefault(key, _Row(list(key)))
        row.owners += 1
        # as in the plain path, a continuation of more tokens than the model takes loses its first ones
        first = len(ids) - min(len(target), len(ids) - 1)
        row.reads.extend((depth - 1, ids[depth], owner) for depth in range(first, len(ids)))
    rows = [by_ids[key] for key in sorted(by_ids)]
    for row in rows:
        row.reads.sort()
    return rows


def _fill(
    rows: list[_Row], shared: list[int], cursor: _Cursor, budget: int, max_reads: int
) -> tuple[Pass, _Reads, _Cursor]:
    """The next pass: rows while they fit; a row that fits no pass is taken in stretches."""
    pass_, reads = Pass(cursor.held), _Reads()
    index, start, done = cursor.row, cursor.held, cursor.done
    while index < len(rows):
        row = rows[index]
        depths = sorted({depth for depth, _, _ in row.reads if depth >= done})
        # what is read has to be encoded in this pass: the store holds no hidden states
        if depths and depths[0] < start and pass_.path[depths[0]] < 0:
            start = depths[0]
        fits = len(pass_.ids) + len(row.ids) - start <= budget and len(reads.at) + len(depths) <= max_reads
        if not fits and pass_.ids:
            break
        stop = len(row.ids)
        if not fits:
            stop = min(stop, start + budget, *(depths[max_reads : max_reads + 1]))
        pass_.add(row.ids[:stop], start)
        reads.add(row, pass_.path, done, stop)
        if stop < len(row.ids):
            return pass_, reads, _Cursor(index, stop, stop)
        index, done = index + 1, 0
        start = shared[index] if index < len(rows) else 0
    return pass_, reads, _Cursor(index, start if index < len(rows) else 0, 0)


def _run(
    packed: Packed, pass_: Pass, reads: _Reads, attend: PrefixTreeAttention, totals: Any, greedy: Any
) -> None:
    """One forward pass; what it reads is added to `totals` and `greedy`."""
    at = sorted(reads.at)
    # a stretch without reads still has to run for its keys: one row of logits is the least a head gives
    logits = packed.logits(pass_.ids, pass_.positions, at or [0], attend)
    if not at:
        return
    slots = np.repeat(np.arange(len(at)), [len(reads.at[index]) for index in at])
    flat = np.asarray([pair for index in at for pair in reads.at[index]])
    values, best = read_logits(logits, slots, flat[:, 0])
    np.add.at(totals, flat[:, 1], values)
    np.logical_and.at(greedy, flat[:, 1], best)


def read_logits(logits: Any, slots: Any, tokens: Any) -> tuple[Any, Any]:
    """Log-probability of each token in its row of logits, and whether it is the row's largest.

    Args:
        logits: (rows, vocabulary), any precision; the softmax is in float32, in chunks of bounded size.
        slots: Row of each token, ascending.
    """
    import torch

    rows, size = logits.shape
    step = min(rows, max(1, CHUNK_BYTES // (4 * size)))
    values: list[Any] = []
    best: list[Any] = []
    with torch.inference_mode():
        # taken once: new ones for every chunk leave holes in the memory that nothing fits into
        whole, read = (torch.empty((step, size), dtype=torch.float32, device=logits.device) for _ in range(2))
        for low in range(0, rows, step):
            begin, end = np.searchsorted(slots, (low, low + step))
            if begin == end:
                continue
            count = min(step, rows - low)
            whole[:count] = logits[low : low + count]
            torch.log_softmax(whole[:count], -1, out=read[:count])
            row = torch.as_tensor(slots[begin:end] - low, device=logits.device)
            token = torch.as_tensor(tokens[begin:end], device=logits.device)
            values.append(read[row, token].double().cpu().numpy())
            best.append((read[:count].argmax(-1)[row] == token).cpu().numpy())
    return np.concatenate(values), np.concatenate(best)
