"""Several seeds of one adapter: its primaries with the variance between runs in the interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sycoscope.analysis.joint import detection_part, per_row, stack
from sycoscope.analysis.rates import Measured
from sycoscope.analysis.score_table import FloatArray, ScoreTable
from sycoscope.facets import FACETS
from sycoscope.facets.measure import DetectionMeasure, RateMeasure
from sycoscope.stats import Interval, seed_interval
from sycoscope.stats.interval import not_computable

SUFFIX = "_over_seeds"


def primary_over_seeds(
    scores: ScoreTable, names: Sequence[str], reference: str
) -> tuple[str, str, Measured] | None:
    """(name, unit, change) of the facet's primary over seeds; None where it is neither a rate nor a detection."""
    what = FACETS[scores.task].primary_measure(foils=scores.has_foils)
    if what is None:
        return None
    if isinstance(what, DetectionMeasure):
        return what.name, what.unit, detection_over_seeds(scores, what, names, reference)
    return what.name, what.unit, rate_over_seeds(scores.signals, what, names, reference)


def rate_over_seeds(scores: ScoreTable, what: RateMeasure, seeds: Sequence[str], reference: str) -> Measured:
    """A rate's change against the reference, over seeds, on the rows that count under every seed."""
    values, rows = zip(*(per_row(scores, what, [seed, reference]) for seed in seeds), strict=True)
    shared = np.logical_and.reduce(rows)
    weight = 2 * sum(max(term.weight, 0.0) for term in what.terms)
    table = np.stack(values)[:, shared]
    clusters = scores.clusters[shared].astype(str)
    return _measured(lambda level: _interval(table, clusters, level, (-weight, weight)))


def detection_over_seeds(
    scores: ScoreTable, what: DetectionMeasure, seeds: Sequence[str], reference: str
) -> Measured:
    """A detection's change over seeds, from each pair's influence on it.

    A criterion is no mean of per-item numbers; theta_s + influence of cluster g on theta_s is, to first order.

    Source: Efron and Tibshirani 1993, chapter 11 (jackknife influence values).
    """
    judged = scores.judged
    readable = np.logical_and.reduce(
        [judged.column(s, c, what.score).scored for s in (*seeds, reference) for c in what.weights]
    )
    shared = judged.only(readable)
    parts = [detection_part(shared, what, [seed, reference]) for seed in seeds]
    rows: list[FloatArray] = []
    for part in parts:
        if part is None:
            return _measured(lambda level: not_computable("no readable pair under every seed", level=level))
        sums, _ = stack([part])
        total, n = sums.sum(axis=0), sums.shape[0]
        theta = part.value(total[None, :])[0]
        rows.append(theta + (n - 1) * (theta - part.value(total - sums)))
    table = np.stack(rows)
    # The mean of the influences is 0 to first order; centring takes the rest, so that the mean is theta itself.
    thetas = [part.value(part.columns.sum(axis=0)[None, :])[0] for part in parts if part is not None]
    table += np.array(thetas)[:, None] - table.mean(axis=1, keepdims=True)
    return _measured(lambda level: _interval(table, None, level, None))


def _interval(
    table: FloatArray, clusters: np.ndarray | None, level: float, bounds: tuple[float, float] | None
) -> Interval:
    if table.size == 0:
        return not_computable("no item that counts under every seed", level=level)
    return seed_interval(table, clusters, level=level, bounds=bounds)


def _measured(at_level: Callable[[float], Interval]) -> Measured:
    return Measured(at_level(0.95), None, at_level)
