"""Which rows go together, and what happens when memory runs out."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def budgeted(lengths: Sequence[int], budget: int, max_rows: int | None = None) -> list[list[int]]:
    """Batches of indices, longest first, each of at most `budget` padded tokens and `max_rows` rows (at least one row).

    The composition depends on the lengths and on the budget alone, so a re-run gives the same batches.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    batches: list[list[int]] = []
    for index in order:
        last = batches[-1] if batches else []
        fits = (
            last
            and (len(last) + 1) * lengths[last[0]] <= budget
            and (max_rows is None or len(last) < max_rows)
        )
        if fits:
            last.append(index)
        else:
            batches.append([index])
    return batches


def run_batches(
    batches: Sequence[Sequence[int]],
    lengths: Sequence[int],
    work: Callable[[Sequence[int]], list[T]],
    progress: Callable[[int], None] | None = None,
) -> list[T]:
    """Run every batch; results in the order of the indices. Out of memory halves a batch and goes on.

    Raises:
        RuntimeError: memory runs out with a single row (the original error).
    """
    results: dict[int, T] = {}
    waiting = [list(batch) for batch in reversed(batches)]
    while waiting:
        batch = waiting.pop()
        try:
            answers = work(batch)
        except (RuntimeError, MemoryError) as fault:
            if len(batch) == 1 or not is_out_of_memory(fault):
                raise
            free()
            half = (len(batch) + 1) // 2
            waiting.extend([batch[half:], batch[:half]])
            continue
        results.update(zip(batch, answers, strict=True))
        if progress is not None:
            progress(len(batch))
    return [results[index] for index in range(len(lengths))]


def is_out_of_memory(fault: BaseException) -> bool:
    """Whether `fault` says that memory ran out, on any device."""
    text = str(fault).lower()
    return isinstance(fault, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def free(*, thorough: bool = True) -> None:
    """Give back what nothing uses: the device's cache, and the pages that glibc keeps after large arrays.

    Args:
        thorough: Look through all objects for rings that hold memory, which takes half a second beside a large bank;
            otherwise through those made of late.
    """
    gc.collect(2 if thorough else 1)
    torch = sys.modules.get("torch")  # where no model has loaded it, it holds nothing
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim is not None:
            trim(0)
