"""Adapters that a server loads for the time that they are asked (vLLM's runtime API), under a name that is a digest.

Servers keep what they computed of a prompt under an adapter's name: an adapter that was trained again and loaded under
its old name may be answered with the old one's. A name that hangs on the content is never another adapter's.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sycoscope.core.errors import ModelError
from sycoscope.models.adapter_files import read_adapter
from sycoscope.models.resolve import adapter_digest
from sycoscope.models.served.endpoint import served_models
from sycoscope.models.served.retry import Failure

if TYPE_CHECKING:
    from sycoscope.models.served.client import Client
    from sycoscope.models.served.endpoint import Endpoint

PREFIX = "sycoscope-"
ALLOWED = (
    "vLLM loads adapters where it was started with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
)


def name_of(folder: Path) -> str:
    """What an adapter's folder is called on a server that loads it: by its content.

    Raises:
        SycoscopeError: there is no adapter in it.
    """
    read_adapter(folder)
    return PREFIX + adapter_digest(folder)


async def load(endpoint: Endpoint, client: Client, name: str, folder: Path) -> tuple[Endpoint, bool]:
    """Have the server load an adapter.

    Returns:
        The endpoint as it is then, and whether the adapter was not there before.

    Raises:
        ModelError: the server does not list it afterwards.
    """
    before = await served_models(client)
    if name in before:
        return replace(endpoint, models=before), False
    body = {"lora_name": name, "lora_path": str(folder.resolve())}
    told = await _told(client, "/load_lora_adapter", body)
    now = await served_models(client)
    if name not in now:
        raise ModelError(
            f"{endpoint.url} did not load the adapter in '{folder}' ({told}); {ALLOWED}, and must find the folder "
            "under that path; or load it there yourself and give served: its name"
        )
    return replace(endpoint, models=now), True


async def unload(client: Client, name: str) -> str:
    """Have the server drop an adapter; why it did not, empty where it did."""
    told = await _told(client, "/unload_lora_adapter", {"lora_name": name})
    return f"'{name}' is still loaded there ({told})" if name in await served_models(client) else ""


async def _told(client: Client, path: str, body: dict[str, str]) -> str:
    """What the server says, for people; what it did is looked at."""
    found = await client.once(client.settings.base_url + path, body, str)
    return found.reason if isinstance(found, Failure) else str(found)[:200]
