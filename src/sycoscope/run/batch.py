"""What shapes a batch, and what of it differs between two runs.

In half precision products round by the shape of their batch, so near-ties of greedy decoding fall otherwise when the
same items are asked with other conditions beside them (docs/performance.md says how often).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sycoscope.core.manifest import ItemsCompared, SubjectRecord, TaskRecord

# what shapes it -> its value; empty where a run did not record it
Batch = Mapping[str, Any]


def batch_of(task: TaskRecord, subject: SubjectRecord) -> Batch:
    """What shaped the batches in which a facet was asked of a subject."""
    if not task.batch:
        return {}
    model = subject.model
    size = model.get("batch") or {}
    shape = dict(task.batch) | {
        "batch_rows": size.get("rows"),
        "batch_tokens": size.get("tokens"),
        "dtype": (model.get("hardware") or {}).get("dtype"),
        "engine": model.get("engine"),
    }
    return {name: value for name, value in shape.items() if value is not None}


def differing_batch(before: Batch, after: Batch, items: ItemsCompared) -> tuple[str, ...] | None:
    """What differs, in words; empty where nothing does, None where a run did not record it."""
    if not before or not after:
        return None
    found = [
        f"{name} ({_value(before.get(name))} before, {_value(after.get(name))} after)"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    if items.only_before or items.only_after:
        found.append(f"items ({len(items.only_before)} only before, {len(items.only_after)} only after)")
    return tuple(found)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return "none" if value is None else str(value)
