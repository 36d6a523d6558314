"""Requests to one endpoint: so many at once as it bears, each asked again where that helps, none lost in silence."""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sycoscope.core.errors import EndpointError
from sycoscope.core.texts import shortened
from sycoscope.models.served.retry import Failure, backoff, judged
from sycoscope.models.served.transport import TOLD, Came, NoResponse, connected, exchanged, without_key
from sycoscope.models.settings import OpenAISettings

T = TypeVar("T")
# Requests one after another that got no answer, all tries over: the endpoint is taken to be gone.
BREAKER = 20


class NoAnswer(Exception):  # noqa: N818  it is told as a `Failure`
    """A response with status 200 that holds no answer; the message says why."""


@dataclass
class Traffic:
    """What was sent and what came back, of one client.

    Attributes:
        sent: HTTP requests, repeated ones among them.
        read, written: Tokens of prompts and answers, as the endpoint counts them; `uncounted`: answers without a count.
        reasoned: Answers whose reasoning came in a field of its own.
    """

    sent: int = 0
    read: int = 0
    written: int = 0
    uncounted: int = 0
    reasoned: int = 0


class Client:
    """Asynchronous; all of it runs in one event loop."""

    def __init__(self, settings: OpenAISettings, key: str, *, seed: int | None = None) -> None:
        """Without a connection yet.

        Args:
            key: Of the endpoint; empty: none is sent. seed: Of the jitter of waits.
        """
        self.settings = settings
        self.traffic = Traffic()
        self._key = key
        self._draw = random.Random(seed).random
        self._http: Any = None
        self._gate: _Gate | None = None
        self._in_a_row = 0

    async def close(self) -> None:
        """End the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def get(self, url: str) -> tuple[int, Any]:
        """Status and JSON of a short question about the endpoint; 0 and the reason where it says nothing readable."""
        try:
            came = await exchanged(self._connected(), "GET", url, min(20.0, self.settings.timeout))
        except TimeoutError:
            return 0, f"no answer within {min(20.0, self.settings.timeout):g} s"
        except NoResponse as fault:
            return 0, str(fault)
        if came.moved_to:
            return 0, _moved(came)
        try:
            return came.status, came.plain()
        except (ValueError, RecursionError):
            return (came.status, None) if came.status != 200 else (0, _no_json(came, came.text))

    async def ask(
        self, path: str, body: Mapping[str, Any], read: Callable[[dict[str, Any]], T], *, url: str = ""
    ) -> T | Failure:
        """The answer to one request, asked again where that helps.

        Args:
            path: Below the base URL, or below `url`. read: The answer out of the response's JSON; raises `NoAnswer`.

        Raises:
            EndpointError: no request can be answered any more, or a limit of the study is reached.
        """
        import anyio

        failure = Failure("not asked")
        for attempt in range(self.settings.retries + 1):
            async with self._slot() as gate:
                self._spend()
                found = await self.once((url or self.settings.base_url) + path, body, read, attempt)
                gate.heard(found)
            if not isinstance(found, Failure):
                self._in_a_row = 0
                return found
            failure, wait = found, found.wait
            if failure.hopeless:
                raise EndpointError(f"{self._where}: {failure.reason}")
            if wait is None or attempt == self.settings.retries:
                break
            if wait > self.settings.longest_wait:
                failure = Failure(
                    f"{failure.reason}; it asks for a wait of {wait:.0f} s, and the longest is "
                    f"{self.settings.longest_wait:.0f} s (model.longest_wait)",
                    failure.status,
                )
                break
            await anyio.sleep(wait)
        return self._gave_up(failure)

    def _gave_up(self, failure: Failure) -> Failure:
        """After many questions in a row without an answer nothing more is asked."""
        self._in_a_row += 1
        if self._in_a_row >= BREAKER:
            raise EndpointError(
                f"{self._where}: {BREAKER} requests in a row got no answer, the last: {failure.reason}; what was "
                "answered is kept: give the same command again when the endpoint answers"
            )
        return failure

    async def once(
        self, url: str, body: Mapping[str, Any], read: Callable[[dict[str, Any]], T], attempt: int = 0
    ) -> T | Failure:
        """The answer to one request that is sent once; as `ask`, which sends it again where that helps."""
        found = await self._once(url, body, read, attempt)
        if isinstance(found, Failure):
            return replace(found, reason=without_key(found.reason, self._key))
        return found

    async def _once(
        self, url: str, body: Mapping[str, Any], read: Callable[[dict[str, Any]], T], attempt: int
    ) -> T | Failure:
        self.traffic.sent += 1
        try:
            came = await exchanged(self._connected(), "POST", url, self.settings.timeout, json=dict(body))
        except TimeoutError:
            reason = f"no answer within {self.settings.timeout:g} s (model.timeout)"
            return Failure(reason, 0, backoff(attempt, self._draw))
        except NoResponse as fault:
            return Failure(str(fault), 0, backoff(attempt, self._draw))
        # before it is shortened: half a key is one too
        said = without_key(came.text, self._key)
        if came.status != 200:
            code, reason = ("", _moved(came)) if came.moved_to else _told(came, said)
            return judged(came.status, code, reason, came.headers, attempt, self._draw)
        try:
            plain = came.plain()
            if not isinstance(plain, dict):
                raise NoAnswer(f"status 200 with JSON that is no mapping ({shortened(said, 60)})")
            return read(plain)
        except NoAnswer as fault:
            return Failure(str(fault), 200, backoff(attempt, self._draw))
        except (ValueError, RecursionError):
            return Failure(_no_json(came, said), 200, backoff(attempt, self._draw))

    def _spend(self) -> None:
        """Refuse to go beyond the limits of the study."""
        limits = self.settings
        if limits.max_requests is not None and self.traffic.sent >= limits.max_requests:
            raise EndpointError(
                f"{self._where}: {self.traffic.sent} requests were sent, as many as model.max_requests allows a "
                "start; what was answered is kept, and the same command goes on from there"
            )
        if limits.max_cost is not None and self.traffic.uncounted:
            raise EndpointError(
                f"{self._where}: its answers do not say how many tokens they took (usage), so what they cost is not "
                "known, and model.max_cost cannot be kept; what was answered is kept: leave max_cost out, or give "
                "max_requests"
            )
        if limits.max_cost is not None and (cost := self.cost()) >= limits.max_cost:
            raise EndpointError(
                f"{self._where}: {cost:.4f} was spent, and model.max_cost is {limits.max_cost:g} a start; what was "
                "answered is kept, and the same command goes on from there"
            )

    def cost(self) -> float:
        """What the tokens cost so far, in the unit of the study's prices."""
        read, written = self.settings.price or (0.0, 0.0)
        return (self.traffic.read * read + self.traffic.written * written) / 1e6

    @property
    def _where(self) -> str:
        return f"{self.settings.base_url} ({self.settings.name})"

    def _connected(self) -> Any:
        if self._http is None:
            self._http = connected(self.settings, self._key)
        return self._http

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[_Gate]:
        if self._gate is None:
            self._gate = _Gate(self.settings.concurrency)
        async with self._gate.limiter:
            yield self._gate


class _Gate:
    """How many requests may be under way: halved where the endpoint says that they are too many, then slowly more."""

    def __init__(self, most: int) -> None:
        import anyio

        self.limiter = anyio.CapacityLimiter(most)
        self._most = most
        self._good = 0
        self._halved = -1.0

    def heard(self, answer: object) -> None:
        """Take notice of an answer or a failure."""
        now = int(self.limiter.total_tokens)
        if isinstance(answer, Failure):
            self._good = 0
            # those that were under way then say it too
            if answer.status == 429 and time.monotonic() - self._halved > 1.0:
                self._halved = time.monotonic()
                self.limiter.total_tokens = max(1, now // 2)
            return
        self._good += 1
        if self._good >= now and now < self._most:
            self._good = 0
            self.limiter.total_tokens = now + 1


def _moved(came: Came) -> str:
    return (
        f"status {came.status}: it sends on to {shortened(came.moved_to, TOLD)}, and redirections are not followed; "
        "give the address that answers, up to and with /v1, as base_url"
    )


def _no_json(came: Came, said: str) -> str:
    kind = came.headers.get("content-type", "no content type")
    return f"status 200 with a body that is no JSON ({shortened(kind, 60)}: {shortened(said, 60)})"


def _told(came: Came, said: str) -> tuple[str, str]:
    """The error's own word and what it says, as far as it can be read."""
    status = f"status {came.status}"
    try:
        plain = json.loads(said)
    except (ValueError, RecursionError):
        return "", f"{status} ({shortened(said, TOLD)})" if said else status
    fault = plain.get("error", plain) if isinstance(plain, dict) else plain
    if not isinstance(fault, dict):
        return "", f"{status} ({shortened(str(fault), TOLD)})"
    told = fault.get("message") or fault.get("detail") or fault
    return f"{fault.get('code') or ''} {fault.get('type') or ''}", f"{status} ({shortened(str(told), TOLD)})"
