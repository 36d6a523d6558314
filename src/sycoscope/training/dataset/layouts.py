"""Layouts of the file: JSON Lines as TRL's trainers, and those that read the same, take them.

TRL drops columns that it does not know, so what a row is stands beside it in one column of its own, `sycoscope`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sycoscope.core.types import Message
from sycoscope.training.dataset.row import SetRow

Plain = dict[str, Any]


def _messages(turns: Iterable[Message]) -> list[Plain]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]


def _said(text: str) -> list[Plain]:
    return _messages([Message("assistant", text)])


def _prompt(row: SetRow) -> Plain:
    return {"prompt": _messages(row.prompt), "completion": _said(row.chosen)}


def _dialogue(row: SetRow) -> Plain:
    return {"messages": [*_messages(row.prompt), *_said(row.chosen)]}


def _pair(row: SetRow) -> Plain:
    return {"prompt": _messages(row.prompt), "chosen": _said(row.chosen), "rejected": _said(row.rejected)}


LAYOUTS: Mapping[str, Callable[[SetRow], Plain]] = {
    "prompt": _prompt,
    "messages": _dialogue,
    "pairs": _pair,
}


def written(rows: Iterable[SetRow], layout: str) -> bytes:
    """The rows as JSON Lines, in UTF-8. Of pairs, only rows with a rejected reply are given.

    Args:
        layout: A key of `LAYOUTS`.
    """
    lines = [
        json.dumps(LAYOUTS[layout](row) | {"sycoscope": facts(row, layout)}, ensure_ascii=False)
        for row in rows
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def facts(row: SetRow, layout: str) -> dict[str, Any]:
    """What a row is: the same keys in every row, each a text (empty where there is none) or a truth value."""
    names = ("truth", "stance", "form", "length", "explicit")
    found: dict[str, Any] = {
        "kind": row.kind,
        "item": row.item.id,
        "cluster": row.item.cluster,
        **{name: row.cell.get(name, "") for name in names},
        "wording": row.wording,
        "first_is_wrong": row.first_is_wrong,
    }
    return found | ({"rejected": row.why} if layout == "pairs" else {})
