"""Rows of a data file, each with the place it came from, within limits; faults are gathered and reported at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sycoscope.core.errors import DataError, fault_list
from sycoscope.core.files import read_file
from sycoscope.core.texts import joined_surrogates, plain, shortened

# What a row may hold at most (docs/items.md): a line of JSON in bytes, a text in characters, entries of a list or an
# object, levels of lists and objects within each other.
MAX_LINE = 1_000_000
MAX_TEXT = 100_000
MAX_ENTRIES = 1_000
MAX_LEVELS = 20
MAX_INT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `where` is `FILE:LINE` for lines, `FILE, row N` for rows; `number` is that line or row, from 1."""

    where: str
    data: Mapping[str, object]
    number: int = 0


# A fault of more rows than this is told once.
MANY = 3


class Faults:
    """What is wrong with a file: gathered row by row, raised once."""

    def __init__(self, name: str, hint: str) -> None:
        self.name = name
        self.hint = hint
        self._found: dict[str, list[str]] = {}
        self._places: set[str] = set()

    def add(self, where: str, *messages: str) -> None:
        """Note what is wrong at one place."""
        for message in messages:
            self._found.setdefault(plain(message), []).append(where)
        self._places.add(where)

    def raise_any(self) -> None:
        """Raise DataError with the first 20 faults and their number, if there are any; one of many rows once."""
        if not self._found:
            return
        count, places = sum(map(len, self._found.values())), len(self._places)
        head = f"{self.name}: {count} fault{'s' * (count > 1)} in {places} row{'s' * (places > 1)}"
        lines = [line for message, where in self._found.items() for line in _told(message, where)]
        raise DataError(f"{fault_list(head, lines)}\n{self.hint}")


def _told(message: str, places: Sequence[str]) -> list[str]:
    if len(places) <= MANY:
        return [f"  {where}: {message}" for where in places]
    return [f"  {places[0]}: {message} (and in {len(places) - 1:,} more rows, the last of them {places[-1]})"]


def shorten(value: object, width: int = 60) -> str:
    """A value as it came, cut to `width` characters."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return shortened(text, width)


def limit_fault(data: Mapping[str, object]) -> str:
    """What of a row passes the limits of docs/items.md, or is half of a character; empty where it can be read."""
    left: list[tuple[str, object, int]] = [("the row", data, 1)]
    while left:
        place, value, level = left.pop()
        if problem := _value_fault(value) or _size_fault(value, level):
            return f"{place} holds {problem}"
        if isinstance(value, Mapping):
            left += [(place, key, level) for key in value]
            left += [
                (f"column '{shortened(str(key), 40)}'" if level == 1 else place, part, level + 1)
                for key, part in value.items()
            ]
        elif isinstance(value, list | tuple):
            left += [(place, part, level + 1) for part in value]
    return ""


def _value_fault(value: object) -> str:
    if isinstance(value, int) and abs(value) > MAX_INT:
        return "a whole number of more than 64 bits"
    if not isinstance(value, str):
        return ""
    if len(value) > MAX_TEXT:
        return f"a text of {len(value):,} characters; at most {MAX_TEXT:,} are read"
    if joined_surrogates(value) is None:
        return "half of a character (a lone surrogate, as \\ud800); write the whole one"
    return ""


def _size_fault(value: object, level: int) -> str:
    if not isinstance(value, Mapping | list | tuple):
        return ""
    if len(value) > MAX_ENTRIES:
        kind = "keys" if isinstance(value, Mapping) else "entries"
        return f"{len(value):,} {kind}; at most {MAX_ENTRIES:,} are read"
    return f"lists or objects in more than {MAX_LEVELS} levels" if level > MAX_LEVELS else ""


def jsonl_rows(path: Path, faults: Faults) -> Iterator[Row]:
    """Rows of a JSON Lines file; unreadable lines go to `faults`.

    A byte order mark, Windows line ends and blank lines are tolerated.

    Raises:
        MissingError: There is no such file, or it cannot be read.
    """
    return parse_jsonl(read_file(path, "file", "check the path"), str(path), faults)


def parse_jsonl(data: bytes, name: str, faults: Faults) -> Iterator[Row]:
    """Rows of JSON Lines text. Split at line feeds only: other separators may stand inside strings."""
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        if len(line) > MAX_LINE:
            faults.add(where, f"a line of {len(line):,} bytes; at most {MAX_LINE:,} are read")
            continue
        try:
            value = json.loads(line.decode("utf-8"), object_pairs_hook=_object)
        except UnicodeDecodeError as error:
            faults.add(where, f"not UTF-8 (byte {error.start + 1} of the line); save the file as UTF-8")
        except json.JSONDecodeError as error:
            faults.add(where, f"not JSON: {error.msg[:1].lower()}{error.msg[1:]} (column {error.colno})")
        except RecursionError:
            faults.add(where, f"not JSON that can be used: lists or objects in more than {MAX_LEVELS} levels")
        except ValueError as error:
            long = "a whole number of thousands of digits"  # Python's own message names a switch of the interpreter
            reason = long if "integer string conversion" in str(error) else error
            faults.add(where, f"not JSON that can be used: {reason}")
        else:
            if not isinstance(value, dict):
                faults.add(where, f"one JSON object per line is needed; got {shorten(value)}")
            elif fault := limit_fault(value):
                faults.add(where, fault)
            else:
                yield Row(where, value, number)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    together = dict(pairs)
    if len(together) < len(pairs):
        twice = min(key for key, n in Counter(key for key, _ in pairs).items() if n > 1)
        raise ValueError(f"key '{shortened(twice)}' occurs twice")
    return together


def given_rows(rows: Iterable[object], name: str, faults: Faults) -> Iterator[Row]:
    """Rows that are in memory already, as mappings."""
    for number, data in enumerate(rows, start=1):
        where = f"{name}, row {number}"
        if not isinstance(data, Mapping):
            faults.add(where, f"a mapping is needed; got {shorten(data)}")
        elif fault := limit_fault(data):
            faults.add(where, fault)
        else:
            yield Row(where, data, number)
