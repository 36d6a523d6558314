"""Which documents a limit keeps: by hash, so that file order does not matter; stratified over groups."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence


def hash_key(seed: int, text: str) -> str:
    """A position in a fixed random order: hexadecimal, equal only for equal seed and text."""
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()


def allocate(sizes: Mapping[str, int], limit: int, seed: int) -> dict[str, int]:
    """Share `limit` places among groups in proportion to their sizes.

    Every group has at least one where there are enough places; no group more than it has documents.
    The place that most under-fills a share is given next; ties go by hash, never by name.

    Args:
        sizes: Documents in each group, > 0. limit: places, >= 1. seed: of the tie order.
    """
    total = sum(sizes.values())
    if limit >= total:
        return dict(sizes)
    share = {group: limit * size / total for group, size in sizes.items()}
    least = 1 if limit >= len(sizes) else 0
    places = {group: max(least, int(share[group])) for group in sizes}
    order = sorted(sizes, key=lambda group: hash_key(seed, group))
    while sum(places.values()) > limit:
        shrinkable = [group for group in order if places[group] > least]
        places[max(shrinkable, key=lambda group: places[group] - share[group])] -= 1
    while sum(places.values()) < limit:
        open_groups = [group for group in order if places[group] < sizes[group]]
        places[max(open_groups, key=lambda group: share[group] - places[group])] += 1
    return places


def select(ids: Sequence[str], groups: Sequence[str], limit: int | None, seed: int) -> list[int]:
    """Indices of the documents to ask.

    All of them in their own order where the limit leaves none out (the harness's order, on which its
    few-shot draw depends); otherwise groups by name, hash order within.

    Args:
        ids: One id per document. groups: its stratum, empty strings for a single stratum.
    """
    if limit is None or limit >= len(ids):
        return list(range(len(ids)))
    members: dict[str, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    places = allocate({group: len(found) for group, found in members.items()}, limit, seed)
    chosen: list[int] = []
    for group in sorted(members):
        ranked = sorted(members[group], key=lambda index: hash_key(seed, ids[index]))
        chosen += ranked[: places[group]]
    return chosen
