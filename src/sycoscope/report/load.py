"""A finished run as a report: reads the directory, decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from sycoscope.analysis import Breakdown
from sycoscope.analysis.edge_cases import EdgeShare
from sycoscope.core import records
from sycoscope.core.manifest import Manifest
from sycoscope.facets import FACETS
from sycoscope.report.data import ReportData, Subject, TaskInfo, TrainingRow
from sycoscope.report.health import health_of
from sycoscope.report.overview import asked_of, display_names
from sycoscope.report.who import plain_name
from sycoscope.report.write import write_report
from sycoscope.run.by_hand import LabelReport
from sycoscope.run.edge_cases import edge_trials
from sycoscope.run.record import LAYOUT, roles_of
from sycoscope.run.store import RunDirectory


def report_data(run: RunDirectory) -> ReportData:
    """What the report of a run shows.

    Raises:
        MissingError: no run there. StoreError: the run was not finished, is of another layout, or lacks a table.
    """
    shown = outline(run)
    estimates, scores = run.estimates(), run.scores()
    return replace(
        shown,
        health=health_of(scores, estimates, roles_of(run.manifest()).base),
        estimates=estimates,
        items={item.id: item for _, item in run.items()},
        trials=run.trials(),
        scores=scores,
        breakdowns=_breakdowns(run),
        edge_shares=[EdgeShare(**row) for row in run.rows("edge_cases")],
        edge_trials=edge_trials(run),
    )


def outline(run: RunDirectory) -> ReportData:
    """The same without what has a row for each trial, score or estimate.

    Raises:
        MissingError, StoreError: as for `report_data`.
    """
    manifest, summary = run.manifest(), run.summary()
    names = display_names(manifest)
    return ReportData(
        title=manifest.description or f"Study {manifest.study}",
        study=manifest.study,
        study_hash=manifest.hash,
        subjects=[
            Subject(
                name=subject.name,
                kind=subject.kind,
                # the base is called so everywhere; which model it is, is said once
                label=subject.name if subject.kind == "base" else plain_name(subject, names[subject.name]),
                model=names[subject.name],
                simulated=subject.model.get("engine") == "none",
                earlier=subject.earlier,
                of=subject.of,
            )
            for subject in manifest.subjects
        ],
        asked=asked_of(manifest),
        compared=manifest.compared,
        verdicts=summary.verdicts,
        flips=summary.flips,
        training=[_step(row) for row in run.rows("training")],
        findings=summary.findings,
        claims=summary.claims,
        associations=summary.associations,
        rankings=summary.rankings,
        non_inferiority=summary.non_inferiority,
        clean=summary.clean,
        series=summary.series,
        trends=summary.trends,
        relearning=summary.relearning,
        tasks=[
            TaskInfo(
                name=name,
                label=task.label or (FACETS[name].label if name in FACETS else name),
                kind=task.kind,
            )
            for name, task in manifest.tasks.items()
        ],
        sample_seed=manifest.seed,
        transcripts=manifest.transcripts,
        manifest=_plain(manifest),
    )


def write_run_report(run: RunDirectory, by_hand: LabelReport | None = None) -> Path:
    """Write report.html, figures/ and tables/*.csv into the run directory; returns the page's path.

    Args:
        by_hand: What people's labels say, to stand beside what the run measured.
    """
    return write_report(replace(report_data(run), by_hand=by_hand), run.path)


def _step(row: Mapping[str, Any]) -> TrainingRow:
    # a run of an older version has fewer columns
    return TrainingRow(**{field.name: row[field.name] for field in fields(TrainingRow) if field.name in row})


def _breakdowns(run: RunDirectory) -> list[Breakdown]:
    return [
        Breakdown(
            by=row["by"],
            group=row["group"],
            estimate=records.estimate_of({k: v for k, v in row.items() if k not in ("by", "group")}),
        )
        for row in run.rows("breakdowns")
    ]


def _plain(manifest: Manifest) -> dict[str, Any]:
    """The content of the run's manifest.json."""
    return {"layout": LAYOUT} | {key: value for key, value in asdict(manifest).items() if value is not None}
