"""Logs of lm-evaluation-harness: `samples_TASK_DATE.jsonl`, with `results_DATE.json` beside it where it was kept."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sycoscope.core.errors import DataError
from sycoscope.core.rows import shorten
from sycoscope.logs.log import Log, Outcome, Sample, digest, group_of, readable

NEEDED = ("doc_id", "doc", "arguments", "metrics")
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "doc_id": ((int, str), "a number or a text"),
    "arguments": ((dict, list), "the requests of the document"),
    "metrics": ((list,), "the names of the metrics"),
}
# What the harness puts in the place of an answer that a filter could not read; its metrics count it as wrong.
UNREAD = "[invalid]"
# Filters of one answer that tell nothing apart.
PLAIN = ("", "none")
_NAME = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d{2}-\d{2}T[\d.+-]+)\.jsonl")
_STEP = "give samples that lm_eval wrote with --log_samples"


def is_samples(path: Path) -> bool:
    """Whether the first line of a file is a sample of the harness."""
    try:
        with path.open(encoding="utf-8") as stream:
            first = json.loads(next((line for line in stream if line.strip()), "null"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and all(key in first for key in NEEDED)


def samples_log(path: Path) -> Log:
    """The log in a file of samples; its results, where they lie beside it, tell the model and how it was asked."""
    named = _NAME.fullmatch(path.name)
    task = readable(named["task"] if named else path.stem.removeprefix("samples_"))
    date = named["date"] if named else ""
    results = _results(path.with_name(f"results_{date}.json")) if date else {}
    version = str(results.get("lm_eval_version") or "")
    return Log(
        format="lm_eval",
        path=path,
        task=task,
        model=readable(results.get("model_name") or path.parent.name),
        tool=f"lm-evaluation-harness {version}".strip(),
        made=_iso(date),
        settings=_settings(results, task),
        notes=() if results else ("no results file beside the samples, so how they were asked is not known",),
        read=lambda field: _samples(path, field),
    )


def _iso(date: str) -> str:
    """The date of a file's name, whose time has dashes for colons."""
    day, _, time = date.partition("T")
    return f"{day}T{time.replace('-', ':')}" if time else ""


def _results(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _settings(results: Mapping[str, Any], task: str) -> dict[str, str]:
    """How the task was asked, as far as the harness records it; values are texts that can be compared."""
    config = _mapping(results.get("config"))
    of_task = _mapping(_mapping(results.get("configs")).get(task))
    found = {
        "task version": _mapping(results.get("versions")).get(task),
        "examples in the prompt": _mapping(results.get("n-shot")).get(task),
        "generation arguments": {**_mapping(of_task.get("generation_kwargs")), **_mapping(config.get("gen_kwargs"))},
        "draws": of_task.get("repeats"),
        "metrics": of_task.get("metric_list"),
        "filters": of_task.get("filter_list"),
        "limit": config.get("limit"),
        "precision": config.get("model_dtype"),
        "seed of the examples": config.get("fewshot_seed"),
        "chat template": bool(results.get("chat_template")) if results else None,
        "system text": results.get("system_instruction_sha"),
        "harness": results.get("lm_eval_version"),
    }  # fmt: skip
    return {key: shorten(value, 200) for key, value in found.items() if value not in (None, {}, [])}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _samples(path: Path, field: str) -> Iterator[Sample]:
    """One sample a document and filter, in the file's order.

    Raises:
        DataError: a line is no sample of the harness, or its document has no such field.
    """
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                row = _row(line, f"{path}:{number}")
                yield _sample(row, group_of(_mapping(row["doc"]), field, f"{path}:{number}"))


def _row(line: bytes, where: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise DataError(f"{where}: no JSON that can be read ({fault}); {_STEP}") from fault
    lacking = [key for key in NEEDED if not isinstance(row, dict) or key not in row]
    if lacking:
        raise DataError(f"{where}: no sample of lm-evaluation-harness (no {', '.join(lacking)}); {_STEP}")
    for key, (kinds, needed) in _KINDS.items():
        if not isinstance(row[key], kinds) or isinstance(row[key], bool):
            raise DataError(f"{where}: '{key}' is {shorten(row[key])}; needed: {needed}")
    return dict(row)


def _sample(row: Mapping[str, Any], group: str) -> Sample:
    named = readable(row.get("filter") or "")
    condition = "" if named in PLAIN else named
    outcomes = [_outcome(readable(name), condition, row.get(str(name))) for name in row["metrics"]]
    return Sample(
        document=readable(row["doc_id"]),
        draw=condition,
        content=digest(row["doc"], row.get("target")),
        prompt=digest(_asked(row["arguments"])),
        group=group,
        outcomes=tuple(one for one in outcomes if one is not None),
        marks=("unread",) if UNREAD in _flat(row.get("filtered_resps")) else (),
    )


def _outcome(metric: str, condition: str, value: Any) -> Outcome | None:
    """A metric of one document; None where it is no number of its own (as parts of a ratio over the corpus)."""
    if isinstance(value, bool | int | float):
        number = float(value)
        return Outcome(metric, condition, number) if math.isfinite(number) else _lost(metric, condition)
    return _lost(metric, condition) if value is None else None


def _lost(metric: str, condition: str) -> Outcome:
    return Outcome(metric, condition, None, "error")


def _asked(arguments: Any) -> list[Any]:
    """The texts of all requests of a document; arguments of a generation are settings and no part of the prompt."""
    requests = arguments.values() if isinstance(arguments, Mapping) else arguments
    return [
        [part for part in (one.values() if isinstance(one, Mapping) else one) if isinstance(part, str)]
        for one in requests
        if isinstance(one, Mapping | list)
    ]


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [part for one in value for part in _flat(one)]
    return [value] if isinstance(value, str) else []
