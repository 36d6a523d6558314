"""Rows of a table (CSV, Parquet) as rows of our own layout: what a cell cannot hold is written into it as text."""

from __future__ import annotations

import json
from dataclasses import replace

from sycoscope.core.rows import Row

# A column of this beginning is a key of `metadata`.
METADATA = "metadata."
_LISTS = ("aliases", "choices")


def is_metadata(column: str) -> bool:
    """Whether a column is a key of `metadata`."""
    return column.startswith(METADATA) and len(column) > len(METADATA)


def as_item_row(row: Row) -> Row:
    """The row with lists and metadata as the layout has them.

    A list in one cell is JSON (`["a", "b"]`) or texts that `|` parts; `metadata` is JSON, or one column for each key.
    What is neither stays as it is, for the layout to refuse.
    """
    data = {key: _parsed(key, value) for key, value in row.data.items() if not is_metadata(key)}
    kept = {key.removeprefix(METADATA): value for key, value in row.data.items() if is_metadata(key)}
    own = data.get("metadata")
    if kept and (own is None or isinstance(own, dict)):
        data["metadata"] = {**(own or {}), **kept}
    return replace(row, data=data)


def _parsed(key: str, value: object) -> object:
    if not isinstance(value, str) or key not in (*_LISTS, "metadata"):
        return value
    if value.strip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return [part.strip() for part in value.split("|") if part.strip()] if key in _LISTS else value
