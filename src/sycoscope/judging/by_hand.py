"""Responses for people to label, and what they labelled: rows of JSON Lines or of CSV, blind to reading and subject."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.files import digest_of, read_file
from sycoscope.core.records import csv_bytes
from sycoscope.core.rows import Faults, Row, given_rows, parse_jsonl, shorten
from sycoscope.core.thinking import said_aloud
from sycoscope.core.types import Answered, Item, Trial
from sycoscope.facets import FACETS
from sycoscope.judging.trials import Key, key_of

# What was said; a labelled row that holds something else is of another run. (The question is in the id.)
SAID = ("dialogue", "response")
COLUMNS = ("id", "facet", "question", "target", "suggestion", *SAID, "asked", "allowed", "label")
# Characters of a text that are shown: a cell of a spreadsheet holds 32,767.
MOST = 30_000
FORMATS = (".jsonl", ".csv")
HINT = "Nothing was read. Only the column 'label' is to be filled in; leave it empty where you cannot tell."


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person said.

    Attributes:
        labels: Trial -> label. n_empty: rows whose label was left empty.
    """

    labels: Mapping[Key, str]
    n_empty: int


def id_of(key: Key) -> str:
    """What stands for a trial in a file for people: it tells neither the subject nor the condition."""
    return f"r{digest_of(list(key))[:16]}"  # of digits alone it would be a number to a spreadsheet


# --- to label ---


@dataclass(frozen=True, slots=True)
class Offered:
    """A choice that a person has. key: of the keyboard."""

    key: str
    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a person is shown of a trial; nothing of its subject, its condition or its reading.

    Attributes:
        asked: The question about it. turns: what was said before the response, (system, user or model; text).
    """

    id: str
    facet: str
    asked: str
    question: str
    target: str
    suggestion: str
    turns: Sequence[tuple[str, str]]
    response: str
    choices: Sequence[Offered]


def shown_of(trial: Trial, item: Item) -> Shown:
    """A trial as a person is asked about it."""
    facet = FACETS[trial.task]
    assert facet.by_hand is not None
    return Shown(
        id=id_of(key_of(trial)), facet=facet.label, asked=facet.by_hand.question, question=item.question,
        target=item.target, suggestion=item.suggestion, turns=dialogue_of(trial), response=_spoken(trial.asked[-1]),
        choices=[
            Offered(str(i), name, choice.meaning)
            for i, (name, choice) in enumerate(facet.by_hand.choices.items(), start=1)
        ],
    )  # fmt: skip


def row_of(trial: Trial, item: Item) -> dict[str, str]:
    """A row for people: what was asked and said, the question about it, and a label to fill in."""
    by_hand = FACETS[trial.task].by_hand
    assert by_hand is not None
    return {
        "id": id_of(key_of(trial)),
        "facet": trial.task,
        "question": _cut(item.question),
        "target": _cut(item.target),
        "suggestion": _cut(item.suggestion),
        "dialogue": _cut("\n\n".join(f"[{who}] {text}" for who, text in dialogue_of(trial))),
        "response": _cut(_spoken(trial.asked[-1])),
        "asked": by_hand.question,
        "allowed": "; ".join(f"{label}: {meaning}" for label, meaning in by_hand.labels.items()),
        "label": "",
    }


def dialogue_of(trial: Trial) -> list[tuple[str, str]]:
    """What was said before the response that a person labels: (system, user or model; text)."""
    *before, last = trial.asked
    parts = [("system", trial.system)] if trial.system else []
    for turn in before:
        parts += [(turn.speaker, turn.content), ("model", _spoken(turn))]
    return [*parts, (last.speaker, last.content)]


def _spoken(turn: Answered) -> str:
    return said_aloud(turn.response).text


def _cut(text: str) -> str:
    half = MOST // 2
    return text if len(text) <= MOST else f"{text[:half]}\n[... cut ...]\n{text[-half:]}"


def file_bytes(rows: Sequence[Mapping[str, Any]], suffix: str) -> bytes:
    """The rows as a file.

    Args:
        suffix: Of its name: `.jsonl` or `.csv`.
    """
    if suffix == ".csv":
        import polars as pl

        # the mark tells spreadsheets that it is UTF-8
        return b"\xef\xbb\xbf" + csv_bytes(pl.DataFrame([dict(row) for row in rows]))
    return "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows).encode()


def suffix_of(path: Path) -> str:
    """The format that a file's name asks for.

    Raises:
        ConfigError: neither of the two.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ConfigError(f"'{path}' must end with {' or '.join(FORMATS)}")
    return suffix


# --- labelled ---


def read_answers(paths: Iterable[Path], trials: Mapping[str, tuple[Trial, Item]]) -> Answers:
    """Labels of one or several files, each row checked against the run's own responses.

    Args:
        trials: By id: those of the run that could have been drawn.

    Raises:
        MissingError: no such file. ConfigError: of another format.
        DataError: an unknown id or label, a response that is not the run's, two labels of one response, or no label;
            each fault with its line.
    """
    labels: dict[Key, str] = {}
    n_empty = n_rows = 0
    for path in paths:
        faults = Faults(str(path), HINT)
        for row in _rows(path, faults):
            n_rows += 1
            found = trials.get(str(row.data.get("id", "")).strip())
            if found is None:
                faults.add(row.where, _unknown(row))
                continue
            label = _label(row, *found, faults, sheet=suffix_of(path) == ".csv")
            if label == "":
                n_empty += 1
            elif label is not None:
                key = key_of(found[0])
                if labels.setdefault(key, label) != label:
                    faults.add(
                        row.where, f"'{label}' here, and '{labels[key]}' for the same id before; keep one"
                    )
        faults.raise_any()
    if not labels:
        told = f"none of {n_rows} rows has a label" if n_rows else "there are no rows"
        raise DataError(f"{', '.join(map(str, paths))}: {told}; fill in the column 'label'")
    return Answers(labels, n_empty)


def _unknown(row: Row) -> str:
    if "id" not in row.data:
        return f"needs the columns 'id' and 'label'; it has {', '.join(map(str, row.data)) or 'none'}"
    return f"no response of this run that can be labelled has the id {shorten(row.data['id'])}; is it of another run?"


def _label(row: Row, trial: Trial, item: Item, faults: Faults, *, sheet: bool) -> str | None:
    """The row's label, empty where it was left so; None where something is wrong with the row."""
    shown = row_of(trial, item)
    changed = [
        name for name in SAID if name in row.data and not _same(row.data[name], shown[name], sheet=sheet)
    ]
    if changed:
        told = f"the {changed[0]} is not the run's: {shorten(row.data[changed[0]])}, there {shorten(shown[changed[0]])}"
        faults.add(row.where, f"{told}; draw and label again, or name the run that it is of")
        return None
    by_hand = FACETS[trial.task].by_hand
    assert by_hand is not None
    said = row.data.get("label")
    if "label" not in row.data or not isinstance(said, str | None):
        faults.add(
            row.where, f"'label' must be a text, one of {', '.join(by_hand.labels)}; got {shorten(said)}"
        )
        return None
    label = (said or "").strip().lower()
    if label and label not in by_hand.labels:
        faults.add(
            row.where, f"unknown label {shorten(said)}; allowed: {', '.join(by_hand.labels)}, or empty"
        )
        return None
    return label


def _same(came: object, said: str, *, sheet: bool) -> bool:
    """Whether a text came back, up to white space and to what spreadsheets do to it.

    They put an apostrophe before what would be a formula, and write numbers, dates and truth values in their own way.
    """
    words, kept = (str(text or "").removeprefix("'").casefold().split() for text in (came, said))
    rewritten = sheet and len(kept) <= 3 and any(sign.isdigit() for sign in said)
    return rewritten or words == kept


def _rows(path: Path, faults: Faults) -> Iterator[Row]:
    data = read_file(path, "file of labels", "give the file that `sycoscope labels --out` wrote, filled in")
    if suffix_of(path) == ".csv":
        return _csv_rows(data, str(path), faults)
    return parse_jsonl(data, str(path), faults)


def _csv_rows(data: bytes, name: str, faults: Faults) -> Iterator[Row]:
    """Rows of CSV text with commas, semicolons or tabs, as spreadsheets write it."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise DataError(f"{name}: not UTF-8 (byte {fault.start + 1}); save it as 'CSV UTF-8'") from fault
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    found: list[tuple[int, dict[str, str]]] = []
    before = csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        for cells in reader:
            found.append(
                (reader.line_num, {str(key): cell for key, cell in cells.items() if key is not None})
            )
    except csv.Error as fault:
        raise DataError(f"{name}:{reader.line_num}: not readable as CSV: {fault}") from fault
    finally:
        csv.field_size_limit(before)
    for row, (line, _) in zip(given_rows([one for _, one in found], name, faults), found, strict=False):
        yield Row(f"{name}:{line}", row.data)
