"""The one reader of public rows: a split in memory, in a file, in a folder or on the hub, row by row with places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sycoscope.core.errors import DataError, MissingError
from sycoscope.core.files import user_path
from sycoscope.core.rows import Faults, Row, given_rows, jsonl_rows
from sycoscope.items import hub
from sycoscope.items.benchmarks import SET_FOLDERS, layout_of
from sycoscope.items.rows import parquet_rows
from sycoscope.items.split_files import SplitFiles, find_files

Source = str | Path | Iterable[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class SplitSource:
    """Rows of one split that are not read yet.

    Attributes:
        name: Where they lie, for messages.
        rows: Reads them in their order; unreadable lines go to the faults.
        split: Which split it is; empty where nobody says.
    """

    name: str
    rows: Callable[[Faults], Iterable[Row]]
    split: str = ""


def split_source(name: str, source: Source, split: str) -> SplitSource:
    """One split of a public set.

    Args:
        name: A key of `LAYOUTS`.
        source: Rows in memory, a local file, a folder or a hub id; rows and files have one split only.
        split: Of a folder or the hub, `test` where empty; of rows and files a label.

    Raises:
        MissingError: No such set, or no such split of a folder.
    """
    layout_of(name)  # an unknown set is named before its source is looked at
    if not isinstance(source, str | Path):
        return SplitSource(f"{name} rows", partial(given_rows, source, f"{name} rows"), split)
    path = user_path(source)
    if path.is_dir():
        return folder_split(name, path, split or "test")
    if isinstance(source, str) and not path.exists() and hub.is_hub_id(source):
        return hub_split(name, split or "test", source)
    return SplitSource(str(path), partial(file_rows, path), split)


def hub_split(name: str, split: str, source: str = "") -> SplitSource:
    """One split of a public set on the hub.

    Args:
        source: OWNER/NAME or OWNER/NAME@REVISION; empty for the set's usual place.
    """
    source = source or layout_of(name).hub.repo
    return SplitSource(source, partial(_hub_rows, name, source, split), split)


def kept_split(name: str, rows: Sequence[Row], split: str) -> SplitSource:
    """Rows that were read before; they keep the places that they came from."""
    return SplitSource(name, lambda _: rows, split)


def folder_splits(name: str, root: Path) -> dict[str, SplitSource]:
    """Every split of a public set that a folder holds, with all its files.

    Reading a split raises DataError where it lies there twice, or lacks a shard or a subject.

    Raises:
        MissingError: There is no such folder, or no file of the set in it.
    """
    layout = layout_of(name)
    if not root.is_dir():
        raise MissingError(
            f"no such folder: {root}; check the path, or give a folder with {layout.folders[0]}/ in it"
        )
    files = find_files(layout, root, SET_FOLDERS)
    if not files:
        names = sorted({f"{stem}.jsonl" for stems in layout.files.values() for stem in stems})
        raise MissingError(
            f"no files of {name} in {root}; looked for {', '.join(names)} (or .parquet, or the hub's "
            f"SPLIT-00000-of-00001.parquet) there, in {layout.folders[0]}/ and in the hub's subfolders"
        )
    return {
        split: SplitSource(_name_of(held.paths, root), partial(chained, held), split)
        for split, held in files.items()
    }


def folder_split(name: str, root: Path, split: str) -> SplitSource:
    """One split of a public set in a folder.

    Raises:
        MissingError: The folder does not hold it; the message names the splits that it has.
    """
    splits = folder_splits(name, root)
    if split not in splits:
        raise MissingError(f"{root} has no split '{split}' of {name}; it has: {', '.join(splits)}")
    return splits[split]


def file_rows(path: Path, faults: Faults) -> Iterator[Row]:
    """Rows of a local file, by its ending.

    Raises:
        MissingError: There is no such file.
        DataError: It ends in neither .jsonl nor .parquet.
    """
    if not path.exists():
        raise MissingError(f"no such file: {path}; a local file, a folder or a hub id (OWNER/NAME) is needed")
    if path.suffix in (".jsonl", ".ndjson"):
        return jsonl_rows(path, faults)
    if path.suffix == ".parquet":
        return parquet_rows(path, faults)
    raise DataError(f"{path}: files of the public sets end in .jsonl or .parquet; got '{path.suffix}'")


def _hub_rows(name: str, source: str, split: str, faults: Faults) -> Iterator[Row]:
    layout = layout_of(name)
    folder = hub.hub_folder(name, layout.hub, layout.within, source, split)
    alone = replace(layout, folders=(), by_subject=False, files={split: (layout.hub.stem(split),)})
    files = find_files(alone, folder)
    if not files:  # a cache that was filled in another way
        raise MissingError(
            f"'{folder}' in the hub's cache holds no file of split '{split}'; connect and run again"
        )
    yield from chained(files[split], faults)


def chained(files: SplitFiles, faults: Faults) -> Iterator[Row]:
    """Rows of all files of a split.

    Raises:
        DataError: They are not the whole split, or more than it.
    """
    if files.fault:
        raise DataError(files.fault)
    for path in files.paths:
        yield from file_rows(path, faults)


def _name_of(paths: Sequence[Path], root: Path) -> str:
    return str(paths[0]) if len(paths) == 1 else f"{root} ({len(paths)} files)"
