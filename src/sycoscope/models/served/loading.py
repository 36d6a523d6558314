"""Adapters that a server loads for the time that they are asked (vLLM's runtime API), under a name that is a digest.

Servers keep what they computed of a prompt under an adapter's name: an adapter that was trained again and loaded under
its old name may be answered with the old one's. A name that hangs on the content is never another adapter's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock, Timeout

from sycoscope.core.errors import ModelError
from sycoscope.core.files import cache_dir, digest_of, disk_errors
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


@contextmanager
def shared(url: str, name: str, load: Callable[[], bool], unload: Callable[[], None]) -> Iterator[None]:
    """Hold an adapter at an endpoint: whoever comes first loads it, whoever goes last drops it.

    Processes of one run hold the same adapter. Each has a lock of its own, which the system gives free when it dies.

    Args:
        load: Loads it; whether it was not there before. Only what one of these has loaded is dropped.
    """
    folder = cache_dir() / "served" / digest_of([url, name])
    ours, gate, mine = folder / "ours", FileLock(folder / "gate.lock"), folder / f"{uuid4().hex}.user"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with gate:
        lock = FileLock(mine)
        lock.acquire(timeout=0)
        try:
            if load():
                ours.touch()
        except BaseException:
            lock.release()
            mine.unlink(missing_ok=True)
            raise
    try:
        yield
    finally:
        with gate:
            lock.release()
            mine.unlink(missing_ok=True)
            if not any(_held(path) for path in folder.glob("*.user")) and ours.exists():
                ours.unlink()
                unload()


def _held(path: Path) -> bool:
    """Whether a process that lives holds this lock; one that is nobody's is taken away."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    path.unlink(missing_ok=True)
    return False


async def _told(client: Client, path: str, body: dict[str, str]) -> str:
    """What the server says, for people; what it did is looked at."""
    found = await client.once(client.settings.base_url + path, body, str)
    return found.reason if isinstance(found, Failure) else str(found)[:200]
