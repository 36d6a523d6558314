"""What loading a model would refuse, found before anything is measured: without its weights in memory."""

from __future__ import annotations

from typing import Any

from sycoscope.core.errors import require
from sycoscope.models.hardware import detect
from sycoscope.models.network import look, ready
from sycoscope.models.settings import TorchSettings
from sycoscope.models.template import ChatTemplate


def look_at(settings: TorchSettings, *, chats: bool) -> None:
    """Fetch or convert a model's files where they are not here yet, and look at files, tokenizer and template.

    Args:
        chats: Whether the model is to be asked dialogues, so that it needs a chat template.

    Raises:
        SycoscopeError: as loading it would.
    """
    require("torch", "models")
    require("transformers", "models")
    weights = ready(settings)
    hardware = detect(settings.device, settings.dtype, settings.threads)
    template = chat_template_of(look(weights, hardware, settings), settings)
    if chats:
        template.require()


def chat_template_of(tokenizer: Any, settings: TorchSettings, *, strict: bool = True) -> ChatTemplate:
    """The template in which a model is asked, by a tokenizer of its own or of an adapter.

    Args:
        strict: See `ChatTemplate`.

    Raises:
        ModelError: it cannot be used.
    """
    given = "the chat template given for" if settings.chat_template else "the chat template of"
    return ChatTemplate(
        tokenizer, name=f"{given} '{settings.name}'", options=settings.template_options, strict=strict
    )
