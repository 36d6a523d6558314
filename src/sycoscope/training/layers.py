"""Which layers of a model get an adapter: those that the settings name; where none of the usual ones is there, all.

Of an image-text model only the text model is tuned: rows are text, so that nothing would be learnt in its other parts.
"""

from __future__ import annotations

import re
from typing import Any

from sycoscope.config import LoraConfig
from sycoscope.core.errors import ConfigError
from sycoscope.core.texts import listed
from sycoscope.models.adapter_fit import absent, beside_text, linear_layers
from sycoscope.models.adapter_patterns import ALL_LINEAR

# The linear layers of a block as most architectures call them; what stands there where nobody chose.
USUAL = LoraConfig().target_modules


def tuned_layers(settings: LoraConfig, network: Any) -> list[str]:
    """Names of the layers that are tuned, sorted.

    The usual names are all linear layers of a block. A model that has some of them gets an adapter on those; a model
    that has none (GPT-NeoX: `query_key_value`, `dense`, ...) on all linear layers of its own, the output layer aside,
    as every model does where `all-linear` is chosen.

    Raises:
        ConfigError: names were chosen that no layer has; with those that there are.
    """
    wanted = settings.target_modules
    beside = beside_text(network)
    if wanted == (ALL_LINEAR,) and (there := linear_layers(network, beside)):
        return sorted(there)
    lacking = absent(wanted, network, beside)
    if not lacking:
        return sorted(wanted)
    there = linear_layers(network, beside)
    if wanted == USUAL and there:
        return sorted(set(wanted) - set(lacking) or there)
    part = "the text part of this" if beside else "this"
    raise ConfigError(
        f"training.lora.target_modules: {listed(lacking, 8)} {'is' if len(lacking) == 1 else 'are'} no layer of {part} "
        f"model ({network.config.model_type}); its layers: {listed(there, 12)}. Name some of these, all-linear for "
        "all, or none"
    )


def left_alone(network: Any) -> str | None:
    """Modules in which nothing is tuned, as the regular expression that PEFT takes; None where there are none."""
    beside = beside_text(network)
    return rf"({'|'.join(map(re.escape, beside))})(\..*)?" if beside else None
