"""Log-probabilities of choices from an endpoint: the rung that it stands on, tried before it is used.

`sequence`: every token of every option, each as the next token after those before it, which the server is asked for by
its id (vLLM's `logprob_token_ids`). The server renders the template and counts the tokens itself (`/tokenize`), so
nothing has to be known of its tokenizer. Log-probabilities of whole prompts (`prompt_logprobs`) would be one request an
option, and are not used: with LoRA they were reported to leave out adapters, and two at once were seen to end the
server.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, Message
from sycoscope.models.served.client import Client, NoAnswer, RefusedError
from sycoscope.models.served.endpoint import Endpoint
from sycoscope.models.served.retry import Failure
from sycoscope.models.served.wire import NEUTRAL, Voice, note_usage

SEQUENCE = "sequence"
COMPLETIONS = "/completions"
# Tokens that one request may name.
MOST_IDS = 128
OTHER_BEGINNING = (
    "the dialogue with an option does not begin as the dialogue does: the chat template says more before an answer of "
    "the model's own than before one that is gone on with"
)
# Tokens at the end of a prompt that an option may merge with.
MERGED = 2
# Fields of the study's `body` that scoring sends too: to /tokenize, and with each step.
OF_TEMPLATE = ("chat_template", "chat_template_kwargs", "tools")
OF_REQUEST = ("cache_salt", "priority", "user")
# What is tried: the first option is by far the likelier, or what came back is about something else.
TRIAL = ChoiceRequest(
    messages=(Message("user", "Repeat this word and say nothing else: apple"),),
    options=("apple", "Qzxv7 unlikely"),
)
# Nats a token; one number for all tokens would pass where only sums were compared.
MARGIN = 0.5

Check = Callable[[dict[str, Any]], None]


async def with_rung(endpoint: Endpoint, voice: Voice, client: Client) -> Endpoint:
    """The endpoint with the rung that it stands on, by a trial of what it really gives."""
    if endpoint.kind != "vllm":
        why = f"a server of kind '{endpoint.kind}' gives none of a whole text; answers are read as texts"
        return replace(endpoint, why_no_rung=why)
    try:
        with client.in_trial():
            tried = await score(TRIAL, voice, client, endpoint, lambda plain: None)
    except RefusedError as fault:
        # a gateway may let through no other route than the one for texts
        return replace(endpoint, why_no_rung=str(fault))
    if tried.logprobs is None:
        return replace(endpoint, why_no_rung=tried.error)
    likely, unlikely = (value / count for value, count in zip(tried.logprobs, tried.n_tokens, strict=True))
    if not likely > unlikely + MARGIN:
        why = (
            f"in a trial the likely option has {likely:.2f} nats a token and an impossible one {unlikely:.2f}"
        )
        return replace(endpoint, why_no_rung=why)
    return replace(endpoint, rung=SEQUENCE)


async def score(
    request: ChoiceRequest, voice: Voice, client: Client, endpoint: Endpoint, check: Check
) -> ChoiceLogprobs:
    """Summed log-probabilities of every option; no numbers where one of them has none.

    Args:
        check: Raises `NoAnswer` for a response of another model.
    """
    texts = [_messages(request, option) for option in (None, *request.options)]
    found = [await _ids(messages, voice, client, endpoint) for messages in texts]
    if fault := next((one for one in found if isinstance(one, Failure)), None):
        return ChoiceLogprobs(logprobs=None, error=fault.reason)
    head, *wholes = (one for one in found if not isinstance(one, Failure))
    starts = [_shared(head, whole) for whole in wholes]
    if any(
        len(head) - start > MERGED or start == len(ids) for start, ids in zip(starts, wholes, strict=True)
    ):
        return ChoiceLogprobs(logprobs=None, error=OTHER_BEGINNING)
    values: dict[tuple[int, ...], float] = {}
    for before, nexts in _steps(wholes, starts).items():
        for part in batched(sorted(nexts), MOST_IDS):
            body = _body(before, part, voice, client.settings.body)
            step = await client.ask(COMPLETIONS, body, partial(_named, part, check, client))
            if isinstance(step, Failure):
                return ChoiceLogprobs(logprobs=None, error=step.reason)
            values |= {(*before, token): value for token, value in step.items()}
    sums = [
        math.fsum(values[tuple(ids[: at + 1])] for at in range(start, len(ids)))
        for start, ids in zip(starts, wholes, strict=True)
    ]
    counts = tuple(len(ids) - start for start, ids in zip(starts, wholes, strict=True))
    return ChoiceLogprobs(logprobs=tuple(sums), n_tokens=counts)


def batched(values: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    """Runs of at most `most` values."""
    left = iter(values)
    while part := tuple(islice(left, most)):
        yield part


def _steps(wholes: Sequence[Sequence[int]], starts: Sequence[int]) -> dict[tuple[int, ...], set[int]]:
    """What stands before a token -> the tokens that are wanted there; options that begin alike share steps."""
    steps: dict[tuple[int, ...], set[int]] = {}
    for ids, start in zip(wholes, starts, strict=True):
        for at in range(start, len(ids)):
            steps.setdefault(tuple(ids[:at]), set()).add(ids[at])
    return steps


def _messages(request: ChoiceRequest, option: str | None) -> list[dict[str, str]]:
    said = [{"role": one.role, "content": one.content} for one in request.messages]
    glue = "" if not request.prefix or request.prefix.endswith((" ", "(", "\n")) else " "
    text = request.prefix if option is None else request.prefix + glue + option
    return [*said, {"role": "assistant", "content": text}] if text else said


async def _ids(
    messages: Sequence[Mapping[str, str]], voice: Voice, client: Client, endpoint: Endpoint
) -> list[int] | Failure:
    """Token ids of a dialogue: up to where an answer begins, or to the end of one that has begun."""
    goes_on = messages[-1]["role"] == "assistant"
    body = {
        "model": voice.model,
        "messages": messages,
        "add_generation_prompt": not goes_on,
        "continue_final_message": goes_on,
        **{key: value for key, value in client.settings.body.items() if key in OF_TEMPLATE},
    }

    def read(plain: dict[str, Any]) -> list[int]:
        ids = plain.get("tokens")
        if not isinstance(ids, list) or not ids or not all(isinstance(one, int) for one in ids):
            raise NoAnswer("/tokenize gives no tokens of the prompt")
        return ids

    return await client.ask("/tokenize", body, read, url=endpoint.root)


def _body(
    before: Sequence[int], wanted: Sequence[int], voice: Voice, more: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "model": voice.model,
        "prompt": list(before),
        "max_tokens": 1,
        "temperature": 0.0,
        "logprobs": 1,
        "logprob_token_ids": list(wanted),
        "return_tokens_as_token_ids": True,
        # where a server was started to give processed values
        **NEUTRAL["vllm"],
        **voice.fields,
        **{key: value for key, value in more.items() if key in OF_REQUEST},
    }


def _named(wanted: Sequence[int], check: Check, client: Client, plain: dict[str, Any]) -> dict[int, float]:
    """Log-probabilities of the tokens that were named, out of a response."""
    check(plain)
    try:
        entries = plain["choices"][0]["logprobs"]["top_logprobs"][0]
        found = {token: entries[f"token_id:{token}"] for token in wanted}
    except (KeyError, IndexError, TypeError) as fault:
        raise NoAnswer("no log-probability of the tokens that were named (logprob_token_ids)") from fault
    note_usage(plain, client.traffic)
    return {token: _number(value, token) for token, value in found.items()}


def _shared(first: Sequence[int], second: Sequence[int]) -> int:
    """How many ids two sequences have in common at their beginnings."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(first), len(second)))


def _number(value: object, token: int) -> float:
    if not isinstance(value, int | float) or math.isnan(value) or value > 1e-3:
        raise NoAnswer(f"the log-probability of token {token} is {str(value)[:40]}")
    if value == -math.inf or value <= -9998:  # a stand-in for minus infinity
        return -math.inf
    return float(value)
