"""The statistics of two logs: those of a run (docs/statistics.md), on pairs of documents.

0/1 outcomes are tested by flipping the signs of whole clusters, other numbers by Student's t robust to clusters; the
interval is that of the same test. Levels and changes are of the documents that both logs have a number for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sycoscope.analysis.measures import stream
from sycoscope.audit.bounds import Bound
from sycoscope.core.types import Estimate
from sycoscope.logs.pairs import Pair
from sycoscope.stats import Interval, Tested, mean, paired_mean, rate_contrast

BEFORE, AFTER = "before", "after"
Key = tuple[str, str, str]  # task, metric, condition
# Draws of 0/1 outcomes are counted in parts of one, so that the test stays exact; of more parts than this by the
# saddlepoint, which is as good.
_MAX_PARTS = 1_000


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one task: its levels, its change, and how the documents moved.

    Attributes:
        change: Of `after` against `before`, not judged and not adjusted yet.
        moved: Of 0/1 outcomes of one draw: (before, after) -> documents; empty of other numbers.
        bound: What the change could be whatever the missing numbers were; None where a number has no range.
    """

    key: Key
    before: Estimate
    after: Estimate
    change: Estimate
    moved: Mapping[tuple[int, int], int]
    bound: Bound | None


def changes(pairs: Iterable[Pair]) -> list[Change]:
    """The change of every metric of every task, in the order of the pairs."""
    groups: dict[Key, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault((pair.task, pair.metric, pair.condition), []).append(pair)
    return [_change(key, group) for key, group in groups.items()]


def _change(key: Key, pairs: Sequence[Pair]) -> Change:
    common = [pair for pair in pairs if pair.common]
    complete = [pair for pair in common if pair.complete]
    shares = all(0.0 <= value <= 1.0 for pair in complete for value in _both(pair))
    unit = "proportion" if shares else "score"
    levels = [_level(key, side, complete, unit, _coverage(common, side)) for side in (BEFORE, AFTER)]
    tested = _tested(complete, shares)
    found = tested.interval(0.95)
    change = replace(
        _estimate(key, AFTER, found, unit, min((_coverage(common, side) for side in (BEFORE, AFTER)), default=None)),
        reference=BEFORE, p_value=tested.p_value, primary=True,
    )  # fmt: skip
    return Change(key, levels[0], levels[1], change, _moved(complete), _bound(common) if shares else None)


def _both(pair: Pair) -> tuple[float, float]:
    assert pair.before is not None
    assert pair.after is not None
    return pair.before, pair.after


def _coverage(pairs: Sequence[Pair], side: str) -> float:
    """Share of the draws of the documents that both logs have which were scored."""
    scored: int = sum(getattr(pair, f"draws_{side}") for pair in pairs)
    lost: int = sum(getattr(pair, f"lost_{side}") for pair in pairs)
    return scored / max(scored + lost, 1)


def _tested(pairs: Sequence[Pair], shares: bool) -> Tested:
    values = np.array([after - before for before, after in map(_both, pairs)])
    clusters = [pair.cluster for pair in pairs]
    if not all(pair.binary for pair in pairs):
        return paired_mean(values, clusters, bounds=(-1.0, 1.0) if shares else None, whole=False)
    parts = math.lcm(1, *(n for pair in pairs for n in (pair.draws_before, pair.draws_after)))
    if parts == 1 or parts > _MAX_PARTS:
        return paired_mean(values, clusters, bounds=(-1.0, 1.0))
    return _scaled(paired_mean(np.round(values * parts), clusters, bounds=(-parts, parts)), parts)


def _scaled(tested: Tested, parts: int) -> Tested:
    """The test of numbers that were counted in parts of one."""

    def interval(level: float) -> Interval:
        found = tested.interval(level)
        value, low, high = (None if x is None else x / parts for x in (found.value, found.low, found.high))
        return replace(found, value=value, low=low, high=high)

    error = None if tested.error is None else tested.error / parts
    return Tested(interval, tested.p_value, error, tested.df)


def _level(key: Key, side: str, pairs: Sequence[Pair], unit: str, coverage: float) -> Estimate:
    values = np.array([getattr(pair, side) for pair in pairs], dtype=np.float64)
    clusters = [pair.cluster for pair in pairs]
    single = all(pair.binary and getattr(pair, f"draws_{side}") == 1 for pair in pairs)
    if single and pairs:
        found = rate_contrast(values[:, None], np.ones((values.size, 1)), [1.0], clusters)
    else:
        bounds = (0.0, 1.0) if unit == "proportion" else None
        found = mean(values, clusters, rng=stream(0, *key, side)(), bounds=bounds)
    return _estimate(key, side, found, unit, coverage)


def _estimate(key: Key, subject: str, found: Interval, unit: str, coverage: float | None) -> Estimate:
    task, metric, condition = key
    return Estimate(
        subject=subject, task=task, name=metric, condition=condition, unit=unit, value=found.value, low=found.low,
        high=found.high, level=found.level, n=found.n, n_clusters=found.n_clusters, coverage=coverage,
        method=found.method, note=found.note,
    )  # fmt: skip


def _moved(pairs: Sequence[Pair]) -> dict[tuple[int, int], int]:
    if any(not pair.binary or (pair.draws_before, pair.draws_after) != (1, 1) for pair in pairs):
        return {}
    cells = [(round(before), round(after)) for before, after in map(_both, pairs)]
    return {cell: cells.count(cell) for cell in ((1, 1), (1, 0), (0, 1), (0, 0))}


def _bound(pairs: Sequence[Pair]) -> Bound:
    """Worst case and best case: a missing number in [0, 1] may be either end.

    Source: as `audit.bounds`.
    """
    lowest = highest = 0.0
    for pair in pairs:
        lowest += (0.0 if pair.after is None else pair.after) - (1.0 if pair.before is None else pair.before)
        highest += (1.0 if pair.after is None else pair.after) - (0.0 if pair.before is None else pair.before)
    n = max(len(pairs), 1)
    return Bound(lowest / n, highest / n, len(pairs), sum(not pair.complete for pair in pairs))
