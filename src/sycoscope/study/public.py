"""Raw rows of the public sets, for cutting one split into train and test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sycoscope.core.errors import MissingError
from sycoscope.items.hub import hub_rows
from sycoscope.items.layouts import find_files, layout_of
from sycoscope.items.readers import file_rows
from sycoscope.items.rows import Faults

HINT = "see docs/items.md for the layout"


def public_files(benchmark: str, root: Path) -> Mapping[str, list[Path]]:
    """Split -> files of a benchmark below `root`.

    Raises:
        MissingError: no such folder, or nothing of this benchmark in it.
    """
    layout = layout_of(benchmark)
    if not root.is_dir():
        raise MissingError(
            f"no data folder at '{root}'; give a folder with {layout.folders[0]}/ in it, or data: bank"
        )
    found = find_files(layout, root)
    if not found:
        raise MissingError(
            f"the data folder '{root}' holds no {benchmark}; expected {layout.folders[0]}/ in a public layout ({HINT})"
        )
    return found


def hub_source(benchmark: str) -> str:
    """The benchmark's usual hub id."""
    return layout_of(benchmark).hub.repo


def cut_rows(benchmark: str, root: Path | None, split: str) -> list[dict[str, object]]:
    """All raw rows of one split, in file order.

    Args:
        root: A folder, or None for the hub.

    Raises:
        MissingError: no such split. DataError: unreadable rows.
    """
    layout = layout_of(benchmark)
    faults = Faults(f"{benchmark} ({split})", HINT)
    if root is None:
        rows = [dict(row.data) for row in hub_rows(benchmark, layout.hub, layout.hub.repo, split, faults)]
    else:
        found = public_files(benchmark, root)
        if split not in found:
            raise MissingError(f"{benchmark} in '{root}' has no split '{split}'; it has: {', '.join(found)}")
        rows = [dict(row.data) for path in found[split] for row in file_rows(path, faults)]
    faults.raise_any()
    return rows
