"""Generation with continuous batching (the fast path).

Prompts are sorted, so that each shares its prefix with the one before: only the rest is encoded. A row that
ends makes room for the next at once, and the newcomer's prompt is encoded in the same pass as the next tokens
of the others. Keys and values lie in memory that is taken once; a long prefix that many rows share (a trunk)
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
from sycoscope.models.decoding import Row, Stops
from sycoscope.models.forest import ForestAttention, Pass, PathStore, common_prefix, runs
from sycoscope.models.memory import Entry, Memory, StepAttention
from sycoscope.models.packed import Packed

# Most prompt tokens in a pass. More do not make a pass cheaper by the token, and delay the other rows.
PROMPT_TOKENS = 1024
# A trunk is worth its own products from this many keys saved in a step.
TRUNK_WORTH = 1024


@dataclass(slots=True)
class _Job:
    """One prompt: how much of it is shared with the job before, and in which trunk it stands."""

    index: int
    prompt: list[int]
    shared: int = 0
    family: int = -1
    trunk: int = 0


def generate(
    network: Any,
    prompts: Sequence[list[int]],
    decodings: Sequence[Decoding],
    stops: Stops,
    *,
    budget: int,
    most_rows: int,
    progress: Callable[[int], None] | None = None,
    trunk_worth: int = TRUNK_WORTH,
) -> list[Response]:
    """Continue every prompt; in float32 the same texts as `sycoscope.models.decoding.generate`.

    Args:
        prompts: Token ids, not empty.
        budget: Most tokens whose keys and values are held for rows; most_rows: most rows at a time. Both
            are halved when memory runs out.
        trunk_worth: Keys saved in a step from which a common prefix is held and read once for its rows.
    """
    import torch

    packed = Packed(network)
    results: dict[int, Response] = {}
    sizes = [len(ids) + decoding.max_tokens for ids, decoding in zip(prompts, decodings, strict=True)]
    waiting = [(cohort, most_rows, PROMPT_TOKENS) for cohort in reversed(_cohorts(sizes, budget, most_rows))]
    while waiting:
        cohort, rows, chunk = waiting.pop()
        jobs = _jobs([(index, prompts[index]) for index in cohort], rows, trunk_worth)
        batch = _Batch(
            packed, jobs, decodings, stops, min(rows, max(1, budget // _capacity(jobs, sizes))), chunk
        )
        try:
            with torch.inference_mode():
                batch.run(_capacity(jobs, sizes), results, progress)
        except (RuntimeError, MemoryError) as fault:
            smaller = batch.smaller()
            if smaller == (batch.most_rows, batch.chunk) or not is_out_of_memory(fault):
                raise
            # rows in the middle begin again: their own random streams give them the same tokens
            waiting.append(([index for index in cohort if index not in results], *smaller))
        # after the except clause, whose traceback holds the batch's memory
        del batch
        if waiting:
            free()
    return [results[index] for index in range(len(prompts))]


def _cohorts(sizes: Sequence[int], budget: int, most_rows: int) -> list[list[int]]:
    """All rows together, unless the longest leave room for too few rows: then by doubling size."""
    indices = list(range(len(sizes)))
    if not sizes or budget // max(sizes) >= min(most_rows, len(sizes)):
        return [indices] if sizes else []
    classes: dict[int, list[int]] = {}
    for index in indices:
        classes.setdefault(sizes[index].bit_length(), []).append(index)
    return [classes[key] for key in sorted(classes, reverse=True)]


def _jobs(rows: Sequence[tuple[int, list[int]]], most_rows: int, worth: int) -> list[_Job]:
    jobs = [_Job(index, ids) for index, ids in sorted(rows, key=lambda row: (row[1], row[0]))]
    common = [0]
    for before, job in pairwise(jobs):
        shared = common_prefix(before.prompt, job.prompt)
        common.append(shared)
        # the last token of a prompt always runs: its logits are the first that are read
        job.shared = min(shared, len(job.prompt) - 1)
    for family, (low, high, trunk) in enumerate(_trunks(common, 0, len(jobs), most_rows, worth)[1]):
        # a trunk that is a whole prompt would leave that row no key of its own
        trunk = min(trunk, *(len(job.prompt) - 1 for job in jobs[low:high]))
        for job in jobs[low:high]:
            job.family, job.trunk = family, trunk
    return jobs


def _trunks(
    common: Sequence[int], low: int, high: int, most_rows: int, worth: int
) -> tuple[int, list[tuple[int, int, int]]]:
    """Best trunks of the sorted rows [low, high): keys saved in a step, and (low, high, length) of each."""
    if high - low < 2:
        return 0, []
    trunk = min(common[low + 1 : high])
    own = trunk * (min(high - low, most_rows) - 1) - worth
    cuts = [low, *(index for index in range(low + 1, high) if common[index] == trunk), high]
    parts = [_trunks(common, a, b, most_rows, worth) for a, b in pairwise(cuts)]
    best = sum(value for value, _ in parts)
    if own >= best:
        return max(own, 0), [(low, high, trunk)] if own > 0 else []
    return best, [found for _, part in parts for found in part]


def _capacity(jobs: Sequence[_Job], sizes: Sequence[int]) -> int:
    return max(sizes[job.index] - job.trunk for job in jobs)


class _Batch:
    """Rows of one cohort while they run: `rows[slot]` is the row whose keys lie at `slot`."""

    def __init__(
        self,
        packed: Packed,
        jobs: Sequence[_Job],
        decodings: Sequence[Decoding],
        stops: Stops,
        most_rows: int,
        chunk: int,
    ) -> None:
        self.packed = packed
        self.jobs = jobs
        self.decodings = decodings
        self.stops = stops
        self.most_rows = min(most_rows, len(jobs))
        self.chunk = chunk
        self.store = PathStore()
        self.rows: list[tuple[_Job, Row]] = []
        self.next = self.held = 0
        self.load = (0, 0)
        self.left = Counter(job.family for job in jobs)

    def run(
        self, capacity: int, results: dict[int, Response], progress: Callable[[int], None] | None
    ) -> None:
        """A pass a step until every job has its result."""
        memory = Memory(self.most_rows, capacity)
        while self.rows or self.next < len(self.jobs):
            before = len(self.rows)
            pass_, entries = self._admit()
            self.load = (before, len(pass_.ids))
            tokens = [row.ids[-1] for _, row in self.rows[:before]]
            places = [len(job.prompt) + len(row.ids) - 1 for job, row in self.rows[:before]]
            forest = ForestAttention(pass_, self.store, self.held)
            # where a new row's own keys lie, its trunk's aside
            lengths = [place - job.trunk for place, (job, _) in zip(places, self.rows, strict=False)]
            families = [job.family for job, _ in self.rows[:before]]
            attend = StepAttention(memory, forest, len(pass_.ids), entries, lengths, families)
            count = len(pass_.ids)
            reads = [*range(count, count + before), *(entry.last for entry in entries)]
            logits = self.packed.logits(
                [*pass_.ids, *tokens], [*pass_.positions, *places], reads or [0], attend
            )
            if reads:
                self._take(logits)
            self._leave(memory, results, progress)

    def smaller(self) -> tuple[int, int]:
        """Rows and prompt tokens to try after memory ran out in the last pass: half of what filled it."""
        running, fresh = self.load
        fewer, shorter = max(1, self.most_rows // 2), max(1, min(self.chunk, fresh) // 2)
        if not running:  # the first pass also takes the memory of all rows
            return fewer, shorter
        return (fewer, self.chunk) if running > fresh else (self.most_rows, shorter)

    def _admit(self) -> tuple[Pass, list[Entry]]:
        """Fill free slots with the next prompts while they fit; a longer prompt comes in stretches."""
        pass_, entries = Pass(self.held), list[Entry]()
        while self.next < len(self.jobs) and len(self.rows) < self.most_rows:
            job, room = self.jobs[self.next], self.chunk - len(pass_.ids)
            if len(job.prompt) - self.held > room:
                if pass_.ids:
                    break
                pass_.add(job.prompt[: self.held + room], self.held)
                self.held += room
                break
            pass_.add(job.prompt, self.held)
            entries.append(
                Entry(
                    slot=len(self.rows),
                    last=len(pass_.ids) - 1,
                    family=job.family,
                    trunk=runs(pass_.path[: job.trunk]),
                    own=runs(pass_.path[job.trunk :], job.trunk),
                )
            )
            self.rows.append((job, Row(job.prompt, self.decodings[job.index], self.stops)))
            self.next += 1
            self.held = self.jobs[self.next].shared if self.next < len(self.jobs) else 0
        return pass_, entries

    def _take(self, logits: Any) -> None:
        # in float32, which loses no tie: on CPUs the search is four times as fast there
        best = logits.float().argmax(-1).tolist()
        for index, (_, row) in enumerate(self.rows):
            if row.is_greedy:
                row.note(best[index])
            else:
                row.take(logits[index])

    def _leave(
        self, memory: Memory, results: dict[int, Response], progress: Callable[[int], None] | None
    ) -> None:
        """Finished rows go; the last slot's row moves into the gap."""
        for slot in reversed(range(len(self.rows))):
            job, row = self.rows[slot]
            if not row.finish:
                continue
            results[job.index] = row.response()
            self.left[job.family] -= 1
            if not self.left[job.family]:
                memory.trunks.pop(job.family, None)
            last, last_row = self.rows.pop()
            if slot < len(self.rows):
                memory.move(len(self.rows), slot, len(last.prompt) - last.trunk + len(last_row.ids))
                self.rows[slot] = (last, last_row)
            if progress is not None:
                progress(1)
