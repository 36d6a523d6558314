"""The public sets as items, from rows, a local file (JSON Lines or Parquet), a folder or the hub."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.rows import Faults
from sycoscope.core.types import Item, Split
from sycoscope.items.benchmarks import layout_of
from sycoscope.items.findings import Finding, read_once, report
from sycoscope.items.layouts import Layout
from sycoscope.items.rows import explain, present
from sycoscope.items.splits import Source, SplitSource, folder_split, folder_splits, split_source
from sycoscope.items.sycophancy_eval import NotReadError


def read_benchmark(
    benchmark: str, source: Source, *, split: str = "", findings: list[Finding] | None = None
) -> list[Item]:
    """Read one split of a public set.

    Args:
        benchmark: A key of `LAYOUTS`.
        source: Rows in memory, a local JSON Lines or Parquet file, a folder (see `read_folder`), or a hub id
            as `cais/mmlu`, with a revision as `cais/mmlu@REVISION`.
        split: Which split of a folder or hub set (`test` where empty); for rows and files only the label.
        findings: Collects what is worth knowing; without it a warning is logged.

    Raises:
        MissingError: No such set, file or split, or a hub that cannot be reached.
        DataError: Malformed rows, all at once with file, row and column.
    """
    opened = split_source(benchmark, source, split)
    return parse_split(layout_of(benchmark), opened, findings)


def read_folder(
    path: str | Path,
    benchmark: str,
    *,
    splits: Collection[str] | None = None,
    findings: list[Finding] | None = None,
) -> dict[str, list[Item]]:
    """Read every split of a public set that a folder holds.

    The folder is the set's own, or holds the set's folder by its name. Files are `SPLIT.jsonl`,
    `SPLIT.parquet` or the hub's `SPLIT-00000-of-00001.parquet`, at the top or where the hub's snapshot has
    them (`all/`, `main/`, `multiple_choice/`, `data/`; MMLU also one folder per subject, each with
    files of its own format). A split is read whole, or refused. SycophancyEval's files are named by facet.

    Args:
        path: The folder.
        benchmark: A key of `LAYOUTS`.
        splits: Read these only; the others stay unread.
        findings: Collects what is worth knowing; without it a warning is logged.

    Returns:
        Split -> items, only for splits that are there: `train`, `test`, `dev`, `validation`.

    Raises:
        MissingError: There is no such folder, or no file of the set (or of a wanted split) in it.
        DataError: Malformed rows, or a split that lies there twice or lacks a shard or a subject.
    """
    layout, root = layout_of(benchmark), Path(path)
    held = folder_splits(benchmark, root)
    wanted = held if splits is None else {split: folder_split(benchmark, root, split) for split in splits}
    return {split: parse_split(layout, held[split], findings) for split in held if split in wanted}


def parse_split(layout: Layout, source: SplitSource, findings: list[Finding] | None = None) -> list[Item]:
    """The rows of a split as items, each id once; its name decides the items' side.

    Raises:
        MissingError: It cannot be read. DataError: Malformed rows, all at once; or no item at all.
        ConfigError: The split has a name that no public set has.
    """
    name = source.name
    faults = Faults(name, f"A row needs the columns {layout.columns}; docs/items.md shows the layouts.")
    side = _side(source.split)
    placed: list[tuple[str, Item]] = []
    left_out: dict[str, int] = {}
    for row in source.rows(faults):
        try:
            item = layout.parse(present(row.data))
        except ValidationError as error:
            faults.add(row.where, *explain(error))
        except ValueError as error:
            faults.add(row.where, str(error))
        except NotReadError as kind:
            left_out[str(kind)] = left_out.get(str(kind), 0) + 1
        else:
            placed.append((row.where, replace(item, split=side) if side else item))
    faults.raise_any()
    if left_out:
        counts = ", ".join(f"{count} of {kind}" for kind, count in sorted(left_out.items()))
        report(
            Finding("info", "left_out", f"{name}: rows left out, only arguments are read: {counts}"), findings
        )
    if not placed:
        raise DataError(f"{name} holds no items. {faults.hint}")
    return read_once(placed, name, findings)


def _side(split: str) -> Split:
    """Side of the train/test partition. Few-shot and validation splits are on neither."""
    known = ("", "train", "test", "dev", "validation")
    if split not in known:
        raise ConfigError(f"unknown split '{split}'; allowed: {', '.join(known[1:])}")
    return "train" if split == "train" else "test" if split == "test" else ""
