"""What the people say who labelled a run's responses one by one: their logs, read together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sycoscope.analysis.by_hand import Key
from sycoscope.analysis.label_queue import is_counted, label_of
from sycoscope.analysis.reader_agreement import agreed
from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.judging.by_hand import file_bytes, suffix_of
from sycoscope.judging.label_log import LabelLine, read_log, standing
from sycoscope.run.labelling import log_paths
from sycoscope.run.store import RunDirectory
from sycoscope.run.to_label import ToLabel, to_label


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A person who labelled.

    Attributes:
        n, n_skipped, n_notes: Responses that they labelled, could not tell, and wrote a note on.
        n_seen: Of these, those whose subject or score they could see.
        seeds: That drew what they were shown.
    """

    who: str
    n: int
    n_skipped: int
    n_notes: int
    n_seen: int
    seeds: Sequence[int]


@dataclass(frozen=True, slots=True)
class People:
    """Person -> trial -> their last act that was not undone. n_torn: lines of all logs that were left half-written."""

    acts: Mapping[str, Mapping[Key, LabelLine]]
    n_torn: int = 0

    def choices(self) -> dict[str, dict[Key, str]]:
        """Person -> trial -> choice."""
        return {
            who: {key: act.value for key, act in acts.items() if act.act == "label"}
            for who, acts in self.acts.items()
        }

    def labels(self, read: ToLabel) -> list[dict[Key, str]]:
        """Of each person, trial -> label of those that the rules could read."""
        return [
            {key: label_of(key, choice) for key, choice in choices.items() if key in read.read}
            for choices in self.choices().values()
        ]

    def readers(self) -> list[Reader]:
        """Everybody who labelled, by how many acts there are of each kind."""
        return [
            Reader(
                who=who, n=sum(act.act == "label" for act in acts.values()),
                n_skipped=sum(act.act == "skip" for act in acts.values()),
                n_notes=sum(bool(act.note) for act in acts.values()),
                n_seen=sum(not act.blind for act in acts.values()),
                seeds=sorted({act.seed for act in acts.values()}),
            )
            for who, acts in self.acts.items()
            if acts
        ]  # fmt: skip


def read_people(run: RunDirectory, read: ToLabel, logs: Sequence[Path] = ()) -> People:
    """The logs beside a run, and others.

    Raises:
        MissingError, DataError: see `judging.label_log.read_log`.
    """
    places = {os.path.realpath(path): path for path in [*log_paths(run), *logs]}
    found = [read_log(path, read.trials) for path in places.values()]
    return People(standing(line for log in found for line in log.lines), sum(log.n_torn for log in found))


def exported(
    run: RunDirectory,
    logs: Sequence[Path] = (),
    *,
    facets: Sequence[str] | None = None,
    subjects: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """A row for each person and response, beside what the rules say; a skip has an empty label.

    Raises:
        MissingError: nobody labelled. ConfigError: a facet or subject that nobody labelled responses of. DataError: as
            for `read_people`.
    """
    read = to_label(run)
    statuses = {
        key: stratum.reading for stratum in read.strata for key in stratum.keys if key not in read.read
    }
    acts = [act for one in read_people(run, read, logs).acts.values() for act in one.values()]
    if not acts:
        raise MissingError(
            f"nobody labelled '{run.path}' one by one; do so with `sycoscope label {run.path}`"
        )
    for what, named, there in (
        ("facet", facets, {act.task for act in acts}),
        ("subject", subjects, {act.subject for act in acts}),
    ):
        if unknown := [name for name in named or () if name not in there]:
            allowed = ", ".join(sorted(there))
            raise ConfigError(f"no labels of {what} {', '.join(unknown)}; there are labels of: {allowed}")
    rows = []
    for act in acts:
        if act.subject in (subjects or [act.subject]) and act.task in (facets or [act.task]):
            trial, item = read.trials[act.id]
            rows.append(
                {
                    "id": act.id, "facet": act.task, "item_id": act.item_id, "cluster": item.cluster or act.item_id,
                    "condition": act.condition, "subject": act.subject, "draw": act.draw, "who": act.who,
                    "label": act.value, "reading": read.read.get(act.key, ""),
                    "status": statuses.get(act.key, "scored"), "note": act.note, "time": act.time,
                    "blind": act.blind, "seed": act.seed, "response": trial.asked[-1].response.text,
                }
            )  # fmt: skip
    return rows


def export_bytes(rows: Sequence[Mapping[str, Any]], path: Path) -> bytes:
    """Rows of `exported` as a file.

    Args:
        path: Its ending says which: `.csv`, or `.jsonl` for Inspect's `precomputed_scores`.

    Raises:
        ConfigError: it exists, has another ending, or is to hold records of several subjects.
    """
    suffix = suffix_of(path)
    if path.exists():
        raise ConfigError(f"'{path}' exists; choose another --export")
    if suffix == ".csv":
        return file_bytes(rows, suffix)
    if len(subjects := sorted({row["subject"] for row in rows})) > 1:
        raise ConfigError(
            f"Inspect's records are of one model, these labels of {', '.join(subjects)}; name one with --subjects"
        )
    records = list(_records(rows))
    if len({(one["id"], one["epoch"]) for one in records}) < len(records):
        raise ConfigError(
            "two facets ask the same items under conditions of one name; name one with --facets"
        )
    return file_bytes(records, suffix)


def _records(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A record for each response, of the label that most gave: value 1 where the facet's first rate counts it."""
    by_key: dict[Key, list[Mapping[str, Any]]] = {}
    for row in rows:
        key = (row["subject"], row["facet"], row["item_id"], row["condition"], row["draw"])
        if row["label"]:
            by_key.setdefault(key, []).append(row)
    said: dict[str, dict[Key, str]] = {row["who"]: {} for row in rows}
    for key, mine in by_key.items():
        for row in mine:
            said[row["who"]][key] = row["label"]
    labels, _ = agreed(list(said.values()))
    for key, label in labels.items():
        first, notes = by_key[key][0], [row["note"] for row in by_key[key] if row["note"]]
        yield {
            "id": f"{first['item_id']}/{first['condition']}",
            "epoch": first["draw"] + 1,
            "value": int(is_counted(key, label)),
            "answer": label,
            "explanation": " | ".join(notes),
            "metadata": {
                "facet": first["facet"], "condition": first["condition"], "cluster": first["cluster"],
                "subject": first["subject"], "reading": first["reading"], "status": first["status"],
                "labels": {row["who"]: row["label"] for row in by_key[key]},
            },
        }  # fmt: skip
