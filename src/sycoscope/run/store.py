"""Run directories.

A run directory holds manifest.json, data/*.parquet (what was asked and found), digests.json (of all of these), the
report's tables/ and figures/, and report.html. Finished shards and adapters live in a cache beside it
(`study/cache.py`).
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout

from sycoscope.core import records
from sycoscope.core.digests import DIGESTS
from sycoscope.core.errors import BusyError, MissingError, StoreError
from sycoscope.core.files import disk_errors, user_path, write_atomic
from sycoscope.core.types import Estimate, Item, Score, Trial
from sycoscope.run.digests import RunDigests

if TYPE_CHECKING:
    import polars as pl

    from sycoscope.core.manifest import Manifest
    from sycoscope.run.record import Summary

T = TypeVar("T")
# Tables that `run.analyse` computes from the others, and those that a run has only where something was asked for them.
SERIES = ("series", "trends")
DERIVED = ("samples", "estimates", "associations", "rankings", "breakdowns", "edge_cases", *SERIES)
MEASURED = ("items", "trials", "scores", "training")
OPTIONAL = ("judgements", "letter_priors")
# A run of an older version has no edge cases.
IF_ANY = (*OPTIONAL, "edge_cases", *SERIES)
# Small tables, which are written as CSV too.
AS_CSV = ("estimates", "training", *SERIES)
# Rows of a part of a file that is read by itself: what a scan holds in memory at once, and what a search reads.
ROW_GROUP = 2**15
_log = logging.getLogger("sycoscope.run")


def parquet_bytes(table: pl.DataFrame, metadata: dict[str, str] | None = None) -> bytes:
    """The table as Parquet; equal tables with equal metadata of the file (one entry at most) give equal bytes."""
    buffer = io.BytesIO()
    table.write_parquet(
        buffer, compression="zstd", statistics=True, metadata=metadata, row_group_size=ROW_GROUP
    )
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
    # polars raises its own kinds for damaged files; its panics are no exceptions of the usual kind
    except (Exception, pl.exceptions.PanicException) as fault:
        raise StoreError(f"'{path}' cannot be read ({fault}); {step}") from fault


def _columns(path: Path, step: str) -> Mapping[str, pl.DataType]:
    """Names and types of a table's columns, from the head of its file."""
    import polars as pl

    try:
        return pl.scan_parquet(path, glob=False).collect_schema()
    except (Exception, pl.exceptions.PanicException) as fault:
        raise StoreError(f"'{path}' cannot be read ({fault}); {step}") from fault


class RunDirectory:
    """One run on disk."""

    def __init__(self, path: str | Path) -> None:
        self.path = user_path(path)
        self._digests = RunDigests(self.path)

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
            MissingError: no run here. StoreError: damaged, of another layout, or not as the run wrote it.
        """
        from sycoscope.run.record import RUN_AGAIN, read_manifest

        if not self.manifest_path.is_file():
            raise MissingError(
                f"no run at '{self.path}': manifest.json is missing; give a folder that a run wrote"
            )
        manifest = read_manifest(self.manifest_path)
        self._refuse_misfit(self.manifest_path, RUN_AGAIN)
        return manifest

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest (with the layout's number), after the tables of what was asked.

        The run counts as unfinished until its summary is written.
        """
        from sycoscope.run.record import record_bytes

        self._take_back_summary()
        data = record_bytes(manifest)
        self._digests.wrote(self.manifest_path, data)
        self._digests.keep()
        write_atomic(self.manifest_path, data)

    def summary(self) -> Summary:
        """What was found.

        Raises:
            MissingError: no run here. StoreError: not finished, damaged, of another layout, or not as the run wrote it.
        """
        from sycoscope.run.record import read_summary, rejudge

        self.manifest()
        summary = read_summary(self.summary_path)
        self._refuse_misfit(self.summary_path, rejudge(self.path))
        return summary

    def write_summary(self, summary: Summary) -> None:
        """Write the summary (with the layout's number): last of all, since it says that the run is finished."""
        from sycoscope.run.record import record_bytes

        data = record_bytes(summary)
        self._digests.wrote(self.summary_path, data)
        self._digests.keep([path for path in self._files() if path.is_file()])
        write_atomic(self.summary_path, data)

    def check(self, *, derived: bool = True) -> None:
        """Whether the files of a finished run are those that it wrote, and all of them.

        Args:
            derived: Also those that are computed from the others; without them the run need not be finished.

        Raises:
            MissingError: no run here. StoreError: they are not, or not finished; each file that does not fit is named.
        """
        from sycoscope.run.record import RUN_AGAIN, rejudge

        self.manifest()
        if derived:
            self.summary()
        if not self._digests.are_there:
            told = (
                "'%s' was written before runs had %s: damage to its files would not be seen; %s, with digests"
            )
            _log.warning(told, self.path, DIGESTS, rejudge(self.path))
            return
        computed = set(self._files(DERIVED))
        known = dict.fromkeys([*self._files(), *(self.path / name for name in self._digests.names())])
        faults = {
            path: fault
            for path in known
            if (derived or path not in computed) and (fault := self._misfit(path))
        }
        if faults:
            step = rejudge(self.path) if faults.keys() <= computed else RUN_AGAIN
            told = "; ".join(f"'{path}' {fault}" for path, fault in faults.items())
            raise StoreError(f"{told}; {step}")

    def _files(self, kinds: Sequence[str] = (*MEASURED, *OPTIONAL, *DERIVED)) -> list[Path]:
        """Where the tables of these kinds are, and the manifest or summary that goes with them."""
        tables = [self.table_path(kind) for kind in kinds]
        texts = [self.table_path(kind).with_suffix(".csv") for kind in kinds if kind in AS_CSV]
        measured = [self.manifest_path] if MEASURED[0] in kinds else []
        return [*measured, *tables, *texts, *([self.summary_path] if DERIVED[0] in kinds else [])]

    def _misfit(self, path: Path) -> str:
        """What is wrong with a file of the run, as the end of a sentence; empty where nothing is."""
        if not self._digests.are_there:
            return ""
        finished = self.summary_path.is_file()
        if (
            finished
            and path.is_file()
            and path.relative_to(self.path).as_posix() not in self._digests.names()
        ):
            return "is no file of this run"
        return self._digests.fault(path)

    def _refuse_misfit(self, path: Path, step: str) -> None:
        """Refuse a file that is not as the run wrote it."""
        from sycoscope.run.record import LAYOUT, RUN_AGAIN, layout_of

        if not self._digests.are_there:
            if LAYOUT in map(layout_of, (self.manifest_path, self.summary_path)):
                raise StoreError(f"'{self.path / DIGESTS}' is missing, which every run has; {RUN_AGAIN}")
            return
        if fault := self._misfit(path):
            raise StoreError(f"'{path}' {fault}; {step}")

    def table_path(self, kind: str) -> Path:
        """Where a table is."""
        return self.path / "data" / f"{kind}.parquet"

    def write_rows(self, kind: str, rows: Sequence[dict[str, Any]]) -> None:
        """Write a table from its rows, as `write_table`."""
        self.write_table(kind, records.frame(kind, rows))

    def write_table(self, kind: str, table: pl.DataFrame) -> None:
        """Write a table, as Parquet, and for small kinds as CSV too. The run then counts as unfinished."""
        self._take_back_summary()
        self._write(self.table_path(kind), parquet_bytes(table))
        if kind in AS_CSV:
            self._write(self.table_path(kind).with_suffix(".csv"), records.csv_bytes(table))

    def write_some(self, kind: str, rows: Sequence[dict[str, Any]]) -> None:
        """Write a table that a run has only where there are rows; without any, that of an earlier run is taken away."""
        if rows:
            self.write_rows(kind, rows)
            return
        self._take_back_summary()
        for path in (self.table_path(kind), self.table_path(kind).with_suffix(".csv")):
            self._digests.removed(path)
            path.unlink(missing_ok=True)

    def _write(self, path: Path, data: bytes) -> None:
        self._digests.wrote(path, data)
        write_atomic(path, data)

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Rows of a table; empty where a run need not have one of that kind and has none.

        Raises:
            StoreError: a table that every finished run has is missing, or the table is damaged.
        """
        path, step = self.table_path(kind), self._step(kind)
        self.check_table(kind)
        if path.is_file():
            table = read_parquet(path, step)
            if fault := records.empty_fault(kind, table):
                raise StoreError(f"'{path}' {fault}; {step}")
            return list(table.iter_rows(named=True))
        if kind in IF_ANY:
            return []
        raise StoreError(f"'{path}' is missing, which every finished run has; {step}")

    def check_table(self, kind: str) -> None:
        """Refuse a table that is not as the run wrote it.

        Raises:
            StoreError: it was changed, cut, taken away or put there since, or has columns of another kind of table.
        """
        path, step = self.table_path(kind), self._step(kind)
        self._refuse_misfit(path, step)
        if path.is_file() and (fault := records.schema_fault(kind, _columns(path, step))):
            raise StoreError(f"'{path}' {fault}; {step}")

    def _step(self, kind: str) -> str:
        """What to do where a table is missing or damaged."""
        from sycoscope.run.record import RUN_AGAIN, rejudge

        return rejudge(self.path) if kind in DERIVED else RUN_AGAIN

    def trials(self) -> list[Trial]:
        """All trials of the run."""
        return self._all("trials", records.trial_of)

    def extra_trials(self, kind: str) -> list[Trial]:
        """What was asked beside the trials: `judgements` of a judge, `letter_priors`; empty where nothing was."""
        return self._all(kind, records.trial_of)

    def write_extra_trials(self, kind: str, trials: Sequence[Trial]) -> None:
        """Write what was asked beside the trials; without any, a table of an earlier run is taken away."""
        self.write_some(kind, records.trial_rows(trials))

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
        rows = self.rows(kind)
        try:
            return [read(row) for row in rows]
        except (LookupError, TypeError, ValueError) as fault:  # a table of other columns, or of an older run
            path = self.table_path(kind)
            raise StoreError(f"'{path}' is damaged ({fault!r}); {self._step(kind)}") from fault
