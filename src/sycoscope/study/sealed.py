"""A table in one file that carries its own digest, so that table and digest are one write.

The digest stands in the file's metadata, after the name of what the table is. It is taken over the whole file with
zeros in its place. So a file that was changed, cut, or put in the place of another one is known before it is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sycoscope.core.digests import bytes_digest
from sycoscope.core.errors import StoreError
from sycoscope.run.store import parquet_bytes, read_parquet

if TYPE_CHECKING:
    import polars as pl

KEY = "sycoscope"
MARK = b" sycoscope-sha256:"
ZEROS = b"0" * 64

# `unsealed`: a table that was kept before tables carried digests.
State = Literal["whole", "unsealed", "damaged"]


def sealed_bytes(table: pl.DataFrame, name: str) -> bytes:
    """The table as Parquet with its name and digest; equal tables of one name give equal bytes."""
    data = parquet_bytes(table, {KEY: f"{name}{(MARK + ZEROS).decode()}"})
    start = data.rindex(MARK) + len(MARK)
    end = start + len(ZEROS)
    return data[:start] + bytes_digest(data).encode() + data[end:]


def state_of(path: Path, name: str) -> State:
    """Whether the file is the table of this name as it was written.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise StoreError(f"'{path}' cannot be read ({fault.strerror or fault}); make it readable") from fault
    at = data.rfind(MARK)
    if at < 0:
        return "unsealed" if _is_table(path) else "damaged"
    start, end = at + len(MARK), at + len(MARK) + len(ZEROS)
    digest = bytes_digest(data[:start], ZEROS, data[end:]).encode()
    whole = data[start:end] == digest and data[:at].endswith(name.encode())
    return "whole" if whole else "damaged"


def _is_table(path: Path) -> bool:
    try:
        read_parquet(path)
    except StoreError:
        return False
    return True
