"""Run directories.

A run directory holds manifest.json, data/*.parquet (what was asked and found), the report's tables/ and figures/, and
report.html. Finished shards and adapters live in a cache beside it (`study/cache.py`).
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout

from sycoscope.core import records
from sycoscope.core.errors import BusyError, MissingError, StoreError
from sycoscope.core.files import write_atomic
from sycoscope.core.types import Estimate, Item, Score, Trial

if TYPE_CHECKING:
    import polars as pl

LAYOUT = 1
T = TypeVar("T")


def parquet_bytes(table: pl.DataFrame) -> bytes:
    """The table as Parquet; equal tables give equal bytes."""
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def read_parquet(path: Path) -> pl.DataFrame:
    """The table in a file.

    Raises:
        MissingError: no such file. StoreError: it is damaged.
    """
    import polars as pl

    try:
        return pl.read_parquet(path)
    except FileNotFoundError as fault:
        raise MissingError(f"no file at '{path}'") from fault
    except Exception as fault:  # polars raises its own kinds for damaged files
        raise StoreError(f"'{path}' cannot be read ({fault}); delete it and run again") from fault


class RunDirectory:
    """One run on disk."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def manifest_path(self) -> Path:
        """Where the manifest is."""
        return self.path / "manifest.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory's one lock.

        Raises:
            BusyError: another process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as fault:
            raise BusyError(
                f"the run directory '{self.path}' is in use by another process; "
                "wait for it, or choose another --out"
            ) from fault
        try:
            yield
        finally:
            lock.release()

    def manifest(self) -> dict[str, Any]:
        """The manifest.

        Raises:
            MissingError: no run here. StoreError: damaged, or written in a newer layout.
        """
        if not self.manifest_path.is_file():
            raise MissingError(
                f"no run at '{self.path}': manifest.json is missing; give a folder that a run wrote"
            )
        try:
            manifest = json.loads(self.manifest_path.read_text(encoding="utf-8"))
        except ValueError as fault:
            raise StoreError(f"'{self.manifest_path}' is damaged ({fault}); run the study again") from fault
        if not isinstance(manifest, dict):
            raise StoreError(f"'{self.manifest_path}' is damaged (no mapping); run the study again")
        layout = manifest.get("layout")
        if layout != LAYOUT:
            raise StoreError(
                f"the run at '{self.path}' has layout {layout}, this version reads layout {LAYOUT}; "
                "use the version of sycoscope that wrote it, or run again"
            )
        return manifest

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Write the manifest (with the layout's number)."""
        text = json.dumps({"layout": LAYOUT} | manifest, indent=2, ensure_ascii=False, sort_keys=False)
        write_atomic(self.manifest_path, text.encode() + b"\n")

    def table_path(self, kind: str) -> Path:
        """Where a table is."""
        return self.path / "data" / f"{kind}.parquet"

    def write_rows(self, kind: str, rows: Sequence[dict[str, Any]]) -> None:
        """Write a table, as Parquet, and for small kinds as CSV too."""
        table = records.frame(kind, rows)
        write_atomic(self.table_path(kind), parquet_bytes(table))
        if kind in {"estimates", "training"}:
            write_atomic(self.table_path(kind).with_suffix(".csv"), table.write_csv().encode())

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Rows of a table; empty where the run has none of that kind."""
        path = self.table_path(kind)
        return list(read_parquet(path).iter_rows(named=True)) if path.is_file() else []

    def trials(self) -> list[Trial]:
        """All trials of the run."""
        return self._all("trials", records.trial_of)

    def beside(self, kind: str) -> list[Trial]:
        """What was asked beside the trials: `judgements` of a judge, `letter_priors`; empty where nothing was."""
        return self._all(kind, records.trial_of)

    def scores(self) -> list[Score]:
        """All scores of the run."""
        return self._all("scores", records.score_of)

    def estimates(self) -> list[Estimate]:
        """All estimates of the run."""
        return self._all("estimates", records.estimate_of)

    def items(self) -> list[tuple[str, Item]]:
        """All (task, item) of the run."""
        return [(row["task"], records.item_of(row)) for row in self.rows("items")]

    def _all(self, kind: str, read: Callable[[dict[str, Any]], T]) -> list[T]:
        return [read(row) for row in self.rows(kind)]
