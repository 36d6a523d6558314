"""Reading a result table, with every fault reported at its line.

One layout for any study (docs/published.md): comma-separated text, lines that begin with `#` are comments.
The published study's own figures ship with the package as `figures.csv`.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from typing import cast, get_args

from sycoscope.core.errors import DataError
from sycoscope.core.files import read_file
from sycoscope.published.figures import Figure, Figures, Kind, Role, UnreadAs

NEEDED = ("subject", "role", "measure", "kind", "n", "successes")
OPTIONAL = ("unread", "unread_as", "published_rate", "source")
MAX_FAULTS = 20
MAX_DIGITS = 15


def published_figures() -> Figures:
    """The published study's figures, as they ship with the package."""
    text = files("sycoscope.published").joinpath("figures.csv").read_text(encoding="utf-8")
    return parse_figures(text, "sycoscope/published/figures.csv")


def read_figures(path: str | Path) -> Figures:
    """A result table from a file.

    Raises:
        MissingError: No such file. DataError: Not in the layout; all faults at once, with their lines.
    """
    data = read_file(path, "result table", "give the path of a CSV file (layout: docs/published.md)")
    try:
        return parse_figures(data.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as fault:
        raise DataError(f"{path}: not UTF-8 text ({fault.reason}); save the table as UTF-8 CSV") from fault


def parse_figures(text: str, where: str) -> Figures:
    """A result table from text; `where` names it in errors.

    Raises:
        DataError: See `read_figures`.
    """
    reader = csv.reader(io.StringIO(text, newline=None), strict=True)  # any system's ends of lines
    header: list[str] = []
    cells: dict[tuple[str, str], Figure] = {}
    faults: list[str] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row) or row[0].lstrip().startswith("#"):
                continue
            values = [cell.strip() for cell in row]
            if not header:
                header = _header(values, where, reader.line_num)
                continue
            _add(header, values, reader.line_num, cells, faults)
    except csv.Error as fault:
        raise DataError(f"{where}:{reader.line_num}: not readable as CSV: {fault}") from fault
    if not header:
        raise DataError(
            f"{where}: no header; the first line that is no comment must name {', '.join(NEEDED)}"
        )
    faults += _whole(cells) if not faults else []
    if faults:
        more = f"\n  ... and {len(faults) - MAX_FAULTS} more" if len(faults) > MAX_FAULTS else ""
        shown = "\n".join(f"  {where}:{fault}" for fault in faults[:MAX_FAULTS])
        raise DataError(
            f"{where}: {len(faults)} fault(s) in the result table (layout: docs/published.md):\n{shown}{more}"
        )
    base = next(cell.subject for cell in cells.values() if cell.role == "base")
    subjects = tuple(dict.fromkeys(cell.subject for cell in cells.values()))
    return Figures(where=where, base=base, subjects=subjects, cells=cells)


def _header(names: list[str], where: str, line: int) -> list[str]:
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in (*NEEDED, *OPTIONAL)]
    twice = sorted({name for name in names if names.count(name) > 1})
    for found, what in ((missing, "missing"), (unknown, "unknown"), (twice, "repeated")):
        if found:
            raise DataError(
                f"{where}:{line}: {what} column(s) {', '.join(map(repr, found))}; "
                f"needed: {', '.join(NEEDED)}; allowed besides: {', '.join(OPTIONAL)}"
            )
    return names


def _add(
    header: list[str],
    values: list[str],
    line: int,
    cells: dict[tuple[str, str], Figure],
    faults: list[str],
) -> None:
    if len(values) != len(header):
        faults.append(f"{line}: {len(values)} values under {len(header)} columns; one for each is needed")
        return
    row = dict(zip(header, values, strict=True))
    found = _Row(row, line)
    figure = found.figure()
    faults += found.faults
    if figure is None:
        return
    key = (figure.subject, figure.measure)
    if key in cells:
        faults.append(
            f"{line}: subject '{key[0]}' and measure '{key[1]}' stand already on line {cells[key].line}"
        )
        return
    cells[key] = figure


class _Row:
    """One line, read with every fault kept."""

    def __init__(self, row: Mapping[str, str], line: int) -> None:
        self.row, self.line = row, line
        self.faults: list[str] = []

    def figure(self) -> Figure | None:
        role, kind = self._one_of("role", get_args(Role)), self._one_of("kind", get_args(Kind))
        n = self._count("n", least=1)
        successes = self._count("successes")
        unread = self._count("unread") if self.row.get("unread") else None
        unread_as = self._unread_as(unread)
        for name in ("subject", "measure"):
            if not self.row[name]:
                self._fault(f"{name} is empty; name it")
        if n is not None:
            for name, value in (("successes", successes), ("unread", unread)):
                if value is not None and value > n:
                    self._fault(f"{name} is {value} of n = {n}; allowed are 0 to {n}")
        if self.faults or n is None or successes is None:
            return None
        if unread is not None and unread_as == "never" and successes > n - unread:
            self._fault(
                f"{successes} successes, but only {n - unread} trials were read and unread_as is 'never'"
            )
        rate = self._rate(successes, n)
        if self.faults:
            return None
        return Figure(
            subject=self.row["subject"],
            role=cast(Role, role),
            measure=self.row["measure"],
            kind=cast(Kind, kind),
            n=n,
            successes=successes,
            unread=unread,
            unread_as=cast(UnreadAs, unread_as),
            published_rate=rate,
            source=self.row.get("source", ""),
            line=self.line,
        )

    def _fault(self, what: str) -> None:
        self.faults.append(f"{self.line}: {what}")

    def _one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        if self.row[name] not in allowed:
            self._fault(f"{name} is {self.row[name]!r}; allowed: {', '.join(allowed)}")
        return self.row[name]

    def _count(self, name: str, least: int = 0) -> int | None:
        text = self.row[name]
        # 15 digits are exact in every number that is made of a count
        if not (text.isascii() and text.isdigit()) or len(text) > MAX_DIGITS or int(text) < least:
            self._fault(
                f"{name} is {text!r:.80}; allowed are whole numbers from {least}, up to {MAX_DIGITS} digits"
            )
            return None
        return int(text)

    def _unread_as(self, unread: int | None) -> str:
        text = self.row.get("unread_as", "")
        if unread is None and not self.row.get("unread"):
            if text:
                self._fault(f"unread_as is {text!r}, but unread is empty; give both or neither")
            return ""
        if text not in get_args(UnreadAs):
            self._fault(f"unread_as is {text!r}; with unread, allowed: {', '.join(get_args(UnreadAs))}")
        return text

    def _rate(self, successes: int, n: int) -> float | None:
        text = self.row.get("published_rate", "")
        if not text:
            return None
        try:
            given = Decimal(text)
        except InvalidOperation:
            given = Decimal("NaN")
        exponent = given.as_tuple().exponent
        # a power of ten above 0 leaves no place to which a rate would be rounded
        if not given.is_finite() or not 0 <= given <= 1 or int(exponent) > 0:
            self._fault(f"published_rate is {text!r:.80}; allowed is a rate in [0, 1] as 0.193, or nothing")
            return None
        # Half a unit of the last printed place; at full precision the printed binary fraction itself.
        slack = max(0.5 * 10.0 ** int(exponent), 1e-9)
        if not math.isclose(float(given), successes / n, rel_tol=0.0, abs_tol=slack * (1 + 1e-9)):
            self._fault(
                f"published_rate {text} is not {successes} / {n} = {successes / n:.6g} rounded; "
                f"correct one of them, or leave published_rate empty"
            )
        return float(given)


def _whole(cells: Mapping[tuple[str, str], Figure]) -> list[str]:
    """Faults of the table as a whole."""
    if not cells:
        return [" no rows; at least one of the base and one of an adapter are needed"]
    faults: list[str] = []
    roles: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for cell in cells.values():
        if roles.setdefault(cell.subject, cell.role) != cell.role:
            faults.append(
                f"{cell.line}: subject '{cell.subject}' is {cell.role} here and another role before"
            )
        if kinds.setdefault(cell.measure, cell.kind) != cell.kind:
            faults.append(f"{cell.line}: measure '{cell.measure}' is a {cell.kind} here and not before")
    bases = [name for name, role in roles.items() if role == "base"]
    if len(bases) != 1 or len(roles) < 2:
        faults.append(
            f" {len(bases)} subjects with role 'base' ({', '.join(bases) or 'none'}) and "
            f"{len(roles) - len(bases)} adapters; needed are exactly one base and at least one adapter"
        )
    else:
        faults += [
            f"{cell.line}: measure '{cell.measure}' has no row of the base '{bases[0]}' to compare with"
            for cell in cells.values()
            if (bases[0], cell.measure) not in cells
        ]
    return faults
