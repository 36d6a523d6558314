"""A network that somebody else holds and changes, as a trainer does: asked in between, and left as it was."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sycoscope.core.errors import ModelError
from sycoscope.models.adapter_files import READ
from sycoscope.models.chat_network import ChatNetwork
from sycoscope.models.engine import Engine
from sycoscope.models.first_look import chat_template_of
from sycoscope.models.settings import TorchSettings


class LiveModel(ChatNetwork):
    """Answers as the network does at the moment. Ask it inside `undisturbed`."""

    def __init__(self, network: Any, tokenizer: Any, settings: TorchSettings) -> None:
        """Around a network and its tokenizer.

        Args:
            settings: Name, options of the template, batch shape and engine; nothing is loaded by them.

        Raises:
            ModelError: there is no chat template, or it cannot be used, or the network has an adapter that engines
                cannot run.
        """
        template = chat_template_of(tokenizer, settings)
        template.require()
        _check_adapter(network)
        super().__init__(
            network, tokenizer, template=template, engine=Engine(settings.engine), settings=settings
        )

    @property
    def name(self) -> str:
        """What people call it."""
        return self.settings.name

    @property
    def digest(self) -> str:
        """Empty: its weights change under it, so nothing that it answers may be kept for another time."""
        return ""


def _check_adapter(network: Any) -> None:
    config = getattr(network, "active_peft_config", None)
    kind = str(getattr(getattr(config, "peft_type", ""), "value", ""))
    if kind and kind not in READ:
        raise ModelError(
            f"a network with an adapter of type {kind} cannot be asked; allowed: {', '.join(READ)}"
        )


def is_adapted(network: Any) -> bool:
    """Whether it is a PEFT model, which has its base inside."""
    return hasattr(network, "disable_adapter")


def as_base(network: Any) -> AbstractContextManager[None]:
    """With the adapters of a PEFT model off; any other network is as it is."""
    off: AbstractContextManager[None] = network.disable_adapter() if is_adapted(network) else nullcontext()
    return off


@contextmanager
def undisturbed(network: Any, dtype: str = "") -> Iterator[None]:
    """The network in evaluation mode; afterwards the training goes on bit for bit as if nothing had been asked.

    Put back are the mode of every module, which weights have gradients, and the random streams of Python, numpy and
    torch (of every device).

    Args:
        dtype: Of automatic mixed precision, as `bfloat16`; empty: none.
    """
    import torch

    modes = [(module, module.training) for module in network.modules()]
    # PEFT, when it puts an adapter on again, lets all of its weights learn
    learning = [(weight, weight.requires_grad) for weight in network.parameters()]
    put_back = [_streams(), *_device_streams()]
    mixed = torch.autocast(network.device.type, dtype=getattr(torch, dtype)) if dtype else nullcontext()
    network.eval()
    try:
        with mixed:
            yield
    finally:
        for module, training in modes:
            module.training = training
        for weight, learns in learning:
            if weight.requires_grad != learns:
                weight.requires_grad_(learns)
        for restore in put_back:
            restore()


def _streams() -> Callable[[], None]:
    """Puts back the streams of the processor as they are now."""
    import numpy as np
    import torch

    plain, legacy, ours = random.getstate(), np.random.get_state(), torch.get_rng_state()

    def restore() -> None:
        random.setstate(plain)
        np.random.set_state(legacy)
        torch.set_rng_state(ours)

    return restore


def _device_streams() -> Iterator[Callable[[], None]]:
    """The same for accelerators, where there are any."""
    import torch

    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        states = torch.cuda.get_rng_state_all()
        yield lambda: torch.cuda.set_rng_state_all(states)
    if torch.backends.mps.is_available():
        state = torch.mps.get_rng_state()
        yield lambda: torch.mps.set_rng_state(state)
