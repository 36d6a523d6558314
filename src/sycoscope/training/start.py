"""A training that goes on from another adapter's weights, of the same LoRA shape; its optimiser starts afresh."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sycoscope.config import LoraConfig
from sycoscope.core.errors import ModelError
from sycoscope.core.texts import listed
from sycoscope.models.adapter_files import WEIGHTS, AdapterFiles
from sycoscope.models.adapter_scale import check_scalable

_SHOWN = 3
# What decides what a LoRA's weights do beside their values: PEFT's names.
_SHAPE = ("r", "lora_alpha", "use_rslora", "use_dora", "rank_pattern", "alpha_pattern", "lora_bias")


def check_start(files: AdapterFiles, lora: LoraConfig) -> None:
    """Refuse a finished adapter that a training with these settings cannot start from, as far as its config says.

    Raises:
        ModelError: it is no plain LoRA, or of another rank or alpha.
    """
    check_scalable(files)
    given = {"r": files.config.get("r"), "lora_alpha": files.config.get("lora_alpha")}
    wanted = {"r": lora.r, "lora_alpha": lora.alpha}
    if given != wanted:
        raise _misfit(files.folder, f"{_told(given)} there, {_told(wanted)} in the study")


def load_start(network: Any, folder: Path) -> None:
    """Put the weights of an adapter's folder in the place of a fresh LoRA's.

    Args:
        network: A PEFT model with one adapter.

    Raises:
        ModelError: the two are not of one shape.
    """
    from peft import PeftConfig, get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    theirs, ours = PeftConfig.from_pretrained(str(folder)), network.active_peft_config
    differing = [key for key in _SHAPE if (getattr(theirs, key) or None) != (getattr(ours, key) or None)]
    if differing:
        sides = (_told({key: getattr(one, key) for key in differing}) for one in (theirs, ours))
        raise _misfit(folder, "{} there, {} in the study".format(*sides))
    weights = load_file(folder / WEIGHTS)
    shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
    wanted = {name: tuple(weight.shape) for name, weight in get_peft_model_state_dict(network).items()}
    if wrong := sorted(
        name for name in wanted.keys() | shapes.keys() if wanted.get(name) != shapes.get(name)
    ):
        raise _misfit(folder, f"the layers differ: {listed(wrong, _SHOWN)}")
    set_peft_model_state_dict(network, weights)


def _told(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _misfit(folder: Path, why: str) -> ModelError:
    return ModelError(
        f"the training cannot start from '{folder}', whose LoRA has another shape ({why}); give training.lora as it "
        "was there"
    )
