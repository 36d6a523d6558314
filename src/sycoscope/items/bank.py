"""The built-in bank: items that the project wrote itself, one file per part, in our own layout."""

from __future__ import annotations

from importlib.resources import files

from sycoscope.core.errors import MissingError
from sycoscope.core.types import Item
from sycoscope.items.findings import Finding
from sycoscope.items.identity import partition
from sycoscope.items.own import parse_items

# The part whose questions have levels of difficulty.
LEVELLED = "facts"
PARTS = ("facts", "arguments", "arithmetic", "continuations", "misconceptions", "neutral", "replies")


def load_bank(part: str, *, findings: list[Finding] | None = None) -> list[Item]:
    """Items of one part of the bank, as `bank/PART`; each has a split, by its cluster.

    Raises:
        MissingError: There is no such part, or its file is not installed.
        DataError: The installed file is damaged.
    """
    if part not in PARTS:
        raise MissingError(f"the bank has no part '{part}'; it has: {', '.join(PARTS)}")
    file = files("sycoscope.items").joinpath("bank", f"{part}.jsonl")
    if not file.is_file():
        raise MissingError(f"the bank's part '{part}' is not installed ({part}.jsonl); reinstall sycoscope")
    name = f"bank/{part}"
    return parse_items(file.read_bytes(), name, source=name, findings=findings, side=partition)
