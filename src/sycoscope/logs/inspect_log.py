"""Logs of Inspect (`.eval`, `.json`), read by Inspect's own reader: the header first, then one sample at a time."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sycoscope.core.errors import DataError, SycoscopeError, require
from sycoscope.core.rows import shorten
from sycoscope.core.types import Status
from sycoscope.logs.log import Log, Outcome, Sample, digest, group_of, readable

# The letters of Inspect's own scorers, as its metrics count them.
LETTERS: Mapping[str, float] = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
NO_ANSWER = "N"
# Parts of a sample that are large and not needed here.
_LEFT_OUT = {"events", "store", "attachments"}
# What the log says of an answer that has no score -> our word for it; any other reason is an error.
_UNSCORED: Mapping[str, Status] = {
    "invalid_response_format": "unparsed",
    "no_response": "unparsed",
    "refusal": "unparsed",
}
_HEADERS = ("header.json", "_journal/start.json")


def is_log(path: Path) -> bool:
    """Whether a file is a log of Inspect; told from what it holds, without Inspect."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return any(name in archive.namelist() for name in _HEADERS)
        with path.open(encoding="utf-8") as stream:
            head = stream.read(2_000)
    except (OSError, ValueError, zipfile.BadZipFile):
        return False
    return head.lstrip().startswith("{") and '"eval"' in head and '"status"' in head


def inspect_log(path: Path) -> Log:
    """The log in a file; only its header is read.

    Raises:
        DependencyError: Inspect is not installed. DataError: it cannot be read.
    """
    require("inspect_ai", "inspect")
    from inspect_ai.log import read_eval_log

    with _readable(path):
        header = read_eval_log(str(path), header_only=True)
    asked = header.eval
    version = asked.packages.get("inspect_ai", "")
    return Log(
        format="inspect",
        path=path,
        task=readable(asked.task),
        model=readable(asked.model),
        tool=f"Inspect {version}".strip(),
        made=str(asked.created or "")[:19],
        settings=_settings(header),
        notes=tuple(_notes(header)),
        read=lambda field: _samples(path, field),
    )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What Inspect's reader raises for a damaged log, as an error that a user can act on."""
    try:
        yield
    except SycoscopeError:
        raise
    except Exception as fault:  # its kinds are those of zipfile, json and pydantic, and its own
        reason = " ".join(str(fault).split())[:300] or type(fault).__name__
        raise DataError(
            f"'{path}' cannot be read as a log of Inspect ({reason}); run `inspect view` on it"
        ) from fault


def _settings(header: Any) -> dict[str, str]:
    """What shaped the answers and the scores, without what names the model; values are texts that can be compared."""
    asked, config = header.eval, header.eval.config
    scorers = [{"name": one.name, **(one.options or {})} for one in asked.scorers or ()]
    found = {
        "task version": asked.task_version,
        "task arguments": asked.task_args,
        "solver": [(step.solver, step.params) for step in header.plan.steps],
        "scorers": scorers,
        "generation": {**_given(header.plan.config), **_given(asked.model_generate_config)},
        "draws": config.epochs,
        "limit": config.limit,
        "message limit": config.message_limit,
        "token limit": config.token_limit,
        "time limit": config.time_limit,
        "Inspect": asked.packages.get("inspect_ai"),
    }
    return {key: shorten(_plain(value), 200) for key, value in found.items() if value not in (None, {}, [])}


def _given(config: Any) -> dict[str, Any]:
    return dict(config.model_dump(exclude_none=True)) if config is not None else {}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, sort_keys=True, default=str))


def _notes(header: Any) -> Iterator[str]:
    """What a reader must know of a log that did not end well, or that reduces its draws in another way."""
    if getattr(header, "invalidated", False):
        yield "it holds samples that were marked as invalid"
    if header.status != "success":
        done = header.results.completed_samples if header.results else None
        many = f"; {done} of {header.results.total_samples} samples are complete" if done is not None else ""
        yield f"its run ended with the status “{header.status}”{many}"
    reducers = [str(name) for name in header.eval.config.epochs_reducer or ()]
    if (header.eval.config.epochs or 1) > 1 and reducers and reducers != ["mean"]:
        yield (
            f"it reduces the draws of a document by {', '.join(reducers)}, which rises with the number of draws "
            "alone; here a document counts with the mean of its draws"
        )


def _samples(path: Path, field: str) -> Iterator[Sample]:
    """Every sample that the log holds, one draw each.

    Raises:
        DataError: the log is damaged, or a sample's metadata has no such field.
    """
    from inspect_ai.log import read_eval_log_samples

    with _readable(path):
        for one in read_eval_log_samples(
            str(path), all_samples_required=False, exclude_fields=set(_LEFT_OUT)
        ):
            where = f"'{path}', sample {shorten(one.id)}"
            yield _sample(one, group_of(one.metadata or {}, field, where))


def _sample(one: Any, group: str) -> Sample:
    scores = one.scores or {}
    outcomes = [outcome for name, score in scores.items() for outcome in _outcomes(readable(name), score)]
    failed = one.error is not None
    marks = {
        "limit": one.limit is not None,
        "no answer": any(
            score.value == NO_ANSWER for score in scores.values() if isinstance(score.value, str)
        ),
    }
    return Sample(
        document=readable(one.id),
        draw=str(one.epoch),
        content=digest(_messages(one.input), one.choices, one.target),
        prompt=digest(_prompt(one)),
        group=group,
        outcomes=() if failed else tuple(outcomes),
        status="error"
        if failed
        else "scored"
        if outcomes
        else "truncated"
        if one.limit is not None
        else "error",
        marks=tuple(mark for mark, there in marks.items() if there),
    )


def _prompt(one: Any) -> list[Any]:
    """What the model was first asked: the dialogue up to its first answer; what follows may hang on the answer."""
    asked = []
    for message in one.messages or ():
        if message.role == "assistant":
            break
        asked.append(message)
    return _messages(asked or one.input)


def _messages(said: Any) -> list[Any]:
    """Role and content of each message: their ids differ from run to run."""
    if isinstance(said, str):
        return [["user", said]]
    return [[message.role, _content(message.content)] for message in said]


def _content(content: Any) -> Any:
    if isinstance(content, str):
        return content
    return [part.model_dump(exclude_none=True, exclude={"id", "internal"}) for part in content]


def _outcomes(name: str, score: Any) -> Iterator[Outcome]:
    """A scorer's value, or each of the values that it has by name; what is neither number nor letter has none."""
    named = score.value.items() if isinstance(score.value, Mapping) else [("", score.value)]
    for key, value in named:
        status = _UNSCORED.get(str(score.reason or ""), "error")
        if (found := _outcome(f"{name}/{readable(key)}" if key else name, value, status)) is not None:
            yield found


def _outcome(metric: str, value: Any, unscored: Status) -> Outcome | None:
    if isinstance(value, str):
        number = LETTERS.get(value, _number(value))
        return None if number is None else Outcome(metric, "", number)
    if value is None:
        return Outcome(metric, "", None, unscored)
    if not isinstance(value, bool | int | float):
        return None
    # a score that is no number is Inspect's own sign for "not scored"
    return Outcome(metric, "", float(value)) if math.isfinite(value) else Outcome(metric, "", None, unscored)


def _number(text: str) -> float | None:
    """A number that a scorer wrote as text, or yes and no, as Inspect reads them; None for any other text."""
    known = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}.get(text.lower())
    if known is not None:
        return known
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
