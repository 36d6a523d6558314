"""How many threads products on this processor take: timed once, and kept for the machine.

More threads are faster where each has a processor of its own; where another program keeps one busy, all wait for the
slowest. What is chosen is kept, since sums that are split otherwise round otherwise: the same command gives the same
numbers, also where the machine is less busy the next time.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sycoscope.core.files import cache_dir, write_atomic

FILE = "threads.json"
# Seconds that each number of threads is timed, after one product that is not counted.
SECONDS = 0.15
# Fewer threads win where they are slower by no more than this: they leave processors to others.
TOLERANCE = 1.05
# (rows, inner, columns) of products as they come: a batch that is read, and one that is continued.
SHAPES = ((512, 576, 1536), (64, 576, 1536))


def threads_here(dtype: str) -> int:
    """The number of threads for products of this precision on this machine.

    Where `OMP_NUM_THREADS` is set, and where there is one processor, it is what torch takes from there.
    """
    import torch

    given = torch.get_num_threads()
    if os.environ.get("OMP_NUM_THREADS") or given == 1:
        return given
    path, key = cache_dir() / FILE, f"{_processor()}/{given}/{torch.__version__}/{dtype}"
    kept = _kept(path)
    if key in kept and 1 <= kept[key] <= given:
        return kept[key]
    chosen = fastest(_candidates(given), lambda threads: _seconds_of(threads, dtype))
    torch.set_num_threads(given)
    with suppress(OSError):  # a folder that cannot be written: timed again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(kept | {key: chosen}, indent=1, sort_keys=True).encode())
    return chosen


def fastest(candidates: Sequence[int], seconds: Callable[[int], float]) -> int:
    """The smallest number of threads that takes about as little time as the best."""
    taken = {threads: seconds(threads) for threads in candidates}
    best = min(taken.values())
    return min(threads for threads, one in taken.items() if one <= best * TOLERANCE)


def _candidates(most: int) -> list[int]:
    """All, and halves down to one."""
    found = [most]
    while found[-1] > 1:
        found.append(found[-1] // 2)
    return found


def _seconds_of(threads: int, dtype: str) -> float:
    """Seconds of one round of products, the mean over `SECONDS`."""
    import torch

    torch.set_num_threads(threads)
    kind = getattr(torch, dtype)
    pairs = [(torch.ones(rows, inner, dtype=kind), torch.ones(inner, columns, dtype=kind))
             for rows, inner, columns in SHAPES]  # fmt: skip
    rounds, began = 0, 0.0
    for rounds in range(1_000_000):
        if rounds == 1:  # the first one makes the threads
            began = time.perf_counter()
        for left, right in pairs:
            left @ right
        if rounds > 1 and time.perf_counter() - began > SECONDS:
            break
    return (time.perf_counter() - began) / rounds


def _kept(path: Path) -> dict[str, int]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    whole = kept.items() if isinstance(kept, dict) else ()
    return {key: value for key, value in whole if isinstance(value, int) and not isinstance(value, bool)}


def _processor() -> str:
    """The processor's name, as the system has it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
