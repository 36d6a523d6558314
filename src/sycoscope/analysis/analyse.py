"""All estimates of a run: levels of every subject, changes against base and against placebo."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sycoscope.analysis import facets, numbers
from sycoscope.analysis.board import Board
from sycoscope.analysis.cells import Measure, Measured, Term, measure
from sycoscope.analysis.significance import p_value
from sycoscope.stats import benjamini_hochberg, holm
from sycoscope.types import Estimate, Item, Score

FACETS = ("answer", "are_you_sure", "feedback")


@dataclass(frozen=True, slots=True)
class Roles:
    """Which subject plays which part.

    Attributes:
        base: The subject that others are compared with. adapters: the tuned ones, placebo and sycophant among them.
        placebo: Name of the placebo adapter; empty without one. organisms: planted ones (the sycophant).
    """

    base: str = "base"
    adapters: tuple[str, ...] = ()
    placebo: str = ""
    organisms: tuple[str, ...] = ()

    @property
    def real(self) -> tuple[str, ...]:
        """Adapters that hypotheses are about."""
        return tuple(name for name in self.adapters if name != self.placebo and name not in self.organisms)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Base first."""
        return (self.base, *self.adapters)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One measure of one board, ready to be estimated for any subjects."""

    task: str
    name: str
    condition: str
    unit: str
    primary: bool
    run: Callable[[Sequence[str]], Measured]


def analyse(
    scores: Iterable[Score],
    items: Mapping[str, Item],
    roles: Roles,
    *,
    seed: int = 0,
    headline: Mapping[str, str] | None = None,
) -> list[Estimate]:
    """Estimate everything.

    Args:
        scores: Of all subjects, facets and benchmarks. items: By id (clusters, targets).
        seed: Of the bootstraps; each estimate has its own stream, so that none depends on the others.
        headline: Benchmark -> name of its score (`acc` by default).

    Returns:
        Levels and changes in a fixed order. Primaries of real adapters against base carry Holm-adjusted
        p-values; all other changes Benjamini-Hochberg.
    """
    kept = list(scores)
    clusters = {item_id: item.cluster or item_id for item_id, item in items.items()}
    estimates: list[Estimate] = []
    for task in sorted({score.task for score in kept}, key=lambda name: (name not in FACETS, name)):
        board = Board(task, kept, clusters, by_value=task not in FACETS)
        for wanted in _wanted(board, items, seed, (headline or {}).get(task, "acc")):
            estimates += _estimates(wanted, board, roles)
    return _adjusted(estimates, roles)


def _estimates(wanted: _Wanted, board: Board, roles: Roles) -> Iterator[Estimate]:
    present = [name for name in roles.subjects if name in board.subjects]
    for subject in present:
        yield _estimate(wanted, wanted.run([subject]), subject, "", None)
        for reference in dict.fromkeys((roles.base, roles.placebo)):
            if not reference or subject in {roles.base, reference} or reference not in present:
                continue
            found = wanted.run([subject, reference])
            yield _estimate(wanted, found, subject, reference, p_value(found.at_level))


def _estimate(wanted: _Wanted, found: Measured, subject: str, reference: str, p: float | None) -> Estimate:
    interval = found.interval
    return Estimate(
        subject=subject,
        reference=reference,
        task=wanted.task,
        name=wanted.name,
        condition=wanted.condition,
        unit=wanted.unit,
        value=interval.value,
        low=interval.low,
        high=interval.high,
        level=interval.level,
        n=interval.n,
        n_clusters=interval.n_clusters,
        coverage=found.coverage,
        method=interval.method,
        p_value=p,
        primary=wanted.primary and bool(reference),
        note=interval.note,
    )


def _wanted(board: Board, items: Mapping[str, Item], seed: int, headline: str) -> Iterator[_Wanted]:
    if board.task == "answer":
        yield from _rates(board, facets.ANSWER)
        if any(board.has(subject, "control", "choice") for subject in board.subjects):
            yield from _rates(board, facets.ANSWER_CHOICE)
            yield from _numbers(board, numbers.ANSWER, seed)
    elif board.task == "are_you_sure":
        yield from _rates(board, facets.ARE_YOU_SURE)
    elif board.task == "feedback":
        yield from _feedback(board, items, seed)
    else:
        yield from _capability(board, headline, seed)


def _rates(board: Board, measures: Sequence[Measure], *, within: Board | None = None) -> Iterator[_Wanted]:
    source = within or board
    for what in measures:
        if what.conditions <= set(board.conditions):
            yield _Wanted(
                board.task,
                what.name,
                what.condition,
                "proportion",
                what.primary,
                lambda subjects, what=what: measure(source, what, subjects),  # type: ignore[misc]
            )


def _numbers(board: Board, measures: Sequence[numbers.NumberMeasure], seed: int) -> Iterator[_Wanted]:
    for what in measures:
        if set(what.weights) <= set(board.conditions):
            rng_of = _stream(seed, board.task, what.name, what.condition)
            yield _Wanted(
                board.task,
                what.name,
                what.condition,
                what.unit,
                False,
                lambda subjects, what=what, rng_of=rng_of: numbers.measure_number(  # type: ignore[misc]
                    board, what, subjects, rng_of
                ),
            )


def _feedback(board: Board, items: Mapping[str, Item], seed: int) -> Iterator[_Wanted]:
    targets = np.array([items[item].target if item in items else "" for item in board.items])
    flawed, sound = targets == "fallacious", targets == "sound"
    yield from _numbers(board, numbers.FEEDBACK, seed)
    yield from _rates(board, facets.FEEDBACK_FALLACIOUS, within=board.only(flawed))
    if not sound.any():
        return
    judged = board.only(flawed | sound)
    signal = flawed[flawed | sound]
    wanted: list[tuple[str, str, Mapping[str, float], str, bool]] = [
        (name, c, {c: 1.0}, name, False) for name in ("d_prime", "criterion") for c in board.conditions
    ]
    if {"like", "control"} <= set(board.conditions):
        wanted.append(("criterion_shift", "", {"like": 1.0, "control": -1.0}, "criterion", True))
        wanted.append(("d_prime_shift", "", {"like": 1.0, "control": -1.0}, "d_prime", False))
    for name, condition, weights, which, primary in wanted:
        yield _Wanted(
            board.task,
            name,
            condition,
            "d_prime",
            primary,
            lambda subjects, weights=weights, which=which: numbers.measure_detection(  # type: ignore[misc]
                judged, signal, weights, subjects, which
            ),
        )


def _capability(board: Board, headline: str, seed: int) -> Iterator[_Wanted]:
    """Accuracy of a benchmark: a rate where outcomes are 0/1, else the mean of a number in [0, 1] (mc2)."""
    for form in board.conditions:
        values = np.concatenate([board.column(name, form, headline).value for name in board.subjects])
        if np.isin(values[np.isfinite(values)], (0.0, 1.0)).all():
            right = Measure("accuracy", (Term(1, form, headline, ("right",)),), form)
            yield from _rates(board, (right,))
        else:
            what = numbers.NumberMeasure("accuracy", headline, {form: 1.0}, "proportion", form, (0, 1))
            yield from _numbers(board, (what,), seed)


def _stream(seed: int, *names: str) -> Callable[[], np.random.Generator]:
    key = int(hashlib.sha256("|".join((str(seed), *names)).encode()).hexdigest()[:16], 16)
    return lambda: np.random.default_rng(key)


def _adjusted(estimates: list[Estimate], roles: Roles) -> list[Estimate]:
    """Holm over primaries of real adapters against base; Benjamini-Hochberg over all other changes."""
    confirmatory = [
        i
        for i, e in enumerate(estimates)
        if e.primary and e.subject in roles.real and e.reference == roles.base
    ]
    chosen = set(confirmatory)
    exploratory = [i for i, e in enumerate(estimates) if e.reference and i not in chosen]
    adjusted = list(estimates)
    for indices, adjust, name in ((confirmatory, holm, "holm"), (exploratory, benjamini_hochberg, "bh")):
        found = adjust([estimates[i].p_value for i in indices])
        for index, p in zip(indices, found, strict=True):
            adjusted[index] = replace(
                estimates[index], p_adjusted=p, adjustment=name if p is not None else ""
            )
    return adjusted
