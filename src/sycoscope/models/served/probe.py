"""What an endpoint really does, by about thirty small requests: what comes back, not what is promised."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sycoscope.core.texts import listed
from sycoscope.core.types import Decoding, GenerateRequest, Message, Response
from sycoscope.models.served.client import NoAnswer
from sycoscope.models.served.endpoint import SHOWN, Endpoint
from sycoscope.models.served.model import ServedModel
from sycoscope.models.served.proof import PROMPTS
from sycoscope.models.served.retry import Failure
from sycoscope.models.served.rung import NUMBERS
from sycoscope.models.served.wire import CHAT

# Rounds of the same question; at once as often again.
ROUNDS = 5
TOP = 20


def probe(model: ServedModel) -> list[dict[str, str]]:
    """Ask the endpoint of a model what it does.

    Returns:
        One dict a line: `what` was looked at, what was `found`, and what it `means` for measurements.
    """
    endpoint = model.endpoint
    served = listed(endpoint.models, SHOWN) if endpoint.models else "it lists none"
    lines = [
        ("server", f"{endpoint.kind} {endpoint.version}".strip(), ""),
        ("models", served, "give a model's name as it stands here"),
        *_adapters(model),
        _answer(model),
        _noise(model),
        _under_load(model),
        _rung(endpoint),
        _logprobs(model),
        _goes_on(model),
        _any_name(model),
    ]
    return [dict(zip(("what", "found", "means"), line, strict=True)) for line in lines]


Line = tuple[str, str, str]


def _rung(endpoint: Endpoint) -> Line:
    what = "log-probabilities of choices"
    if not endpoint.rung:
        return what, "none", endpoint.why_no_rung
    how = ", ".join(f"{key}: {value}" for key, value in endpoint.how.items())
    if endpoint.rung in NUMBERS:
        means = "probes and p(suggestion) are measured"
    else:
        means = "decisions alone: rates of the likeliest option, no p(suggestion)"
    return what, endpoint.rung + (f" ({how})" if how else ""), "; ".join([means, *endpoint.passed_over])


def _adapters(model: ServedModel) -> list[Line]:
    known = model.endpoint.by_request
    if not known:
        return []
    told = ", ".join(f"{number} ({path})" for number, path in known.items())
    return [("adapters by request", told, "give one by its number; the base is asked with all at scale 0")]


def _said(model: ServedModel, times: int, *, at_once: bool) -> list[Response]:
    asked = GenerateRequest(messages=(Message("user", PROMPTS[1]),), decoding=Decoding(max_tokens=24))
    if at_once:
        return model.generate([asked] * times)
    return [answer for _ in range(times) for answer in model.generate([asked])]


def _answer(model: ServedModel) -> Line:
    before = model.client.traffic.reasoned
    started = time.monotonic()
    (answer,) = _said(model, 1, at_once=False)
    took = time.monotonic() - started
    if answer.finish == "error":
        return "a question", answer.error, "nothing can be measured before this is mended"
    reasons = model.client.traffic.reasoned > before
    means = "its reasoning comes in a field of its own, and is left out" if reasons else ""
    if not answer.text and answer.finish == "length":
        means = "it reasons beyond the token limit: raise max_tokens of the facets"
    count = "tokens not counted" if answer.n_tokens is None else f"{answer.n_tokens} tokens"
    return (
        "a question",
        f"{answer.text!r:.60} ({answer.finish}, {count}, {took:.1f} s)",
        means,
    )


def _noise(model: ServedModel) -> Line:
    return _differing("the same question, one at a time", _said(model, ROUNDS, at_once=False))


def _under_load(model: ServedModel) -> Line:
    return _differing("the same question, at once", _said(model, ROUNDS, at_once=True))


def _differing(what: str, answers: list[Response]) -> Line:
    failed = sum(answer.finish == "error" for answer in answers)
    texts = {answer.text for answer in answers if answer.finish != "error"}
    found = f"{len(texts)} different of {len(answers) - failed}" + (f", {failed} failed" if failed else "")
    means = (
        ""
        if len(texts) <= 1
        else "its answers vary at temperature 0: look at the base asked twice (base-again)"
    )
    return what, found, means


def _raw(model: ServedModel, more: Mapping[str, Any], read: Callable[[dict[str, Any]], str]) -> str:
    body = {
        "model": model.settings.name,
        "messages": [{"role": "user", "content": "Say yes."}],
        "max_tokens": 1,
    }
    found = model.call(model.client.once, f"{model.settings.base_url}{CHAT}", body | dict(more), read)
    return found.reason if isinstance(found, Failure) else str(found)


def _logprobs(model: ServedModel) -> Line:
    found = _raw(model, {"logprobs": True, "top_logprobs": TOP}, _shape)
    return "log-probabilities of answers", found, ""


def _shape(plain: dict[str, Any]) -> str:
    """In which form log-probabilities of generated tokens come."""
    choices = plain.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    given = choice.get("logprobs", "absent") if isinstance(choice, Mapping) else "absent"
    if given == "absent":
        return "no such field"
    if not given:
        return "null or empty, though they were asked for"
    content = given.get("content") if isinstance(given, Mapping) else None
    if isinstance(content, list) and content and isinstance(content[0], Mapping):
        return f"given, with the {len(content[0].get('top_logprobs') or [])} likeliest of {TOP} asked for"
    return "given in an older form"


def _goes_on(model: ServedModel) -> Line:
    said = [{"role": "user", "content": "Count from 1 to 5."}, {"role": "assistant", "content": "1, 2, 3,"}]
    more = {"messages": said, "max_tokens": 6, "add_generation_prompt": False, "continue_final_message": True}

    def read(plain: dict[str, Any]) -> str:
        try:
            text = str(plain["choices"][0]["message"]["content"] or "")
        except (KeyError, IndexError, TypeError) as fault:
            raise NoAnswer("no message came back") from fault
        how = "goes on" if text.strip()[:1] == "4" else "begins anew"
        return f"{how} ({text!r:.40})"

    return "an answer that was begun", _raw(model, more, read), ""


def _any_name(model: ServedModel) -> Line:
    if model.takes_any_name():
        return (
            "a name that nobody serves",
            "answered",
            "an adapter's name may be passed over: see the proof of each",
        )
    return "a name that nobody serves", "refused", ""
