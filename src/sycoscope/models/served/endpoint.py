"""What an endpoint is: its server, the models and adapters that it serves, and how it gives log-probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sycoscope.core.errors import EndpointError, MissingError, ModelError
from sycoscope.core.texts import listed
from sycoscope.models.served.client import Client
from sycoscope.models.served.wire import NEUTRAL, Voice

SHOWN = 12
# What a card says of the weights behind a name; other fields change from call to call.
_IDENTITY = ("id", "root", "parent", "owned_by", "max_model_len")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, as it was when it was looked at.

    Attributes:
        url: Its base URL.
        kind: `vllm`, `sglang`, `llama.cpp`, `ollama`, `openai`, or `other`.
        version: Of the server; empty where it does not say.
        models: Name -> card, as `/models` lists them; empty where it lists none.
        by_request: Numbers of adapters that are chosen in a request (llama.cpp) -> their paths.
        rung: How options are compared (docs/serving.md); empty: not at all, and `why_no_rung`. how: what belongs beside
            it. passed_over: better ones that were tried and do not stand, and why.
    """

    url: str
    kind: str = "other"
    version: str = ""
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    by_request: Mapping[int, str] = field(default_factory=dict)
    rung: str = ""
    why_no_rung: str = ""
    how: Mapping[str, Any] = field(default_factory=dict)
    passed_over: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """The address without the version of the API."""
        return self.url.removesuffix("/v1")

    @property
    def base_fields(self) -> dict[str, Any]:
        """What a request to the base must hold: the scale that an adapter has globally counts where none is named."""
        return self._scales({}) if self.by_request else {}

    def identity(self, model: str) -> dict[str, Any]:
        """What the endpoint says of the weights behind a name."""
        card = self.models.get(model, {})
        return {key: card[key] for key in _IDENTITY if card.get(key) is not None}

    def record(self, model: str) -> dict[str, Any]:
        """For the manifest."""
        return {
            "kind": self.kind,
            "version": self.version,
            "card": self.identity(model),
            "rung": self.rung,
            "why_no_rung": self.why_no_rung,
            "how": dict(self.how),
            "passed_over": list(self.passed_over),
            "neutral": NEUTRAL.get(self.kind, {}),
        }

    def voice(self, base: str, served: str | int, scale: float) -> Voice:
        """How an adapter is asked; see `ServedModel.answer_as`."""
        if isinstance(served, int):
            if served not in self.by_request:
                raise MissingError(
                    f"{self.url} takes no adapter {served} by request; it has: {listed(self.by_request, SHOWN)} "
                    "(llama.cpp numbers those that it was started with; other servers know adapters by a name)"
                )
            return Voice(base, self._scales({served: scale}))
        if scale != 1:
            raise ModelError(
                f"{self.url} serves '{served}' at the scale that it has; only adapters that are chosen by a number in "
                "a request (llama.cpp) can be scaled: leave scales out"
            )
        if self.models and served not in self.models:
            raise MissingError(
                f"{self.url} serves no '{served}'; it serves: {listed(self.models, SHOWN)}; load the adapter there, or "
                "give the name that it has there"
            )
        if served == base:
            return Voice(base, self.base_fields, again=True)
        return Voice(served, {})

    def _scales(self, chosen: Mapping[int, float]) -> dict[str, Any]:
        return {"lora": [{"id": one, "scale": chosen.get(one, 0.0)} for one in sorted(self.by_request)]}


async def look(client: Client) -> Endpoint:
    """Find out what the client's endpoint is.

    Raises:
        SycoscopeError: nothing answers there, the key is refused, or the model is not served.
    """
    url, name = client.settings.base_url, client.settings.name
    models = await served_models(client)
    if models and name not in models:
        raise MissingError(f"{url} serves no '{name}'; it serves: {listed(models, SHOWN)}; name one of them")
    found = Endpoint(url, models=models)
    kind, version = await _kind(client, found.root)
    adapters = await _adapters(client, found.root) if kind == "llama.cpp" else {}
    return Endpoint(url, kind, version, models, adapters)


async def served_models(client: Client) -> dict[str, Mapping[str, Any]]:
    """Name -> card, as the endpoint lists them; empty where it lists none.

    Raises:
        EndpointError: nothing answers there, or the key is refused.
    """
    url = f"{client.settings.base_url}/models"
    status, plain = await client.get(url)
    if status == 0:
        raise EndpointError(
            f"nothing that can be read answers at {url}: {plain}; start the server, or give its address, up to "
            "and with /v1, as base_url"
        )
    if status in (401, 403):
        raise EndpointError(
            f"{url} refuses the key (status {status}); put one that it takes into the environment variable "
            f"{client.settings.key_variable} (model.key_variable names another one)"
        )
    if status == 404 and (await client.get(f"{client.settings.base_url}/v1/models"))[0] == 200:
        raise EndpointError(
            f"{url} is not there, but {client.settings.base_url}/v1/models is: give that /v1 too"
        )
    # some give the list bare
    listing = plain.get("data") if isinstance(plain, Mapping) else plain
    cards = [
        one
        for one in (listing if isinstance(listing, list) else ())
        if isinstance(one, Mapping) and isinstance(one.get("id"), str)
    ]
    return {card["id"]: card for card in cards}


async def _kind(client: Client, root: str) -> tuple[str, str]:
    """Which server it is, by what only that one answers, and its version."""
    host = urlsplit(root).hostname or ""
    if host.endswith(("openai.com", "openai.azure.com")):
        return "openai", ""
    for path, key, kind in (
        ("/get_model_info", "model_path", "sglang"),
        ("/props", "default_generation_settings", "llama.cpp"),
        ("/api/version", "version", "ollama"),
        ("/version", "version", "vllm"),
    ):
        status, plain = await client.get(root + path)
        if status == 200 and isinstance(plain, Mapping) and key in plain:
            version = plain.get("version") or plain.get("build_info") or ""
            return kind, str(version)
    return "other", ""


async def _adapters(client: Client, root: str) -> dict[int, str]:
    _, plain = await client.get(root + "/lora-adapters")
    listing = plain if isinstance(plain, list) else []
    return {
        one["id"]: str(one.get("path", ""))
        for one in listing
        if isinstance(one, Mapping) and isinstance(one.get("id"), int)
    }
