"""Options token by token: each as the next token after those before it, named or looked up among the likeliest.

Log-probabilities of whole prompts would be one request an option; options that begin alike share steps here, and
adapters are in what is generated where they were reported to be left out of prompts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Protocol

from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest
from sycoscope.models.served.client import Client, NoAnswer
from sycoscope.models.served.endpoint import Endpoint
from sycoscope.models.served.likeliest import likeliest, number
from sycoscope.models.served.retry import Failure
from sycoscope.models.served.rung import SEQUENCE, TOP, Check
from sycoscope.models.served.tokens import Split, TokenSource, split
from sycoscope.models.served.wire import NEUTRAL, Voice, note_usage

COMPLETIONS = "/completions"
# Tokens that one request may name.
MOST_IDS = 128
# Fields of the study's `body` that scoring sends too.
OF_REQUEST = ("cache_salt", "priority", "user")
# What is known of a token: its log-probability (a nan where there is none), and the most that it can be.
Known = tuple[float, float]


class Step(Protocol):
    """How the tokens that may come next are asked.

    Attributes:
        rung: What it is called. most: tokens that one request can be about.
    """

    rung: str
    most: int

    def fields(self, wanted: Sequence[int]) -> dict[str, Any]:
        """Of a request."""
        ...

    def read(self, wanted: Sequence[int], plain: Mapping[str, Any]) -> dict[int, Known]:
        """What a response says of the tokens; raises `NoAnswer`."""
        ...


class Named:
    """Tokens that are named by their ids (vLLM's `logprob_token_ids`)."""

    rung, most = SEQUENCE, MOST_IDS

    def fields(self, wanted: Sequence[int]) -> dict[str, Any]:
        """As `Step`."""
        return {"logprobs": 1, "logprob_token_ids": list(wanted), "return_tokens_as_token_ids": True}

    def read(self, wanted: Sequence[int], plain: Mapping[str, Any]) -> dict[int, Known]:
        """As `Step`."""
        try:
            entries = plain["choices"][0]["logprobs"]["top_logprobs"][0]
            found = {token: entries[f"token_id:{token}"] for token in wanted}
        except (KeyError, IndexError, TypeError) as fault:
            raise NoAnswer("no log-probability of the tokens that were named (logprob_token_ids)") from fault
        numbers = {token: number(value, token) for token, value in found.items()}
        return {token: (value, value) for token, value in numbers.items()}


class Listed:
    """Tokens that are looked up, by their ids, among so many likeliest ones."""

    rung, most = TOP, 2**31

    def __init__(self, kind: str, count: int) -> None:
        self._kind, self.count = kind, count

    def fields(self, wanted: Sequence[int]) -> dict[str, Any]:
        """As `Step`."""
        ids = {"return_tokens_as_token_ids": True} if self._kind in ("vllm", "other") else {}
        return {"logprobs": self.count, **ids}

    def read(self, wanted: Sequence[int], plain: Mapping[str, Any]) -> dict[int, Known]:
        """As `Step`."""
        found = likeliest(plain)
        if not found.by_id:
            raise NoAnswer("the likeliest tokens come without their ids, and a text may be several tokens'")
        return {
            token: (found.by_id[token],) * 2 if token in found.by_id else (math.nan, found.ceiling())
            for token in wanted
        }


class Walk:
    """The rung: summed log-probabilities of every option over its tokens."""

    def __init__(self, client: Client, endpoint: Endpoint, source: TokenSource, step: Step) -> None:
        self.name = step.rung
        self._client, self._source, self._step = client, source, step
        self._neutral = NEUTRAL.get(endpoint.kind, {})

    def record(self) -> dict[str, Any]:
        """What belongs beside its name."""
        listed = {"likeliest": self._step.count} if isinstance(self._step, Listed) else {}
        return {"token_ids": self._source.name, **listed}

    async def score(self, request: ChoiceRequest, voice: Voice, check: Check) -> ChoiceLogprobs:
        """As `Rung`; no numbers where one step failed."""
        parts = await split(request, voice, self._source)
        if isinstance(parts, str):
            return ChoiceLogprobs(logprobs=None, error=parts)
        known: dict[tuple[int, ...], Known] = {}
        for before, nexts in _steps(parts).items():
            for part in batched(sorted(nexts), self._step.most):
                body = self.body(before, part, voice)
                step = await self._client.ask(COMPLETIONS, body, partial(self._read, part, check))
                if isinstance(step, Failure):
                    return ChoiceLogprobs(logprobs=None, error=step.reason)
                known |= {(*before, token): one for token, one in step.items()}
        return _summed(parts, known, self.name)

    def body(
        self, before: Sequence[int], wanted: Sequence[int], voice: Voice, temperature: float = 0.0
    ) -> dict[str, Any]:
        """A request for what may come next."""
        return {
            "model": voice.model,
            "prompt": list(before),
            "max_tokens": 1,
            "temperature": temperature,
            **self._step.fields(wanted),
            # where a server was started to give processed values
            **self._neutral,
            **voice.fields,
            **of_request(self._client.settings.body),
        }

    def _read(self, wanted: Sequence[int], check: Check, plain: dict[str, Any]) -> dict[int, Known]:
        check(plain)
        found = self._step.read(wanted, plain)
        note_usage(plain, self._client.traffic)
        return found


def of_request(body: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the study's that a request for log-probabilities has too."""
    return {key: value for key, value in body.items() if key in OF_REQUEST}


def batched(values: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    """Runs of at most `most` values."""
    left = iter(values)
    while part := tuple(islice(left, most)):
        yield part


def _steps(parts: Split) -> dict[tuple[int, ...], set[int]]:
    """What stands before a token -> the tokens that are wanted there; options that begin alike share steps."""
    steps: dict[tuple[int, ...], set[int]] = {}
    for ids, start in zip(parts.wholes, parts.starts, strict=True):
        for at in range(start, len(ids)):
            steps.setdefault(tuple(ids[:at]), set()).add(ids[at])
    return steps


def _summed(parts: Split, known: Mapping[tuple[int, ...], Known], rung: str) -> ChoiceLogprobs:
    paths = [
        [known[tuple(ids[: at + 1])] for at in range(start, len(ids))]
        for start, ids in zip(parts.starts, parts.wholes, strict=True)
    ]
    sums = tuple(math.fsum(value for value, _ in path) for path in paths)
    most = tuple(math.fsum(end for _, end in path) for path in paths)
    bounded = any(map(math.isnan, sums))
    return ChoiceLogprobs(logprobs=sums, n_tokens=parts.counts, ceilings=most if bounded else (), rung=rung)
