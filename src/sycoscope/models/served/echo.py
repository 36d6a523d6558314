"""Options out of the log-probabilities of a whole prompt (completions with `echo`): one request an option."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest
from sycoscope.models.served.client import Client, NoAnswer
from sycoscope.models.served.endpoint import Endpoint
from sycoscope.models.served.likeliest import likeliest, number
from sycoscope.models.served.retry import Failure
from sycoscope.models.served.rung import ECHO, Check
from sycoscope.models.served.tokens import TokenSource, begun, split
from sycoscope.models.served.walk import COMPLETIONS, of_request
from sycoscope.models.served.wire import NEUTRAL, Voice, note_usage

# What some vocabularies write for a blank or a line's end.
_BLANKS = str.maketrans("", "", " \n\t▁Ġ")
# Nats between a token's log-probability when it is generated and when it stands in a prompt: rounding leaves less.
APART = 0.25


class Echo:
    """The rung."""

    name = ECHO

    def __init__(self, client: Client, endpoint: Endpoint, source: TokenSource) -> None:
        self._client, self._source = client, source
        self._kind = endpoint.kind
        self._neutral = NEUTRAL.get(endpoint.kind, {})

    def record(self) -> dict[str, Any]:
        """As `Rung`."""
        return {"token_ids": self._source.name}

    async def score(self, request: ChoiceRequest, voice: Voice, check: Check) -> ChoiceLogprobs:
        """As `Rung`."""
        parts = await split(request, voice, self._source)
        if isinstance(parts, str):
            return ChoiceLogprobs(logprobs=None, error=parts)
        sums = []
        for ids, start, option in zip(parts.wholes, parts.starts, request.options, strict=True):
            read = partial(self._read, ids, start, begun(request, option), check)
            found = await self._client.ask(COMPLETIONS, self._body(ids, voice, echo=True), read)
            if isinstance(found, Failure):
                return ChoiceLogprobs(logprobs=None, error=found.reason)
            sums.append(math.fsum(found))
        return ChoiceLogprobs(logprobs=tuple(sums), n_tokens=parts.counts, rung=ECHO)

    async def leaves_out(self, request: ChoiceRequest, voice: Voice, check: Check) -> str:
        """Why a voice's prompts are not read as its answers are; empty where they are.

        Adapters were reported to be missing from log-probabilities of prompts, and not from those of answers.
        """
        head = await self._source.ids(request, None, voice)
        if isinstance(head, Failure):
            return head.reason
        body = self._body(head, voice, echo=False)

        def generated(plain: dict[str, Any]) -> tuple[int, float]:
            check(plain)
            listed = likeliest(plain)
            if not listed.by_id:
                raise NoAnswer("generated tokens come without their ids")
            return max(listed.by_id.items(), key=lambda one: one[1])

        said = await self._client.ask(COMPLETIONS, body, generated)
        if isinstance(said, Failure):
            return ""  # what cannot be looked at is no fault: the trial and the proof remain
        token, value = said
        whole = [*head, token]
        read = partial(self._read, whole, len(head), "", check)
        found = await self._client.ask(COMPLETIONS, self._body(whole, voice, echo=True), read)
        if isinstance(found, Failure):
            return found.reason
        if abs(found[0] - value) <= APART:
            return ""
        return (
            f"a token has {value:.2f} nats when it is generated and {found[0]:.2f} when it stands in a prompt, so "
            "prompts are not read by what answers"
        )

    def _body(self, ids: Sequence[int], voice: Voice, *, echo: bool) -> dict[str, Any]:
        by_id = {"return_tokens_as_token_ids": True} if self._kind in ("vllm", "other") else {}
        return {
            "model": voice.model,
            "prompt": list(ids),
            "max_tokens": 1,
            "temperature": 0.0,
            "echo": echo,
            "logprobs": 1,
            **by_id,
            **self._neutral,
            **voice.fields,
            **of_request(self._client.settings.body),
        }

    def _read(
        self, ids: Sequence[int], start: int, text: str, check: Check, plain: dict[str, Any]
    ) -> list[float]:
        """Log-probabilities of the prompt's tokens from `start` on, where they are about the prompt that was sent."""
        check(plain)
        tokens, values = _entries(plain)
        if len(values) not in (len(ids), len(ids) + 1) or len(tokens) != len(values):
            raise NoAnswer(
                f"echo gives {len(values)} log-probabilities for a prompt of {len(ids)} tokens: they are not about it"
            )
        mine = tokens[: len(ids)]
        if any(token.startswith("token_id:") for token in mine):
            if mine != [f"token_id:{one}" for one in ids]:
                raise NoAnswer("echo gives other tokens than those of the prompt")
        elif text and not _bare("".join(mine)).endswith(_bare(text)):
            raise NoAnswer("the tokens that echo gives do not end as the prompt does")
        note_usage(plain, self._client.traffic)
        return [
            number(value, token) for value, token in zip(values[start : len(ids)], ids[start:], strict=True)
        ]


def _entries(plain: Mapping[str, Any]) -> tuple[list[str], list[object]]:
    try:
        given = plain["choices"][0]["logprobs"]
        tokens, values = given["tokens"], given["token_logprobs"]
    except (KeyError, IndexError, TypeError) as fault:
        raise NoAnswer("no log-probabilities of the prompt came back (echo)") from fault
    if not isinstance(tokens, list) or not isinstance(values, list):
        raise NoAnswer("no log-probabilities of the prompt came back (echo)")
    return [str(one) for one in tokens], values


def _bare(text: str) -> str:
    return text.translate(_BLANKS)
