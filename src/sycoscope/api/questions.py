"""Looking at questions: the built-in sets, single items, faults of a set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sycoscope.core.types import Item
    from sycoscope.items import Finding


def list_items() -> list[dict[str, Any]]:
    """The built-in sets: name, items, clusters, and items on each side of the partition."""
    from sycoscope.items import PARTS, load_bank

    rows = []
    for part in PARTS:
        items = load_bank(part)
        sides = {side: sum(item.split == side for item in items) for side in ("train", "test")}
        clusters = len({item.cluster for item in items})
        rows.append({"set": f"bank/{part}", "items": len(items), "clusters": clusters} | sides)
    return rows


def show_items(source: str, *, limit: int | None = None, seed: int = 42) -> list[Item]:
    """Some items of a set.

    Args:
        source: `bank/PART`, a JSONL file, or `BENCHMARK:SOURCE`. limit: how many; None for all.

    Raises:
        MissingError: nothing of this name. DataError: malformed rows.
    """
    from sycoscope.items import load, take

    return take(load(source), limit, seed=seed)


def check_items(source: str) -> tuple[int, list[Finding]]:
    """Check a set: duplicates, positions, suggestions, clusters.

    Returns:
        How many items it has, and what was found; `severity` is `error`, `warning` or `info`.

    Raises:
        MissingError: nothing of this name. DataError: malformed rows.
    """
    from sycoscope.items import check_items, load

    findings: list[Finding] = []
    items = load(source, findings=findings)
    return len(items), [*findings, *check_items(items)]
