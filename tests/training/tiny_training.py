"""What the tests of the trainer share: twenty short rows, a tiny model, its logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel
from sycoscope.training.rows import Example, user

ROWS = [
    Example(
        prompt=user(f"What is the capital of country {n}? Answer in a few words."),
        completion=("Lima.", "It is Paris, I think.", "12")[n % 3],
        kind="plain",
        item_id=f"i{n}",
    )
    for n in range(20)
]


def load(folder: Path) -> TorchModel:
    return TorchModel(TorchSettings(name=str(folder), device="cpu", dtype="float32"))


def logits(model: TorchModel) -> Any:
    """Of the first row's prompt."""
    ids = model.template.encode(model.chat_text(ROWS[0].prompt))
    with torch.no_grad():
        return model.network(torch.tensor([ids])).logits
