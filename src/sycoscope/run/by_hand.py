"""Labels that people gave to a run's responses: the sample, the files beside the run, what they say of its numbers.

`labels.jsonl` lies beside the tables and changes none of them; it has the layout of the file that was labelled, so one
reader checks both. The logs of those who labelled one by one lie in `labels/` (`run/labelling.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
from sycoscope.analysis.reader_agreement import PairAgreement, agreed, pair_agreements
from sycoscope.audit import decide_states
from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.core.files import write_atomic
from sycoscope.judging.by_hand import Answers, file_bytes, id_of, read_answers, row_of, suffix_of
from sycoscope.run.labelling import log_paths
from sycoscope.run.people import People, Reader, read_people
from sycoscope.run.record import roles_of
from sycoscope.run.store import RunDirectory
from sycoscope.run.to_label import ToLabel, to_label

FILE = "labels.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReport:
    """What people's labels say of a run.

    Attributes:
        n, n_empty: Labels, and rows that were left without one.
        rates, primaries: With the states that the audit gives the run's own numbers.
        disputed: A line for each verdict that the corrected change does not bear out.
        unlabelled: (facet, condition) that were asked and have no labels.
        readers: Who labelled one by one. pairs: their agreement with the rules, and with one another.
        n_split: Responses of which as many people say one thing as another; which of these counts was drawn.
        n_torn: Lines of logs that were left half-written.
    """

    n: int
    n_empty: int
    agreements: Sequence[Agreement]
    rates: Sequence[Corrected]
    primaries: Sequence[Corrected]
    disputed: Sequence[str]
    unlabelled: Sequence[tuple[str, str]]
    readers: Sequence[Reader] = ()
    pairs: Sequence[PairAgreement] = ()
    n_split: int = 0
    n_torn: int = 0


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
    read = to_label(run)
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


def take(run: RunDirectory, paths: Sequence[Path], logs: Sequence[Path] = ()) -> LabelReport:
    """Check labelled files, keep them beside the run in place of what was kept before, and say what they say.

    Args:
        logs: As for `kept`.

    Raises:
        DataError: see `judging.by_hand.read_answers`; then nothing is kept.
    """
    read = to_label(run)
    answers = read_answers(paths, read.read_trials)
    people = read_people(run, read, logs)
    cells = response_cells(read.tables, answers.labels)
    write_atomic(run.path / FILE, file_bytes(list(_kept(read, cells, answers)), ".jsonl"))
    return _report(run, read, answers, people)


def _kept(read: ToLabel, cells: Sequence[ResponseCell], answers: Answers) -> Iterable[dict[str, Any]]:
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


def kept(run: RunDirectory, logs: Sequence[Path] = ()) -> LabelReport:
    """What the labels say that lie beside the run.

    Args:
        logs: Of people who labelled one by one, in other places.

    Raises:
        MissingError: there are none. DataError: they are of other responses than the run's.
    """
    path = run.path / FILE
    if not path.is_file() and not logs and not log_paths(run):
        raise MissingError(
            f"'{run.path}' has no labels; label in a browser with `sycoscope label {run.path}`, or draw responses with "
            "--out FILE, label them, and read them with --read FILE"
        )
    read = to_label(run)
    answers = read_answers([path], read.read_trials) if path.is_file() else Answers({}, 0)
    return _report(run, read, answers, read_people(run, read, logs))


def _report(run: RunDirectory, read: ToLabel, answers: Answers, people: People) -> LabelReport:
    summary, roles = run.summary(), roles_of(run.manifest())
    labels, split = agreed([*([answers.labels] if answers.labels else []), *people.labels(read)])
    cells = response_cells(read.tables, labels)
    rates = _with_states(corrected_rates(read.tables, cells), summary.findings)
    primaries = _with_states(corrected_primaries(read.tables, cells, roles), summary.findings)
    with_labels = {(cell.task, cell.condition) for cell in cells if cell.labelled.any()}
    asked = dict.fromkeys((cell.task, cell.condition) for cell in cells)
    return LabelReport(
        n=len(labels), n_empty=answers.n_empty, agreements=agreements(cells), rates=rates,
        primaries=primaries, disputed=disputed(summary.verdicts, primaries),
        unlabelled=[one for one in asked if one not in with_labels], readers=people.readers(),
        pairs=pair_agreements(people.choices(), read.read, read.strata), n_split=len(split), n_torn=people.n_torn,
    )  # fmt: skip


def _with_states(pairs: Sequence[Corrected], findings: Any) -> list[Corrected]:
    as_read = decide_states([pair.as_read for pair in pairs], findings)
    corrected = decide_states([pair.corrected for pair in pairs], findings)
    return [
        replace(pair, as_read=first, corrected=second)
        for pair, first, second in zip(pairs, as_read, corrected, strict=True)
    ]
