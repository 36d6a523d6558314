"""How a model is loaded: the settings of the backends, as the mapping `model` of a study gives them (no torch)."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sycoscope.models.null import PREFIX

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
EngineChoice = Literal["auto", "plain", "fast"]
Positive = Annotated[int, Field(gt=0)]


class ModelSettings(BaseModel):
    """What every backend takes. A backend has a subclass with its own name as the default of `backend`.

    Attributes:
        name: Which model; the backend says what a name may be.
        backend: A key of `sycoscope.models.load.BACKENDS`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    backend: str


class TorchSettings(ModelSettings):
    """A chat model of transformers.

    Attributes:
        name: See `sycoscope.models.resolve.resolve`.
        threads: Of the processor, None: as many as are fastest on this machine. Products that are split otherwise round
            otherwise, so it is part of the digest.
        batch_tokens: Most tokens in a forward pass. batch_rows: most rows when generating.
        chat_template: Text of a template that replaces the tokenizer's own.
        template_options: What the template reads beside the dialogue, as `enable_thinking: false`.
        quantization: `none`, or `nf4` (4 bit, double quantisation; needs bitsandbytes and a GPU).
        engine: `auto` (the fast one where a check at load passes), `plain`, or `fast` (an error otherwise).
    """

    backend: Literal["torch"] = "torch"
    revision: str = ""
    device: str = "auto"
    dtype: Dtype = "auto"
    threads: Positive | None = None
    batch_tokens: Positive = 4096
    batch_rows: Positive = 128
    trust_remote_code: bool = False
    chat_template: str = ""
    template_options: dict[str, Any] = Field(default_factory=dict)
    quantization: Literal["none", "nf4"] = "none"
    engine: EngineChoice = "auto"

    @field_validator("template_options")
    @classmethod
    def _plain(cls, options: dict[str, Any]) -> dict[str, Any]:
        for name, value in options.items():
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError, RecursionError):
                raise ValueError(
                    f"'{name}' is {value!r:.60}; allowed: texts, numbers, true, false, null, lists and mappings of "
                    "these (a date stands in quotes)"
                ) from None
        return options


class NullSettings(ModelSettings):
    """A null model. `name` gets the prefix `null:` where it has none."""

    backend: Literal["null_model"] = "null_model"

    @field_validator("name")
    @classmethod
    def _with_prefix(cls, name: str) -> str:
        return PREFIX + name.removeprefix(PREFIX)
