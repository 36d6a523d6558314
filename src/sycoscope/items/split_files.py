"""Which files of a folder are a split of a public set, and whether they are all of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sycoscope.core.texts import listed
from sycoscope.items.layouts import Layout

MAX_NAMED = 10
_DATA_SUFFIXES = (".parquet", ".jsonl", ".ndjson", ".csv")
# MMLU's auxiliary training rows are those of other sets; they are no subject.
_NO_SUBJECT = ("auxiliary_train",)


@dataclass(frozen=True, slots=True)
class SplitFiles:
    """The files of one split, in the order in which they are read.

    Attributes:
        paths: The files, at least one.
        fault: Why they are not the whole split, or more than it; empty where they are the split.
    """

    paths: tuple[Path, ...]
    fault: str = ""


def find_files(layout: Layout, root: Path, set_folders: Collection[str] = ()) -> dict[str, SplitFiles]:
    """Split -> files of a set in a folder, from the first place that has any; empty where none has.

    Faults are handed back with their split, so that a split that nobody reads does not stand in the way.

    Args:
        layout: The set.
        root: The set's own folder, or one that holds it by name.
        set_folders: Names of the folders of public sets, which are never one of the set's subjects.
    """
    places = [root / name for name in layout.folders if (root / name).is_dir()] + [root]
    for place in places:
        for inner in layout.within:
            if files := _files_in(place / inner, layout):
                return files
        if layout.by_subject:
            others = {*set_folders, *layout.within, *_NO_SUBJECT}
            if files := _files_by_subject(place, layout, others):
                return files
    return {}


def _files_by_subject(place: Path, layout: Layout, others: Collection[str]) -> dict[str, SplitFiles]:
    """The splits over all subjects; formats and stems are each subject's own."""
    folders = sorted(p for p in place.iterdir() if p.is_dir() and p.name not in others and p.name[0] != ".")
    held = {folder: _files_in(folder, layout) for folder in folders}
    if not any(held.values()):
        return {}
    held = {folder: splits for folder, splits in held.items() if splits or _may_be_subject(folder)}
    files: dict[str, SplitFiles] = {}
    for split, stems in layout.files.items():
        parts = [splits[split] for splits in held.values() if split in splits]
        if not parts:
            continue
        faults = [part.fault for part in parts if part.fault]
        lacking = [folder.name for folder, splits in held.items() if split not in splits]
        if lacking and split not in layout.optional:
            faults.append(
                f"{place}: {len(lacking)} of {len(held)} subject folders lack split '{split}': "
                f"{_some(lacking)}; allowed in each: {', '.join(_names(stems))}; "
                "add these files, or move the folders elsewhere to leave them out"
            )
        paths = tuple(path for part in parts for path in part.paths)
        files[split] = SplitFiles(paths, _some(faults, "\n"))
    return files


def _may_be_subject(folder: Path) -> bool:
    """A folder without a known file, but with data at some depth, or empty (a download cut short)."""
    return not any(folder.glob("*")) or any(path.suffix in _DATA_SUFFIXES for path in folder.rglob("*"))


def _files_in(folder: Path, layout: Layout) -> dict[str, SplitFiles]:
    """The splits that lie directly in one folder, each from its preferred stem that is there."""
    files: dict[str, SplitFiles] = {}
    for split, stems in layout.files.items():
        for stem in stems:
            if held := split_in(folder, split, stem):
                files[split] = held
                break
    return files


def split_in(folder: Path, split: str, stem: str) -> SplitFiles | None:
    """The files of a split that lie directly in a folder and begin with a stem; None where there are none."""
    patterns = (f"{stem}-*-of-*.parquet", f"{stem}.jsonl", f"{stem}.parquet")
    formats = [paths for pattern in patterns if (paths := tuple(sorted(folder.glob(pattern))))]
    if not formats:
        return None
    if len(formats) > 1:
        return SplitFiles(formats[0], _twice(folder, split, [paths[0].name for paths in formats]))
    paths = formats[0]
    plain = paths[0].name in (f"{stem}.jsonl", f"{stem}.parquet")
    return SplitFiles(
        paths, "" if plain else _shard_fault(folder, split, stem, [path.name for path in paths])
    )


def _shard_fault(folder: Path, split: str, stem: str, names: Sequence[str]) -> str:
    """What is wrong with a set of shards by their own `-of-N`; empty where it is whole.

    Older snapshots of the hub end a shard's name in a hash.
    """
    shards: dict[tuple[int, int], list[str]] = {}
    totals: dict[int, list[str]] = {}
    for name in names:
        match = re.fullmatch(rf"{re.escape(stem)}-(\d+)-of-(\d+)(?:-[0-9a-f]+)?\.parquet", name)
        if match is None or int(match[1]) >= int(match[2]):
            return (
                f"{folder} holds a shard of split '{split}' that cannot be placed: {name}; allowed: "
                f"{stem}-00000-of-N.parquet up to number N-1; rename or remove it, or name one file"
            )
        shards.setdefault((int(match[1]), int(match[2])), []).append(name)
        totals.setdefault(int(match[2]), []).append(name)
    if len(totals) > 1:
        return _twice(folder, split, [first for first, *_ in totals.values()])
    if repeated := next((same for same in shards.values() if len(same) > 1), None):
        return _twice(folder, split, repeated)
    (total,) = totals
    missing = [number for number in range(total) if (number, total) not in shards]
    if not missing:
        return ""
    named = listed((f"{stem}-{number:05d}-of-{total:05d}.parquet" for number in missing), MAX_NAMED)
    return (
        f"{folder} lacks {len(missing)} of {total} shards of split '{split}': {named}; "
        "a split is read with all its shards; add what is missing, or name one file to read it alone"
    )


def _twice(folder: Path, split: str, names: Iterable[str]) -> str:
    return f"{folder} holds split '{split}' twice: {' and '.join(names)}; keep one, or name the file"


def _names(stems: Iterable[str]) -> list[str]:
    """The names that a split's file may have in one folder."""
    return [
        name
        for stem in stems
        for name in (f"{stem}.jsonl", f"{stem}.parquet", f"all shards {stem}-00000-of-0000N.parquet")
    ]


def _some(texts: Sequence[str], separator: str = ", ") -> str:
    """The first texts, and how many more there are."""
    more = [f"and {len(texts) - MAX_NAMED} more"] if len(texts) > MAX_NAMED else []
    return separator.join([*texts[:MAX_NAMED], *more])
