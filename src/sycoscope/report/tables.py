"""The tables: as files (CSV and Parquet, full precision) and as rows for the page."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sycoscope.analysis import Verdict
from sycoscope.audit import Finding
from sycoscope.core.files import write_atomic
from sycoscope.core.records import csv_bytes
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.published.findings import RunFinding
from sycoscope.report import labels, trials
from sycoscope.report.data import Subject, TrainingRow
from sycoscope.report.view import View

if TYPE_CHECKING:
    import polars as pl

MAX_ROWS = 250
# What says how far the answer and the log-probabilities agree: a table of its own.
CHANNELS = ("channel_disagreement", "channel_kappa", "accuracy_logprob", "follow_logprob")


@dataclass(frozen=True, slots=True)
class Line:
    """One number on the page, with all that is needed to judge it.

    `reason` stands in the place of a number that is not shown, `remark` beside one that is; `trials` is the id of the
    place on the page that has its trials, or says where they are.
    """

    subject: str
    what: str
    condition: str
    against: str
    value: str
    interval: str
    n: str
    clusters: str
    coverage: str
    method: str
    p: str
    state: str
    reason: str
    remark: str
    trials: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One table of the page. `total` lines exist; the file holds them all."""

    key: str
    caption: str
    file: str
    lines: Sequence[Line]
    total: int
    open: bool = False


def line(estimate: Estimate, view: View) -> Line:
    """An estimate as text; what the audit withholds becomes a dash and its reason."""
    name = labels.name_of(estimate.name)
    shown = estimate.shown
    adjusted = (
        f" ({labels.p_text(estimate.p_adjusted)} {estimate.adjustment})"
        if estimate.p_adjusted is not None
        else ""
    )
    notes = [part for part in (estimate.reason, estimate.note) if part and shown]
    return Line(
        subject=view.label(estimate.subject),
        what=f"{view.task_label(estimate.task)}: {name.label}",
        condition=labels.condition_of(estimate.task, estimate.condition) if estimate.condition else "",
        against=estimate.reference,
        value=labels.value_text(estimate) if shown else labels.DASH,
        interval=labels.interval_text(estimate) if shown else labels.DASH,
        n=labels.count(estimate.n),
        clusters=labels.count(estimate.n_clusters),
        coverage=labels.DASH if estimate.coverage is None else labels.percent(estimate.coverage),
        method=_method(estimate) if shown else labels.DASH,
        p=labels.p_text(estimate.p_value) + adjusted if shown else labels.DASH,
        state=estimate.state,
        reason=estimate.reason,
        remark="; ".join(dict.fromkeys(notes)),
        trials=trials.of(estimate, view),
    )


def blocks(view: View) -> list[Block]:
    """The tables of the page; the confirmatory changes come first and open."""
    primaries = view.primaries()
    kept = {id(e) for e in primaries}
    further = [e for e in view.differences("facet") if id(e) not in kept]
    gains = view.differences("capability")
    summary = [*view.levels("summary"), *view.differences("summary")]
    levels = view.levels("facet")
    channels = [e for e in levels if e.name in CHANNELS]
    judged = {name for facet in FACETS.values() if facet.judged for name, _ in facet.judged.rates}
    groups: list[tuple[str, str, str, Sequence[Estimate]]] = [
        ("changes", "Confirmatory changes, paired per item", "changes", primaries),
        (
            "levels",
            "Rates of the facets, each subject",
            "levels",
            [e for e in levels if e.name not in (*CHANNELS, *judged)],
        ),
        (
            "channels",
            "Agreement between channels: what is said beside the likeliest option",
            "levels",
            channels,
        ),
        (
            "judge",
            "By the judge model, corrected for its errors on labelled cases",
            "levels",
            [e for e in levels if e.name in judged],
        ),
        ("other-changes", "Further changes on the facets (exploratory)", "changes", further),
        ("capability", "Capability, each subject", "capability", view.levels("capability")),
        ("capability-changes", "Change of capability, paired per item", "capability_changes", gains),
        ("summary", "Summary scores", "summary", summary),
    ]
    filled = []
    for key, caption, file, chosen in groups:
        rows = list(chosen)
        if rows:
            lines = [_judged(e, view) if key == "changes" else line(e, view) for e in rows[:MAX_ROWS]]
            filled.append(Block(key, caption, file, lines, len(rows), key == "changes"))
    return filled


def _judged(estimate: Estimate, view: View) -> Line:
    """A line that says so where the number is shown and its verdict is "cannot tell" all the same."""
    text = line(estimate, view)
    untold = view.untold(estimate)
    return replace(text, remark="; ".join(filter(None, (untold, text.remark)))) if untold else text


def alone(view: View) -> Block | None:
    """What is read first where nothing is compared; None beside adapters."""
    lines = [_brief(e, view) for e in view.first_levels()]
    if not lines:
        return None
    return Block("alone", "How far the model gives in", "levels", lines, len(lines), open=True)


def _brief(estimate: Estimate, view: View) -> Line:
    """A line whose remark names the checks that warn: the audit's panel has their words."""
    remark = f"by {estimate.checks}" if estimate.state == "warned" else estimate.note
    return replace(line(estimate, view), remark=remark)


def write(view: View, folder: Path) -> list[str]:
    """Write every table as CSV and Parquet; returns their names.

    Raises:
        StoreError: a file cannot be written; each is whole or not there.
    """
    return write_frames(_frames(view), folder)


def write_frames(frames: Mapping[str, pl.DataFrame], folder: Path) -> list[str]:
    """Write tables as CSV and Parquet, by name; returns their names.

    Raises:
        StoreError: as `write`.
    """
    for name, frame in frames.items():
        parquet = io.BytesIO()
        frame.write_parquet(parquet, compression="zstd", statistics=False)
        write_atomic(folder / f"{name}.csv", csv_bytes(frame))
        write_atomic(folder / f"{name}.parquet", parquet.getvalue())
    return list(frames)


def _frames(view: View) -> dict[str, pl.DataFrame]:
    data = view.data
    facet = view.levels("facet"), view.differences("facet")
    capability = view.levels("capability"), view.differences("capability")
    summary = [*view.levels("summary"), *view.differences("summary")]
    frames = {
        "estimates": estimate_frame(data.estimates),
        "levels": estimate_frame(facet[0]),
        "changes": estimate_frame(facet[1]),
        "confirmatory": estimate_frame(view.primaries()),
        "capability": estimate_frame(capability[0]),
        "capability_changes": estimate_frame(capability[1]),
        "summary": estimate_frame(summary),
        "verdicts": _verdicts(data.verdicts),
        "flips": record_frame(
            data.flips,
            ["subject", "task", "condition", "control", "item_id", "draw", "before", "after", "strength"],
        ),
        "training": record_frame(data.training, [f.name for f in fields(TrainingRow)]),
        "findings": record_frame(data.findings, [f.name for f in fields(Finding)]),
        "subjects": record_frame(data.subjects, [f.name for f in fields(Subject)]),
        "claims": record_frame(data.claims, [f.name for f in fields(RunFinding) if f.name != "evidence"]),
        "claim_evidence": _dicts(
            {"finding": claim.finding, "verdict": claim.verdict} | asdict(one)
            for claim in data.claims
            for one in claim.evidence
        ),
        "associations": _dicts(asdict(one) for one in data.associations),
        "rankings": _dicts(asdict(one) for one in data.rankings),
        "breakdowns": _dicts(
            {"by": one.by, "group": one.group} | asdict(one.estimate) for one in data.breakdowns
        ),
        "edge_cases": _dicts(asdict(one) for one in data.edge_shares),
        "non_inferiority": _dicts(asdict(one) for one in data.non_inferiority),
        "clean": _dicts(
            {"items": items, "n_items": one.n_items, "n_touched": one.n_touched, "word": word}
            | asdict(estimate)
            for one in data.clean
            for items, word, estimate in (
                ("all", one.word_all, one.over_all),
                ("untouched", one.word_clean, one.over_clean),
            )
        ),
        "series": _dicts(asdict(one) for one in data.series),
        "trends": _dicts(asdict(one) for one in data.trends),
        "relearning": _dicts(asdict(one) for one in data.relearning),
    }
    return {name: frame for name, frame in frames.items() if frame.height or name == "estimates"}


def estimate_frame(estimates: Sequence[Estimate]) -> pl.DataFrame:
    """Estimates as a table of all their attributes."""
    import polars as pl

    numbers = ("value", "low", "high", "level", "coverage", "p_value", "p_adjusted")
    kinds: dict[str, Any] = dict.fromkeys(numbers, pl.Float64)
    kinds |= {"n": pl.Int64, "n_clusters": pl.Int64, "primary": pl.Boolean}
    schema = {f.name: kinds.get(f.name, pl.String) for f in fields(Estimate)}
    return pl.DataFrame([_cleaned(asdict(e)) for e in estimates], schema=schema, orient="row")


def _verdicts(verdicts: Sequence[Verdict]) -> pl.DataFrame:
    import polars as pl

    columns = ("subject", "task", "word", "qualifier", "speaker", "sentence")
    rows = [_cleaned({column: getattr(verdict, column) for column in columns}) for verdict in verdicts]
    return pl.DataFrame(rows, schema=columns)


def record_frame(records: Sequence[Any], columns: Sequence[str]) -> pl.DataFrame:
    """Records as a table of some of their attributes."""
    import polars as pl

    rows = [_cleaned({column: getattr(record, column) for column in columns}) for record in records]
    return pl.DataFrame(rows, schema=None if rows else list(columns), infer_schema_length=None)


def _dicts(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame([_cleaned(row) for row in rows], infer_schema_length=None)


def _cleaned(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: labels.clean(value) if isinstance(value, str) else value for key, value in row.items()}


def _method(estimate: Estimate) -> str:
    level = f"{100 * estimate.level:g}{labels.NBSP}%"
    return f"{estimate.method}, {level}" if estimate.method else level
