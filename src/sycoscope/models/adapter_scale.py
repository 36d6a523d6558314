"""An adapter at another strength: its update of the weights, W' - W, multiplied by a number.

W + c (W' - W) is a point on the line through base and adapter: the base at 0, the adapter at 1, beyond it above 1, the
negated update below 0. Source: Ilharco et al. 2023, arXiv 2212.04089 (scaling and negating a task vector).
"""

from __future__ import annotations

import re
from typing import Any

from sycoscope.core.errors import ModelError
from sycoscope.core.texts import listed
from sycoscope.models.adapter_files import AdapterFiles

# Ways to begin a LoRA that leave the base's weights alone: what is added to them is all that there is of it.
UNTOUCHED = ("gaussian", "eva", "orthogonal", "mica")
_LORA = re.compile(r"\.lora_\w+(\.weight|\.bias)?$")
_SHOWN = 3


def check_scalable(files: AdapterFiles) -> None:
    """Refuse an adapter of which no multiple is defined.

    Raises:
        ModelError: it is no LoRA, begins by exchanging the base's weights, or holds whole weights beside its LoRA.
    """
    kind, start = files.config["peft_type"], files.config.get("init_lora_weights")
    whole = [name for name in files.shapes if not _LORA.search(name)]
    why = ""
    if kind != "LORA":
        why = f"it is of type {kind}"
    elif isinstance(start, str) and not start.startswith(UNTOUCHED):
        why = f"it began with init_lora_weights {start!r}, which exchanges weights of the base"
    elif whole:
        why = f"it holds whole weights beside its LoRA ({listed(whole, _SHOWN)})"
    if why:
        raise ModelError(
            f"the adapter '{files.folder}' cannot be scaled: {why}; scales are defined for LoRA (rsLoRA, DoRA) "
            "that is added to the base's weights: leave scales out"
        )


def scale_layers(wrapped: Any, name: str, scale: float) -> None:
    """Multiply the update of every LoRA layer of an adapter that is attached, in place.

    At 0 the layers give the base's outputs bit for bit.

    Args:
        wrapped: A PEFT model. name: Of the adapter in it.
    """
    from peft.tuners.lora import LoraLayer

    for layer in wrapped.modules():
        if not isinstance(layer, LoraLayer):
            continue
        if name in layer.lora_variant:  # DoRA: its magnitudes are a part of the update
            layer.lora_variant[name] = _Scaled(layer.lora_variant[name], scale)
        elif name in layer.scaling:
            layer.scaling[name] *= scale


class _Scaled:
    """A variant of PEFT's LoRA layer whose effect on the layer's output is multiplied."""

    def __init__(self, variant: Any, scale: float) -> None:
        self._variant = variant
        self._scale = scale

    def forward(self, module: Any, *, result: Any, **given: Any) -> Any:
        """The output of the layer; `result` is the base's."""
        return result + self._scale * (self._variant.forward(module, result=result, **given) - result)
