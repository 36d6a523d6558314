"""What a request says and what its response holds, in the layout of OpenAI's chat API and its servers' departures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.core.texts import shortened
from sycoscope.core.types import Decoding, Finish, Message, Response
from sycoscope.models.served.client import NoAnswer
from sycoscope.models.served.traffic import Traffic

CHAT = "/chat/completions"
# finish_reason -> what it means; one that is not here is no end of an answer.
_ENDS: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "tool_calls": "stop",
    "function_call": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "filtered",
}
# What a server would take from the model's generation_config if it were not sent: field -> value without effect.
NEUTRAL: dict[str, dict[str, Any]] = {
    "vllm": {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0},
    "sglang": {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0},
    "llama.cpp": {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0},
}
# A count of so many tokens in one answer is none.
MOST_TOKENS = 2**31


@dataclass(frozen=True, slots=True)
class Voice:
    """Who answers: the model's name in a request, and further fields that choose it.

    `again`: it is the base once more, whose answers are no answers of its first time.
    """

    model: str
    fields: Mapping[str, Any]
    again: bool = False


def chat_body(
    messages: Sequence[Message],
    decoding: Decoding,
    voice: Voice,
    *,
    kind: str,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """A request for the next turn.

    Args:
        kind: Of the server. more: Fields of the study; null takes a field out.
    """
    greedy = decoding.temperature == 0
    limit = "max_completion_tokens" if kind == "openai" else "max_tokens"
    body: dict[str, Any] = {
        "model": voice.model,
        "messages": [{"role": one.role, "content": one.content} for one in messages],
        limit: decoding.max_tokens,
        "temperature": decoding.temperature,
        "top_p": 1.0 if greedy else decoding.top_p,
        # most servers take 32 bits with a sign
        **({} if greedy else {"seed": decoding.seed % 2**31}),
        **({"stop": list(decoding.stop)} if decoding.stop else {}),
        **NEUTRAL.get(kind, {}),
        **voice.fields,
    }
    return {key: value for key, value in (body | dict(more)).items() if value is not None}


def read_chat(plain: Mapping[str, Any], traffic: Traffic) -> Response:
    """The answer in a response.

    Raises:
        NoAnswer: there is none in it.
    """
    choice = _first(plain)
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise NoAnswer("status 200 without a message in its choice")
    ended = choice.get("finish_reason")
    finish = "stop" if ended is None else _ENDS.get(str(ended))
    if finish is None:
        raise NoAnswer(f"the answer did not end: finish_reason {str(ended)!r:.40}")
    text = _text(message)
    if text is None and finish == "stop":
        raise NoAnswer("status 200 with neither text nor a refusal in its message")
    written = note_usage(plain, traffic)
    traffic.note(reasoned=int(any(message.get(name) for name in ("reasoning_content", "reasoning"))))
    return Response(text=text or "", finish=finish, n_tokens=written)


def _first(plain: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = plain.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        fault = plain.get("error")
        told = (
            f" ({shortened(str(fault.get('message') if isinstance(fault, Mapping) else fault))})"
            if fault
            else ""
        )
        raise NoAnswer(f"status 200 with no choices{told}")
    return choices[0]


def _text(message: Mapping[str, Any]) -> str | None:
    """What is said; None where nothing is (reasoning alone is not)."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        told = [part for part in parts if isinstance(part, str)]
        content = "".join(told) if told else None
    if isinstance(content, str) and content:
        return content
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        return refusal
    # an answer of no words is one, where the field is there
    return content if isinstance(content, str) else None


def note_usage(plain: Mapping[str, Any], traffic: Traffic) -> int | None:
    """Count the tokens of a response; those that were written, None where it does not say."""
    usage = plain.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}
    read, written = (_count(counts.get(key)) for key in ("prompt_tokens", "completion_tokens"))
    uncounted = not read or written is None  # no prompt has no tokens
    traffic.note(read=read or 0, written=written or 0, uncounted=int(uncounted))
    return written


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < MOST_TOKENS else None
