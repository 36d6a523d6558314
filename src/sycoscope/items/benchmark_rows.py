"""Rows of a public benchmark as the harness asks them: in their own order, checked, each with its item's id."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sycoscope.core.errors import DataError, MissingError, SycoscopeError
from sycoscope.core.files import digest_of, user_path
from sycoscope.core.rows import Faults, Row
from sycoscope.core.types import Item
from sycoscope.items.benchmarks import BENCHMARKS, Benchmark
from sycoscope.items.findings import Finding
from sycoscope.items.hub import at_commit
from sycoscope.items.readers import parse_split
from sycoscope.items.rows import present
from sycoscope.items.splits import SplitSource, folder_splits, hub_split, kept_split

HUB = "hub"


class BenchmarkRows:
    """A public benchmark at one place. A split is read when it is first asked for, and once.

    Args:
        benchmark: A key of `BENCHMARKS`.
        source: `hub`, a folder in a public layout, or the splits themselves.
        place: Where it lies, for people; by default the hub or the folder. of: what the splits were cut from.

    Raises:
        MissingError: There is no such benchmark.
    """

    def __init__(
        self,
        benchmark: str,
        source: str | Path | Mapping[str, SplitSource],
        *,
        place: str = "",
        of: BenchmarkRows | None = None,
    ) -> None:
        if benchmark not in BENCHMARKS:
            raise MissingError(f"unknown benchmark '{benchmark}'; known: {', '.join(BENCHMARKS)}")
        self.benchmark: Benchmark = BENCHMARKS[benchmark]
        self.place = place or ("rows in memory" if isinstance(source, Mapping) else str(source))
        self._source = source
        self._of = of
        self._at_commit = ""
        self._raw: dict[str, tuple[Row, ...]] = {}
        self._rows: dict[str, tuple[Mapping[str, Any], ...]] = {}
        self._ids: dict[str, tuple[str, ...]] = {}
        self._digests: dict[str, str] = {}

    def splits(self) -> tuple[str, ...]:
        """The splits that there are; nothing is read.

        Raises:
            MissingError: There is no such folder, or nothing of the benchmark in it.
        """
        if self._source == HUB:
            return tuple(self.benchmark.layout.hub.splits)
        return tuple(self._local())

    @property
    def revision(self) -> str:
        """Of rows of the hub that were read, OWNER/NAME@COMMIT; empty for all others."""
        return self._at_commit if self._of is None else self._of.revision

    def split(self, split: str) -> SplitSource:
        """One split, not read yet; all splits of the hub are of one commit.

        Raises:
            MissingError: There is none of this name (the message names those that there are), or the hub cannot be
                reached.
        """
        if self._source == HUB:
            self._at_commit = self._at_commit or at_commit(self.benchmark.layout.hub.repo)
            return hub_split(self.benchmark.name, split, self._at_commit)
        splits = self._local()
        if split not in splits:
            raise MissingError(
                f"{self.place} has no split '{split}' of {self.benchmark.name}; it has: {', '.join(splits)}"
            )
        return splits[split]

    def raw(self, split: str) -> tuple[Row, ...]:
        """All rows of a split with their places, unchecked.

        Raises:
            MissingError: no such split. DataError: unreadable lines, all at once; or no row at all.
        """
        if split not in self._raw:
            source = self.split(split)
            faults = self._faults(source.name)
            rows = tuple(source.rows(faults))
            faults.raise_any()
            if not rows:
                raise DataError(f"{source.name}: no rows")
            self._raw[split] = rows
        return self._raw[split]

    def rows(self, split: str = "test") -> tuple[Mapping[str, Any], ...]:
        """All rows of a split in their order; each has what the harness's definition reads.

        Raises:
            MissingError: no such split. DataError: rows that cannot be asked, all at once with their places.
        """
        if split not in self._rows:
            raw = self.raw(split)
            faults = self._faults(self.split(split).name)
            for row in raw:
                if fault := row_fault(self.benchmark, row.data):
                    faults.add(row.where, fault)
            faults.raise_any()
            self._rows[split] = tuple(row.data for row in raw)
        return self._rows[split]

    def ids(self, split: str = "test") -> tuple[str, ...]:
        """One id per row, in the order of `rows`; a second row of the same content gets `~2`."""
        if split not in self._ids:
            seen = Counter[str]()
            ids = []
            for row in self.rows(split):
                name = row_id(self.benchmark, row)
                seen[name] += 1
                ids.append(name if seen[name] == 1 else f"{name}~{seen[name]}")
            self._ids[split] = tuple(ids)
        return self._ids[split]

    def digest(self, split: str = "test") -> str:
        """Digest of what is asked of a split: its rows' ids and columns, and their order."""
        if split not in self._digests:
            columns = self.benchmark.columns
            content = [[row[column] for column in columns] for row in self.rows(split)]
            self._digests[split] = digest_of([self.ids(split), content])
        return self._digests[split]

    def items(self, split: str = "test", *, findings: list[Finding] | None = None) -> list[Item]:
        """The rows of a split as items, repeated ones once (see `read_benchmark`)."""
        source = self.split(split)
        kept = kept_split(source.name, self.raw(split), source.split)
        return parse_split(self.benchmark.layout, kept, findings)

    def _local(self) -> Mapping[str, SplitSource]:
        if isinstance(self._source, Mapping):
            return self._source
        return folder_splits(self.benchmark.name, user_path(self._source))

    def _faults(self, name: str) -> Faults:
        columns = ", ".join(self.benchmark.columns)
        return Faults(name, f"A row needs the columns {columns}; docs/items.md shows the layouts.")


def row_fault(benchmark: Benchmark, row: Mapping[str, Any]) -> str:
    """What the harness could not use in a row; empty where it can be asked."""
    missing = [column for column in benchmark.columns if row.get(column) is None]
    if missing:
        return f"no value for {', '.join(missing)}; needed are {', '.join(benchmark.columns)}"
    return benchmark.fault(row)


def row_id(benchmark: Benchmark, row: Mapping[str, Any]) -> str:
    """A row's own `id`, else its item's, else (where it cannot be read as an item) a hash of its content."""
    if row.get("id"):
        return str(row["id"])
    try:
        return benchmark.layout.parse(present(row)).id
    except (SycoscopeError, ValueError, KeyError, TypeError):
        content = [benchmark.name, *(row[column] for column in benchmark.columns)]
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
