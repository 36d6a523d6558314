"""Samples of items that depend on the items and a seed, never on the order of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.types import Item
from sycoscope.items.identity import hashed


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is taken or left as a whole: an item, or a cluster."""

    key: str
    stratum: str
    items: tuple[Item, ...]


def take(
    items: Sequence[Item],
    limit: int | None,
    *,
    seed: int,
    stratify_by: str | None = None,
    by_cluster: bool = False,
) -> list[Item]:
    """Take a sample, ordered by the hash of seed and id.

    Without strata a smaller sample of single items is the beginning of a larger one. With strata each gets
    its share by largest remainders and at least one where the limit allows; where it does not, no stratum
    gets two.

    Args:
        items: Any order.
        limit: Most items to take; None takes all.
        seed: Another seed, another sample.
        stratify_by: A key of `metadata` (`subject`), or `source`, `target`, `split`.
        by_cluster: Take whole clusters or none of them; the sample may then be a little smaller than `limit`.

    Raises:
        ConfigError: `limit` is below 1, or no item has `stratify_by`.
        DataError: `by_cluster`, and no cluster fits in `limit`.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"a limit of items must be 1 or more, or none for all; got {limit}")
    units = _units(items, seed, _stratum_of(items, stratify_by), by_cluster)
    if limit is None or limit >= len(items):
        return [item for unit in units for item in unit.items]
    chosen = _fill(units, limit) if stratify_by is None else _stratified(units, limit)
    if not chosen:
        smallest = min(len(unit.items) for unit in units)
        raise DataError(f"no whole cluster fits in a limit of {limit}: the smallest holds {smallest} items")
    keys = {unit.key for unit in chosen}
    return [item for unit in units if unit.key in keys for item in unit.items]


def _stratum_of(items: Sequence[Item], stratify_by: str | None) -> Callable[[Item], str]:
    if stratify_by is None:
        return lambda item: ""
    if stratify_by in ("source", "target", "split"):
        return lambda item: str(getattr(item, stratify_by))
    if items and not any(stratify_by in item.metadata for item in items):
        known = sorted({key for item in items for key in item.metadata})
        raise ConfigError(
            f"no item has '{stratify_by}' to stratify by; allowed: "
            f"{', '.join([*known, 'source', 'target', 'split'])}"
        )
    return lambda item: str(item.metadata.get(stratify_by, ""))


def _units(items: Sequence[Item], seed: int, stratum: Callable[[Item], str], by_cluster: bool) -> list[_Unit]:
    grouped: dict[str, list[Item]] = {}
    for item in items:
        grouped.setdefault((item.cluster or item.id) if by_cluster else item.id, []).append(item)
    units = []
    for key, members in grouped.items():
        ordered = tuple(sorted(members, key=lambda item: item.id))
        strata = sorted({stratum(item) for item in ordered})
        units.append(_Unit(key, " + ".join(strata), ordered))
    return sorted(units, key=lambda unit: (hashed("take", seed, unit.key), unit.key))


def _fill(units: Sequence[_Unit], limit: int) -> list[_Unit]:
    """Units in order, as long as they fit whole."""
    chosen, left = [], limit
    for unit in units:
        if len(unit.items) <= left:
            chosen.append(unit)
            left -= len(unit.items)
        if not left:
            break
    return chosen


def _stratified(units: Sequence[_Unit], limit: int) -> list[_Unit]:
    strata: dict[str, list[_Unit]] = {}
    for unit in units:
        strata.setdefault(unit.stratum, []).append(unit)
    if limit < len(strata):
        # Units come in random order, so a stratum's chance to be seen first grows with its size.
        return _fill([members[0] for members in strata.values()], limit)
    sizes = {name: sum(len(unit.items) for unit in members) for name, members in strata.items()}
    chosen = [unit for name, quota in _quotas(sizes, limit).items() for unit in _fill(strata[name], quota)]
    # Whole clusters can leave room that no single stratum could use.
    taken = {unit.key for unit in chosen}
    left = limit - sum(len(unit.items) for unit in chosen)
    return chosen + _fill([unit for unit in units if unit.key not in taken], left) if left else chosen


def _quotas(sizes: dict[str, int], limit: int) -> dict[str, int]:
    """Proportional parts of `limit` by largest remainders, at least 1 and at most its size each."""
    total = sum(sizes.values())
    exact = {name: limit * size / total for name, size in sizes.items()}
    quotas = {name: max(1, int(share)) for name, share in exact.items()}
    # Sorted by name, so that equal remainders fall the same way whatever the order of the file.
    names = sorted(sizes)
    while sum(quotas.values()) < limit:
        quotas[max((n for n in names if quotas[n] < sizes[n]), key=lambda n: exact[n] - quotas[n])] += 1
    while sum(quotas.values()) > limit:
        quotas[max((n for n in names if quotas[n] > 1), key=lambda n: quotas[n] - exact[n])] -= 1
    return quotas
