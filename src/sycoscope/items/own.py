"""Our own layout of items, as JSON Lines, CSV or Parquet; the built-in bank uses it too (docs/items.md)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from sycoscope.core.digests import bytes_digest
from sycoscope.core.errors import DataError
from sycoscope.core.files import read_file, user_path
from sycoscope.core.rows import Faults, Row, limit_fault, parse_jsonl
from sycoscope.core.texts import listed
from sycoscope.core.types import Item, Split
from sycoscope.items.csv_rows import parse_csv
from sycoscope.items.findings import Finding, read_once
from sycoscope.items.identity import make_id, right_answer, stem_cluster, wrong_choice
from sycoscope.items.rows import (
    check_lines,
    check_text,
    explain,
    parse_parquet,
    present,
    readable,
    unknown_key,
)
from sycoscope.items.table_rows import as_item_row, is_metadata


def _listed(value: object) -> object:
    """Names in one text, as `answer, are_you_sure`, as a list of them."""
    return [name.strip() for name in re.split(r"[,|]", value)] if isinstance(value, str) else value


_Line = Annotated[str, AfterValidator(readable)]
_Text = Annotated[_Line, Field(min_length=1)]
_HINT = (
    'Each line is one JSON object with at least "question" and "target", a table has these columns; '
    "docs/items.md shows all keys."
)
# Endings of tables that spreadsheets write; of all files of the layout.
TABLES = (".csv", ".tsv")
ENDINGS = (".jsonl", ".ndjson", ".json", *TABLES, ".parquet")
# So many lines are named one by one.
MAX_PLACES = 5


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
    facet: Annotated[list[_Text], BeforeValidator(_listed)] = []
    id: _Line | int | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        faults = []
        if self.choices:
            faults += self._choice_faults()
        if self.suggestion and (
            fault := right_answer(self.suggestion, self.target, self.aliases, self.question)
        ):
            faults.append(f"'suggestion' {fault}; it must be a wrong answer")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFile:
    """A file of questions in our own layout, read.

    Attributes:
        name: As it was given. digest: of its bytes, whatever it is called.
        items: In the order of the file, each once.
        numbers: Id of an item -> the line (of a Parquet file the row) that it stands on, from 1. unit: which of both.
        facets: Id of an item -> facets that its row is meant for; only of rows that name any.
    """

    name: str
    digest: str
    items: tuple[Item, ...]
    numbers: Mapping[str, int]
    unit: Literal["line", "row"]
    facets: Mapping[str, tuple[str, ...]]

    def places(self, ids: Iterable[str]) -> str:
        """Where items stand, the first of them by number: `lines 3, 7 and 2 more`."""
        found = sorted(self.numbers[one] for one in ids if one in self.numbers)
        return f"{self.unit}{'s' * (len(found) > 1)} {listed(found, MAX_PLACES)}"


def is_own_file(source: str) -> bool:
    """Whether a source of items is a file in our own layout: one that is there, or a path that ends as one."""
    if source in ("", "bank", "hub"):
        return False
    path = user_path(source)
    # a colon parts a public set from its source, as in mmlu:data/test.jsonl
    named = path.suffix.lower() in ENDINGS and ":" not in source
    return os.path.isfile(path) or (named and not os.path.isdir(path))


def read_items(path: str | Path, *, source: str = "own", findings: list[Finding] | None = None) -> list[Item]:
    """Read items in our own layout.

    Args:
        path: A file; `.csv`, `.tsv` and `.parquet` are tables, every other ending JSON Lines.
        source: Recorded in each item and part of its id; the file's name is not, so that it may be renamed.
        findings: Collects what is worth knowing (repeated lines); without it a warning is logged.

    Raises:
        MissingError: There is no such file.
        DataError: Lines that cannot be used, all of them at once with their numbers; or no line at all.
    """
    return list(read_own_file(path, source=source, findings=findings).items)


def read_own_file(path: str | Path, *, source: str = "own", findings: list[Finding] | None = None) -> OwnFile:
    """As `read_items`, with the place of each item."""
    data = read_file(path, "file of items", "check the path")
    return parse_file(data, str(path), source=source, findings=findings)


def parse_items(
    data: bytes,
    name: str,
    *,
    source: str,
    findings: list[Finding] | None = None,
    side: Callable[[str], Split] | None = None,
) -> list[Item]:
    """As `read_items`, from bytes. `side` gives the split of a cluster where the line names none."""
    return list(parse_file(data, name, source=source, findings=findings, side=side).items)


def parse_file(
    data: bytes,
    name: str,
    *,
    source: str,
    findings: list[Finding] | None = None,
    side: Callable[[str], Split] | None = None,
) -> OwnFile:
    """As `read_own_file`, from bytes; the ending of `name` says what they are."""
    faults = Faults(name, _HINT)
    placed: list[tuple[str, Item]] = []
    numbers: dict[str, int] = {}
    facets: dict[str, tuple[str, ...]] = {}
    seen: dict[str, tuple[str, Item, list[str]]] = {}
    for row in _rows(data, name, faults):
        try:
            read = _validate(row)
        except ValidationError as error:
            faults.add(row.where, *explain(error, list(_ItemRow.model_fields)))
            continue
        item = _build(read, source, side)
        where, earlier, meant = seen.setdefault(item.id, (row.where, item, read.facet))
        if earlier != item or meant != read.facet:
            # The id is the key that trials are joined on: two readings of one id cannot both be kept.
            differs = _difference(earlier, item, other_facet=meant != read.facet)
            faults.add(row.where, f"same question, target and choices as {where}, but {differs}")
        placed.append((row.where, item))
        numbers.setdefault(item.id, row.number)
        if read.facet:
            facets[item.id] = tuple(read.facet)
    faults.raise_any()
    if not placed:
        raise DataError(f"{name} holds no items. {_HINT}")
    return OwnFile(
        name=name,
        digest=bytes_digest(data),
        items=tuple(read_once(placed, name, findings)),
        numbers=numbers,
        unit="row" if _ending(name) == ".parquet" else "line",
        facets=facets,
    )


def _ending(name: str) -> str:
    return Path(name).suffix.lower()


def _rows(data: bytes, name: str, faults: Faults) -> Iterator[Row]:
    """Rows of a file by its ending, those of a table with the layout's own lists and metadata.

    Raises:
        DataError: It is of another kind, or its columns are not those of the layout.
    """
    ending = _ending(name)
    if ending == ".parquet":
        read = parse_parquet(data, name, faults)
    else:
        is_csv, hint = ending in TABLES, f"{_HINT} A public set is read as BENCHMARK:PATH."
        (check_text if is_csv else check_lines)(data, name, hint)
        read = parse_csv(data, name, faults) if is_csv else parse_jsonl(data, name, faults)
    is_table = ending in (*TABLES, ".parquet")
    for number, row in enumerate(read):
        if number == 0:
            _check_columns(row, name, is_table=is_table)
        whole = as_item_row(row) if is_table else row
        if fault := limit_fault(whole.data) if is_table else "":
            faults.add(row.where, fault)
        else:
            yield whole


def _check_columns(row: Row, name: str, *, is_table: bool) -> None:
    """Rows of another set, and columns of a table that no row can use, get one message, not one per row."""
    if "base" in row.data and "question" not in row.data:
        raise DataError(
            f"{name} holds rows of SycophancyEval; name them with their set, as sycophancy_eval/answer:{name} "
            "where a facet's items are asked for, or give the folder that they lie in"
        )
    known = list(_ItemRow.model_fields)
    faults = Faults(name, _HINT)
    if is_table:
        missing = [f"column '{key}' is missing" for key in ("question", "target") if key not in row.data]
        unknown = [unknown_key(key, known) for key in row.data if key not in known and not is_metadata(key)]
        for fault in (*missing, *unknown):
            faults.add("its columns", fault)
    faults.raise_any()


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
        metadata=row.metadata if row.id is None else {**row.metadata, "id": row.id},
    )


def _difference(one: Item, other: Item, *, other_facet: bool) -> str:
    names = [
        n
        for n in ("suggestion", "aliases", "cluster", "split", "metadata")
        if getattr(one, n) != getattr(other, n)
    ]
    if other_facet:
        return (
            f"another {' and '.join([*names, 'facet'])}; keep one of the lines, and name all its facets there"
        )
    return f"another {' and '.join(names)}; keep one of the lines"
