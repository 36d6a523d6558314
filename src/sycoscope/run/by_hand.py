"""Labels that people gave to a run's responses: the sample, the file beside the run, what they say of its numbers.

`labels.jsonl` lies beside the tables and changes none of them; it has the layout of the file that was labelled, so one
reader checks both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sycoscope.analysis import score_tables
from sycoscope.analysis.by_hand import (
    Agreement,
    Corrected,
    ResponseCell,
    agreements,
    corrected_primaries,
    corrected_rates,
    disputed,
    draw_sample,
    response_cells,
    terms_of,
)
from sycoscope.audit import decide_states
from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.core.files import write_atomic
from sycoscope.core.types import Item, Trial
from sycoscope.judging.by_hand import Answers, file_bytes, id_of, read_answers, row_of, suffix_of
from sycoscope.run.record import roles_of
from sycoscope.run.store import RunDirectory

FILE = "labels.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReport:
    """What people's labels say of a run.

    Attributes:
        n, n_empty: Labels, and rows that were left without one.
        rates, primaries: With the states that the audit gives the run's own numbers.
        disputed: A line for each verdict that the corrected change does not bear out.
        unlabelled: (facet, condition) that were asked and have no labels.
    """

    n: int
    n_empty: int
    agreements: Sequence[Agreement]
    rates: Sequence[Corrected]
    primaries: Sequence[Corrected]
    disputed: Sequence[str]
    unlabelled: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A run's tables, laid out, with its responses by id."""

    tables: Mapping[str, Any]
    cells: Sequence[ResponseCell]
    trials: Mapping[str, tuple[Trial, Item]]


def _read(run: RunDirectory) -> _Read:
    run.check()
    items = {item.id: item for _, item in run.items()}
    tables = score_tables(run.scores(), items)
    cells = response_cells(tables, {})
    known = {key for cell in cells for key, code in zip(cell.keys, cell.reading, strict=True) if code >= 0}
    trials = {}
    for trial in run.trials():
        key = (trial.subject, trial.task, trial.item_id, trial.condition, trial.draw)
        if key in known and trial.item_id in items:
            trials[id_of(key)] = (trial, items[trial.item_id])
    return _Read(tables=tables, cells=cells, trials=trials)


def draw(
    run: RunDirectory,
    out: Path,
    *,
    n: int,
    seed: int,
    facets: Sequence[str] | None = None,
    conditions: Sequence[str] | None = None,
    subjects: Sequence[str] | None = None,
) -> list[tuple[str, str, str, int]]:
    """Write responses for people to label.

    Args:
        n: Of each subject, facet and condition. conditions: None for those of the facets' primaries.

    Returns:
        (facet, condition, subject, how many) that were drawn.

    Raises:
        ConfigError: `out` exists, or has no format's ending; a facet, condition or subject that the run does not have.
    """
    suffix = suffix_of(out)
    if out.exists():
        raise ConfigError(f"'{out}' exists and may hold labels; choose another --out")
    read = _read(run)
    cells = _chosen(read.cells, facets, conditions, subjects)
    keys = draw_sample(cells, n, seed=seed)
    write_atomic(out, file_bytes([row_of(*read.trials[id_of(key)]) for key in keys], suffix))
    counts: dict[tuple[str, str, str], int] = {}
    for subject, task, _, condition, _ in keys:
        counts[task, condition, subject] = counts.get((task, condition, subject), 0) + 1
    return [(*key, count) for key, count in sorted(counts.items())]


def _chosen(
    cells: Sequence[ResponseCell],
    facets: Sequence[str] | None,
    conditions: Sequence[str] | None,
    subjects: Sequence[str] | None,
) -> list[ResponseCell]:
    asked = {
        "facet": (facets, {cell.task for cell in cells}),
        "condition": (conditions, {cell.condition for cell in cells}),
        "subject": (subjects, {cell.subject for cell in cells}),
    }
    for what, (named, there) in asked.items():
        if unknown := [name for name in named or () if name not in there]:
            allowed = ", ".join(sorted(there)) or "none"
            raise ConfigError(f"no responses to label of {what} {', '.join(unknown)}; the run has: {allowed}")
    chosen = [
        cell
        for cell in cells
        if cell.task in (facets or [cell.task])
        and cell.subject in (subjects or [cell.subject])
        and cell.condition in (conditions or terms_of(cell.task))
        and cell.sizes.any()
    ]
    if not chosen:
        raise ConfigError("no response of the run can be labelled: none was read in what was chosen")
    return chosen


def take(run: RunDirectory, paths: Sequence[Path]) -> LabelReport:
    """Check labelled files, keep them beside the run in place of what was kept before, and say what they say.

    Raises:
        DataError: see `judging.by_hand.read_answers`; then nothing is kept.
    """
    read = _read(run)
    answers = read_answers(paths, read.trials)
    cells = response_cells(read.tables, answers.labels)
    write_atomic(run.path / FILE, file_bytes(list(_kept(read, cells, answers)), ".jsonl"))
    return _report(run, read, answers)


def _kept(read: _Read, cells: Sequence[ResponseCell], answers: Answers) -> Iterable[dict[str, Any]]:
    for cell in cells:
        for row, weight in zip(cell.with_label, cell.weights, strict=True):
            key = cell.keys[row]
            yield row_of(*read.trials[id_of(key)]) | {
                "label": answers.labels[key],
                "subject": cell.subject,
                "condition": cell.condition,
                "reading": cell.names[cell.reading[row]],
                "weight": round(float(weight), 6),
            }


def kept(run: RunDirectory) -> LabelReport:
    """What the labels say that were kept beside the run.

    Raises:
        MissingError: there are none. DataError: they are of other responses than the run's.
    """
    path = run.path / FILE
    if not path.is_file():
        raise MissingError(
            f"'{run.path}' has no labels; draw responses with --out FILE, label them, and read them with --read FILE"
        )
    read = _read(run)
    return _report(run, read, read_answers([path], read.trials))


def _report(run: RunDirectory, read: _Read, answers: Answers) -> LabelReport:
    summary, roles = run.summary(), roles_of(run.manifest())
    cells = response_cells(read.tables, answers.labels)
    rates = _with_states(corrected_rates(read.tables, cells), summary.findings)
    primaries = _with_states(corrected_primaries(read.tables, cells, roles), summary.findings)
    with_labels = {(cell.task, cell.condition) for cell in cells if cell.labelled.any()}
    asked = dict.fromkeys((cell.task, cell.condition) for cell in cells)
    return LabelReport(
        n=len(answers.labels), n_empty=answers.n_empty, agreements=agreements(cells), rates=rates,
        primaries=primaries, disputed=disputed(summary.verdicts, primaries),
        unlabelled=[one for one in asked if one not in with_labels],
    )  # fmt: skip


def _with_states(pairs: Sequence[Corrected], findings: Any) -> list[Corrected]:
    as_read = decide_states([pair.as_read for pair in pairs], findings)
    corrected = decide_states([pair.corrected for pair in pairs], findings)
    return [
        replace(pair, as_read=first, corrected=second)
        for pair, first, second in zip(pairs, as_read, corrected, strict=True)
    ]
