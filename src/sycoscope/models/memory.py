"""Keys and values of the rows that generate: taken once, written in place, trunks held once for all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.models.forest import ForestAttention, Run


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that joins in this pass.

    Attributes:
        slot: Where its keys go. last: packed index of its prompt's last token.
        family: Its trunk's number, or -1. trunk, own: stretches of its path (see `forest.runs`).
    """

    slot: int
    last: int
    family: int
    trunk: list[Run]
    own: list[Run]


class Memory:
    """Room for `rows` rows of `capacity` tokens in every layer.

    Keys lie with the tokens last, (rows, key heads, size, capacity): a product with few queries then runs
    along them, in half precision on a CPU three times as fast.
    """

    def __init__(self, rows: int, capacity: int) -> None:
        self.rows = rows
        self.capacity = capacity
        self.trunks: dict[int, dict[int, tuple[Any, Any]]] = {}
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

    def enter(self, layer: int, entry: Entry, forest: ForestAttention, key: Any, value: Any) -> None:
        """Write a new row's own keys and values, and its trunk's if it is the first of its family."""
        keys, values = self.layer(layer, key, value)
        own_key, own_value = forest.store.join(layer, key, value, entry.own)
        count = own_key.shape[2]
        keys[entry.slot, :, :, :count] = own_key[0].transpose(1, 2)
        values[entry.slot, :, :count] = own_value[0]
        if entry.family >= 0 and layer not in (trunk := self.trunks.setdefault(entry.family, {})):
            trunk_key, trunk_value = forest.store.join(layer, key, value, entry.trunk)
            trunk[layer] = (trunk_key[0].transpose(1, 2).contiguous(), trunk_value[0].clone())

    def move(self, source: int, target: int, count: int) -> None:
        """Copy the first `count` tokens of a row to another slot."""
        for keys, values in self._layers.values():
            keys[target, :, :, :count] = keys[source, :, :, :count]
            values[target, :, :count] = values[source, :, :count]


class StepAttention:
    """Attention of a pass of new prompts (first) and one token of each running row (after them)."""

    def __init__(
        self,
        memory: Memory,
        forest: ForestAttention,
        fresh: int,
        entries: Sequence[Entry],
        lengths: Sequence[int],
        families: Sequence[int],
    ) -> None:
        """Prepare.

        Args:
            fresh: Prompt tokens in the pass.
            lengths: Own tokens that each running row holds before this pass. families: their trunks' numbers.
        """
        self.memory = memory
        self.forest = forest
        self.fresh = fresh
        self.entries = entries
        self.lengths = lengths
        self.families = families
        self._places: Any = None
        self._mask: Any = None
        self._groups: list[tuple[int, Any]] = []

    def __call__(self, layer: int, query: Any, key: Any, value: Any, scale: float) -> Any:
        """See `sycoscope.models.packed.Attend`."""
        out = query.new_empty((1, query.shape[2], query.shape[1], value.shape[-1]))
        for entry in self.entries:
            self.memory.enter(layer, entry, self.forest, key, value)
        end = self.fresh
        if end:
            out[:, :end] = self.forest(layer, query[:, :, :end], key[:, :, :end], value[:, :, :end], scale)
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
        for family in sorted(set(self.families) - {-1}):
            members = [slot for slot, other in enumerate(self.families) if other == family]
            self._groups.append((family, torch.tensor(members, device=device)))

    def _step(self, layer: int, query: Any, key: Any, value: Any, scale: float) -> Any:
        """One token a row.

        Args:
            query: (rows, heads, size). key, value: (rows, key heads, size).

        Returns:
            (rows, heads, size of a value).
        """
        import torch

        keys, values = self.memory.layer(layer, key[None], value[None])
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
        above = self._above(layer, flat.view(rows, kept, -1, flat.shape[-1]), scale)
        weights = torch.cat([above.flatten(0, 1), scores], -1).softmax(-1)
        out = torch.bmm(weights[..., above.shape[-1] :], own)
        out = out.view(rows, kept, -1, own.shape[-1])
        self._add_trunks(layer, weights.view(rows, kept, weights.shape[1], -1), out)
        return out.view(rows, -1, own.shape[-1])

    def _above(self, layer: int, query: Any, scale: float) -> Any:
        """Scores of the trunks' keys, (rows, key heads, group, longest trunk); a product for each trunk."""
        import torch

        trunks = [(members, self.memory.trunks[family][layer][0]) for family, members in self._groups]
        longest = max(keys.shape[-1] for _, keys in trunks)
        rows, kept, group, _ = query.shape
        scores = query.new_full((rows, kept, group, longest), float("-inf"))
        for members, keys in trunks:
            folded = query[members].transpose(0, 1).reshape(kept, len(members) * group, -1)
            product = torch.bmm(folded * scale, keys).view(kept, len(members), group, -1)
            scores[members, :, :, : keys.shape[-1]] = product.transpose(0, 1)
        return scores

    def _add_trunks(self, layer: int, weights: Any, out: Any) -> None:
        import torch

        _, kept, group, size = out.shape
        for family, members in self._groups:
            values = self.memory.trunks[family][layer][1]
            folded = (
                weights[members, :, :, : values.shape[1]].transpose(0, 1).reshape(kept, -1, values.shape[1])
            )
            part = torch.bmm(folded, values).view(kept, len(members), group, size).transpose(0, 1)
            out[members] = out[members] + part
