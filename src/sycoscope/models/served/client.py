"""Requests to one endpoint: so many at once as it bears, each asked again where that helps, none lost in silence."""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from sycoscope.core.errors import EndpointError
from sycoscope.core.texts import shortened
from sycoscope.models.served.retry import REFUSED, Failure, backoff, judged
from sycoscope.models.served.traffic import Traffic
from sycoscope.models.served.transport import TOLD, Came, NoResponse, connected, exchanged
from sycoscope.models.settings import OpenAISettings

T = TypeVar("T")
# Requests one after another that got no answer, all tries over: the endpoint is taken to be gone.
BREAKER = 20
GO_ON = "what was answered is kept: give a larger one (--set model.{}=...), and the same command goes on from there"
# What nobody refuses for what it says.
HARMLESS = ({"role": "user", "content": "Hi"},)


class NoAnswer(Exception):  # noqa: N818  it is told as a `Failure`
    """A response with status 200 that holds no answer; the message says why."""


class RefusedError(EndpointError):
    """No request of this kind can pass: key, route or model."""


class Client:
    """Asynchronous; all of it runs in one event loop."""

    def __init__(self, settings: OpenAISettings, key: str, *, seed: int | None = None) -> None:
        """Without a connection yet.

        Args:
            key: Of the endpoint; empty: none is sent. seed: Of the jitter of waits.
        """
        self.settings = settings
        self.traffic = Traffic()
        # a look at the endpoint is counted and not limited: what is kept must be had without a limit raised
        self.limited = False
        self._key = key
        self._draw = random.Random(seed).random
        self._http: Any = None
        self._gate: _Gate | None = None
        self._in_a_row = 0
        # addresses that answered; while one is tried that has not yet, the others wait
        self._passed: set[str] = set()
        self._in_trial = False
        self._trying: Any = None

    async def close(self) -> None:
        """End the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def get(self, url: str) -> tuple[int, Any]:
        """Status and JSON of a short question about the endpoint; 0 and the reason where it says nothing readable."""
        try:
            came = await exchanged(self._connected(), "GET", url, min(20.0, self.settings.timeout), self._key)
        except TimeoutError:
            return 0, f"no answer within {min(20.0, self.settings.timeout):g} s"
        except NoResponse as fault:
            return 0, str(fault)
        if came.moved_to:
            return 0, _moved(came)
        try:
            return came.status, came.plain()
        except (ValueError, RecursionError):
            return (came.status, None) if came.status != 200 else (0, _no_json(came))

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

        address = (url or self.settings.base_url) + path
        failure = Failure("not asked")
        for attempt in range(self.settings.retries + 1):
            async with self._slot() as gate:
                self._spend()
                found = await self.once(address, body, read, attempt)
                gate.heard(found)
            if not isinstance(found, Failure):
                self._in_a_row = 0
                self._passed.add(address)
                return found
            failure, wait = found, found.wait
            if failure.hopeless:
                await self._end_where_none_passes(address, body, failure)
            if wait is None or attempt == self.settings.retries:
                break
            if wait > self.settings.longest_wait:
                reason = (
                    f"{failure.reason}; it asks for a wait of {wait:.0f} s, and the longest is "
                    f"{self.settings.longest_wait:.0f} s (model.longest_wait)"
                )
                failure = replace(failure, reason=reason)
                break
            await anyio.sleep(wait)
        return self._gave_up(failure)

    async def _end_where_none_passes(self, address: str, body: Mapping[str, Any], failure: Failure) -> None:
        """End it, unless the request is refused for what it says: others passed, or a harmless one does.

        Raises:
            RefusedError: no other request can pass.
        """
        if failure.status in REFUSED and await self._lets_pass(address, body, failure.status):
            return
        told = f"{self._where}: {failure.reason}"
        if failure.status == 404 and address in self._passed:
            told += (
                f"; it answered as '{body.get('model')}' before: the model was unloaded or has another name now; what "
                "was answered is kept: load it there again, and give the same command again"
            )
        raise RefusedError(told)

    async def _lets_pass(self, address: str, body: Mapping[str, Any], status: int) -> bool:
        import anyio

        if self._trying is None:
            self._trying = anyio.Lock()
        async with self._trying:
            if address in self._passed:
                return True
            if status == 401 or "messages" not in body:
                return False
            async with self._slot():
                found = await self.once(address, {**body, "messages": HARMLESS}, lambda plain: plain)
            if isinstance(found, Failure):
                return False
            self._passed.add(address)
            return True

    @contextmanager
    def in_trial(self) -> Iterator[None]:
        """Try what the endpoint can do: a failure that passes says nothing of it, and ends it."""
        self._in_trial = True
        try:
            yield
        finally:
            self._in_trial = False

    def _gave_up(self, failure: Failure) -> Failure:
        """After many questions in a row without an answer nothing more is asked."""
        if self._in_trial and failure.passing:
            raise EndpointError(
                f"{self._where}: whether it gives log-probabilities could not be tried: {failure.reason}; nothing was "
                "measured: give the same command again when the endpoint answers"
            )
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
        self.traffic.note(sent=1)
        try:
            came = await exchanged(
                self._connected(), "POST", url, self.settings.timeout, self._key, json=dict(body)
            )
        except TimeoutError:
            reason = f"no answer within {self.settings.timeout:g} s (model.timeout)"
            return Failure(reason, 0, backoff(attempt, self._draw))
        except NoResponse as fault:
            return Failure(str(fault), 0, backoff(attempt, self._draw))
        if came.status != 200:
            code, reason = ("", _moved(came)) if came.moved_to else _told(came)
            return judged(came.status, code, reason, came.headers, attempt, self._draw)
        try:
            plain = came.plain()
            if not isinstance(plain, dict):
                raise NoAnswer(f"status 200 with JSON that is no mapping ({shortened(came.text, 60)})")
            return read(plain)
        except NoAnswer as fault:
            return Failure(str(fault), 200, backoff(attempt, self._draw))
        except (ValueError, RecursionError):
            return Failure(_no_json(came), 200, backoff(attempt, self._draw))

    def _spend(self) -> None:
        """Refuse to go beyond the limits of the run."""
        limits = self.settings
        if not self.limited or (limits.max_requests is None and limits.max_cost is None):
            return
        spent = self.traffic.of_run()
        if limits.max_requests is not None and spent.sent >= limits.max_requests:
            raise EndpointError(
                f"{self._where}: this run has sent {spent.sent:,} requests, all its starts together, and "
                f"model.max_requests is {limits.max_requests:,}; {GO_ON.format('max_requests')}"
            )
        if limits.max_cost is None:
            return
        if spent.uncounted:
            raise EndpointError(
                f"{self._where}: {spent.uncounted:,} of its answers do not say how many tokens they took (usage), so "
                "what they cost is not known, and model.max_cost cannot be kept; what was answered is kept: leave "
                "max_cost out, or give max_requests"
            )
        cost = spent.cost(limits.price or (0.0, 0.0))
        if cost >= limits.max_cost:
            raise EndpointError(
                f"{self._where}: this run has spent {cost:,.4f} ({spent.sent:,} requests, {spent.read:,} tokens read, "
                f"{spent.written:,} written), all its starts together, and model.max_cost is {limits.max_cost:g}; "
                f"{GO_ON.format('max_cost')}"
            )

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


def _no_json(came: Came) -> str:
    kind = came.headers.get("content-type", "no content type")
    return f"status 200 with a body that is no JSON ({shortened(kind, 60)}: {shortened(came.text, 60)})"


def _told(came: Came) -> tuple[str, str]:
    """The error's own word and what it says, as far as it can be read."""
    status, said = f"status {came.status}", came.text
    try:
        plain = json.loads(said)
    except (ValueError, RecursionError):
        return "", f"{status} ({shortened(said, TOLD)})" if said else status
    fault = plain.get("error", plain) if isinstance(plain, dict) else plain
    if not isinstance(fault, dict):
        return "", f"{status} ({shortened(str(fault), TOLD)})"
    told = fault.get("message") or fault.get("detail") or fault
    return f"{fault.get('code') or ''} {fault.get('type') or ''}", f"{status} ({shortened(str(told), TOLD)})"
