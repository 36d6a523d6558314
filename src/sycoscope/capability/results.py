"""What a capability run keeps: everything that came back for each document, and the scores read from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sycoscope.core.errors import MissingError, StoreError
from sycoscope.core.types import Answered, ChoiceLogprobs, Finish, Probed, Response, Score, Trial

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityRecord:
    """One document as it was asked, and what came back: all that its scores are read from.

    Attributes:
        task: Task name, as in the scores. condition: `chat` or `plain`, as in the scores.
        group: MMLU's subject; empty elsewhere.
        harness_task: The task's name within the harness.
        prompt: The whole text before the first choice or the answer.
        prompt_sha256: Digest of that text; equal prompts across subjects mean equal questions (the
            template included).
        target: The right choice's text, or the right number.
        target_position: Index of the right choice as displayed or listed; None for numbers.
        choices: The texts that were scored, in order. logprobs: in nats, summed over tokens; None
            where the answer is generated.
        tied: The two most likely choices are exactly equal; the harness then takes the first.
        response: The generated text. finish: how it ended; `stop` where nothing is generated.
        metrics: Score name -> the harness's value; None where it has none that counts.
        scorer: The harness's version, and that of its task's definition.
    """

    subject: str
    task: str
    item_id: str
    condition: str
    group: str
    harness_task: str
    prompt: str
    prompt_sha256: str
    target: str
    target_position: int | None
    choices: tuple[str, ...] = ()
    logprobs: tuple[float, ...] | None = None
    tied: bool = False
    response: str = ""
    finish: Finish = "stop"
    n_tokens: int | None = None
    error: str = ""
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    scorer: str = ""

    def trial(self) -> Trial:
        """The record as a trial, so that pages show it like any other."""
        asked: tuple[Answered, ...] = ()
        probes: tuple[Probed, ...] = ()
        if self.choices:
            result = ChoiceLogprobs(logprobs=self.logprobs, error=self.error)
            probes = (
                Probed(name="choice", content=self.prompt, prefix="", options=self.choices, result=result),
            )
        else:
            response = Response(
                text=self.response, finish=self.finish, n_tokens=self.n_tokens, error=self.error
            )
            asked = (Answered(name="answer", content=self.prompt, response=response),)
        return Trial(
            subject=self.subject,
            task=self.task,
            item_id=self.item_id,
            condition=self.condition,
            draw=0,
            asked=asked,
            probes=probes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityResult:
    """Everything of one run; lists are in the order of the tasks, then of the documents."""

    scores: list[Score]
    records: list[CapabilityRecord]


_NESTED = ("choices", "logprobs", "metrics")


def record_table(records: Sequence[CapabilityRecord]) -> pl.DataFrame:
    """One row per record; what has parts is JSON text. Equal records give equal tables."""
    import polars as pl

    kinds: dict[str, Any] = {"target_position": pl.Int64(), "tied": pl.Boolean(), "n_tokens": pl.Int64()}
    schema = {name: kinds.get(name, pl.String()) for name in CapabilityRecord.__dataclass_fields__}
    rows = []
    for record in records:
        row = asdict(record)
        rows.append(row | {name: json.dumps(row[name], ensure_ascii=False) for name in _NESTED})
    return pl.DataFrame(rows, schema=schema, orient="row")


def read_records(path: Path) -> list[CapabilityRecord]:
    """The records of a table that was written as Parquet.

    Raises:
        MissingError: There is no such file. StoreError: It is damaged.
    """
    import polars as pl

    if not path.is_file():
        raise MissingError(f"no benchmark records at '{path}'")
    try:
        rows = pl.read_parquet(path, glob=False).to_dicts()
        return [_record_of(row) for row in rows]
    except Exception as fault:  # polars raises its own kinds for damaged files
        raise StoreError(f"'{path}' cannot be read ({fault}); delete it and run again") from fault


def _record_of(row: Mapping[str, Any]) -> CapabilityRecord:
    nested = {name: json.loads(row[name]) for name in _NESTED}
    logprobs = nested["logprobs"]
    return CapabilityRecord(
        **{name: value for name, value in row.items() if name not in _NESTED},
        choices=tuple(nested["choices"]),
        logprobs=None if logprobs is None else tuple(logprobs),
        metrics=nested["metrics"],
    )
