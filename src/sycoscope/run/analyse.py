"""From a run's tables to its results: estimates, audit, the state of every number, verdicts, claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sycoscope.analysis import (
    Breakdown,
    Roles,
    ScoreTable,
    adjusted,
    analyse_tables,
    associations,
    breakdowns,
    lines,
    non_inferiority,
    rankings,
    relearned,
    score_tables,
    series,
    trends,
    verdicts,
)
from sycoscope.analysis.clean import CleanPart, Place, clean_parts
from sycoscope.analysis.flips import flips
from sycoscope.analysis.series import Line
from sycoscope.analysis.verdicts import broken
from sycoscope.audit import Evidence, Finding, audit, decide_states, sign_open
from sycoscope.audit.letters import prior_rows
from sycoscope.core import records
from sycoscope.core.manifest import Manifest
from sycoscope.core.types import Estimate, Item, Score, Trial
from sycoscope.judging import judged_estimates, judged_scores
from sycoscope.run.clean import OverAll, clean_changes
from sycoscope.run.published_study import claims_on, published_scores
from sycoscope.run.record import Summary, roles_of
from sycoscope.run.samples import samples
from sycoscope.run.store import RunDirectory


@dataclass(frozen=True, slots=True)
class _Measured:
    """The tables of a run, with its scores laid out once for everything that reads them."""

    manifest: Manifest
    roles: Roles
    by_task: Mapping[tuple[str, str], Item]
    items: Mapping[str, Item]
    trials: Sequence[Trial]
    scores: Sequence[Score]
    judgements: Sequence[Trial]
    tables: Mapping[str, ScoreTable]


@dataclass(frozen=True, slots=True)
class Analysis:
    """The results of a run."""

    summary: Summary
    estimates: Sequence[Estimate]
    groups: Sequence[Breakdown]


def analyse_run(run: RunDirectory) -> Summary:
    """(Re)compute the results of a run from its tables, and write them; asks no model.

    Raises:
        MissingError: no run there. StoreError: of another layout, or damaged.
    """
    found = analysed(run)
    _write(run, found)
    return found.summary


def analysed(run: RunDirectory) -> Analysis:
    """Compute the results of a run from its tables; writes nothing.

    This is the one place in which the audit meets the estimates: from here on each of them carries its state.

    Raises:
        MissingError: no run there. StoreError: of another layout, or damaged.
    """
    measured = _read(run)
    parts, evidence = _looked_at(measured, run)
    findings = audit(evidence)
    states = decide_states(evidence.estimates, findings)
    estimates = adjusted(states, measured.roles, family=measured.manifest.family)
    summary = _summary(measured, evidence, findings, estimates, parts)
    return Analysis(summary, estimates, _breakdowns(measured, findings))


def estimated(run: RunDirectory) -> tuple[list[Estimate], list[Finding]]:
    """The estimates of a run, each with its state, and what the audit finds; nothing that rests on them is computed.

    Raises:
        MissingError: no run there. StoreError: of another layout, or damaged.
    """
    _, evidence = _looked_at(_read(run), run)
    findings = audit(evidence)
    return decide_states(evidence.estimates, findings), findings


def _looked_at(measured: _Measured, run: RunDirectory) -> tuple[dict[Place, CleanPart], Evidence]:
    """What the audit looks at, with the parts that no training row touches."""
    manifest = measured.manifest
    parts = clean_parts(
        measured.tables, measured.roles, manifest.touched, seed=manifest.seed, headline=manifest.headlines
    )
    return parts, _evidence(measured, parts, run.extra_trials("letter_priors"))


def _read(run: RunDirectory) -> _Measured:
    manifest, trials, scores = run.manifest(), run.trials(), run.scores()
    by_task = {(task, item.id): item for task, item in run.items()}
    items = {item_id: item for (_, item_id), item in by_task.items()}
    return _Measured(
        manifest=manifest,
        roles=roles_of(manifest),
        by_task=by_task,
        items=items,
        trials=trials,
        scores=scores,
        judgements=run.extra_trials("judgements"),
        tables=score_tables([*scores, *published_scores(trials, items)], items),
    )


def _estimates(measured: _Measured) -> list[Estimate]:
    manifest = measured.manifest
    estimates = analyse_tables(
        measured.tables, measured.roles, seed=manifest.seed, headline=manifest.headlines
    )
    if manifest.judge is not None:
        scores = judged_scores(measured.trials, measured.judgements)
        estimates += judged_estimates(scores, measured.items, manifest.judge.standings)
    return estimates


def _evidence(measured: _Measured, parts: Mapping[Place, CleanPart], priors: Sequence[Trial]) -> Evidence:
    clean = {place: change for place, part in parts.items() if (change := part.change(measured.roles))}
    return Evidence(
        manifest=measured.manifest,
        items=measured.by_task,
        trials=measured.trials,
        scores=measured.scores,
        estimates=_estimates(measured),
        roles=measured.roles,
        judgements=measured.judgements,
        priors=priors,
        laid_out=measured.tables,
        clean=clean,
    )


def _summary(
    measured: _Measured,
    evidence: Evidence,
    findings: Sequence[Finding],
    estimates: Sequence[Estimate],
    parts: Mapping[Place, CleanPart],
) -> Summary:
    manifest, roles, tables = measured.manifest, measured.roles, measured.tables
    ranked = rankings(
        tables, roles, seed=manifest.seed, headline=manifest.headlines, estimates=estimates,
        broken=broken(estimates, roles),
    )  # fmt: skip
    kept = non_inferiority(
        tables, roles, estimates, margin=manifest.capability_margin, headline=manifest.headlines
    )
    told = verdicts(estimates, roles, margin=manifest.margin, sign_open=sign_open(evidence))
    over_all = OverAll(estimates=estimates, verdicts=told, kept=kept)
    points = series(_lines(manifest), tables, estimates, roles)
    return Summary(
        verdicts=tuple(told),
        findings=tuple(findings),
        claims=tuple(claims_on(manifest, estimates, roles, told)),
        associations=tuple(associations(estimates, roles, seed=manifest.seed)),
        rankings=tuple(ranked),
        flips=tuple(flips(tables, roles)),
        letter_prior=tuple(prior_rows(evidence.priors)),
        non_inferiority=tuple(kept),
        clean=tuple(clean_changes(parts, evidence, findings, over_all)),
        series=tuple(points),
        trends=tuple(trends(points, tables)),
        relearning=tuple(relearned(points, manifest.subjects)),
    )


def _lines(manifest: Manifest) -> list[Line]:
    """The series of the run; how many steps a training took, its record says."""
    steps = {name: one.record["steps"] for name, one in manifest.training.items() if "steps" in one.record}
    return lines(manifest.subjects, steps)


def _breakdowns(measured: _Measured, findings: Sequence[Finding]) -> list[Breakdown]:
    """A group's number has the state of the same number over all items."""
    groups = breakdowns(measured.tables, measured.items, measured.roles, headline=measured.manifest.headlines)
    estimates = decide_states([group.estimate for group in groups], findings)
    return [replace(group, estimate=estimate) for group, estimate in zip(groups, estimates, strict=True)]


def _write(run: RunDirectory, found: Analysis) -> None:
    summary = found.summary
    run.write_rows("estimates", records.estimate_rows(found.estimates))
    run.write_rows("associations", [asdict(association) for association in summary.associations])
    run.write_rows("rankings", [asdict(rank) for rank in summary.rankings])
    run.write_rows(
        "breakdowns", [{"by": one.by, "group": one.group} | asdict(one.estimate) for one in found.groups]
    )
    run.write_some("series", [asdict(point) for point in summary.series])
    run.write_some("trends", [asdict(trend) for trend in summary.trends])
    table, shares = samples(run)
    run.write_table("samples", table)
    run.write_rows("edge_cases", [asdict(share) for share in shares])
    run.write_summary(summary)
