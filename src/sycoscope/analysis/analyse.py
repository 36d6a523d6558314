"""All estimates of a run: levels of every subject, changes against base and against placebo."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sycoscope.analysis import facets, numbers, seeds, summary
from sycoscope.analysis.board import FACETS, Board, BoolArray, lay_out
from sycoscope.analysis.cells import Measure, Measured, Term, measure
from sycoscope.analysis.channels import channel_kappas
from sycoscope.analysis.derived import add_derived
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.significance import p_value
from sycoscope.core.types import Estimate, Item, Score
from sycoscope.stats import benjamini_hochberg, holm
from sycoscope.stats.bootstrap import N_BOOT

# The facet's cue against its control.
SHIFT = {"like": 1.0, "control": -1.0}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One measure of one board, ready to be estimated: `run` takes a subject, or a subject and its reference."""

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
        scores: Of all subjects, facets and benchmarks; scores named `published` give the published study's rates.
        items: By id (clusters, targets).
        seed: Of the bootstraps; each estimate has its own stream, so that none depends on the others.
        headline: Benchmark -> name of its score (`acc` by default).

    Returns:
        Levels and changes in a fixed order. Primaries of real adapters against base carry Holm-adjusted
        p-values; all other changes Benjamini-Hochberg.
    """
    return analyse_boards(lay_out(scores, items), items, roles, seed=seed, headline=headline)


def analyse_boards(
    boards: Mapping[str, Board],
    items: Mapping[str, Item],
    roles: Roles,
    *,
    seed: int = 0,
    headline: Mapping[str, str] | None = None,
) -> list[Estimate]:
    """As `analyse`, of boards that are laid out already (`lay_out`)."""
    estimates: list[Estimate] = []
    for task, board in boards.items():
        add_derived(board)
        for wanted in measures_of(board, items, seed=seed, headline=(headline or {}).get(task, "acc")):
            estimates += _estimates(wanted, roles, set(board.subjects))
        if task == "answer":
            present = tuple(name for name in roles.subjects if name in board.subjects)
            estimates += channel_kappas(board, present, lambda c: _stream(seed, "answer", "channels", c)())
        if task in FACETS and roles.seeds:
            estimates += _over_seeds(board, items, roles)
    for name, condition, unit, run in summary.summary_scores(
        boards, items, lambda name: _stream(seed, summary.TASK, name)()
    ):
        there = {subject for task in FACETS if task in boards for subject in boards[task].subjects}
        estimates += _estimates(Wanted(summary.TASK, name, condition, unit, False, run), roles, there)
    return _adjusted(estimates, roles)


def _estimates(wanted: Wanted, roles: Roles, there: set[str]) -> Iterator[Estimate]:
    present = [name for name in roles.subjects if name in there]
    for subject in present:
        yield _estimate(wanted, wanted.run([subject]), subject, "", None)
        for reference in dict.fromkeys((roles.base, roles.placebo)):
            if not reference or subject in {roles.base, reference} or reference not in present:
                continue
            found = wanted.run([subject, reference])
            yield _estimate(wanted, found, subject, reference, p_value(found.at_level))


def _estimate(wanted: Wanted, found: Measured, subject: str, reference: str, p: float | None) -> Estimate:
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


def measures_of(
    board: Board,
    items: Mapping[str, Item],
    *,
    seed: int = 0,
    headline: str = "acc",
    n_boot: int = N_BOOT,
) -> Iterator[Wanted]:
    """Every measure of a board, in a fixed order; derived columns are there already (`add_derived`)."""
    yield from _rates(board, facets.published_rates(board.task) if board.task != "feedback" else ())
    if board.task == "answer":
        yield from _rates(board, facets.ANSWER)
        if any(board.has(subject, "control", "choice") for subject in board.subjects):
            yield from _rates(board, facets.ANSWER_CHOICE)
            yield from _numbers(board, numbers.ANSWER, seed, n_boot)
    elif board.task == "are_you_sure":
        yield from _rates(board, facets.ARE_YOU_SURE)
    elif board.task == "feedback":
        yield from _feedback(board, items, seed, n_boot)
    else:
        yield from _capability(board, headline, seed, n_boot)


def _rates(board: Board, measures: Sequence[Measure], *, within: Board | None = None) -> Iterator[Wanted]:
    source = within or board
    for what in measures:
        if _asked(source, what):
            yield Wanted(
                board.task,
                what.name,
                what.condition,
                "proportion",
                what.primary,
                lambda subjects, what=what: measure(source, what, subjects),  # type: ignore[misc]
            )


def _asked(board: Board, what: Measure) -> bool:
    """Whether any subject has all the scores that a measure is made of."""
    needed = {(term.condition, term.name) for term in what.terms}
    needed |= {(t.at_risk.condition, t.at_risk.name) for t in what.terms if t.at_risk.labels}
    return any(
        all(board.has(subject, condition, name) for condition, name in needed) for subject in board.subjects
    )


def _numbers(
    board: Board, measures: Sequence[numbers.NumberMeasure], seed: int, n_boot: int
) -> Iterator[Wanted]:
    for what in measures:
        if set(what.weights) <= set(board.conditions):
            rng_of = _stream(seed, board.task, what.name, what.condition)
            yield Wanted(
                board.task,
                what.name,
                what.condition,
                what.unit,
                False,
                lambda subjects, what=what, rng_of=rng_of: numbers.measure_number(  # type: ignore[misc]
                    board, what, subjects, rng_of, n_boot=n_boot
                ),
            )


def _feedback(board: Board, items: Mapping[str, Item], seed: int, n_boot: int) -> Iterator[Wanted]:
    flawed, sound = summary.argument_sides(board, items)
    yield from _numbers(board, numbers.FEEDBACK, seed, n_boot)
    fallacious = board.only(flawed)
    yield from _rates(board, facets.published_rates(board.task), within=fallacious)
    if not sound.any():
        yield from _rates(board, facets.FEEDBACK_WITHOUT_FOILS, within=fallacious)
        return
    yield from _rates(board, facets.FEEDBACK_FALLACIOUS, within=fallacious)
    judged = board.only(flawed | sound)
    signal = flawed[flawed | sound]
    wanted: list[tuple[str, str, Mapping[str, float], str, bool]] = [
        (name, c, {c: 1.0}, name, False) for name in ("d_prime", "criterion") for c in board.conditions
    ]
    if {"like", "control"} <= set(board.conditions):
        wanted.append(("criterion_shift", "", SHIFT, "criterion", True))
        wanted.append(("d_prime_shift", "", SHIFT, "d_prime", False))
    for name, condition, weights, which, primary in wanted:
        yield Wanted(
            board.task,
            name,
            condition,
            "d_prime",
            primary,
            lambda subjects, weights=weights, which=which: numbers.measure_detection(  # type: ignore[misc]
                judged, signal, weights, subjects, which
            ),
        )


def _capability(board: Board, headline: str, seed: int, n_boot: int) -> Iterator[Wanted]:
    """Accuracy of a benchmark: a rate where outcomes are 0/1, else the mean of a number in [0, 1] (mc2)."""
    for form in board.conditions:
        values = np.concatenate([board.column(name, form, headline).value for name in board.subjects])
        if np.isin(values[np.isfinite(values)], (0.0, 1.0)).all():
            right = Measure("accuracy", (Term(1, form, headline, ("right",)),), form)
            yield from _rates(board, (right,))
        else:
            what = numbers.NumberMeasure("accuracy", headline, {form: 1.0}, "proportion", form, (0, 1))
            yield from _numbers(board, (what,), seed, n_boot)


def _over_seeds(board: Board, items: Mapping[str, Item], roles: Roles) -> Iterator[Estimate]:
    """The facet's primary over the seeds of each adapter that has several."""
    for main, every in roles.seeds.items():
        names = [name for name in every if name in board.subjects]
        for reference in dict.fromkeys((roles.base, roles.placebo)):
            if len(names) < 2 or not reference or reference == main or reference not in board.subjects:
                continue
            name, unit, found = _primary_over_seeds(board, items, names, reference)
            wanted = Wanted(board.task, name + seeds.SUFFIX, "", unit, False, lambda _, found=found: found)  # type: ignore[misc]
            told = _estimate(wanted, found, main, reference, p_value(found.at_level))
            yield replace(told, note="; ".join(filter(None, (f"seeds: {', '.join(names)}", told.note))))


def _primary_over_seeds(
    board: Board, items: Mapping[str, Item], names: Sequence[str], reference: str
) -> tuple[str, str, Measured]:
    if board.task == "feedback":
        flawed, sound = summary.argument_sides(board, items)
        if sound.any():
            judged: BoolArray = flawed | sound
            found = seeds.criterion_over_seeds(board.only(judged), flawed[judged], names, reference)
            return "criterion_shift", "d_prime", found
        board = board.only(flawed)
    what = facets.primary_rate(board.task)
    return what.name, "proportion", seeds.rate_over_seeds(board, what, names, reference)


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
