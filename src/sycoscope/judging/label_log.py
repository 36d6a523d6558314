"""Labels that people give one by one, as a log: one line per act, only ever appended.

Nothing is taken out or written over: an undo is a further line, and a person's last act on a trial that was not undone
is what they say of it. A line that a killed process left half-written is passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ConfigError
from sycoscope.core.files import digest_of, disk_errors, read_file
from sycoscope.core.rows import Faults, Row, parse_jsonl, shorten
from sycoscope.core.types import Item, Trial
from sycoscope.facets import FACETS
from sycoscope.judging.by_hand import SAID, id_of, row_of
from sycoscope.judging.trials import Key, key_of

SCHEMA = 1
ACTS = ("label", "skip", "undo")
# Most characters of a note, and of a person's name.
MOST_NOTE, MOST_NAME = 2_000, 60
HINT = "Nothing was read. A log of labels is written by `sycoscope label` and only appended to."
_START = b'{"schema": '
_KINDS = {"draw": int, "seed": int, "blind": bool}
_TEXTS = ("id", "subject", "task", "item_id", "condition", "who", "time", "act", "value", "note", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLine:
    """One act of one person.

    Attributes:
        id: Of the trial, as in files for people (`by_hand.id_of`); subject to draw are its address in the run.
        who: The person. time: UTC, ISO 8601 with microseconds.
        act: `label`; `skip`, where they cannot tell; or `undo`, of their last act on this trial.
        value: A choice of the facet, of a label. note: of a label or a skip, in their own words.
        blind: Whether neither subject nor score were shown. seed: it drew the sample and their order.
        text: Digest of dialogue and response, so that a label is not taken for one of other words.
    """

    id: str
    subject: str
    task: str
    item_id: str
    condition: str
    draw: int
    who: str
    time: str
    act: str
    value: str = ""
    note: str = ""
    blind: bool = True
    seed: int = 0
    text: str = ""

    @property
    def key(self) -> Key:
        """The trial's."""
        return (self.subject, self.task, self.item_id, self.condition, self.draw)


@dataclass(frozen=True, slots=True)
class Log:
    """What a file holds. n_torn: lines that were left half-written, and are passed over."""

    lines: Sequence[LabelLine]
    n_torn: int = 0


def line_of(
    trial: Trial, item: Item, *, who: str, time: str, act: str, value: str = "", note: str = "", seed: int = 0
) -> LabelLine:
    """An act on a trial, whose dialogue and response were shown without subject and score."""
    subject, task, item_id, condition, draw = key = key_of(trial)
    return LabelLine(
        id=id_of(key), subject=subject, task=task, item_id=item_id, condition=condition, draw=draw, who=who,
        time=time, act=act, value=value, note=note, seed=seed, text=text_of(trial, item),
    )  # fmt: skip


def text_of(trial: Trial, item: Item) -> str:
    """A digest of what was asked and said."""
    shown = row_of(trial, item)
    return digest_of([shown[name] for name in SAID])


# --- written ---


def append(path: Path, line: LabelLine) -> None:
    """Add a line, and have it on the disk; after a half-written one on a line of its own.

    Raises:
        StoreError: it cannot be written.
    """
    data = json.dumps({"schema": SCHEMA} | asdict(line), ensure_ascii=False).encode() + b"\n"
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as stream:
            if stream.seek(0, os.SEEK_END):
                stream.seek(-1, os.SEEK_END)
                data = data if stream.read(1) == b"\n" else b"\n" + data
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())


# --- read ---


def read_log(path: Path, trials: Mapping[str, tuple[Trial, Item]]) -> Log:
    """The lines of a log, each checked against the run's own responses.

    Args:
        trials: By id: those of the run that can be labelled.

    Raises:
        MissingError: no such file. DataError: a line of another layout, of no response of the run, or of other words
            than the run's; each fault with its line.
    """
    data = read_file(path, "log of labels", "give a file that `sycoscope label` wrote")
    whole, n_torn = _without_torn(data)
    faults = Faults(str(path), HINT)
    lines = [line for row in parse_jsonl(whole, str(path), faults) for line in _line(row, trials, faults)]
    faults.raise_any()
    return Log(lines, n_torn)


def _without_torn(data: bytes) -> tuple[bytes, int]:
    """The data with half-written lines left empty, and how many they were."""
    lines = data.split(b"\n")
    torn = [i for i, line in enumerate(lines) if line and _is_torn(line)]
    for i in torn:
        lines[i] = b""
    return b"\n".join(lines), len(torn)


def _is_torn(line: bytes) -> bool:
    """Whether a line is the beginning of one of ours, and no more."""
    if not (line.startswith(_START) or _START.startswith(line)):
        return False
    try:
        json.loads(line)
    except UnicodeDecodeError as fault:
        return fault.end == len(line)
    except json.JSONDecodeError as fault:
        # a text without its end, or a fault where the line ends, up to a word such as `fals`
        return fault.msg.startswith("Unterminated") or fault.pos >= len(fault.doc.rstrip()) - len("false")
    return False


def _line(row: Row, trials: Mapping[str, tuple[Trial, Item]], faults: Faults) -> Iterator[LabelLine]:
    told = _layout_fault(row.data)
    if told:
        faults.add(row.where, told)
        return
    line = LabelLine(
        **{field.name: row.data[field.name] for field in fields(LabelLine) if field.name in row.data}  # type: ignore[arg-type]
    )
    found = trials.get(line.id)
    if found is None:
        told = f"no response of this run that can be labelled has the id {shorten(line.id)}; is it of another run?"
    elif key_of(found[0]) != line.key:
        told = f"the id {shorten(line.id)} is of another trial than {shorten(list(line.key))}"
    elif text_of(*found) != line.text:
        told = (
            f"what was labelled as {shorten(line.id)} is not what the run holds; it was answered anew since"
        )
    elif line.act == "label" and line.value not in _choices(line.task):
        told = f"'value' is {shorten(line.value)}; allowed: {', '.join(_choices(line.task))}"
    if told:
        faults.add(row.where, told)
    else:
        yield line


def _choices(task: str) -> Iterable[str]:
    by_hand = FACETS[task].by_hand if task in FACETS else None
    return by_hand.choices if by_hand else ()


def _layout_fault(data: Mapping[str, Any]) -> str:
    """What is wrong with a line's layout; empty where nothing is."""
    if "schema" not in data:
        return f"needs the key 'schema', as in a log of `sycoscope label`; it has {', '.join(map(str, data)) or 'none'}"
    if data["schema"] != SCHEMA:
        return f"'schema' is {shorten(data['schema'])}; this version reads layout {SCHEMA}"
    for name in _TEXTS:
        if not isinstance(data.get(name), str):
            return f"'{name}' must be a text; got {shorten(data.get(name))}"
    for name, kind, words in (
        ("draw", int, "a whole number"),
        ("seed", int, "a whole number"),
        ("blind", bool, "true or false"),
    ):
        if type(data.get(name)) is not kind:
            return f"'{name}' must be {words}; got {shorten(data.get(name))}"
    if data["act"] not in ACTS:
        return f"'act' is {shorten(data['act'])}; allowed: {', '.join(ACTS)}"
    if not data["who"].strip():
        return "'who' is empty"
    return ""


# --- what stands ---


def history(lines: Iterable[LabelLine], who: str) -> list[LabelLine]:
    """A person's acts that were not undone, in the order of their times."""
    stands: list[LabelLine] = []
    for line in sorted((one for one in lines if one.who == who), key=lambda one: one.time):
        if line.act != "undo":
            stands.append(line)
            continue
        at = next((i for i in reversed(range(len(stands))) if stands[i].id == line.id), None)
        if at is not None:
            del stands[at]
    return stands


def standing(lines: Iterable[LabelLine]) -> dict[str, dict[Key, LabelLine]]:
    """Person -> trial -> their last act on it that was not undone: a label or a skip."""
    lines = list(lines)
    return {
        who: {line.key: line for line in history(lines, who)}
        for who in dict.fromkeys(line.who for line in lines)
    }


def checked_name(who: str) -> str:
    """A person's name as it is kept.

    Raises:
        ConfigError: empty, too long, or of characters that cannot be shown.
    """
    name = " ".join(who.split())
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise ConfigError(
            f"--who {shorten(who)}: a name of 1 to {MOST_NAME} characters that can be shown is needed"
        )
    return name
