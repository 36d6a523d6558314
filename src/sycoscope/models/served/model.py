"""A model behind an endpoint, and the adapters that the endpoint serves beside it."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from sycoscope.core.costs import answer_weight
from sycoscope.core.errors import MissingError, ModelError, SycoscopeError, require
from sycoscope.core.files import digest_of
from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, GenerateRequest, Message, Response
from sycoscope.models.served import loading
from sycoscope.models.served.client import Client, NoAnswer
from sycoscope.models.served.echo import Echo
from sycoscope.models.served.endpoint import Endpoint, look, served_models
from sycoscope.models.served.retry import Failure
from sycoscope.models.served.rung import NUMBERS, SEQUENCE, TEXT, Rung
from sycoscope.models.served.scoring import TRIAL, with_rung
from sycoscope.models.served.transport import key_of
from sycoscope.models.served.wire import CHAT, Voice, chat_body, read_chat
from sycoscope.models.settings import OpenAISettings

# No server calls a model so.
NOBODY = "no-such-adapter-7f3a"
_log = logging.getLogger("sycoscope.models")
R = TypeVar("R", GenerateRequest, ChoiceRequest)
A = TypeVar("A", Response, ChoiceLogprobs)


class ServedModel:
    """Answers dialogues over HTTP. What is asked together is asked at once, as much of it as the endpoint bears.

    Attributes:
        endpoint: What was found out about it when the model was made.
        client: Counts what is sent.
    """

    # a request is answered by itself; what the server computes beside it is not ours to choose
    batch_invariant = True

    def __init__(self, settings: OpenAISettings, endpoint: Endpoint, client: Client, portal: Any) -> None:
        """Around an open client; `portal` runs its event loop."""
        self.settings = settings
        self.endpoint = endpoint
        self.client = client
        self._portal = portal
        self._base = self._voice = Voice(settings.name, endpoint.base_fields)
        self._called = ""
        self._progress: Callable[[float], None] | None = None
        self._listener: Callable[[int, Any], None] | None = None

    # --- identity ---

    @property
    def name(self) -> str:
        """What the endpoint calls it, with a served adapter's name behind a plus sign."""
        return self.settings.name + (f"+{self._called}" if self._called else "")

    @property
    def digest(self) -> str:
        """Address, name, what the endpoint says of the model, revision and fields of a request: 16 hex digits."""
        return digest_of(
            {
                "url": self.settings.base_url,
                "revision": self.settings.revision,
                "voice": [self._voice.model, dict(self._voice.fields), self._voice.again],
                "card": self.endpoint.identity(self._voice.model),
                "kind": self.endpoint.kind,
                "body": self.settings.body,
                **self._read_otherwise(),
            }
        )[:16]

    def _read_otherwise(self) -> dict[str, Any]:
        """How options are compared, where that is not as it always was: else kept answers would be of another rung."""
        if self.settings.scoring == TEXT:
            return {"scoring": TEXT}
        if self.endpoint.rung in ("", SEQUENCE):
            return {}
        return {"scoring": [self.endpoint.rung, dict(self.endpoint.how)]}

    def record(self) -> dict[str, Any]:
        """What the manifest says about this model."""
        return {
            "name": self.settings.name,
            "origin": self.settings.base_url,
            "revision": self.settings.revision,
            "digest": self.digest,
            "engine": "served",
            "adapter": {"name": self._called, "served": self._voice.model} if self._called else None,
            "endpoint": self.endpoint.record(self._voice.model),
            "scoring": self.endpoint.rung,
        }

    # --- served adapters ---

    def answer_as(self, served: str | int, name: str, scale: float = 1.0) -> None:
        """Answer with an adapter that the endpoint serves.

        Args:
            served: The model name that it has there, or its number where the server takes adapters by request.
            name: What it is called here. scale: Of its update; other than 1 only where it is taken by request.

        Raises:
            ModelError: the endpoint does not serve it, or not at this scale.
        """
        self._voice = self.endpoint.voice(self.settings.name, served, scale)
        self._called = name

    def detach(self) -> None:
        """Answer as the base again."""
        self._voice, self._called = self._base, ""

    def try_served(self, served: str | int, name: str, scale: float = 1.0) -> None:
        """Find out whether an adapter can be answered with; the model answers as before.

        Raises:
            ModelError: the endpoint does not serve it, or not at this scale, or its options cannot be read so.
        """
        self.answer_as(served, name, scale)
        try:
            why = self._misread()
        finally:
            self.detach()
        if why:
            raise ModelError(
                f"{name} ('{served}'): {why}; let options be compared otherwise (model.scoring: sequence, top, first, "
                "or text for none)"
            )

    def _misread(self) -> str:
        """Why options are not read by what answers; empty where they are."""
        return ""

    @contextmanager
    def with_loaded(self, name: str, folder: Path) -> Iterator[None]:
        """With an adapter that the server loads; taken off there by the last process that holds it.

        Raises:
            SycoscopeError: it does not load it.
        """

        def load() -> bool:
            self.endpoint, fresh = self.call(loading.load, self.endpoint, self.client, name, folder)
            return bool(fresh)

        def unload() -> None:
            try:
                fault = str(self.call(loading.unload, self.client, name))
            except SycoscopeError as gone:  # a server that is gone has none
                fault = str(gone)
            if fault:
                _log.warning("%s: %s", self.settings.base_url, fault)

        with loading.shared(self.settings.base_url, name, load, unload):
            yield

    def takes_any_name(self) -> bool:
        """Whether the endpoint answers under a name that it does not serve."""
        body = {"model": f"{self.settings.name}-{NOBODY}", "messages": [{"role": "user", "content": "Hi"}]}
        url = f"{self.settings.base_url}{CHAT}"
        asked = self.call(self.client.once, url, body | {"max_tokens": 1}, lambda plain: plain)
        return not isinstance(asked, Failure)

    def call(self, ask: Callable[..., Awaitable[Any]], *given: Any) -> Any:
        """Run something of the client's in its event loop, and wait for it."""
        return self._portal.call(ask, *given)

    # --- answers ---

    def count_in(self, path: Path) -> None:
        """Count what is spent in this file, with what is in it already: limits are those of all its starts."""
        self.client.traffic.keep_in(path)

    def report_to(self, progress: Callable[[float], None] | None) -> None:
        """Tell `progress` the weight of what was answered; None: tell nobody."""
        self._progress = progress

    def hear(self, listener: Callable[[int, Any], None] | None) -> None:
        """Tell `listener` the place and the answer of each request of a call as it comes; None: tell nobody."""
        self._listener = listener

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        """Answer every request; one that got no answer comes back as an error.

        Raises:
            EndpointError: the endpoint is gone, or a limit of the study is reached.
        """
        return self._each(requests, self._generate, lambda request: request.decoding.max_tokens)

    async def _generate(self, request: GenerateRequest) -> Response:
        body = chat_body(
            request.messages, request.decoding, self._voice, kind=self.endpoint.kind, more=self.settings.body
        )
        found = await self.client.ask(CHAT, body, self._read)
        return Response(text="", finish="error", error=found.reason) if isinstance(found, Failure) else found

    def _read(self, plain: dict[str, Any]) -> Response:
        self.check_name(plain)
        return read_chat(plain, self.client.traffic)

    def check_name(self, plain: dict[str, Any]) -> None:
        """Refuse an answer of another model of the endpoint."""
        answered = plain.get("model")
        named = isinstance(answered, str) and answered in self.endpoint.models
        if named and answered != self._voice.model:
            raise NoAnswer(f"'{answered}' answered, and '{self._voice.model}' was asked")

    def _each(
        self,
        requests: Sequence[R],
        ask: Callable[[R], Awaitable[A]],
        max_tokens: Callable[[R], int],
    ) -> list[A]:
        """Ask all at once, in an order in which neighbours share their beginnings; answers in the order given."""
        answers: dict[int, A] = {}
        arrived: SimpleQueue[tuple[int, A] | BaseException] = SimpleQueue()
        order = sorted(range(len(requests)), key=lambda index: _opening(requests[index].messages))
        under_way = self._portal.start_task_soon(
            self._all, [(at, requests[at]) for at in order], ask, arrived
        )
        try:
            while len(answers) < len(requests):
                came = arrived.get()
                if isinstance(came, BaseException):
                    raise came
                index, answers[index] = came
                if self._listener is not None:
                    self._listener(*came)
                if self._progress is not None:
                    text = "".join(message.content for message in requests[index].messages)
                    self._progress(answer_weight(text, max_tokens(requests[index])))
        finally:
            under_way.cancel()
        return [answers[index] for index in range(len(requests))]

    async def _all(
        self,
        requests: Sequence[tuple[int, R]],
        ask: Callable[[R], Awaitable[A]],
        arrived: SimpleQueue[tuple[int, A] | BaseException],
    ) -> None:
        """Ask all, so many at once as the study allows; the first fault ends it."""
        import anyio

        waiting = iter(requests)

        async def work() -> None:
            for index, request in waiting:
                arrived.put((index, await ask(request)))

        try:
            async with anyio.create_task_group() as group:
                for _ in range(min(self.settings.concurrency, len(requests))):
                    group.start_soon(work)
        except BaseExceptionGroup as faults:
            arrived.put(_first_of(faults))


def _first_of(faults: BaseExceptionGroup[Any]) -> BaseException:
    first: BaseException = faults
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


def _opening(messages: Sequence[Message]) -> tuple[str, ...]:
    return tuple(message.content for message in messages)


def load_served(settings: OpenAISettings) -> ServedModel:
    """The model at an endpoint, after a look at what it is and does.

    Raises:
        SycoscopeError: nothing answers there, the model is not served, or a package is missing.
    """
    require("httpx2", "served")
    from anyio.from_thread import start_blocking_portal

    client = Client(settings, key_of(settings), seed=0)
    manager = start_blocking_portal()
    portal = manager.__enter__()
    try:
        home = portal.call(threading.get_ident)
        endpoint, rung = portal.call(_looked_at, client)
        if settings.require_logprobs and endpoint.rung not in NUMBERS:
            raise ModelError(_no_numbers(endpoint))
    except BaseException:
        # an event loop that is left open keeps the process from ending
        _end(portal, client, manager)
        raise
    client.limited = True
    if rung is None and settings.scoring != TEXT:
        _log.warning(
            "%s: no log-probabilities of choices (%s): answers are read as texts",
            settings.base_url,
            endpoint.why_no_rung,
        )
    model = (
        ServedModel(settings, endpoint, client, portal)
        if rung is None
        else ScoringServedModel(settings, endpoint, client, portal, rung)
    )
    weakref.finalize(model, _end, portal, client, manager, home)
    return model


def _no_numbers(endpoint: Endpoint) -> str:
    why = endpoint.why_no_rung or (
        f"it stands on rung '{endpoint.rung}', which decides and gives no numbers; {'; '.join(endpoint.passed_over)}"
    )
    return (
        f"{endpoint.url}: no log-probabilities of choices ({why}), and model.require_logprobs asks for them; leave it "
        "out, to read what there is"
    )


def first_model(settings: OpenAISettings) -> str:
    """The first name that an endpoint lists.

    Raises:
        SycoscopeError: nothing answers there, or it lists none.
    """
    require("httpx2", "served")
    from anyio.from_thread import start_blocking_portal

    client = Client(settings, key_of(settings), seed=0)

    async def ask() -> str:
        names = await served_models(client)
        await client.close()
        if not names:
            raise MissingError(f"{settings.base_url} lists no models; name the one that is meant")
        return next(iter(names))

    with start_blocking_portal() as portal:
        return portal.call(ask)


def _end(portal: Any, client: Client, manager: Any, home: int = 0) -> None:
    """Close the connections and the event loop of a model that nobody holds any more.

    Args:
        home: The event loop's thread, which cannot wait for its own end: garbage may be collected in it.
    """
    if threading.get_ident() == home:
        threading.Thread(target=_end, args=(portal, client, manager)).start()
        return
    portal.call(client.close)
    # what an interrupted call left under way would be waited for, as long as a request may take
    portal.call(portal.stop, True)
    manager.__exit__(None, None, None)


async def _looked_at(client: Client) -> tuple[Endpoint, Rung | None]:
    found = await look(client)
    return await with_rung(found, Voice(client.settings.name, found.base_fields), client)


class ScoringServedModel(ServedModel):
    """One whose endpoint compares options too."""

    def __init__(
        self, settings: OpenAISettings, endpoint: Endpoint, client: Client, portal: Any, rung: Rung
    ) -> None:
        """As `ServedModel`, standing on a rung."""
        super().__init__(settings, endpoint, client, portal)
        self._rung = rung

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        """Score every request; one that got no usable answer has no numbers and says why.

        Raises:
            EndpointError: the endpoint is gone, or a limit of the study is reached.
        """
        return self._each(requests, self._score, lambda request: 1)

    def _misread(self) -> str:
        rung = self._rung
        return (
            self.call(rung.leaves_out, TRIAL, self._voice, self.check_name) if isinstance(rung, Echo) else ""
        )

    async def _score(self, request: ChoiceRequest) -> ChoiceLogprobs:
        return await self._rung.score(request, self._voice, self.check_name)
