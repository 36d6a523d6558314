"""One id for a benchmark's row, whether it is read as an item or asked by the harness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sycoscope.core.errors import SycoscopeError
from sycoscope.items import BENCHMARKS


def item_id(family: str, row: Mapping[str, Any]) -> str:
    """Id of the item that the row is; empty where it cannot be read as one (the caller then hashes it)."""
    if row.get("id"):
        return str(row["id"])
    layout = BENCHMARKS.get(family)
    if layout is None:
        return ""
    try:
        return layout.parse(row).id
    except (SycoscopeError, ValueError, KeyError, TypeError):
        return ""
