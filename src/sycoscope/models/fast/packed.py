"""One forward pass over packed tokens: no padding, and the caller says who attends to whom.

transformers lets a model use an attention function by name. Ours hands queries, keys and values of a layer
to an object of the caller, so that everything else (projections, rotary or learned positions, adapters,
the head with its scaling) is the model's own code.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sycoscope.models.fast.attention import Attend

NAME = "sycoscope_packed"

# Arguments of attention functions that change who is seen or how much; we do not implement them.
_UNKNOWN = ("softcap", "s_aux", "position_bias", "chunk_size")

_running: list[_Run] = []


class UnsupportedError(Exception):
    """This model cannot be run packed; the text says why."""


class _Run:
    """The pass in progress: whose attention it is, and how many layers have asked."""

    def __init__(self, attend: Attend) -> None:
        self.attend = attend
        self.layers = 0


class Packed:
    """Runs a causal language model of transformers, with or without PEFT, on packed tokens."""

    def __init__(self, network: Any) -> None:
        from transformers import AttentionInterface

        AttentionInterface.register(NAME, _attention)
        self.network = network
        self.device = network.device
        configs = {
            id(module.config): module.config for module in network.modules() if hasattr(module, "config")
        }
        self._configs = [config for config in configs.values() if hasattr(config, "_attn_implementation")]

    def logits(
        self, ids: Sequence[int], positions: Sequence[int], rows: Sequence[int], attend: Attend
    ) -> Any:
        """Logits (rows, vocabulary) after the tokens at `rows`, in the model's precision.

        Raises:
            UnsupportedError: a layer wants something that packed attention does not have.
        """
        import torch

        def tensor(values: Sequence[int]) -> Any:
            return torch.as_tensor(values, dtype=torch.long, device=self.device)

        with torch.inference_mode(), self._switched(attend) as run:
            out = self.network(
                input_ids=tensor(ids)[None],
                position_ids=tensor(positions)[None],
                attention_mask=None,
                use_cache=False,
                logits_to_keep=tensor(rows),
            )
        if not run.layers:
            raise UnsupportedError("its layers do not use the attention interface of transformers")
        return out.logits[0]

    @contextmanager
    def _switched(self, attend: Attend) -> Iterator[_Run]:
        before = [config._attn_implementation for config in self._configs]
        run = _Run(attend)
        _running.append(run)
        try:
            for config in self._configs:
                config._attn_implementation = NAME
            yield run
        finally:
            _running.pop()
            for config, name in zip(self._configs, before, strict=True):
                config._attn_implementation = name


def _attention(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    **more: Any,
) -> tuple[Any, None]:
    """What transformers calls in every layer (its interface fixes the arguments)."""
    if attention_mask is not None or query.shape[0] != 1 or query.shape[2] != key.shape[2]:
        raise UnsupportedError(f"{type(module).__name__} brings a mask, a batch or a cache of its own")
    window, limit = more.get("sliding_window"), getattr(module.config, "max_position_embeddings", None)
    if window is not None and (limit is None or window < limit):
        raise UnsupportedError(f"{type(module).__name__} attends within a window of {window} tokens")
    strange = [name for name in _UNKNOWN if more.get(name) is not None]
    if strange:
        raise UnsupportedError(f"{type(module).__name__} uses {', '.join(strange)}")
    run = _running[-1]
    out = run.attend(run.layers, query, key, value, query.shape[-1] ** -0.5 if scaling is None else scaling)
    run.layers += 1
    return out, None


def check_config(network: Any) -> None:
    """Refuse at once what packed attention cannot do.

    Raises:
        UnsupportedError: sliding windows, recurrent layers, positions that depend on the batch.
    """
    config = network.config.get_text_config(decoder=True)
    kinds = set(getattr(config, "layer_types", None) or ()) - {"full_attention", "attention"}
    if kinds:
        raise UnsupportedError(f"it has layers of the kind {', '.join(sorted(kinds))}")
    window = getattr(config, "sliding_window", None)
    if window is not None and window < (getattr(config, "max_position_embeddings", None) or window + 1):
        raise UnsupportedError(f"it attends within a window of {window} tokens")
    rope = getattr(config, "rope_parameters", None) or {}
    kind = rope.get("rope_type", "default") if isinstance(rope, dict) else "default"
    if kind in {"dynamic", "longrope"}:
        raise UnsupportedError(f"its rotary positions ('{kind}') depend on the length of the row")
    plain = network.get_base_model() if hasattr(network, "get_base_model") else network
    parameters = inspect.signature(plain.forward).parameters
    missing = [name for name in ("position_ids", "logits_to_keep") if name not in parameters]
    if missing:
        raise UnsupportedError(f"its forward pass takes no {' and no '.join(missing)}")
    peft = getattr(network, "peft_config", None) or {}
    if any(getattr(adapter, "is_prompt_learning", False) for adapter in peft.values()):
        raise UnsupportedError("its adapter puts virtual tokens before the prompt")
