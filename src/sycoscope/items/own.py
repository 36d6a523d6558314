"""Our own layout of items, one JSON object per line; the built-in bank uses it too (docs/items.md)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from sycoscope.core.errors import DataError
from sycoscope.core.files import read_file
from sycoscope.core.rows import Faults, Row, parse_jsonl
from sycoscope.core.types import Item, Split
from sycoscope.items.findings import Finding, read_once
from sycoscope.items.identity import make_id, squash, stem_cluster, wrong_choice
from sycoscope.items.rows import explain, present

# Control characters other than white space: no one writes them, and a terminal obeys them.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


def _readable(text: str) -> str:
    if found := _CONTROL.search(text):
        raise ValueError(f"holds the control character U+{ord(found[0]):04X}; take it out")
    return text


_Line = Annotated[str, AfterValidator(_readable)]
_Text = Annotated[_Line, Field(min_length=1)]
_HINT = 'Each line is one JSON object with at least "question" and "target"; docs/items.md shows all keys.'


class _ItemRow(BaseModel):
    """One line of the layout."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True, allow_inf_nan=False)

    question: _Text
    target: _Text
    aliases: list[_Text] = []
    choices: list[_Text] = []
    suggestion: _Line = ""
    cluster: _Line = ""
    split: Literal["train", "test"] | None = None
    metadata: dict[_Line, _Line | int | float | bool] = {}

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        faults = []
        if self.choices:
            faults += self._choice_faults()
        if self.suggestion and squash(self.suggestion) == squash(self.target):
            faults.append(f"'suggestion' is the target ({self.target!r:.80}); it must be a wrong answer")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _choice_faults(self) -> list[str]:
        faults = []
        if len(self.choices) < 2:
            faults.append("'choices' needs at least 2 entries, or none for an open question")
        if len(set(self.choices)) < len(self.choices):
            twice = next(choice for choice in self.choices if self.choices.count(choice) > 1)
            faults.append(f"'choices' holds {twice!r:.80} twice")
        if self.target not in self.choices:
            faults.append(f"'target' {self.target!r:.80} is not among 'choices' {self.choices!r:.200}")
        if self.suggestion and self.suggestion not in self.choices:
            faults.append(
                f"'suggestion' {self.suggestion!r:.80} is not among 'choices' {self.choices!r:.200}"
            )
        return faults


def read_items(path: str | Path, *, source: str = "own", findings: list[Finding] | None = None) -> list[Item]:
    """Read items in our own layout.

    Args:
        path: A JSON Lines file.
        source: Recorded in each item and part of its id; the file's name is not, so that it may be renamed.
        findings: Collects what is worth knowing (repeated lines); without it a warning is logged.

    Raises:
        MissingError: There is no such file.
        DataError: Lines that cannot be used, all of them at once with their numbers; or no line at all.
    """
    return parse_items(
        read_file(path, "file of items", "check the path"), str(path), source=source, findings=findings
    )


def parse_items(
    data: bytes,
    name: str,
    *,
    source: str,
    findings: list[Finding] | None = None,
    side: Callable[[str], Split] | None = None,
) -> list[Item]:
    """As `read_items`, from bytes. `side` gives the split of a cluster where the line names none."""
    _check_kind(data, name)
    faults = Faults(name, _HINT)
    placed: list[tuple[str, Item]] = []
    seen: dict[str, tuple[str, Item]] = {}
    for row in parse_jsonl(data, name, faults):
        try:
            item = _build(_validate(row), source, side)
        except ValidationError as error:
            faults.add(row.where, *explain(error, list(_ItemRow.model_fields)))
            continue
        where, earlier = seen.setdefault(item.id, (row.where, item))
        if earlier != item:
            # The id is the key that trials are joined on: two readings of one id cannot both be kept.
            faults.add(
                row.where, f"same question, target and choices as {where}, but {_difference(earlier, item)}"
            )
        placed.append((row.where, item))
    faults.raise_any()
    if not placed:
        raise DataError(f"{name} holds no items. {_HINT}")
    return read_once(placed, name, findings)


def _check_kind(data: bytes, name: str) -> None:
    """Files of another kind get one message, not one per line."""
    if data.startswith(b"PAR1") or b"\0" in data[:1024]:
        raise DataError(
            f"{name} is not a text file in UTF-8. {_HINT} A public set is read as BENCHMARK:PATH."
        )
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        raise DataError(
            f"{name} begins with '[', as one JSON array; write one object per line instead. {_HINT}"
        )


def _validate(row: Row) -> _ItemRow:
    # Null is how tables write an empty cell. A bare NaN is that in metadata only: elsewhere it is a fault.
    data = {key: value for key, value in row.data.items() if value is not None}
    metadata = data.get("metadata")
    if isinstance(metadata, dict):
        data["metadata"] = present(metadata)
    return _ItemRow.model_validate(data)


def _build(row: _ItemRow, source: str, side: Callable[[str], Split] | None) -> Item:
    identity = make_id(source, row.question, row.target, row.choices)
    cluster = row.cluster or stem_cluster(row.question)
    split: Split = row.split or (side(cluster) if side else "")
    return Item(
        id=identity,
        source=source,
        question=row.question,
        target=row.target,
        suggestion=row.suggestion or wrong_choice(row.choices, row.target, identity),
        aliases=tuple(dict.fromkeys(alias for alias in row.aliases if alias != row.target)),
        choices=tuple(row.choices),
        cluster=cluster,
        split=split,
        metadata=row.metadata,
    )


def _difference(one: Item, other: Item) -> str:
    names = [
        n
        for n in ("suggestion", "aliases", "cluster", "split", "metadata")
        if getattr(one, n) != getattr(other, n)
    ]
    return f"another {' and '.join(names)}; keep one of the lines"
