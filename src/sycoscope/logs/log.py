"""A log of another tool: what one model answered to one task, sample by sample."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sycoscope.core.errors import DataError
from sycoscope.core.texts import listed, shortened
from sycoscope.core.types import Status

Format = Literal["inspect", "lm_eval"]
FORMATS: Mapping[Format, str] = {"inspect": "Inspect", "lm_eval": "lm-evaluation-harness"}
# Fields of a document that name its group where nobody says which does, the first that is there.
GROUPS = ("cluster", "group")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One number of one sample.

    Attributes:
        condition: What tells apart several readings of one metric, as the harness's filter; may be empty.
        value: None exactly where `status` is not `scored`. 0/1 outcomes are 0.0 and 1.0.
    """

    metric: str
    condition: str
    value: float | None
    status: Status = "scored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One answer to one document.

    Attributes:
        document: Its id in the log. draw: which of several answers to it.
        content: Digest of the document (question, choices, target). prompt: digest of what the model was asked.
        group: What the document shares with others; empty where the log has none.
        outcomes: In the log's order; empty where the sample failed, and `status` says how.
        marks: What else is told of it, as `limit` or `unread`.
    """

    document: str
    draw: str = ""
    content: str
    prompt: str
    group: str = ""
    outcomes: tuple[Outcome, ...] = ()
    status: Status = "scored"
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One log, whose samples are read when they are asked for, one at a time.

    Attributes:
        tool: Name and version of what wrote it. made: ISO date; empty where it is not said.
        settings: What shaped the answers or their scores: compared with those of the other side.
        notes: What a reader must know of it, in sentences.
        read: Name of a field that groups documents ("": `GROUPS`, where one is there) -> the samples.
    """

    format: Format
    path: Path
    task: str
    model: str
    tool: str
    made: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    read: Callable[[str], Iterator[Sample]]


def digest(*values: Any) -> str:
    """Sixteen hex digits of plain values; what JSON has no word for counts as its text."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def readable(value: Any) -> str:
    """A name of somebody else's as text that any file can hold: half of a character is written out."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def group_of(document: Mapping[str, Any], named: str, where: str) -> str:
    """The group of a document: its field `named` (dotted within objects), else the first of `GROUPS` that it has.

    Raises:
        DataError: the field that was named is not there, or holds more than a text or a number.
    """
    for name in (named,) if named else GROUPS:
        value = _at(document, name)
        if isinstance(value, str | int | float | bool) and value != "":
            return readable(value)
    if named:
        fields = listed((shortened(str(key), 40) for key in document), 20)
        raise DataError(f"{where}: no field '{named}' of one text or number to group by; there are: {fields}")
    return ""


def _at(document: Any, name: str) -> Any:
    for part in name.split("."):
        document = document.get(part) if isinstance(document, Mapping) else None
    return document
