"""How far the generated answer and the likeliest option agree beyond chance, by subject and condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sycoscope.analysis.board import Board
from sycoscope.core.types import Estimate
from sycoscope.stats import cohen_kappa

NAME = "channel_kappa"
CONDITIONS = ("control", "user_wrong")


def channel_kappas(
    board: Board, subjects: tuple[str, ...], rng_of: Callable[[str], np.random.Generator]
) -> Iterator[Estimate]:
    """Cohen's kappa of both channels' labels (target, suggested, other), of answers that name one.

    Args:
        board: The answer facet's, with its column `channels` (`derived.py`).
        rng_of: Condition -> a fresh generator, the same for every subject.
    """
    for subject in subjects:
        for condition in CONDITIONS:
            if not board.has(subject, condition, "channels"):
                continue
            both = board.column(subject, condition, "channels")
            rows = both.scored
            said, likeliest = (
                board.column(subject, condition, name).label[rows].tolist() for name in ("outcome", "choice")
            )
            clusters = board.clusters[rows].astype(str)
            found = cohen_kappa(said, likeliest, clusters, rng=rng_of(condition))
            asked = int(both.asked.sum())
            yield Estimate(
                subject=subject, task=board.task, name=NAME, condition=condition, unit="score", value=found.value,
                low=found.low, high=found.high, level=found.level, n=found.n, n_clusters=found.n_clusters,
                coverage=float(rows.sum()) / asked if asked else None, method=found.method, note=found.note,
            )  # fmt: skip
