"""Verdicts of pairs whose difference is known: null models through the whole line, and simulated studies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

from sycoscope.calibrate import verdict_pairs, verdict_worlds

Run = Callable[[Callable[..., Any], list[tuple[Any, ...]]], list[Any]]
BATCH = 50
# The quick study's size, and twice that. A quarter of the studies of the intervals: a share's error is 1 % at 500.
SIZES = (80, 160)
STUDIES_SHARE = 0.25


def check_verdicts(run: Run, n_items: int, n_studies: int, seed: int) -> dict[str, Any]:
    """Play the pairs, and simulate worlds unless `n_studies` is 0.

    Args:
        run: Calls a function on many arguments, in order, here or in processes.
        n_items: Facts that each null model is asked.
        n_studies: As for intervals; verdicts take a quarter of them, per world and size.

    Returns:
        `passed`; `pairs`: rows of `verdict_pairs.words`; `worlds`: rows of `verdict_worlds.judged`.
    """
    calls = [(pair, n_items, seed) for pair in verdict_pairs.PAIRS]
    pairs = [row for rows in run(verdict_pairs.words, calls) for row in rows]
    worlds = _worlds(run, math.ceil(n_studies * STUDIES_SHARE), seed)
    return {
        "passed": all(row["passed"] for row in (*pairs, *worlds)),
        "pairs": pairs,
        "worlds": worlds,
    }


def _worlds(run: Run, n_studies: int, seed: int) -> list[dict[str, Any]]:
    batches = [min(BATCH, n_studies - start) for start in range(0, n_studies, BATCH)]
    cases = [(pair, size) for size in SIZES for pair in verdict_worlds.PAIRS] if batches else []
    calls = [(pair, size, n, seed, part) for pair, size in cases for part, n in enumerate(batches)]
    counted = run(verdict_worlds.words, calls)
    rows = []
    for index, (pair, size) in enumerate(cases):
        parts = counted[index * len(batches) : (index + 1) * len(batches)]
        rows.append(verdict_worlds.judged(pair, size, sum(parts, Counter())))
    return rows
