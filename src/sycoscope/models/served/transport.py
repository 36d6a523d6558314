"""The HTTP of one endpoint: its key, the environment's proxies, answers bounded in time and size, and their JSON."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sycoscope.core.errors import ConfigError
from sycoscope.core.texts import shortened
from sycoscope.models.settings import OpenAISettings

# Of what an endpoint says of a fault, so much is told.
TOLD = 200
# An answer of more bytes, unpacked, is none.
MOST_BYTES = 32 * 2**20
# A shorter key is a word such as EMPTY that servers without keys are given; striking it out would mangle messages.
SHORTEST_SECRET = 8
HIDDEN = "(key)"
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class NoResponse(Exception):  # noqa: N818  it is told as a `Failure`
    """Nothing came back that could be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came back: the status, the headers with lower-case names, and the body."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body for people."""
        return self.content.decode("utf-8", "replace")

    @property
    def moved_to(self) -> str:
        """Where a redirection points; empty where it is none."""
        return self.headers.get("location", "") or "another address" if 300 <= self.status < 400 else ""

    def plain(self) -> Any:
        """The body's JSON; UTF-8 whatever the headers say, and halves of characters as U+FFFD.

        Raises:
            ValueError, RecursionError: it is none.
        """
        plain = json.loads(self.content)
        if b"\\ud" not in self.content.lower():
            return plain
        return json.loads(_SURROGATE.sub("\ufffd", json.dumps(plain, ensure_ascii=False)))


def key_of(settings: OpenAISettings) -> str:
    """The endpoint's key out of the environment; empty where there is none.

    Raises:
        ConfigError: it cannot stand in a header, or stands in the study too, which is recorded.
    """
    key = os.environ.get(settings.key_variable, "").strip()
    if not key.isascii() or not key.isprintable():
        raise ConfigError(
            f"the key in the environment variable {settings.key_variable} holds a line break or a character that no "
            "key has; allowed are letters, digits and signs of ASCII: set it again, without quotes or what was copied "
            "beside it"
        )
    told = json.dumps(settings.model_dump(mode="json"), ensure_ascii=False)
    if without_key(told, key) != told:
        raise ConfigError(
            f"the key in the environment variable {settings.key_variable} stands in the study's model too, whose "
            "settings are recorded with the run; take it out there: it is sent in the request's header"
        )
    return key


def without_key(text: str, key: str) -> str:
    """What an endpoint had a part in, without the key, also as JSON writes it."""
    return _as_written(key).sub(HIDDEN, text) if len(key) >= SHORTEST_SECRET else text


@cache
def _as_written(key: str) -> re.Pattern[str]:
    """The key as it is, or with any of its characters escaped as JSON may."""
    letters = (rf"(?:{re.escape(one)}|\\{re.escape(one)}|(?i:\\u{ord(one):04x}))" for one in key)
    return re.compile("".join(letters))


def connected(settings: OpenAISettings, key: str) -> Any:
    """An HTTP client of the endpoint; an address of this machine is not asked for through a proxy.

    Raises:
        ConfigError: a proxy of the environment cannot be used.
    """
    import httpx2

    # at level DEBUG it logs the headers of responses, in which an endpoint may repeat the key
    logging.getLogger("httpcore2").setLevel(logging.INFO)
    most = settings.concurrency
    host = urlsplit(settings.base_url).hostname or ""
    try:
        return httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(settings.timeout, connect=min(20.0, settings.timeout)),
            limits=httpx2.Limits(max_connections=most, max_keepalive_connections=most),
            follow_redirects=False,
            trust_env=True,
            mounts={f"all://{f'[{host}]' if ':' in host else host}": None} if _is_here(host) else {},
        )
    except (ValueError, ImportError) as fault:
        raise ConfigError(
            f"a proxy that the environment names (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) cannot be used "
            f"({type(fault).__name__}); give one as http://HOST:PORT, or unset it"
        ) from None


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def exchanged(http: Any, method: str, url: str, seconds: float, key: str, **given: Any) -> Came:
    """What comes back of one request, without the key wherever it is repeated: in an answer too, which is kept.

    Args:
        http: Of `connected`. seconds: For all of it: a body may come in drops.

    Raises:
        NoResponse: nothing that can be read, within the time. TimeoutError: it took too long.
    """
    import anyio
    import httpx2

    try:
        with anyio.fail_after(seconds):
            async with http.stream(method, url, **given) as response:
                content = bytearray()
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > MOST_BYTES:
                        raise NoResponse(f"status {response.status_code} with more than {MOST_BYTES:,} bytes")
                headers = {name.lower(): without_key(value, key) for name, value in response.headers.items()}
                # each byte is a letter there and back
                body = without_key(content.decode("latin-1"), key).encode("latin-1")
                return Came(response.status_code, headers, body)
    except httpx2.TimeoutException as fault:
        raise TimeoutError from fault
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as fault:
        if isinstance(fault, TimeoutError):
            raise
        text = shortened(without_key(str(fault), key), TOLD)
        raise NoResponse(
            f"the connection failed ({type(fault).__name__}{': ' + text if text else ''})"
        ) from fault
