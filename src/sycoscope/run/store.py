"""Run directories.

A run directory holds manifest.json, data/*.parquet (what was asked and found), the report's tables/ and figures/, and
report.html. Finished shards and adapters live in a cache beside it (`study/cache.py`).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout

from sycoscope.core import records
from sycoscope.core.errors import BusyError, MissingError, StoreError
from sycoscope.core.files import disk_errors, user_path, write_atomic
from sycoscope.core.types import Estimate, Item, Score, Trial

if TYPE_CHECKING:
    import polars as pl

    from sycoscope.core.manifest import Manifest
    from sycoscope.run.record import Summary

T = TypeVar("T")
# Tables that `run.analyse` computes from the others, and those that a run has only where something was asked for them.
DERIVED = ("estimates", "associations", "rankings", "breakdowns")
OPTIONAL = ("judgements", "letter_priors")


def parquet_bytes(table: pl.DataFrame) -> bytes:
    """The table as Parquet; equal tables give equal bytes."""
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def read_parquet(path: Path, step: str = "delete it and run again") -> pl.DataFrame:
    """The table in a file.

    Args:
        step: What to do where it is damaged.

    Raises:
        MissingError: no such file. StoreError: it is damaged.
    """
    import polars as pl

    try:
        return pl.read_parquet(path, glob=False)
    except FileNotFoundError as fault:
        raise MissingError(f"no file at '{path}'") from fault
    except Exception as fault:  # polars raises its own kinds for damaged files
        raise StoreError(f"'{path}' cannot be read ({fault}); {step}") from fault


class RunDirectory:
    """One run on disk."""

    def __init__(self, path: str | Path) -> None:
        self.path = user_path(path)

    @property
    def manifest_path(self) -> Path:
        """Where the manifest is."""
        return self.path / "manifest.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory's one lock.

        Raises:
            BusyError: another process holds it. StoreError: the directory cannot be written.
        """
        lock = FileLock(self.path / ".lock")
        try:
            with disk_errors(self.path):
                self.path.mkdir(parents=True, exist_ok=True)
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

    @property
    def summary_path(self) -> Path:
        """Where the summary is."""
        return self.path / "summary.json"

    def manifest(self) -> Manifest:
        """The run's manifest.

        Raises:
            MissingError: no run here. StoreError: damaged, or of another layout.
        """
        from sycoscope.run.record import read_manifest

        if not self.manifest_path.is_file():
            raise MissingError(
                f"no run at '{self.path}': manifest.json is missing; give a folder that a run wrote"
            )
        return read_manifest(self.manifest_path)

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest (with the layout's number). The run counts as unfinished until its summary is written."""
        from sycoscope.run.record import write_record

        self._take_back_summary()
        write_record(self.manifest_path, manifest)

    def summary(self) -> Summary:
        """What was found.

        Raises:
            MissingError: no run here. StoreError: not finished, damaged, or of another layout.
        """
        from sycoscope.run.record import read_summary

        self.manifest()
        return read_summary(self.summary_path)

    def write_summary(self, summary: Summary) -> None:
        """Write the summary (with the layout's number): last of all, since it says that the run is finished."""
        from sycoscope.run.record import write_record

        write_record(self.summary_path, summary)

    def table_path(self, kind: str) -> Path:
        """Where a table is."""
        return self.path / "data" / f"{kind}.parquet"

    def write_rows(self, kind: str, rows: Sequence[dict[str, Any]]) -> None:
        """Write a table, as Parquet, and for small kinds as CSV too. The run then counts as unfinished."""
        self._take_back_summary()
        table = records.frame(kind, rows)
        write_atomic(self.table_path(kind), parquet_bytes(table))
        if kind in {"estimates", "training"}:
            write_atomic(self.table_path(kind).with_suffix(".csv"), records.csv_bytes(table))

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Rows of a table; empty where a run need not have one of that kind and has none.

        Raises:
            StoreError: a table that every finished run has is missing, or the table is damaged.
        """
        from sycoscope.run.record import RUN_AGAIN, rejudge

        path = self.table_path(kind)
        step = rejudge(self.path) if kind in DERIVED else RUN_AGAIN
        if path.is_file():
            return list(read_parquet(path, step).iter_rows(named=True))
        if kind in OPTIONAL:
            return []
        raise StoreError(f"'{path}' is missing, which every finished run has; {step}")

    def trials(self) -> list[Trial]:
        """All trials of the run."""
        return self._all("trials", records.trial_of)

    def extra_trials(self, kind: str) -> list[Trial]:
        """What was asked beside the trials: `judgements` of a judge, `letter_priors`; empty where nothing was."""
        return self._all(kind, records.trial_of)

    def write_extra_trials(self, kind: str, trials: Sequence[Trial]) -> None:
        """Write what was asked beside the trials; without any, a table of an earlier run is taken away."""
        if trials:
            self.write_rows(kind, records.trial_rows(trials))
        else:
            self._take_back_summary()
            self.table_path(kind).unlink(missing_ok=True)

    def scores(self) -> list[Score]:
        """All scores of the run."""
        return self._all("scores", records.score_of)

    def estimates(self) -> list[Estimate]:
        """All estimates of the run."""
        return self._all("estimates", records.estimate_of)

    def items(self) -> list[tuple[str, Item]]:
        """All (task, item) of the run."""
        return [(row["task"], records.item_of(row)) for row in self.rows("items")]

    def _take_back_summary(self) -> None:
        """A run killed while it is written again must not pass for finished, with new answers beside old numbers."""
        self.summary_path.unlink(missing_ok=True)

    def _all(self, kind: str, read: Callable[[dict[str, Any]], T]) -> list[T]:
        return [read(row) for row in self.rows(kind)]
