"""The tokens of one pass over rows that share prefixes, in depth-first order.

Rows come sorted, so that what a row shares with any earlier one it shares with the one just before. A pass
holds only the tokens that are new; the keys and values of a path that later passes continue stay in a
`PathStore`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sycoscope.models.fast.attention import by_products, masked

# What one more group of queries costs, in pairs of query and key (measured on a CPU: about 60 us).
GROUP_COST = 3000

# Most tokens of a single row whose causal mask is written out, where attention is two products.
TRIANGLE = 512

Run = tuple[int, int]  # from, to


class _Group:
    """Neighbouring rows that attend together: the tokens [start, stop) and the path above them."""

    def __init__(self, start: int, path: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        self.start = self.stop = start
        self.above = path.copy()
        self.rows: list[tuple[int, int, np.ndarray[Any, np.dtype[np.int64]]]] = []

    @property
    def is_triangle(self) -> bool:
        return len(self.rows) == 1 and not len(self.above)

    def worth(self, shared: int, fresh: int) -> bool:
        """Whether a row costs less in this group than in a group of its own."""
        return fresh * (len(self.above) + 2 * (self.stop - self.start) - shared) < GROUP_COST

    def add(self, fresh: int, path: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        columns = np.where(path >= self.start, path - self.start + len(self.above), np.arange(len(path)))
        self.rows.append((self.stop - self.start, fresh, columns))
        self.stop += fresh

    def seen(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(tokens, above + tokens): True where a token sees a key."""
        count, above = self.stop - self.start, len(self.above)
        mask = np.zeros((count, above + count), dtype=np.bool_)
        for offset, fresh, columns in self.rows:
            mask[offset : offset + fresh, columns] = True
            own = above + offset
            mask[offset : offset + fresh, own : own + fresh] = np.tri(fresh, dtype=np.bool_)
        return mask


class Pass:
    """One forward pass under construction.

    Attributes:
        ids, positions: The new tokens, packed.
        path: For every depth of the last row, the packed index of its token, or -1 where its key and value
            are in the store.
    """

    def __init__(self, stored: int) -> None:
        self.ids: list[int] = []
        self.positions: list[int] = []
        self.path = np.full(stored, -1, dtype=np.int64)
        self.groups: list[_Group] = []

    def add(self, row: Sequence[int], shared: int) -> None:
        """Append `row[shared:]`, whose first `shared` tokens are on the path."""
        fresh, start = len(row) - shared, len(self.ids)
        path = self.path[:shared]
        if not self.groups or not self.groups[-1].worth(shared, fresh):
            self.groups.append(_Group(start, path))
        self.groups[-1].add(fresh, path)
        self.ids.extend(row[shared:])
        self.positions.extend(range(shared, len(row)))
        self.path = np.concatenate([path, np.arange(start, start + fresh)])


class PathStore:
    """Keys and values of the path that the next pass continues, by layer."""

    def __init__(self) -> None:
        self.layers: dict[int, tuple[Any, Any]] = {}

    def keep(self, layer: int, key: Any, value: Any, path: Sequence[int] | Any) -> None:
        """Hold the path whose tokens lie at `path` in this pass (-1: already held at that depth)."""
        pieces = runs(path)
        kept = self.join(layer, key, value, pieces)
        # a single stretch is a view, which would hold the whole pass in memory
        self.layers[layer] = kept if len(pieces) > 1 else (kept[0].clone(), kept[1].clone())

    def join(self, layer: int, key: Any, value: Any, pieces: Sequence[Run]) -> tuple[Any, Any]:
        """Keys and values along a path, whose stretches `runs` gave."""
        held = self.layers.get(layer, (None, None))
        return _join(held[0], key, pieces), _join(held[1], value, pieces)


class PrefixTreeAttention:
    """Attention of the groups of a pass; afterwards the store holds the path that the caller names."""

    def __init__(self, pass_: Pass, store: PathStore, keep: int) -> None:
        self.store = store
        self._keep = pass_.path[:keep]
        self._groups = [(group, runs(group.above)) for group in pass_.groups]
        self._masks: list[Any] = []

    def __call__(self, layer: int, query: Any, key: Any, value: Any, scale: float) -> Any:
        """See `sycoscope.models.fast.attention.Attend`."""
        if not self._masks:
            self._masks = [_additive(group, query, key) for group, _ in self._groups]
        stop = self._groups[-1][0].stop if self._groups else 0
        out = query.new_empty((1, stop, query.shape[1], value.shape[-1]))
        for (group, above), mask in zip(self._groups, self._masks, strict=True):
            keys, values = self.store.join(layer, key, value, [*above, (group.start, group.stop)])
            out[:, group.start : group.stop] = masked(
                query[:, :, group.start : group.stop], keys, values, mask, scale
            )
        if len(self._keep):
            self.store.keep(layer, key, value, self._keep)
        return out


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two rows share at their beginning."""
    size = min(len(first), len(second))
    differ = np.flatnonzero(np.asarray(first[:size]) != np.asarray(second[:size]))
    return int(differ[0]) if len(differ) else size


def runs(path: Any, first: int = 0) -> list[Run]:
    """Stretches of a path: (from, to) of packed tokens, or (-from - 1, -to - 1) of the store.

    Args:
        first: The depth at which `path` begins.
    """
    path = np.asarray(path, dtype=np.int64)
    if not len(path):
        return []
    depths = np.arange(first, first + len(path))
    # a stretch goes on while its place moves with the depth; the store's places are the depths themselves
    held = path < 0
    places = np.where(held, depths, path)
    breaks = np.flatnonzero((np.diff(places) != 1) | (np.diff(held) != 0)) + 1
    stretches: list[Run] = []
    for low, high in pairwise([0, *breaks.tolist(), len(path)]):
        start, stop = int(places[low]), int(places[low]) + high - low
        stretches.append((-start - 1, -stop - 1) if held[low] else (start, stop))
    return stretches


def _join(held: Any, fresh: Any, pieces: Sequence[Run]) -> Any:
    import torch

    parts = [fresh[:, :, low:high] if low >= 0 else held[:, :, -low - 1 : -high - 1] for low, high in pieces]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)


def _additive(group: _Group, query: Any, key: Any) -> Any:
    """The group's mask for `masked`: zero or minus infinity, once for each query head of a key head."""
    import torch

    if group.is_triangle and not (by_products(query) and group.stop - group.start <= TRIANGLE):
        return None
    seen = torch.from_numpy(group.seen()).to(query.device)
    mask = torch.zeros(seen.shape, dtype=query.dtype, device=query.device).masked_fill_(~seen, float("-inf"))
    return mask.repeat(query.shape[1] // key.shape[1], 1)
