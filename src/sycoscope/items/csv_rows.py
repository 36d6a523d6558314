"""Rows of a CSV file, as spreadsheets write it, within the limits of all rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from sycoscope.core.rows import MAX_LINE, MAX_TEXT, Faults, Row, limit_fault
from sycoscope.core.texts import shortened

# Spreadsheets part columns by the first; where a comma is the decimal sign, by the second.
_DELIMITERS = ",;\t"


def parse_csv(data: bytes, name: str, faults: Faults) -> Iterator[Row]:
    """Rows of CSV text under their column names; an empty cell is None, every other one a text.

    The first line names the columns, which commas, semicolons or tabs part. A byte order mark, Windows line ends and
    empty rows are tolerated. A row is placed at the line on which it begins; unreadable ones go to `faults`.
    """
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.add(f"{name}:{line}", "not UTF-8; save the file as CSV in UTF-8")
        return
    columns: list[str] = []
    for number, cells in _cells(text, name, faults):
        where = f"{name}:{number}"
        if not columns:
            columns = [cell.strip() for cell in cells]
            if fault := _header_fault(columns):
                faults.add(where, fault)
                return
        elif fault := _row_fault(cells, columns):
            faults.add(where, fault)
        else:
            yield Row(where, {key: cell or None for key, cell in zip(columns, cells, strict=True)}, number)


def _cells(text: str, name: str, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """The line on which a row begins and its cells; rows without any text are passed over."""
    head = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=head.count), strict=True
    )
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.add(f"{name}:{number}", f"not CSV: {_reason(str(error))}")
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells


def _reason(error: str) -> str:
    """What the reader of CSV found, in words that name no setting of its own."""
    if "end of data" in error:
        return "a quote that opens in this row is not closed"
    return f"a text of over {MAX_TEXT:,} characters" if "field limit" in error else error


def _header_fault(columns: Sequence[str]) -> str:
    if "" in columns:
        return f"column {columns.index('') + 1} has no name; the first line names the columns"
    twice = [column for column, count in Counter(columns).items() if count > 1]
    return f"column '{shortened(twice[0])}' occurs twice" if twice else ""


def _row_fault(cells: Sequence[str], columns: Sequence[str]) -> str:
    if len(cells) != len(columns):
        return (
            f"{len(cells)} cells under {len(columns)} columns; put a cell that holds a comma in double quotes"
        )
    if (size := len("".join(cells).encode("utf-8", "surrogatepass"))) > MAX_LINE:
        return f"a row of {size:,} bytes; at most {MAX_LINE:,} are read"
    return limit_fault(dict(zip(columns, cells, strict=True)))
