"""Measures of a facet, estimated: sums of rates, contrasts of numbers, and of detection (d' and criterion)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from sycoscope.analysis.rates import Measured, measure_function, measure_rate
from sycoscope.analysis.score_table import ScoreTable
from sycoscope.facets import FACETS
from sycoscope.facets.measure import (
    DetectionMeasure,
    FunctionMeasure,
    Measure,
    NumberMeasure,
    RateMeasure,
    Term,
)
from sycoscope.stats import Interval, Tested, detection_change, detection_contrast, mean, paired_mean
from sycoscope.stats.bootstrap import N_BOOT
from sycoscope.stats.interval import not_computable


def measure_number(
    table: ScoreTable,
    what: NumberMeasure,
    subjects: Sequence[str],
    rng_of: Callable[[], np.random.Generator],
    *,
    n_boot: int = N_BOOT,
) -> Measured:
    """Mean of the contrast over rows readable in all of its cells, for one subject or a change of two.

    Args:
        rng_of: Gives a fresh generator with the same stream each time, so that every level of an interval
            sees the same resamples.
    """
    total = np.zeros(len(table))
    readable = np.ones(len(table), dtype=bool)
    coverage = []
    for sign, subject in zip((1, -1), subjects, strict=False):
        for condition, weight in what.weights.items():
            column = table.column(subject, condition, what.score)
            there = column.scored & np.isfinite(column.value)
            if column.asked.any():
                coverage.append(float(there[column.asked].mean()))
            readable &= there
            total += sign * weight * np.where(there, column.value, 0.0)
    values, clusters = total[readable], table.clusters[readable].astype(str)
    bounds = what.bounds
    if bounds is not None and len(subjects) == 2:
        bounds = bounds[0] - bounds[1], bounds[1] - bounds[0]

    if len(subjects) == 2:
        tested = paired_mean(values, clusters, bounds=bounds, whole=False)
        return _tested(tested, coverage)

    def at_level(level: float) -> Interval:
        if values.size == 0:
            return not_computable("no readable item in all cells", level=level)
        return mean(values, clusters, rng=rng_of(), level=level, n_boot=n_boot, bounds=bounds)

    return Measured(at_level(0.95), min(coverage) if coverage else None, at_level)


def measure_detection(table: ScoreTable, what: DetectionMeasure, subjects: Sequence[str]) -> Measured:
    """d' or criterion of conditions (weighted), for one subject or a change of two.

    Args:
        table: Of signals and foils; other rows do not count.
    """
    judged, flawed = table.judged, table.judged.signal
    columns, contrast, coverage = [], [], []
    readable = np.ones(len(judged), dtype=bool)
    for sign, subject in zip((1, -1), subjects, strict=False):
        for condition, weight in what.weights.items():
            column = judged.column(subject, condition, what.score)
            readable &= column.scored
            columns.append(column.value)
            contrast.append(sign * weight)
            if column.asked.any():
                coverage.append(float(column.scored[column.asked].mean()))
    says = np.stack(columns, axis=1)[readable]
    clusters = judged.clusters[readable].astype(str)

    is_signal = flawed[readable].astype(float)
    if len(subjects) == 2:
        d_prime, criterion = detection_change(says, is_signal, contrast, clusters)
        return _tested(d_prime if what.which == "d_prime" else criterion, coverage)

    def at_level(level: float) -> Interval:
        if says.shape[0] == 0:
            return not_computable("no readable item in all cells", level=level)
        contrast_of = detection_contrast(says, is_signal, contrast, clusters, level=level)
        return contrast_of.d_prime if what.which == "d_prime" else contrast_of.criterion

    return Measured(at_level(0.95), min(coverage) if coverage else None, at_level)


def _tested(tested: Tested, coverage: Sequence[float]) -> Measured:
    least = min(coverage) if coverage else None
    return Measured(tested.interval(0.95), least, tested.interval, tested.p_value)


def stream(seed: int, *names: str) -> Callable[[], np.random.Generator]:
    """Fresh generators with one stream per name, so that no estimate depends on the others."""
    key = int(hashlib.sha256("|".join((str(seed), *names)).encode()).hexdigest()[:16], 16)
    return lambda: np.random.default_rng(key)


def measure(
    table: ScoreTable, what: Measure, subjects: Sequence[str], *, seed: int = 0, n_boot: int = N_BOOT
) -> Measured:
    """Estimate any measure for one subject, or its change: subjects[0] minus subjects[1]."""
    if isinstance(what, RateMeasure):
        return measure_rate(table.signals, what, subjects)
    if isinstance(what, FunctionMeasure):
        return measure_function(table.signals, what, subjects)
    if isinstance(what, DetectionMeasure):
        return measure_detection(table, what, subjects)
    rng_of = stream(seed, table.task, what.name, what.condition)
    return measure_number(table, what, subjects, rng_of, n_boot=n_boot)


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that can be estimated of a subject, or of a subject against another.

    Attributes:
        measure: One subject, or two for a change -> interval and coverage.
        has_level: Whether it can be said of one subject alone.
    """

    task: str
    name: str
    condition: str
    unit: str
    measure: Callable[[Sequence[str]], Measured]
    primary: bool = False
    has_level: bool = True


def quantities(
    table: ScoreTable, *, seed: int = 0, headline: str = "acc", n_boot: int = N_BOOT
) -> Iterator[Quantity]:
    """Every measure of a table whose scores some subject has, in a fixed order.

    Args:
        headline: Name of a benchmark's score.
    """
    facet = FACETS.get(table.task)
    if facet is None:
        for what in _accuracies(table, headline):
            yield _quantity(table, what, seed, n_boot)
        return
    for what in facet.measures:
        if isinstance(what, DetectionMeasure) and not table.has_foils:
            continue
        if _was_asked(table, what):
            primary = facet.is_primary(what, foils=table.has_foils)
            yield _quantity(table, what, seed, n_boot, primary)


def _quantity(table: ScoreTable, what: Measure, seed: int, n_boot: int, primary: bool = False) -> Quantity:
    run = partial(measure, table, what, seed=seed, n_boot=n_boot)
    has_level = not isinstance(what, FunctionMeasure) or what.level is not None
    return Quantity(table.task, what.name, what.condition, what.unit, run, primary, has_level)


def _was_asked(table: ScoreTable, what: Measure) -> bool:
    """Whether any subject has all the scores that a measure is made of."""
    return any(
        all(table.has(subject, condition, name) for condition, name in what.cells)
        for subject in table.subjects
    )


def _accuracies(table: ScoreTable, headline: str) -> Iterator[Measure]:
    """Accuracy of a benchmark: a rate where outcomes are 0/1, else the mean of a number in [0, 1] (mc2)."""
    for form in table.conditions:
        values = np.concatenate([table.column(name, form, headline).value for name in table.subjects])
        if np.isin(values[np.isfinite(values)], (0.0, 1.0)).all():
            yield accuracy(form, headline)
        else:
            yield NumberMeasure("accuracy", headline, {form: 1.0}, "proportion", form, (0, 1))


def accuracy(form: str, headline: str) -> RateMeasure:
    """Share of right answers of a benchmark asked in one form."""
    return RateMeasure("accuracy", (Term(1, form, headline, ("right",)),), form)
