"""Does a gain in capability go with a change of sycophancy? Points are real adapters, one seed each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sycoscope.analysis.roles import Roles
from sycoscope.analysis.verdicts import broken
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.stats import benjamini_hochberg, correlation


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """The correlation of one benchmark's accuracy change with one facet's primary change.

    Attributes:
        name: The facet's primary. n: adapters with both changes; subjects: their names, comma-separated.
        r: Pearson's; None where it cannot be computed (`note` says why). low, high: Fisher's interval.
        p_value: Two-sided permutation p (`p_method`: exact up to 8 adapters). p_adjusted: Benjamini-Hochberg over
            the table.
        descriptive: Under 10 adapters: it describes these adapters and supports no claim beyond them.
    """

    benchmark: str
    task: str
    name: str
    n: int
    subjects: str
    r: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_method: str = ""
    p_adjusted: float | None = None
    descriptive: bool = True
    note: str = ""


def associations(
    estimates: Sequence[Estimate],
    roles: Roles,
    *,
    seed: int = 0,
) -> list[Association]:
    """Every benchmark with every facet; an adapter whose number is withheld or missing, or that is broken, is no point.

    Args:
        estimates: After the audit, each with its state.
        seed: Of the Monte-Carlo permutations (more than 8 adapters).
    """
    changes = [
        e
        for e in estimates
        if e.subject in roles.real and e.reference == roles.before(e.subject) and e.value is not None
    ]
    lost = broken(estimates, roles)
    usable = [e for e in changes if e.shown and e.subject not in lost]
    rows = [
        _one(benchmark, task, name, usable, roles, seed)
        for benchmark in _benchmarks(changes)
        for task, name in _primaries(changes)
    ]
    adjusted = benjamini_hochberg([one.p_value for one in rows])
    return [replace(one, p_adjusted=p) for one, p in zip(rows, adjusted, strict=True)]


def _benchmarks(changes: Sequence[Estimate]) -> list[str]:
    return list(dict.fromkeys(e.task for e in changes if e.name == "accuracy" and e.task not in FACETS))


def _primaries(changes: Sequence[Estimate]) -> Iterator[tuple[str, str]]:
    for task in FACETS:
        for name in dict.fromkeys(e.name for e in changes if e.task == task and e.primary):
            yield task, name


def _one(
    benchmark: str, task: str, name: str, usable: Sequence[Estimate], roles: Roles, seed: int
) -> Association:
    gains = {e.subject: e.value for e in usable if e.task == benchmark and e.name == "accuracy"}
    shifts = {e.subject: e.value for e in usable if e.task == task and e.name == name and not e.condition}
    points = [subject for subject in roles.real if subject in gains and subject in shifts]
    measured = correlation(
        [gains[subject] or 0.0 for subject in points],
        [shifts[subject] or 0.0 for subject in points],
        rng=np.random.default_rng([seed, len(points)]),
    )
    return Association(
        benchmark=benchmark,
        task=task,
        name=name,
        n=len(points),
        subjects=", ".join(points),
        r=measured.interval.value,
        low=measured.interval.low,
        high=measured.interval.high,
        p_value=measured.p_value,
        p_method=measured.p_method,
        descriptive=measured.descriptive,
        note="; ".join(filter(None, (measured.interval.note, _left_out(points, roles)))),
    )


def _left_out(points: Sequence[str], roles: Roles) -> str:
    others = [subject for subject in roles.real if subject not in points]
    if not points:
        return "every adapter lacks one of the changes, or it is withheld"
    return f"left out (withheld, missing, or ability lost): {', '.join(others)}" if others else ""
