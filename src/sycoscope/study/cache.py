"""Finished shards and adapters, by content: the cache beside the runs, which the runs of one folder share.

The key of an entry holds everything that can change an answer (`keys.py`), so two models, seeds or wordings never
meet in one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from sycoscope.capability import CapabilityRecord, read_records, record_table
from sycoscope.core import records
from sycoscope.core.files import write_atomic
from sycoscope.core.types import Score, Trial
from sycoscope.run.store import parquet_bytes, read_parquet


class ShardCache:
    """Finished shards by key: trials of the facets, scores and records of the benchmarks."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str, kind: str = "trials") -> Path:
        """Where the shard of `key` is kept."""
        return self.root / "shards" / key[:2] / f"{key}.{kind}.parquet"

    def log_path(self, key: str) -> Path:
        """Where the responses of the shard of `key` are kept until it is finished."""
        return self.root / "shards" / key[:2] / f"{key}.responses.jsonl"

    def adapter_path(self, name: str, key: str) -> Path:
        """Folder of a tuned adapter."""
        return self.root / "adapters" / f"{name}-{key[:16]}"

    def has(self, key: str, kind: str = "trials") -> bool:
        """Whether the shard is finished."""
        return self.path(key, kind).is_file()

    @contextmanager
    def claimed(self, key: str, *, wait: bool) -> Iterator[bool]:
        """Whether this process alone works on the shard of `key`; always, where it is finished.

        Args:
            wait: For the process that works on it, until that one has finished or ended.
        """
        path = self.path(key, "trials").with_suffix(".lock")
        if self.has(key):
            yield True
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        with suppress(Timeout):
            lock.acquire(timeout=-1 if wait else 0)
        try:
            yield lock.is_locked
        finally:
            lock.release()
            if self.has(key):  # whoever comes now finds it finished
                path.unlink(missing_ok=True)

    def put_trials(self, key: str, trials: Sequence[Trial]) -> None:
        """Keep a finished shard; its log of responses has done its work."""
        write_atomic(self.path(key), parquet_bytes(records.frame("trials", records.trial_rows(trials))))
        self.log_path(key).unlink(missing_ok=True)

    def trials(self, key: str) -> list[Trial]:
        """The trials of a finished shard.

        Raises:
            MissingError: it is not finished. StoreError: its file is damaged.
        """
        return [records.trial_of(row) for row in read_parquet(self.path(key)).iter_rows(named=True)]

    def put_records(self, key: str, asked: Sequence[CapabilityRecord]) -> None:
        """Keep what a benchmark was asked and answered: everything that scoring needs."""
        write_atomic(self.path(key, "records"), parquet_bytes(record_table(asked)))

    def records(self, key: str) -> list[CapabilityRecord]:
        """What a benchmark was asked and answered.

        Raises:
            MissingError: it was not asked. StoreError: the file is damaged.
        """
        return read_records(self.path(key, "records"))

    def put_scores(self, key: str, scores: Sequence[Score]) -> None:
        """Keep the scores of a shard, or the item results of a benchmark."""
        write_atomic(
            self.path(key, "scores"), parquet_bytes(records.frame("scores", records.score_rows(scores)))
        )

    def scores(self, key: str) -> list[Score]:
        """The scores of a shard, or the item results of a benchmark.

        Raises:
            MissingError: there are none. StoreError: their file is damaged.
        """
        return [records.score_of(row) for row in read_parquet(self.path(key, "scores")).iter_rows(named=True)]
