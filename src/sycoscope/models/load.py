"""From a study's `model` to a model that answers: the one place where a backend is chosen."""

from __future__ import annotations

from sycoscope.config import ModelConfig
from sycoscope.core.types import Model
from sycoscope.models.null import PREFIX, null_model


def load_model(config: ModelConfig, *, seed: int = 0) -> Model:
    """Load the model that a configuration names.

    Args:
        seed: Of a null model's chances.

    Raises:
        SycoscopeError: No such model, or it cannot be loaded; the message says what to do.
    """
    if config.name.startswith(PREFIX):
        return null_model(config.name, seed)
    from sycoscope.models.torch_model import ModelSettings, TorchModel

    return TorchModel(ModelSettings(**config.model_dump()))
