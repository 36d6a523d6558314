"""Finished shards and adapters, by content: the cache beside the runs, which the runs of one folder share.

The key of an entry holds everything that can change an answer (`keys.py`), so two models, seeds or wordings never
meet in one. Each entry carries its digest (`sealed.py`, `training/kept.py`): one that is damaged is told of and made
again. A unit of work has a lock, so that of two runs one makes it and the other waits and takes it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout

from sycoscope.capability import CapabilityRecord, read_records, record_table
from sycoscope.core import records
from sycoscope.core.errors import StoreError
from sycoscope.core.files import disk_errors, write_atomic
from sycoscope.core.types import Score, Trial
from sycoscope.run.store import read_parquet
from sycoscope.study.sealed import sealed_bytes, state_of
from sycoscope.training.kept import adapter_state, step_folder

if TYPE_CHECKING:
    import polars as pl

# How long a run waits for another one in silence (s).
PATIENCE = 5.0
T = TypeVar("T")
_log = logging.getLogger("sycoscope.cache")


class ShardCache:
    """Finished shards by key: trials of the facets, scores and records of the benchmarks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._told: set[Path] = set()

    def path(self, key: str, kind: str = "trials") -> Path:
        """Where the shard of `key` is kept."""
        return self.root / "shards" / key[:2] / f"{key}.{kind}.parquet"

    def log_path(self, key: str) -> Path:
        """Where the responses of the shard of `key` are kept until it is finished."""
        return self.root / "shards" / key[:2] / f"{key}.responses.jsonl"

    def spent_path(self, key: str) -> Path:
        """Where it is counted what a run has spent at an endpoint, over all its starts."""
        return self.root / "spent" / f"{key}.jsonl"

    def adapter_path(self, name: str, key: str) -> Path:
        """Folder of a tuned adapter."""
        return self.root / "adapters" / f"{name}-{key[:16]}"

    def has(self, key: str, kind: str = "trials") -> bool:
        """Whether the shard is finished and whole; of one that is damaged a warning names the file, once.

        Raises:
            StoreError: its file cannot be read at all.
        """
        path = self.path(key, kind)
        if not path.is_file():
            return False
        state = state_of(path, f"{key}.{kind}")
        if state == "damaged":
            self._tell(path, "'%s' is damaged, or is another shard's file; it is made again", path)
        elif state == "unsealed":
            told = "'%s' and others were kept before files had digests: taken as they are, damage would not be seen"
            self._tell(self.root, told, path)
        return state != "damaged"

    def has_adapter(self, folder: Path) -> bool:
        """Whether an adapter is finished and whole; of one that is damaged a warning names the file, once."""
        whole, told = adapter_state(folder)
        if told:
            self._tell(folder, "%s" if whole else "%s; the adapter is trained again", told)
        return whole

    def claimed(self, key: str, kind: str = "trials", *, wait: bool = True) -> AbstractContextManager[bool]:
        """Whether this process alone works on the shard of `key`; always, where it is finished.

        Args:
            wait: For the process that works on it, until that one has finished or ended.
        """
        path = self.path(key, kind)
        return _claimed(path, path.with_suffix(".lock"), lambda: self.has(key, kind), wait=wait)

    def has_adapters(self, folder: Path, steps: Sequence[int]) -> bool:
        """Whether an adapter is finished and whole, and those of its steps that are named."""
        return all(map(self.has_adapter, (folder, *(step_folder(folder, step) for step in steps))))

    def claimed_adapter(self, folder: Path, steps: Sequence[int] = ()) -> AbstractContextManager[bool]:
        """Wait until this process alone works on the adapter, or it is finished; the result is True."""
        lock = folder.with_name(f"{folder.name}.lock")
        return _claimed(folder, lock, lambda: self.has_adapters(folder, steps), wait=True)

    def put_trials(self, key: str, trials: Sequence[Trial]) -> None:
        """Keep a finished shard; its log of responses has done its work."""
        self._put(key, "trials", records.frame("trials", records.trial_rows(trials)))
        self.log_path(key).unlink(missing_ok=True)

    def trials(self, key: str) -> list[Trial]:
        """The trials of a finished shard.

        Raises:
            MissingError: it is not finished. StoreError: its file is damaged.
        """
        return self._read(key, "trials", records.trial_of)

    def put_records(self, key: str, asked: Sequence[CapabilityRecord]) -> None:
        """Keep what a benchmark was asked and answered: everything that scoring needs."""
        self._put(key, "records", record_table(asked))

    def records(self, key: str) -> list[CapabilityRecord]:
        """What a benchmark was asked and answered.

        Raises:
            MissingError: it was not asked. StoreError: the file is damaged.
        """
        return read_records(self._whole(key, "records"))

    def put_scores(self, key: str, scores: Sequence[Score]) -> None:
        """Keep the scores of a shard, or the item results of a benchmark."""
        self._put(key, "scores", records.frame("scores", records.score_rows(scores)))

    def scores(self, key: str) -> list[Score]:
        """The scores of a shard, or the item results of a benchmark.

        Raises:
            MissingError: there are none. StoreError: their file is damaged.
        """
        return self._read(key, "scores", records.score_of)

    def _put(self, key: str, kind: str, table: pl.DataFrame) -> None:
        write_atomic(self.path(key, kind), sealed_bytes(table, f"{key}.{kind}"))

    def _read(self, key: str, kind: str, read: Callable[[dict[str, Any]], T]) -> list[T]:
        path = self._whole(key, kind)
        table = read_parquet(path)
        try:
            return [read(row) for row in table.iter_rows(named=True)]
        except (LookupError, TypeError, ValueError) as fault:  # one without a digest may hold anything
            raise StoreError(f"'{path}' cannot be read ({fault!r}); delete it and run again") from fault

    def _whole(self, key: str, kind: str) -> Path:
        """The file of a shard, which is not read where it is damaged."""
        path = self.path(key, kind)
        if path.is_file() and state_of(path, f"{key}.{kind}") == "damaged":
            raise StoreError(f"'{path}' cannot be read (it is damaged); delete it and run again")
        return path

    def _tell(self, about: Path, message: str, what: object) -> None:
        """Warn of something once."""
        if about not in self._told:
            self._told.add(about)
            _log.warning(message, what)


@contextmanager
def _claimed(unit: Path, path: Path, done: Callable[[], bool], *, wait: bool) -> Iterator[bool]:
    """Whether this process holds the lock at `path` of a unit of work; True without it where the unit is done.

    The system gives a lock free when its holder dies.
    """
    if done():
        yield True
        return
    lock = FileLock(path)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=PATIENCE if wait else 0)
        except Timeout:
            if wait:
                _log.warning("'%s' is being made by another process; waiting for it", unit)
                lock.acquire()
    try:
        yield lock.is_locked
    finally:
        if lock.is_locked and done():  # whoever comes now finds it finished
            path.unlink(missing_ok=True)
        lock.release()
