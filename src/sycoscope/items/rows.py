"""Rows of the public sets and of our own layout: what is wrong with a column, and Parquet files."""

from __future__ import annotations

import difflib
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sycoscope.core.errors import DataError
from sycoscope.core.files import read_file
from sycoscope.core.rows import Faults, Row, given_rows, shorten
from sycoscope.core.texts import shortened

# Control characters other than white space: no one writes them, and a terminal obeys them.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


def readable(text: str) -> str:
    """A text that people wrote, as it came.

    Raises:
        ValueError: It holds a control character.
    """
    if found := _CONTROL.search(text):
        raise ValueError(f"holds the control character U+{ord(found[0]):04X}; take it out")
    return text


def check_lines(data: bytes, name: str, hint: str) -> None:
    """Refuse what is no JSON Lines file at all: one message, not one per line.

    Args:
        hint: What the file should hold.

    Raises:
        DataError: It is not text, or one JSON array.
    """
    check_text(data, name, hint)
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        raise DataError(
            f"{name} begins with '[', as one JSON array; write one object per line instead. {hint}"
        )


def check_text(data: bytes, name: str, hint: str) -> None:
    """Refuse what is not text.

    Raises:
        DataError: It is not.
    """
    if data.startswith(b"PAR1") or b"\0" in data[:1024]:
        raise DataError(
            f"{name} is not a text file in UTF-8; the name of a Parquet file ends in .parquet. {hint}"
        )


def explain(error: ValidationError, allowed: Sequence[str] = ()) -> list[str]:
    """Pydantic's faults in one line each: which column, what is wrong, what came."""
    messages: dict[tuple[str, ...], str] = {}
    for fault in error.errors(include_url=False):
        path = tuple(str(part) for part in fault["loc"])
        if path[:1] == ("metadata",) and len(path) > 2:
            path = path[:2]
        # A union reports each of its members: the first says enough.
        if not any(path[: len(known)] == known for known in messages):
            messages[path] = _explain_one(".".join(path), path, fault, allowed)
    return list(messages.values())


def _explain_one(name: str, path: tuple[str, ...], fault: Any, allowed: Sequence[str]) -> str:
    came, name = shorten(fault["input"]), shortened(name)
    if fault["type"] == "missing":
        return f"column '{name}' is missing"
    if fault["type"] == "extra_forbidden":
        return unknown_key(name, allowed)
    if fault["type"] == "value_error":
        return f"{f'column {name!r} ' if path else ''}{fault['ctx']['error']}"
    if path[:1] == ("metadata",) and len(path) == 2:
        return f"column '{name}' must be a string, a finite number, true or false; got {came}"
    return f"column '{name}': {fault['msg'][:1].lower()}{fault['msg'][1:]}; got {came}"


def unknown_key(name: str, allowed: Sequence[str]) -> str:
    """What is said of a key or column that there is not."""
    close = difflib.get_close_matches(name, allowed, n=1)
    meant = f", did you mean '{close[0]}'?" if close else ";"
    return f"unknown key '{shortened(name)}'{meant} allowed: {', '.join(allowed)}"


def parquet_rows(path: Path, faults: Faults) -> Iterator[Row]:
    """Rows of a Parquet file; those past a limit go to `faults`.

    Raises:
        MissingError: There is no such file.
        DataError: It is not a Parquet file.
    """
    yield from parse_parquet(read_file(path, "file", "check the path"), str(path), faults)


def parse_parquet(data: bytes, name: str, faults: Faults) -> Iterator[Row]:
    """As `parquet_rows`, from bytes."""
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise DataError(f"{name} cannot be read as Parquet: {shortened(reason, 200)}") from None
    yield from given_rows(frame.iter_rows(named=True), name, faults)


def texts_fault(data: Mapping[str, object], *columns: str) -> str:
    """Which of the columns holds something else than a text, and what; empty where none does."""
    for column in columns:
        if not isinstance(data[column], str):
            return f"{column} must be a text; got {shorten(data[column])}"
    return ""


def is_texts(value: object, count: int | None = None) -> bool:
    """Whether it is a list of texts, of `count` where that is given."""
    return (
        isinstance(value, list) and all(isinstance(one, str) for one in value) and count in (None, len(value))
    )


def present(data: Mapping[str, object]) -> dict[str, object]:
    """The columns that hold something: null and bare NaN are how tables write that nothing is there."""
    return {
        key: value
        for key, value in data.items()
        if value is not None and not (isinstance(value, float) and math.isnan(value))
    }
