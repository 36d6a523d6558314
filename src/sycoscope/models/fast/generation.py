"""Generation with continuous batching (the fast path).

Prompts are sorted, so that each shares its prefix with the one before: only the rest is encoded. A row that
ends makes room for the next at once, and the newcomer's prompt is encoded in the same pass as the next tokens
of the others. Keys and values lie in memory that is taken once; a long prefix that many rows share
is held and read once for all of them.

Source: continuous batching, Yu et al. 2022 (Orca); shared prefixes at decoding, Juravsky et al. 2024
(Hydragen, arXiv 2402.05099), here with one softmax over both parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sycoscope.core.types import Decoding, Response
from sycoscope.models.batching import free, is_out_of_memory
from sycoscope.models.fast.kv_cache import KVCache, NewRow, StepAttention
from sycoscope.models.fast.packed import Packed
from sycoscope.models.fast.prefix_tree import Pass, PathStore, PrefixTreeAttention, common_prefix, runs
from sycoscope.models.sampling import Row, Stops

# Most prompt tokens in a pass. More do not make a pass cheaper by the token, and delay the other rows.
PROMPT_TOKENS = 1024
# A shared prefix is worth its own products from this many keys saved in a step.
MIN_SAVED_KEYS = 1024


@dataclass(slots=True)
class _Job:
    """One prompt: how much of it is shared with the job before, and the prefix that it shares with others."""

    index: int
    prompt: list[int]
    overlap: int = 0
    prefix_id: int = -1
    prefix_length: int = 0


def generate(
    network: Any,
    prompts: Sequence[list[int]],
    decodings: Sequence[Decoding],
    stops: Stops,
    *,
    budget: int,
    max_rows: int,
    progress: Callable[[int], None] | None = None,
    min_saved_keys: int = MIN_SAVED_KEYS,
) -> list[Response]:
    """Continue every prompt; in float32 the same texts as `sycoscope.models.plain.generation.generate`.

    Args:
        prompts: Token ids, not empty.
        budget: Most tokens whose keys and values are held for rows; max_rows: most rows at a time. Both
            are halved when memory runs out.
        min_saved_keys: Keys saved in a step from which a common prefix is held and read once for its rows.
    """
    import torch

    packed = Packed(network)
    results: dict[int, Response] = {}
    sizes = [len(ids) + decoding.max_tokens for ids, decoding in zip(prompts, decodings, strict=True)]
    waiting = [(cohort, max_rows, PROMPT_TOKENS) for cohort in reversed(_cohorts(sizes, budget, max_rows))]
    while waiting:
        cohort, rows, chunk = waiting.pop()
        jobs = _jobs([(index, prompts[index]) for index in cohort], rows, min_saved_keys)
        batch = _Batch(
            packed, jobs, decodings, stops, min(rows, max(1, budget // _capacity(jobs, sizes))), chunk
        )
        try:
            with torch.inference_mode():
                batch.run(_capacity(jobs, sizes), results, progress)
        except (RuntimeError, MemoryError) as fault:
            smaller = batch.smaller()
            if smaller == (batch.max_rows, batch.chunk) or not is_out_of_memory(fault):
                raise
            # rows in the middle begin again: their own random streams give them the same tokens
            waiting.append(([index for index in cohort if index not in results], *smaller))
        # after the except clause, whose traceback holds the batch's memory
        del batch
        if waiting:
            free()
    return [results[index] for index in range(len(prompts))]


def _cohorts(sizes: Sequence[int], budget: int, max_rows: int) -> list[list[int]]:
    """All rows together, unless the longest leave room for too few rows: then by doubling size."""
    indices = list(range(len(sizes)))
    if not sizes or budget // max(sizes) >= min(max_rows, len(sizes)):
        return [indices] if sizes else []
    classes: dict[int, list[int]] = {}
    for index in indices:
        classes.setdefault(sizes[index].bit_length(), []).append(index)
    return [classes[key] for key in sorted(classes, reverse=True)]


def _jobs(rows: Sequence[tuple[int, list[int]]], max_rows: int, min_saved_keys: int) -> list[_Job]:
    jobs = [_Job(index, ids) for index, ids in sorted(rows, key=lambda row: (row[1], row[0]))]
    common = [0]
    for before, job in pairwise(jobs):
        shared = common_prefix(before.prompt, job.prompt)
        common.append(shared)
        # the last token of a prompt always runs: its logits are the first that are read
        job.overlap = min(shared, len(job.prompt) - 1)
    for prefix_id, (low, high, length) in enumerate(
        _shared_prefixes(common, 0, len(jobs), max_rows, min_saved_keys)[1]
    ):
        # a prefix that is a whole prompt would leave that row no key of its own
        length = min(length, *(len(job.prompt) - 1 for job in jobs[low:high]))
        for job in jobs[low:high]:
            job.prefix_id, job.prefix_length = prefix_id, length
    return jobs


def _shared_prefixes(
    common: Sequence[int], low: int, high: int, max_rows: int, min_saved_keys: int
) -> tuple[int, list[tuple[int, int, int]]]:
    """Best shared prefixes of the sorted rows [low, high): keys saved in a step, and (low, high, length) of each."""
    if high - low < 2:
        return 0, []
    length = min(common[low + 1 : high])
    saved = length * (min(high - low, max_rows) - 1) - min_saved_keys
    cuts = [low, *(index for index in range(low + 1, high) if common[index] == length), high]
    parts = [_shared_prefixes(common, a, b, max_rows, min_saved_keys) for a, b in pairwise(cuts)]
    best = sum(value for value, _ in parts)
    if saved >= best:
        return max(saved, 0), [(low, high, length)] if saved > 0 else []
    return best, [prefix for _, part in parts for prefix in part]


def _capacity(jobs: Sequence[_Job], sizes: Sequence[int]) -> int:
    return max(sizes[job.index] - job.prefix_length for job in jobs)


class _Batch:
    """Rows of one cohort while they run: `rows[slot]` is the row whose keys lie at `slot`."""

    def __init__(
        self,
        packed: Packed,
        jobs: Sequence[_Job],
        decodings: Sequence[Decoding],
        stops: Stops,
        max_rows: int,
        chunk: int,
    ) -> None:
        self.packed = packed
        self.jobs = jobs
        self.decodings = decodings
        self.stops = stops
        self.max_rows = min(max_rows, len(jobs))
        self.chunk = chunk
        self.store = PathStore()
        self.rows: list[tuple[_Job, Row]] = []
        self.next = self.held = 0
        self.load = (0, 0)
        self.left = Counter(job.prefix_id for job in jobs)

    def run(
        self, capacity: int, results: dict[int, Response], progress: Callable[[int], None] | None
    ) -> None:
        """One pass per step until every job has its result."""
        cache = KVCache(self.max_rows, capacity)
        while self.rows or self.next < len(self.jobs):
            before = len(self.rows)
            pass_, new_rows = self._admit()
            self.load = (before, len(pass_.ids))
            tokens = [row.ids[-1] for _, row in self.rows[:before]]
            places = [len(job.prompt) + len(row.ids) - 1 for job, row in self.rows[:before]]
            tree = PrefixTreeAttention(pass_, self.store, self.held)
            # where a new row's own keys lie, its shared prefix's aside
            lengths = [place - job.prefix_length for place, (job, _) in zip(places, self.rows, strict=False)]
            prefix_ids = [job.prefix_id for job, _ in self.rows[:before]]
            attend = StepAttention(cache, tree, len(pass_.ids), new_rows, lengths, prefix_ids)
            count = len(pass_.ids)
            reads = [*range(count, count + before), *(row.last for row in new_rows)]
            logits = self.packed.logits(
                [*pass_.ids, *tokens], [*pass_.positions, *places], reads or [0], attend
            )
            if reads:
                self._take(logits)
            self._leave(cache, results, progress)

    def smaller(self) -> tuple[int, int]:
        """Rows and prompt tokens to try after memory ran out in the last pass: half of what filled it."""
        running, fresh = self.load
        fewer, shorter = max(1, self.max_rows // 2), max(1, min(self.chunk, fresh) // 2)
        if not running:  # the first pass also takes the memory of all rows
            return fewer, shorter
        return (fewer, self.chunk) if running > fresh else (self.max_rows, shorter)

    def _admit(self) -> tuple[Pass, list[NewRow]]:
        """Fill free slots with the next prompts while they fit; a longer prompt comes in stretches."""
        pass_, new_rows = Pass(self.held), list[NewRow]()
        while self.next < len(self.jobs) and len(self.rows) < self.max_rows:
            job, room = self.jobs[self.next], self.chunk - len(pass_.ids)
            if len(job.prompt) - self.held > room:
                if pass_.ids:
                    break
                pass_.add(job.prompt[: self.held + room], self.held)
                self.held += room
                break
            pass_.add(job.prompt, self.held)
            new_rows.append(
                NewRow(
                    slot=len(self.rows),
                    last=len(pass_.ids) - 1,
                    prefix_id=job.prefix_id,
                    prefix=runs(pass_.path[: job.prefix_length]),
                    own=runs(pass_.path[job.prefix_length :], job.prefix_length),
                )
            )
            self.rows.append((job, Row(job.prompt, self.decodings[job.index], self.stops)))
            self.next += 1
            self.held = self.jobs[self.next].overlap if self.next < len(self.jobs) else 0
        return pass_, new_rows

    def _take(self, logits: Any) -> None:
        # in float32, which loses no tie: on CPUs the search is four times as fast there
        best = logits.float().argmax(-1).tolist()
        for index, (_, row) in enumerate(self.rows):
            if row.is_greedy:
                row.note(best[index])
            else:
                row.take(logits[index])

    def _leave(
        self, cache: KVCache, results: dict[int, Response], progress: Callable[[int], None] | None
    ) -> None:
        """Finished rows go; the last slot's row moves into the gap."""
        for slot in reversed(range(len(self.rows))):
            job, row = self.rows[slot]
            if not row.finish:
                continue
            results[job.index] = row.response()
            self.left[job.prefix_id] -= 1
            if not self.left[job.prefix_id]:
                cache.prefixes.pop(job.prefix_id, None)
            last, last_row = self.rows.pop()
            if slot < len(self.rows):
                cache.move(len(self.rows), slot, len(last.prompt) - last.prefix_length + len(last_row.ids))
                self.rows[slot] = (last, last_row)
            if progress is not None:
                progress(1)
