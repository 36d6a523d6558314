"""What a model answered while it was tuned: the numbers of one step, in a trainer's log and out of it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# How keys in a trainer's log begin.
KEY_PREFIX = "sycoscope/answer/"
# Numbers that have an interval, and what their fields end in.
WITH_INTERVAL = ("suggested_shift", "suggested_shift_change")
INTERVAL = ("", "_low", "_high", "_coverage")
FIELDS = (
    *(f"{name}{part}" for name in WITH_INTERVAL for part in INTERVAL),
    "follow",
    "accuracy",
    "refused",
    "tokens",
    "n_items",
    "unread",
)


def logged(row: Mapping[str, Any]) -> dict[str, float]:
    """A row as a trainer logs it; what there is no number of is left out, since trackers take numbers alone."""
    return {KEY_PREFIX + name: row[name] for name in FIELDS if row[name] is not None}


def rows_in(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows in a trainer's log (`TrainerState.log_history`), in its order: step, epoch, and each of `FIELDS`."""
    return [
        {"step": int(entry["step"]), "epoch": entry.get("epoch")}
        | {name: entry.get(KEY_PREFIX + name) for name in FIELDS}
        for entry in history
        if any(key.startswith(KEY_PREFIX) for key in entry)
    ]
