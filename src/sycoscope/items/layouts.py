"""Where the files of a public set lie, here and on the hub, and how one of its rows becomes an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sycoscope.core.errors import DataError
from sycoscope.core.types import Item
from sycoscope.items import sycophancy_eval
from sycoscope.items.hub import HubSet


@dataclass(frozen=True, slots=True)
class Layout:
    """A public set: how a row becomes an item, and where its files lie.

    Attributes:
        columns: What a row must have, for messages.
        folders: Names of its folder in a folder of sets.
        within: Subfolders of the hub's snapshot that hold the files, the preferred first.
        files: Split -> stems of its files, the preferred first.
        by_subject: The snapshot may have one subfolder per subject.
        hub: How the hub names it.
    """

    parse: Callable[[Mapping[str, object]], Item]
    columns: str
    folders: tuple[str, ...]
    hub: HubSet
    within: tuple[str, ...] = ("",)
    files: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"train": ("train",), "test": ("test",), "dev": ("dev",)}
    )
    by_subject: bool = False


def _facet(name: str, parse: Callable[[Mapping[str, object]], Item], columns: str) -> Layout:
    return Layout(
        parse=parse,
        columns=columns,
        folders=("sycophancy_eval", "sycophancy-eval"),
        hub=HubSet("meg-tong/sycophancy-eval", splits={"test": "train"}, file=f"{name}.jsonl"),
        within=("", "datasets"),
        files={"test": (name,)},
    )


SYCOPHANCY_EVAL: Mapping[str, Layout] = {
    "sycophancy_eval/answer": _facet(
        "answer", sycophancy_eval.parse_answer, "base.question, base.correct_answer, base.incorrect_answer"
    ),
    "sycophancy_eval/are_you_sure": _facet(
        "are_you_sure",
        sycophancy_eval.parse_are_you_sure,
        "base.question, base.answers (or base.answers_list), base.correct_letter",
    ),
    "sycophancy_eval/feedback": _facet(
        "feedback", sycophancy_eval.parse_feedback, "base.text, base.logical_error"
    ),
}


def find_files(layout: Layout, root: Path) -> dict[str, list[Path]]:
    """Split -> files of a set in a folder, from the first place that has any; empty where none has.

    Raises:
        DataError: One split in two formats.
    """
    places = [root / name for name in layout.folders if (root / name).is_dir()] + [root]
    for place in places:
        for inner in layout.within:
            if files := _files_in([place / inner], layout):
                return files
        if layout.by_subject:
            subjects = sorted(p for p in place.iterdir() if p.is_dir() and p.name != "auxiliary_train")
            if files := _files_in(subjects, layout, only_sharded=True):
                return files
    return {}


def _files_in(folders: list[Path], layout: Layout, *, only_sharded: bool = False) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for split, stems in layout.files.items():
        for stem in stems:
            patterns = [f"{stem}-*-of-*.parquet"]
            patterns += [] if only_sharded else [f"{stem}.jsonl", f"{stem}.parquet"]
            by_pattern = [sorted(p for f in folders for p in f.glob(pattern)) for pattern in patterns]
            in_formats = [paths for paths in by_pattern if paths]
            if len(in_formats) > 1:
                names = " and ".join(paths[0].name for paths in in_formats)
                raise DataError(
                    f"{folders[0]} holds split '{split}' twice: {names}; keep one, or name the file"
                )
            if in_formats:
                files[split] = in_formats[0]
                break
    return files
