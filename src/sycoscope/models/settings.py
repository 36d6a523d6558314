"""How a model is loaded: the settings of the backends, as the mapping `model` of a study gives them (no torch)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sycoscope.models.null import PREFIX

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
EngineChoice = Literal["auto", "plain", "fast"]
# What no address holds: spaces and what is not printed.
_NO_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f]")
_SECRET = re.compile(
    r"(?i)(.*[-_])?(api_?-?key|authorization|passw(or)?d|secret|(access|auth|bearer)[-_]?token)"
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Of `body`: what chooses who is asked what, and in which form the answer comes.
_TAKEN = {"model", "messages", "prompt", "lora", "stream", "n"}
# The rungs of the scoring ladder, best first, and none (docs/serving.md).
Scoring = Literal["auto", "sequence", "echo", "top", "first", "constrained", "text"]
Positive = Annotated[int, Field(gt=0)]


def _json_values(values: dict[str, Any]) -> dict[str, Any]:
    """The values, all of which JSON has."""
    for name, value in values.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise ValueError(
                f"'{name}' is {value!r:.60}; allowed: texts, numbers, true, false, null, lists and mappings of these "
                "(a date stands in quotes)"
            ) from None
    return values


def _secrets(value: Any) -> Iterator[str]:
    """Names within a mapping that stand for a secret."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if _SECRET.fullmatch(str(name)):
                yield str(name)
            yield from _secrets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner)


class ModelSettings(BaseModel):
    """What every backend takes. A backend has a subclass with its own name as the default of `backend`.

    Attributes:
        name: Which model; the backend says what a name may be.
        backend: A key of `sycoscope.models.load.BACKENDS`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    # keys that change how answers are got and none of them
    without_effect: ClassVar[frozenset[str]] = frozenset()

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
        return _json_values(options)


class OpenAISettings(ModelSettings):
    """A model behind an endpoint that speaks OpenAI's API.

    Attributes:
        name: What the endpoint calls it.
        base_url: Up to and with the version, as `http://127.0.0.1:8000/v1`.
        key_variable: Environment variable with the endpoint's key; not set: none is sent.
        revision: A word for the weights behind the name: kept answers are used again while name, endpoint and this
            are the same.
        concurrency: Most requests under way at once. timeout: of one request (s). retries: of one request.
        longest_wait: That is waited where the endpoint asks for a wait (s); for a longer one the request fails.
        body: Further fields of every request, as `{top_k: 1}`; null takes out a field that would be sent.
        scoring: How options are compared: `auto` is the best way that the endpoint gives; another is taken or refused;
            `text` is none. tokenizer: the model's (a folder or hub id), where the endpoint tells no token ids.
        load_adapters: The server loads finished adapters (those with `path`) while they are asked (vLLM's runtime API).
        weights: The base's weights here (a name as of `torch`), with which the proof compares an adapter whose
            folder is given; empty: not.
        require_logprobs: Refuse an endpoint that gives no log-probabilities of choices.
        max_requests, max_cost: Where the run stops, to be gone on with once they are raised: over all its starts and
            processes together; None: nowhere.
        price: Of a million tokens read, and written.
    """

    without_effect = frozenset(
        {
            "key_variable",
            "concurrency",
            "timeout",
            "retries",
            "longest_wait",
            "load_adapters",
            "weights",
            "require_logprobs",
            "max_requests",
        }
        | {"max_cost", "price"}
    )

    backend: Literal["openai"] = "openai"
    base_url: str
    key_variable: str = "OPENAI_API_KEY"
    revision: str = ""
    concurrency: Positive = 16
    timeout: Annotated[float, Field(gt=0)] = 120.0
    retries: Annotated[int, Field(ge=0, le=20)] = 6
    longest_wait: Annotated[float, Field(gt=0)] = 120.0
    body: dict[str, Any] = Field(default_factory=dict)
    scoring: Scoring = "auto"
    tokenizer: str = ""
    load_adapters: bool = False
    weights: str = ""
    require_logprobs: bool = False
    max_requests: Positive | None = None
    max_cost: Annotated[float, Field(gt=0)] | None = None
    price: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]] | None = None

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str) -> str:
        url = url.strip()
        # what stands before an at sign may be a password
        shown = f"...@{url.rpartition('@')[2]}" if "@" in url else url
        wrong = ValueError(f"is {shown!r:.80}; give an address as http://127.0.0.1:8000/v1")
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise wrong from None
        if parts.scheme not in ("http", "https") or not parts.hostname or _NO_ADDRESS.search(url):
            raise wrong
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "holds a password, a question mark or a hash sign; give the bare address, and the key in the "
                "environment (model.key_variable)"
            )
        bare = url.rstrip("/")
        for route in ("/chat/completions", "/completions", "/models"):
            if bare.endswith(route):
                raise ValueError(f"is {url!r:.80}; leave out {route}, so that it ends as /v1 does")
        return bare

    @field_validator("key_variable")
    @classmethod
    def _variable(cls, name: str) -> str:
        if not _VARIABLE.fullmatch(name):
            # which may be the key itself, and is not shown
            raise ValueError(
                "names an environment variable, in letters, digits and low lines, as OPENAI_API_KEY; the key itself "
                "stands in no study"
            )
        return name

    @field_validator("body")
    @classmethod
    def _further_fields(cls, body: dict[str, Any]) -> dict[str, Any]:
        if taken := sorted(_TAKEN & set(body)):
            raise ValueError(
                f"sets {', '.join(taken)}, which each request has of its own; leave it out (who answers: name and "
                "served; several answers: decoding.draws)"
            )
        if secret := next(_secrets(body), ""):
            raise ValueError(
                f"sets '{secret:.40}', and what stands in a study is recorded with its run; keys go into the "
                "environment (model.key_variable), from which they are sent in the request's header"
            )
        return _json_values(body)

    @model_validator(mode="after")
    def _cost_has_a_price(self) -> OpenAISettings:
        if self.max_cost is not None and self.price is None:
            raise ValueError(
                "max_cost needs price: what a million tokens read and written cost, as [0.5, 1.5]"
            )
        return self


class NullSettings(ModelSettings):
    """A null model. `name` gets the prefix `null:` where it has none."""

    backend: Literal["null_model"] = "null_model"

    @field_validator("name")
    @classmethod
    def _with_prefix(cls, name: str) -> str:
        return PREFIX + name.removeprefix(PREFIX)
