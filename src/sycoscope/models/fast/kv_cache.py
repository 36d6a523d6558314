"""Keys and values of the rows that generate: taken once, written in place, shared prefixes held once for all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.models.fast.prefix_tree import PrefixTreeAttention, Run


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row that joins in this pass.

    Attributes:
        slot: Where its keys go. last: packed index of its prompt's last token.
        prefix_id: Its shared prefix's number, or -1. prefix, own: stretches of its path (see `prefix_tree.runs`).
    """

    slot: int
    last: int
    prefix_id: int
    prefix: list[Run]
    own: list[Run]


class KVCache:
    """Room for `rows` rows of `capacity` tokens in every layer.

    Keys lie with the tokens last, (rows, key heads, size, capacity): a product with few queries then runs
    along them, in half precision on a CPU three times as fast.
    """

    def __init__(self, rows: int, capacity: int) -> None:
        self.rows = rows
        self.capacity = capacity
        self.prefixes: dict[int, dict[int, tuple[Any, Any]]] = {}
        self._layers: dict[int, tuple[Any, Any]] = {}

    def layer(self, layer: int, key: Any, value: Any) -> tuple[Any, Any]:
        """The layer's keys and values, of the kind of `key` and `value`: (1, key heads, tokens, size)."""
        if layer not in self._layers:
            heads = key.shape[1]
            # zeros: a masked place has weight 0, and 0 times what lay there before might not be 0
            self._layers[layer] = (
                key.new_zeros((self.rows, heads, key.shape[-1], self.capacity)),
                value.new_zeros((self.rows, heads, self.capacity, value.shape[-1])),
            )
        return self._layers[layer]

    def enter(self, layer: int, row: NewRow, tree: PrefixTreeAttention, key: Any, value: Any) -> None:
        """Write a new row's own keys and values, and its shared prefix's if it is the first row that has it."""
        keys, values = self.layer(layer, key, value)
        own_key, own_value = tree.store.join(layer, key, value, row.own)
        count = own_key.shape[2]
        keys[row.slot, :, :, :count] = own_key[0].transpose(1, 2)
        values[row.slot, :, :count] = own_value[0]
        if row.prefix_id >= 0 and layer not in (prefix := self.prefixes.setdefault(row.prefix_id, {})):
            prefix_key, prefix_value = tree.store.join(layer, key, value, row.prefix)
            prefix[layer] = (prefix_key[0].transpose(1, 2).contiguous(), prefix_value[0].clone())

    def move(self, source: int, target: int, count: int) -> None:
        """Copy the first `count` tokens of a row to another slot."""
        for keys, values in self._layers.values():
            keys[target, :, :, :count] = keys[source, :, :, :count]
            values[target, :, :count] = values[source, :, :count]


class StepAttention:
    """Attention of a pass of new prompts (first) and one token of each running row (after them)."""

    def __init__(
        self,
        cache: KVCache,
        tree: PrefixTreeAttention,
        fresh: int,
        new_rows: Sequence[NewRow],
        lengths: Sequence[int],
        prefix_ids: Sequence[int],
    ) -> None:
        """Prepare.

        Args:
            fresh: Prompt tokens in the pass.
            lengths: Own tokens that each running row holds before this pass.
            prefix_ids: The numbers of their shared prefixes.
        """
        self.cache = cache
        self.tree = tree
        self.fresh = fresh
        self.new_rows = new_rows
        self.lengths = lengths
        self.prefix_ids = prefix_ids
        self._places: Any = None
        self._mask: Any = None
        self._groups: list[tuple[int, Any]] = []

    def __call__(self, layer: int, query: Any, key: Any, value: Any, scale: float) -> Any:
        """See `sycoscope.models.fast.attention.Attend`."""
        out = query.new_empty((1, query.shape[2], query.shape[1], value.shape[-1]))
        for row in self.new_rows:
            self.cache.enter(layer, row, self.tree, key, value)
        end = self.fresh
        if end:
            out[:, :end] = self.tree(layer, query[:, :, :end], key[:, :, :end], value[:, :, :end], scale)
        if self.lengths:
            out[0, end:] = self._step(
                layer,
                query[0, :, end:].transpose(0, 1),
                key[0, :, end:].transpose(0, 1),
                value[0, :, end:].transpose(0, 1),
                scale,
            )
        return out

    def _prepare(self, query: Any, kept: int) -> None:
        import torch

        device = query.device
        rows, width = len(self.lengths), max(self.lengths) + 1
        lengths = torch.tensor(self.lengths, device=device)
        self._places = (torch.arange(rows, device=device), lengths)
        beyond = torch.arange(width, device=device) > lengths[:, None]
        mask = torch.zeros((rows, width), dtype=query.dtype, device=device)
        mask = mask.masked_fill_(beyond, float("-inf"))
        self._mask = mask[:, None].expand(rows, kept, width).reshape(rows * kept, 1, width)
        for prefix_id in sorted(set(self.prefix_ids) - {-1}):
            members = [slot for slot, other in enumerate(self.prefix_ids) if other == prefix_id]
            self._groups.append((prefix_id, torch.tensor(members, device=device)))

    def _step(self, layer: int, query: Any, key: Any, value: Any, scale: float) -> Any:
        """One token per row.

        Args:
            query: (rows, heads, size). key, value: (rows, key heads, size).

        Returns:
            (rows, heads, size of a value).
        """
        import torch

        keys, values = self.cache.layer(layer, key[None], value[None])
        rows, kept = key.shape[:2]
        if self._mask is None:
            self._prepare(query, kept)
        slots, lengths = self._places
        keys[slots, :, :, lengths] = key
        values[slots, :, lengths] = value
        width = self._mask.shape[-1]
        flat = query.reshape(rows * kept, -1, query.shape[-1])
        scores = torch.baddbmm(self._mask, flat, keys[:rows, :, :, :width].flatten(0, 1), alpha=scale)
        own = values[:rows, :, :width].flatten(0, 1)
        if not self._groups:
            return torch.bmm(scores.softmax(-1), own).view(rows, -1, own.shape[-1])
        above = self._prefix_scores(layer, flat.view(rows, kept, -1, flat.shape[-1]), scale)
        weights = torch.cat([above.flatten(0, 1), scores], -1).softmax(-1)
        out = torch.bmm(weights[..., above.shape[-1] :], own)
        out = out.view(rows, kept, -1, own.shape[-1])
        self._add_prefixes(layer, weights.view(rows, kept, weights.shape[1], -1), out)
        return out.view(rows, -1, own.shape[-1])

    def _prefix_scores(self, layer: int, query: Any, scale: float) -> Any:
        """Scores of the shared prefixes' keys, (rows, key heads, group, longest prefix); a product for each prefix."""
        import torch

        prefixes = [
            (members, self.cache.prefixes[prefix_id][layer][0]) for prefix_id, members in self._groups
        ]
        longest = max(keys.shape[-1] for _, keys in prefixes)
        rows, kept, group, _ = query.shape
        scores = query.new_full((rows, kept, group, longest), float("-inf"))
        for members, keys in prefixes:
            folded = query[members].transpose(0, 1).reshape(kept, len(members) * group, -1)
            product = torch.bmm(folded * scale, keys).view(kept, len(members), group, -1)
            scores[members, :, :, : keys.shape[-1]] = product.transpose(0, 1)
        return scores

    def _add_prefixes(self, layer: int, weights: Any, out: Any) -> None:
        import torch

        _, kept, group, size = out.shape
        for prefix_id, members in self._groups:
            values = self.cache.prefixes[prefix_id][layer][1]
            folded = (
                weights[members, :, :, : values.shape[1]].transpose(0, 1).reshape(kept, -1, values.shape[1])
            )
            part = torch.bmm(folded, values).view(kept, len(members), group, size).transpose(0, 1)
            out[members] = out[members] + part
