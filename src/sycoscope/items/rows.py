"""Rows of a data file, each with the place it came from; faults are gathered and reported at once."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sycoscope.core.errors import DataError, MissingError

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `where` is `FILE:LINE` for JSON Lines and `FILE, row N` elsewhere, both from 1."""

    where: str
    data: Mapping[str, object]


class Faults:
    """What is wrong with a file: gathered row by row, raised once."""

    def __init__(self, name: str, hint: str) -> None:
        self.name = name
        self.hint = hint
        self._found: list[tuple[str, str]] = []

    def add(self, where: str, *messages: str) -> None:
        """Note what is wrong at one place."""
        self._found.extend((where, message) for message in messages)

    def raise_any(self) -> None:
        """Raise DataError with the first 20 faults and their number, if there are any."""
        if not self._found:
            return
        count, places = len(self._found), len({where for where, _ in self._found})
        head = f"{self.name}: {count} fault{'s' * (count > 1)} in {places} row{'s' * (places > 1)}"
        lines = [f"  {where}: {message}" for where, message in self._found[:SHOWN]]
        if count > SHOWN:
            lines.append(f"  ... and {count - SHOWN} more")
        raise DataError("\n".join([head, *lines, self.hint]))


def shorten(value: object, width: int = 60) -> str:
    """A value as it came, cut to `width` characters."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."


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
    came = shorten(fault["input"])
    if fault["type"] == "missing":
        return f"column '{name}' is missing"
    if fault["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, allowed, n=1)
        meant = f", did you mean '{close[0]}'?" if close else ";"
        return f"unknown key '{name}'{meant} allowed: {', '.join(allowed)}"
    if path[:1] == ("metadata",) and len(path) == 2:
        return f"column '{name}' must be a string, a finite number, true or false; got {came}"
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    return f"column '{name}': {fault['msg'][:1].lower()}{fault['msg'][1:]}; got {came}"


def jsonl_rows(path: Path, faults: Faults) -> Iterator[Row]:
    """Rows of a JSON Lines file; unreadable lines go to `faults`.

    A byte order mark, Windows line ends and blank lines are tolerated.

    Raises:
        MissingError: There is no such file.
    """
    return parse_jsonl(read_bytes(path), str(path), faults)


def read_bytes(path: Path) -> bytes:
    """The file's bytes.

    Raises:
        MissingError: There is no such file, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise MissingError(f"no such file: {path}; check the path") from None
    except OSError as error:
        raise MissingError(f"cannot read {path}: {error.strerror or error}; a file is needed") from None


def parse_jsonl(data: bytes, name: str, faults: Faults) -> Iterator[Row]:
    """Rows of JSON Lines text. Split at line feeds only: other separators may stand inside strings."""
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            value = json.loads(line.decode("utf-8"), object_pairs_hook=_object)
        except UnicodeDecodeError as error:
            faults.add(where, f"not UTF-8 (byte {error.start + 1} of the line); save the file as UTF-8")
        except json.JSONDecodeError as error:
            faults.add(where, f"not JSON: {error.msg[:1].lower()}{error.msg[1:]} (column {error.colno})")
        except (ValueError, RecursionError) as error:
            faults.add(where, f"not JSON that can be used: {error}")
        else:
            if isinstance(value, dict):
                yield Row(where, value)
            else:
                faults.add(where, f"one JSON object per line is needed; got {shorten(value)}")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"key '{twice[0]}' occurs twice")
    return dict(pairs)


def parquet_rows(path: Path) -> Iterator[Row]:
    """Rows of a Parquet file.

    Raises:
        MissingError: There is no such file.
        DataError: It is not a Parquet file.
    """
    import polars as pl

    if not path.is_file():
        raise MissingError(f"no such file: {path}; check the path")
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from None
    for number, data in enumerate(frame.iter_rows(named=True), start=1):
        yield Row(f"{path}, row {number}", data)


def given_rows(rows: Iterable[object], name: str, faults: Faults) -> Iterator[Row]:
    """Rows that are in memory already, as mappings."""
    for number, data in enumerate(rows, start=1):
        where = f"{name}, row {number}"
        if isinstance(data, Mapping):
            yield Row(where, data)
        else:
            faults.add(where, f"a mapping is needed; got {shorten(data)}")


def present(data: Mapping[str, object]) -> dict[str, object]:
    """The columns that hold something: null and bare NaN are how tables write that nothing is there."""
    return {
        key: value
        for key, value in data.items()
        if value is not None and not (isinstance(value, float) and math.isnan(value))
    }
