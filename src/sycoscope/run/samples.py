"""Samples: one row per trial with plain columns, joined from items, trials, scores and the manifest.

Trials are parsed a slice at a time, and everything else stays in columns, so that a run is not in memory as objects.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sycoscope.analysis.edge_cases import COLUMN, EdgeShare, edge_cases, hedged
from sycoscope.analysis.sample_columns import (
    MAIN,
    SCORES,
    outcome_turn,
    score_column,
    score_columns,
    turn_column,
    turn_columns,
)
from sycoscope.core import records
from sycoscope.core.columns import SAMPLE_COLUMNS, Column
from sycoscope.core.manifest import Manifest
from sycoscope.core.types import Answered, ChoiceLogprobs, Probed, Trial
from sycoscope.run.read import KEY, outcomes, scan
from sycoscope.run.store import RunDirectory

if TYPE_CHECKING:
    import polars as pl

# Trials that are objects at once.
SLICE = 2000
# What of an item's metadata has a column of its own.
METADATA = ("field", "difficulty", "fallacy")
_OF_TRIAL = ("paraphrase", "asked", "dialogue", "response", "finish", "n_tokens", "error", "hedged")
_PROBED = ("letters", "options", "logprobs", "option_tokens")


def samples(run: RunDirectory) -> tuple[pl.DataFrame, list[EdgeShare]]:
    """The samples of a run, in the order of its trials; equal runs give equal tables. And its edge cases, counted.

    The columns are those of `core.columns.SAMPLE_COLUMNS`, then `analysis.sample_columns`: what was said at each turn,
    and each score; then the scores of its benchmarks, and those of facets that do not say what theirs are.

    Raises:
        MissingError: no run there. StoreError: damaged.
    """
    import polars as pl

    scores, more = _scores(run)
    texts = _texts(run)
    table = (
        texts.lazy()
        .join(_subjects(run.manifest()).lazy(), on="subject", how="left", maintain_order="left")
        .join(_items(run).lazy(), on=("task", "item_id"), how="left", maintain_order="left")
        .join(outcomes(run), on=KEY, how="left", maintain_order="left")
        .join(scores, on=KEY, how="left", maintain_order="left")
    )
    columns = [*SAMPLE_COLUMNS, *turn_columns(), *score_columns(), *more]
    told = table.select(
        pl.col(score_column(one.name) if one not in SAMPLE_COLUMNS else one.name).cast(records.data_type(one))
        for one in columns
        if one.name != COLUMN
    ).collect()
    kinds, shares = edge_cases(told)
    return told.insert_column([one.name for one in columns].index(COLUMN), kinds), shares


# --- scores ---


def _scores(run: RunDirectory) -> tuple[pl.LazyFrame, list[Column]]:
    """A column for each score, one row per trial; and the columns that no facet describes."""
    import polars as pl

    rows = scan(run, "scores")
    found = (
        rows.group_by("name", maintain_order=True)
        .agg(
            worded=(pl.col("label").is_not_null() & pl.col("value").is_null()).any(),
        )
        .collect()
    )
    worded = dict(found.iter_rows())
    more = [
        Column(name, "text" if worded[name] else "number", "")
        for name in sorted(worded)
        if name not in SCORES and name != MAIN
    ]
    wide = [
        (pl.col("label") if one.kind == "text" else pl.col("value"))
        .filter(pl.col("name") == one.name)
        .first()
        .alias(score_column(one.name))
        for one in (*score_columns(), *more)
    ]
    return rows.group_by(KEY).agg(wide), more


# --- items and subjects ---


def _items(run: RunDirectory) -> pl.DataFrame:
    """What the samples say of an item; what an item does not have is null."""
    import polars as pl

    table = scan(run, "items").unique(("task", "item_id"), keep="first", maintain_order=True).collect()
    known = [json.loads(text) for text in table["metadata"]]
    told = {key: pl.Series(key, [_text(one.get(key)) for one in known], dtype=pl.String) for key in METADATA}
    plain = ("question", "target", "suggestion", "cluster")
    filled = [pl.when(pl.col(name) != "").then(name).alias(name) for name in plain]
    return table.select("task", "item_id", *filled, "metadata").with_columns(**told)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _subjects(manifest: Manifest) -> pl.DataFrame:
    import polars as pl

    rows = [
        {
            "subject": one.name,
            "model": str(one.model.get("name", one.name)),
            "adapter_digest": _text((one.model.get("adapter") or {}).get("digest")),
            "seed": manifest.seed,
        }
        for one in manifest.subjects
    ]
    kinds = dict.fromkeys(("subject", "model", "adapter_digest"), pl.String()) | {"seed": pl.Int64()}
    return pl.DataFrame(rows, schema=kinds, orient="row").unique("subject", keep="first")


# --- texts ---


def _texts(run: RunDirectory) -> pl.DataFrame:
    """What was said and asked in each trial, in the order of the table."""
    import polars as pl

    short = scan(run, "scores").filter((pl.col("name") == "read_in_short") & (pl.col("label") == "yes"))
    in_short = set(short.select(KEY).collect().iter_rows())
    of_trial = [one for one in SAMPLE_COLUMNS if one.name in (*KEY, *_OF_TRIAL, *_PROBED)]
    schema = {one.name: records.data_type(one) for one in (*of_trial, *turn_columns())}
    parts = (
        pl.DataFrame(list(_rows(part, in_short)), schema=schema, orient="row")
        for part in scan(run, "trials").collect().iter_slices(SLICE)
    )
    return pl.concat([pl.DataFrame(schema=schema), *parts])


def _rows(part: pl.DataFrame, in_short: set[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for row in part.iter_rows(named=True):
        trial = records.trial_of(row)
        said_at = {turn_column(trial.task, turn.name): _said(turn) for turn in trial.asked}
        said_at.pop("", None)
        yield said_at | _row(trial, tuple(row[name] for name in KEY) in in_short)


def _row(trial: Trial, in_short: bool) -> dict[str, Any]:
    turn, probe = outcome_turn(trial, in_short), trial.probes[-1] if trial.probes else None
    return {
        **{name: getattr(trial, name) for name in KEY},
        "paraphrase": trial.paraphrase or None,
        "asked": turn.content if turn else probe.content if probe else None,
        "dialogue": dialogue_text(trial),
        "response": _said(turn) if turn else None,
        "finish": turn.response.finish if turn else None,
        "n_tokens": turn.response.n_tokens if turn else None,
        "error": _error(turn, probe),
        "hedged": hedged(trial.task, turn.response) if turn else None,
        "letters": list(trial.letters.values()) or None,
        "options": list(probe.options) if probe else None,
        "logprobs": _logprobs(probe.result) if probe else None,
        "option_tokens": list(probe.result.n_tokens) or None if probe else None,
    }


def _logprobs(result: ChoiceLogprobs) -> list[float | None] | None:
    """An option that is known by its ceiling alone has no number."""
    if result.logprobs is None:
        return None
    return [None if result.censored and math.isnan(value) else value for value in result.logprobs]


def _said(turn: Answered) -> str | None:
    return None if turn.response.finish == "error" else turn.response.text


def _error(turn: Answered | None, probe: Probed | None) -> str | None:
    """Why there is no response or log-probability; None where nothing failed."""
    told = [turn.response.error] if turn else []
    return "; ".join(dict.fromkeys(filter(None, [*told, probe.result.error if probe else ""]))) or None


# What says whose a turn is, before each turn of a dialogue's text.
MARK = r"(?m)^\[(?:system|user|model)(?:, [a-z ]+)?\] "


def dialogue_text(trial: Trial) -> str:
    """The whole transcript for people; of a trial in which nothing was generated, what was asked."""
    parts = [("system", trial.system)] if trial.system else []
    for turn in trial.asked:
        model = "model, as it was made to say" if turn.given else "model"
        failed = f"(failed: {turn.response.error})" if turn.response.finish == "error" else ""
        parts += [(turn.speaker, turn.content), (model, failed or turn.response.text)]
    if not trial.asked and trial.probes:
        parts.append(("user", trial.probes[-1].content))
    return "\n\n".join(f"[{who}] {text}" for who, text in parts)
