"""Data sets that other trainers can use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sycoscope.core.errors import ConfigError
from sycoscope.core.files import user_path

if TYPE_CHECKING:
    from sycoscope.study.dataset import BuiltSet


def build_data(
    name: str = "anti-sycophancy",
    *,
    out: str | Path,
    n: int = 1000,
    seed: int = 42,
    layout: str = "prompt",
    pairs: bool = False,
    items: str | Path | None = None,
    force: bool = False,
) -> BuiltSet:
    """Write a curated set as JSON Lines, with a card beside it (docs/training.md). The same arguments, the same bytes.

    Args:
        name: `anti-sycophancy`. out: A file that ends in `.jsonl`; the card has its name and ends in `.md`.
        n: Rows, 100 or more; of pairs a little fewer are written, since some have no reply to reject.
        layout: `prompt` (prompt and completion) or `messages`. pairs: preference pairs in its place.
        items: A file of your own questions in place of the bank's facts. force: Write over files that are there.

    Raises:
        ConfigError: an unknown name or layout, fewer rows, or a file that is there or cannot be written.
        MissingError, DataError: own questions that are not there or cannot be used, or rows that fail a check.
    """
    from sycoscope.study.dataset import build_set

    if pairs and layout != "prompt":
        raise ConfigError(f"pairs have a layout of their own; leave out pairs or the layout '{layout}'")
    return build_set(
        name,
        user_path(out),
        n=n,
        seed=seed,
        layout="pairs" if pairs else layout,
        items=str(items or ""),
        force=force,
    )
