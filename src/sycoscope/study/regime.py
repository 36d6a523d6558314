"""How a finished adapter was tuned, as far as its folder says: what a placebo and a sham beside it are tuned by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sycoscope.config import TrainingConfig
from sycoscope.core.errors import ModelError
from sycoscope.models.adapter_files import AdapterFiles, read_object
from sycoscope.models.adapter_patterns import ALL_LINEAR
from sycoscope.study.keys import OF_PAIRS

# What transformers' trainer leaves in the folder of a checkpoint.
TRAINER_STATE = "trainer_state.json"
# Where a folder says nothing: a light tune of the kind that most adapters are.
ASSUMED: Mapping[str, Any] = {"steps": 80, "learning_rate": 2e-4, "batch_rows": 8}
# Of no weight for what a tune does to a model.
USUAL: Mapping[str, Any] = {
    "warmup_steps": 3,
    "max_length": 256,
    "validation_share": 0.05,
    "checkpoint_steps": 40,
    "answer_tokens": 24,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """Settings of a tune.

    Attributes:
        settings: Keys of `TrainingConfig`, with `steps`; without the objective, since a control is taught answers.
        assumed: Those of `ASSUMED` that the adapter's folder does not say.
        objective: Of the adapter itself, as far as its folder says.
    """

    settings: Mapping[str, Any]
    assumed: tuple[str, ...] = ()
    objective: str = "sft"

    @property
    def steps(self) -> int:
        """Optimiser steps, > 0."""
        return int(self.settings["steps"])


# Of a model that came without an adapter's folder.
NOTHING_KNOWN = Regime(settings={**USUAL, **ASSUMED}, assumed=tuple(ASSUMED))


def regime_of(adapter: AdapterFiles) -> Regime:
    """How an adapter was tuned: by the record of this package, else by its PEFT config and its trainer's state.

    Raises:
        ModelError: its trainer's state is broken.
    """
    own = adapter.training.get("settings")
    if isinstance(own, dict) and (steps := _number(adapter.training.get("steps"))):
        known = {
            key: value
            for key, value in own.items()
            if key in TrainingConfig.model_fields and key not in OF_PAIRS
        }
        return Regime(
            settings=known | {"steps": int(steps), "load_best": False},
            objective=str(own.get("objective", "sft")),
        )
    said = _state(adapter)
    assumed = tuple(key for key in ASSUMED if key not in said)
    return Regime(settings={**USUAL, **ASSUMED, **said, "lora": _lora(adapter.config)}, assumed=assumed)


def _state(adapter: AdapterFiles) -> dict[str, Any]:
    """Steps, rate and rows of a batch, of those that the trainer's state has."""
    path = adapter.folder / TRAINER_STATE
    if not path.is_file():
        return {}
    state = read_object(path)
    history = state.get("log_history")
    if history is not None and not isinstance(history, list):
        raise ModelError(f"'{path}' cannot be read: log_history is no list; copy the folder again")
    rates = [_number(entry.get("learning_rate")) for entry in history or () if isinstance(entry, dict)]
    found = {
        "steps": _whole(state.get("global_step")),
        "learning_rate": max(filter(None, rates), default=None),
        "batch_rows": _whole(state.get("train_batch_size")),
    }
    return {key: value for key, value in found.items() if value}


def _lora(config: Mapping[str, Any]) -> dict[str, Any]:
    """Size and place of the LoRA that stands for the adapter; the usual one for what is no LoRA."""
    usual: dict[str, Any] = {"dropout": 0.0}
    rank, alpha = _whole(config.get("r")), _number(config.get("lora_alpha"))
    if config.get("peft_type") != "LORA" or not rank or not alpha:
        return usual
    dropout = _number(config.get("lora_dropout")) or 0.0
    usual |= {"r": rank, "alpha": max(1, round(alpha)), "dropout": min(dropout, 1.0)}
    usual |= {key: True for key in ("rslora", "dora") if config.get(f"use_{key}") is True}
    names = config.get("target_modules")
    if names == ALL_LINEAR:
        usual["target_modules"] = names
    if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
        usual["target_modules"] = sorted(set(names))
    return usual


def _number(value: Any) -> float | None:
    """A finite number above 0; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        return None
    return float(value)


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number and number == int(number) else None
