"""A finished run as a report: reads the directory, decides nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sycoscope.analysis import Association, Breakdown, Rank
from sycoscope.audit import Finding
from sycoscope.core import records
from sycoscope.core.errors import StoreError
from sycoscope.core.types import Estimate
from sycoscope.published.evidence import Evidence
from sycoscope.report.data import (
    Claim,
    Flip,
    Health,
    ReportData,
    Subject,
    TaskInfo,
    TrainingRow,
    Verdict,
)
from sycoscope.run.store import RunDirectory

TRANSCRIPTS = 24  # of a run whose config names none


def report_data(run: RunDirectory) -> ReportData:
    """What the report of a run shows.

    Raises:
        MissingError: no run there. StoreError: the run was not finished, or is of another layout.
    """
    manifest = run.manifest()
    path = run.path / "summary.json"
    if not path.is_file():
        raise StoreError(f"'{run.path}' has no summary.json: the run was not finished; run it again to go on")
    summary = json.loads(path.read_text(encoding="utf-8"))
    return ReportData(
        title=manifest["description"] or f"Study {manifest['study']}",
        study=manifest["study"],
        study_hash=manifest["hash"],
        subjects=[Subject(name=one["name"], kind=one["kind"]) for one in manifest["subjects"]],
        verdicts=[_verdict(one) for one in summary["verdicts"]],
        health=[Health(**cell) for cell in summary["health"]],
        estimates=run.estimates(),
        items={item.id: item for _, item in run.items()},
        trials=run.trials(),
        scores=run.scores(),
        flips=[Flip(**flip) for flip in summary["flips"]],
        training=[
            TrainingRow(
                **{key: row[key] for key in ("adapter", "step", "loss", "eval_loss", "learning_rate")}
            )
            for row in run.rows("training")
        ],
        findings=[Finding(**finding) for finding in summary["findings"]],
        claims=[_claim(claim) for claim in summary.get("claims", [])],
        associations=[Association(**one) for one in summary.get("associations", [])],
        rankings=[Rank(**one) for one in summary.get("rankings", [])],
        breakdowns=_breakdowns(run),
        tasks=[
            TaskInfo(name=name, label=task["label"], kind=task["kind"])
            for name, task in manifest["tasks"].items()
        ],
        sample_seed=manifest["seed"],
        transcripts=manifest["config"].get("transcripts", TRANSCRIPTS),
        manifest=manifest,
    )


def _claim(plain: dict[str, Any]) -> Claim:
    evidence = [Evidence(**one) for one in plain.get("evidence", [])]
    return Claim(**plain | {"evidence": evidence})


def _breakdowns(run: RunDirectory) -> list[Breakdown]:
    return [
        Breakdown(
            by=row["by"],
            group=row["group"],
            estimate=records.estimate_of({k: v for k, v in row.items() if k not in ("by", "group")}),
        )
        for row in run.rows("breakdowns")
    ]


def _verdict(plain: dict[str, Any]) -> Verdict:
    return Verdict(
        subject=plain["subject"],
        word=plain["word"],
        sentence=plain["sentence"],
        estimate=_estimate(plain["estimate"]),
        before=_estimate(plain["before"]),
        after=_estimate(plain["after"]),
    )


def _estimate(plain: dict[str, Any] | None) -> Estimate | None:
    return None if plain is None else records.estimate_of(plain)


def write_run_report(run: RunDirectory) -> Path:
    """Write report.html, figures/ and tables/*.csv into the run directory; returns the page's path."""
    from sycoscope.report import write_report

    return write_report(report_data(run), run.path)
