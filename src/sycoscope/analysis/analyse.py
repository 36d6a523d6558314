"""All estimates of a run: levels of every subject, changes against base, placebo and sham."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from sycoscope.analysis import seeds, summary
from sycoscope.analysis.channels import channel_kappas
from sycoscope.analysis.mean_accuracy import mean_accuracy
from sycoscope.analysis.measures import Quantity, quantities
from sycoscope.analysis.rates import Measured
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.score_table import ScoreTable, only_of, score_tables
from sycoscope.analysis.significance import p_value
from sycoscope.core.types import Estimate, Item, Score
from sycoscope.facets import FACETS


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
        Levels and changes in a fixed order, with plain p-values: they are adjusted after the audit (`adjusted`).
    """
    return analyse_tables(score_tables(scores, items), roles, seed=seed, headline=headline)


def analyse_tables(
    tables: Mapping[str, ScoreTable],
    roles: Roles,
    *,
    seed: int = 0,
    headline: Mapping[str, str] | None = None,
) -> list[Estimate]:
    """As `analyse`, of scores that are laid out already (`score_tables`)."""
    estimates: list[Estimate] = []
    everyone = {subject for table in tables.values() for subject in table.subjects}
    for task, table in tables.items():
        of_task = partial(analyse_table, table, roles, seed=seed, headline=(headline or {}).get(task, "acc"))
        estimates += of_task(lacking=everyone - set(table.subjects))
    asked = {subject for task in FACETS if task in tables for subject in tables[task].subjects}
    for quantity in summary.summary_scores(tables, seed):
        estimates += _levels_and_changes(quantity, roles, asked)
    for quantity in mean_accuracy(tables, seed, headline or {}):
        # its parts are tested: a test of its own would only raise every p that is adjusted beside it
        estimates += [replace(e, p_value=None) for e in _levels_and_changes(quantity, roles, everyone)]
    return estimates


def analyse_table(
    table: ScoreTable, roles: Roles, *, seed: int = 0, headline: str = "acc", lacking: set[str] | None = None
) -> list[Estimate]:
    """The estimates of one task.

    Args:
        headline: Name of a benchmark's score. lacking: subjects that other tasks were asked of.
    """
    estimates: list[Estimate] = []
    for quantity in quantities(table, seed=seed, headline=headline):
        estimates += _levels_and_changes(quantity, roles, set(table.subjects))
        estimates += _not_paired(quantity, roles, set(table.subjects), lacking or set())
    if table.task in FACETS:
        present = tuple(name for name in roles.subjects if name in table.subjects)
        estimates += channel_kappas(table, present, seed)
        estimates += _over_seeds(table, roles)
    return estimates


def _levels_and_changes(quantity: Quantity, roles: Roles, asked: set[str]) -> Iterator[Estimate]:
    present = [name for name in roles.subjects if name in asked]
    for subject in present:
        if quantity.has_level:
            yield estimate_of(quantity, quantity.measure([subject]), subject, "")
        for reference in roles.references_of(subject):
            if reference not in present:
                continue
            yield estimate_of(quantity, quantity.measure([subject, reference]), subject, reference)


def _not_paired(quantity: Quantity, roles: Roles, asked: set[str], lacking: set[str]) -> Iterator[Estimate]:
    """Changes that nothing is known of, since one of the two was not asked this task.

    Args:
        lacking: Subjects that other tasks were asked of.
    """
    for subject in roles.adapters:
        pair = {subject, roles.before(subject)}
        if len(pair) == 2 and pair & asked and pair & lacking:
            nothing = summary.nothing(only_of(quantity.task, sorted(pair & asked)))
            yield estimate_of(quantity, nothing, subject, roles.before(subject))


def estimate_of(quantity: Quantity, measured: Measured, subject: str, reference: str) -> Estimate:
    """What was measured of a quantity, as a record; not judged yet."""
    interval = measured.interval
    return Estimate(
        subject=subject,
        reference=reference,
        task=quantity.task,
        name=quantity.name,
        condition=quantity.condition,
        unit=quantity.unit,
        value=interval.value,
        low=interval.low,
        high=interval.high,
        level=interval.level,
        n=interval.n,
        n_clusters=interval.n_clusters,
        coverage=measured.coverage,
        method=interval.method,
        p_value=p_value(measured) if reference else None,
        primary=quantity.primary and bool(reference),
        note=interval.note,
    )


def _over_seeds(table: ScoreTable, roles: Roles) -> Iterator[Estimate]:
    """The facet's primary over the seeds of each adapter that has several."""
    for main, every in roles.seeds.items():
        names = [name for name in every if name in table.subjects]
        for reference in roles.references:
            if len(names) < 2 or reference == main or reference not in table.subjects:
                continue
            over = seeds.primary_over_seeds(table, names, reference)
            if over is None:
                continue
            name, unit, measured = over
            quantity = Quantity(table.task, name + seeds.SUFFIX, "", unit, partial(_given, measured))
            estimate = estimate_of(quantity, measured, main, reference)
            note = "; ".join(filter(None, (f"seeds: {', '.join(names)}", estimate.note)))
            yield replace(estimate, note=note)


def _given(measured: Measured, _: Sequence[str]) -> Measured:
    return measured
