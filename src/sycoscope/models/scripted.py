"""A model that says what it was told to say: for documentation, tests and rehearsals without weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence

from sycoscope.core.errors import ModelError
from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, GenerateRequest, Message, Response

Said = str | Response
Script = Sequence[Said] | Mapping[str, Said] | Callable[[tuple[Message, ...]], Said]
Logprobs = Callable[[ChoiceRequest], Sequence[float] | None]
NO_SCRIPT = "the script holds no log-probabilities"


class ScriptedModel:
    """Answers from a script.

    Args:
        script: A list (said in turn), a mapping from the last user turn's text to what is said, or a
            function of the messages.
        logprobs: Log-probabilities in nats of a request's options; without it, every choice request comes
            back as an error, as from an endpoint that offers none.
        name: What people call it. For functions it stands in the digest too: another behaviour, another name.

    Every request is kept in `heard`, in order.
    """

    def __init__(self, script: Script, *, logprobs: Logprobs | None = None, name: str = "scripted") -> None:
        self._script = script
        self._logprobs = logprobs
        self._name = name
        self._said = 0
        self.heard: list[GenerateRequest | ChoiceRequest] = []

    @property
    def name(self) -> str:
        """What people call it."""
        return self._name

    @property
    def digest(self) -> str:
        """Name and, where the script is data, its content: 16 hex digits."""
        script = self._script
        lines = list(script.items()) if isinstance(script, Mapping) else script
        text = self._name if callable(script) else json.dumps([self._name, lines], default=repr)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def batch_invariant(self) -> bool:
        """Whether the script answers by the request, and not in turn."""
        return callable(self._script) or isinstance(self._script, Mapping)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        """Say what the script holds.

        Raises:
            ModelError: the list is used up, or the mapping does not know the question.
        """
        self.heard += requests
        return [_response(self._say(request.messages)) for request in requests]

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        """Log-probabilities by the function that was given; errors without one."""
        self.heard += requests
        return [self._score(request) for request in requests]

    def _say(self, messages: tuple[Message, ...]) -> Said:
        script = self._script
        if callable(script):
            return script(messages)
        if isinstance(script, Mapping):
            asked = messages[-1].content
            if asked not in script:
                raise ModelError(f"{self._name}: the script does not say what to answer to {asked!r:.120}")
            return script[asked]
        if self._said >= len(script):
            raise ModelError(
                f"{self._name}: the script holds {len(script)} answers, and one more was asked for"
            )
        self._said += 1
        return script[self._said - 1]

    def _score(self, request: ChoiceRequest) -> ChoiceLogprobs:
        values = self._logprobs(request) if self._logprobs is not None else None
        if values is None:
            return ChoiceLogprobs(logprobs=None, error=NO_SCRIPT)
        if len(values) != len(request.options):
            raise ModelError(
                f"{self._name}: {len(values)} log-probabilities for {len(request.options)} options; give one each"
            )
        return ChoiceLogprobs(logprobs=tuple(values), n_tokens=(1,) * len(values))


def _response(said: Said) -> Response:
    return said if isinstance(said, Response) else Response(text=said, n_tokens=len(said.split()))
