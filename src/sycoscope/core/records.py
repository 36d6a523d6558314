"""Trials, scores, items and estimates as rows of tables, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from sycoscope.core.columns import TABLES, Column
from sycoscope.core.types import (
    Answered,
    ChoiceLogprobs,
    Estimate,
    Item,
    Probed,
    Response,
    Score,
    Trial,
)

if TYPE_CHECKING:
    import polars as pl


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# A spreadsheet takes a cell that begins so for a formula, which can read files and call programs.
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"


def csv_bytes(table: pl.DataFrame) -> bytes:
    """The table as CSV; a text that a spreadsheet would take for a formula gets an apostrophe before it.

    Numbers stay as they are, also where they stand in a column of texts.
    """
    import polars as pl
    import polars.selectors as cs

    text = cs.string()
    formula = text.str.contains(_FORMULA) & text.cast(pl.Float64, strict=False).is_null()
    guarded = table.with_columns(pl.when(formula).then(pl.lit("'") + text).otherwise(text).name.keep())
    return guarded.write_csv().encode()


def trial_rows(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """One row per trial; the transcript and the probes as JSON."""
    rows = []
    for trial in trials:
        row = {
            "subject": trial.subject,
            "task": trial.task,
            "item_id": trial.item_id,
            "condition": trial.condition,
            "draw": trial.draw,
            "paraphrase": trial.paraphrase,
            "system": trial.system,
            "letters": _json(dict(trial.letters)),
            "asked": _json([_turn(turn) for turn in trial.asked]),
            "probes": _json([_probe(probe) for probe in trial.probes]),
        }
        rows.append(row)
    return rows


def _turn(turn: Answered) -> dict[str, Any]:
    """A turn as plain values; `given` and `aside` stand only where they are true."""
    plain = {"name": turn.name, "content": turn.content, "response": asdict(turn.response)}
    return plain | {name: True for name in ("given", "aside") if getattr(turn, name)}


# What most probes have none of: it stands only where there is some.
_SELDOM = ("ceilings", "chosen", "rung")


def _probe(probe: Probed) -> dict[str, Any]:
    """A probe as plain values."""
    plain = asdict(probe)
    for name in _SELDOM:
        if plain["result"][name] in ((), None, ""):
            del plain["result"][name]
    return plain


def trial_of(row: dict[str, Any]) -> Trial:
    """The trial of a row."""
    asked = [
        Answered(**(turn | {"response": Response(**turn["response"])})) for turn in json.loads(row["asked"])
    ]
    return Trial(
        subject=row["subject"],
        task=row["task"],
        item_id=row["item_id"],
        condition=row["condition"],
        draw=row["draw"],
        paraphrase=row["paraphrase"],
        system=row["system"],
        letters=json.loads(row["letters"]),
        asked=tuple(asked),
        probes=tuple(_probed(probe) for probe in json.loads(row["probes"])),
    )


def _probed(probe: dict[str, Any]) -> Probed:
    result = probe["result"]
    logprobs = result["logprobs"]
    return Probed(
        name=probe["name"],
        content=probe["content"],
        prefix=probe["prefix"],
        options=tuple(probe["options"]),
        result=ChoiceLogprobs(
            logprobs=None if logprobs is None else tuple(logprobs),
            n_tokens=tuple(result["n_tokens"]),
            error=result["error"],
            ceilings=tuple(result.get("ceilings", ())),
            chosen=result.get("chosen"),
            rung=result.get("rung", ""),
        ),
    )


def item_rows(items: Iterable[tuple[str, Item]]) -> list[dict[str, Any]]:
    """One row for each (task, item)."""
    return [
        {
            "task": task,
            "item_id": item.id,
            "source": item.source,
            "question": item.question,
            "target": item.target,
            "suggestion": item.suggestion,
            "aliases": _json(list(item.aliases)),
            "choices": _json(list(item.choices)),
            "cluster": item.cluster,
            "split": item.split,
            "metadata": _json(dict(sorted(item.metadata.items()))),
        }
        for task, item in items
    ]


def item_of(row: dict[str, Any]) -> Item:
    """The item of a row."""
    return Item(
        id=row["item_id"],
        source=row["source"],
        question=row["question"],
        target=row["target"],
        suggestion=row["suggestion"],
        aliases=tuple(json.loads(row["aliases"])),
        choices=tuple(json.loads(row["choices"])),
        cluster=row["cluster"],
        split=row["split"],
        metadata=json.loads(row["metadata"]),
    )


def score_rows(scores: Iterable[Score]) -> list[dict[str, Any]]:
    """One row per score."""
    return _flat_rows(scores, Score)


def score_of(row: dict[str, Any]) -> Score:
    """The score of a row."""
    return Score(**row)


def estimate_rows(estimates: Iterable[Estimate]) -> list[dict[str, Any]]:
    """One row per estimate."""
    return _flat_rows(estimates, Estimate)


def _flat_rows(values: Iterable[Score] | Iterable[Estimate], kind: type) -> list[dict[str, Any]]:
    # their fields are plain values: `asdict`, which copies whatever they hold, takes ten times as long
    names = [field.name for field in fields(kind)]
    return [{name: getattr(value, name) for name in names} for value in values]


def estimate_of(row: dict[str, Any]) -> Estimate:
    """The estimate of a row."""
    return Estimate(**row)


def schema(kind: str) -> dict[str, pl.DataType]:
    """Column types of a table, fixed so that an empty table has the same columns."""
    return {column.name: data_type(column) for column in TABLES[kind].columns}


def data_type(column: Column) -> pl.DataType:
    """The type of a column."""
    import polars as pl

    types: dict[str, pl.DataType] = {
        "text": pl.String(),
        "number": pl.Float64(),
        "count": pl.Int64(),
        "flag": pl.Boolean(),
    }
    kind = column.kind
    return types[kind] if kind in types else pl.List(types[kind.removesuffix("s")])


def frame(kind: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a table with the fixed columns of its kind."""
    import polars as pl

    return pl.DataFrame(list(rows), schema=schema(kind), orient="row")


# Tables of which each row is one record: a column is empty only where the record's field may be None.
_RECORDS: dict[str, type] = {"scores": Score, "estimates": Estimate}
_ASKED = ("items", "trials", "judgements", "letter_priors")


def schema_fault(kind: str, found: Mapping[str, pl.DataType]) -> str:
    """What of a table's columns is not as its kind has them, as the end of a sentence; empty where nothing is.

    A column may be missing: an older run had none of it.
    """
    import polars as pl

    known = schema(kind)
    for name, dtype in found.items():
        if name not in known and TABLES[kind].open and dtype in (pl.String, pl.Float64):
            continue  # a score, or what was said at one turn
        if name not in known:
            return f"has a column '{name:.80}', which no table of {kind} has"
        if dtype != known[name]:
            return f"has a column '{name}' of type {dtype}; expected: {known[name]}"
    return ""


def empty_fault(kind: str, table: pl.DataFrame) -> str:
    """Which column that every row fills is empty somewhere, as the end of a sentence; empty where none is."""
    if kind in _RECORDS:
        filled = [field.name for field in fields(_RECORDS[kind]) if "None" not in str(field.type)]
    else:
        filled = [column.name for column in TABLES[kind].columns if not column.null] if kind in _ASKED else []
    for name in filled:
        if name in table.columns and (count := table[name].null_count()):
            return f"has a column '{name}' that is empty in {count:,} of {table.height:,} rows"
    return ""
