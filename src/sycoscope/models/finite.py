"""Weights that are no numbers: found by name, before anything is asked of a model that holds them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ModelError
from sycoscope.core.texts import listed

NAN, INFINITE = "(NaN)", "(infinite)"
_SHOWN = 4


def check_network(network: Any) -> None:
    """Refuse a network some of whose weights are NaN or infinite.

    Raises:
        ModelError: how many, which ones, and the next step.
    """
    persistent = network.state_dict().keys()
    weights = dict(network.named_parameters())
    # an infinite buffer may be a mask
    buffers = {name: weight for name, weight in network.named_buffers() if name in persistent}
    bad = _bad(weights.items()) + [one for one in _bad(buffers.items()) if one.endswith(NAN)]
    if bad:
        raise ModelError(
            f"{_told(bad, len(weights) + len(buffers), network.dtype)}; fetch the weights again, or give a checkpoint "
            f"from before they broke{_other_dtype(network.dtype)}"
        )


def check_file(path: Path, dtype: Any) -> None:
    """Refuse an adapter's file some of whose weights are NaN or infinite, as they are or in the base's `dtype`.

    Raises:
        ModelError: how many, which ones, and the next step.
    """
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        bad = _bad((name, _cast(file.get_tensor(name), dtype)) for name in names)
    if bad:
        raise ModelError(
            f"'{path}' cannot be used: {_told(bad, len(names), dtype)}; copy the file again, or give an adapter from "
            f"before its training broke{_other_dtype(dtype)}"
        )


def check_logits(logits: Any, of: str, dtype: Any) -> None:
    """Refuse what a network of sound weights says of a short text, where that is no number.

    Args:
        logits: (..., vocabulary). of: Whose they are, for the message.

    Raises:
        ModelError: with the dtype, whose range is too small.
    """
    # a single logit may be minus infinity: a token that is never said
    if not bool(logits.amax(-1).isfinite().all()):
        raise ModelError(
            f"{of}: its weights are numbers, and in {_name(dtype)} its logits for a short text are none (NaN or "
            "infinite); give a dtype of a larger range (float32, or bfloat16 in place of float16), or other weights"
        )


def _bad(weights: Iterable[tuple[str, Any]]) -> list[str]:
    """Names of the weights that hold NaN or infinite numbers, each with which of the two."""
    import torch

    found = []
    for name, weight in weights:
        # numbers of 8 bits and less are codes of a quantization
        if weight.is_meta or not weight.is_floating_point() or weight.itemsize < 2 or not weight.numel():
            continue
        low, high = map(float, torch.aminmax(weight.detach()))  # one pass, which takes no memory; NaN wins
        if low != low or high != high:
            found.append(f"{name} {NAN}")
        elif max(-low, high) == float("inf"):
            found.append(f"{name} {INFINITE}")
    return found


def _cast(weight: Any, dtype: Any) -> Any:
    return weight.to(dtype) if weight.is_floating_point() else weight


def _told(bad: list[str], total: int, dtype: Any) -> str:
    verb = "holds" if len(bad) == 1 else "hold"
    return f"{len(bad)} of {total} weights {verb} what is no number in {_name(dtype)}: {listed(bad, _SHOWN)}"


def _other_dtype(dtype: Any) -> str:
    return ", or a dtype of a larger range (float32, bfloat16)" if _name(dtype) == "float16" else ""


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")
