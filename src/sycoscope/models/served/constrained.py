"""Options by what a server says when it may say nothing else: a decision, and no probability.

Log-probabilities under a constraint are normalised anew over what it lets through, so they are not read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, Decoding
from sycoscope.models.served.client import Client, NoAnswer
from sycoscope.models.served.endpoint import Endpoint
from sycoscope.models.served.retry import Failure
from sycoscope.models.served.rung import CONSTRAINED, Check
from sycoscope.models.served.wire import CHAT, Voice, chat_body, read_chat

# Beside the option's own signs (a token has one at least): the JSON around it, and its end.
ROOM = 24
KEY = "answer"


@dataclass(frozen=True, slots=True)
class Constraint:
    """One way to ask for it: fields of a request for these options, and the option out of the text."""

    name: str
    fields: Callable[[Sequence[str]], dict[str, Any]]
    text: Callable[[str], str] = str.strip


def _schema(options: Sequence[str]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {KEY: {"type": "string", "enum": list(options)}},
        "required": [KEY],
        "additionalProperties": False,
    }
    form = {"name": "choice", "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _of_json(text: str) -> str:
    try:
        return str(json.loads(text)[KEY])
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise NoAnswer(f"the answer does not keep to the constraint ({text!r:.60})") from fault


def _grammar(options: Sequence[str]) -> dict[str, Any]:
    return {"grammar": "root ::= " + " | ".join(json.dumps(one, ensure_ascii=False) for one in options)}


# In this order those are tried that a server of the kind may know.
_CHOICE = Constraint("structured_outputs", lambda options: {"structured_outputs": {"choice": list(options)}})
_GUIDED = Constraint("guided_choice", lambda options: {"guided_choice": list(options)})
_GRAMMAR = Constraint("grammar", _grammar)
_JSON = Constraint("response_format", _schema, _of_json)
CONSTRAINTS: dict[str, tuple[Constraint, ...]] = {
    "vllm": (_CHOICE, _GUIDED, _JSON),
    "sglang": (_JSON,),
    "llama.cpp": (_GRAMMAR, _JSON),
    "ollama": (_JSON,),
    "openai": (_JSON,),
    "other": (_JSON, _CHOICE, _GUIDED),
}


class Constrained:
    """The rung."""

    name = CONSTRAINED

    def __init__(self, client: Client, endpoint: Endpoint, constraint: Constraint) -> None:
        self._client, self._kind, self._constraint = client, endpoint.kind, constraint

    def record(self) -> dict[str, Any]:
        """As `Rung`."""
        return {"constraint": self._constraint.name}

    async def score(self, request: ChoiceRequest, voice: Voice, check: Check) -> ChoiceLogprobs:
        """As `Rung`: the option that was said."""
        most = max(len(option.encode()) for option in request.options) + ROOM
        asked = chat_body(
            request.messages,
            Decoding(max_tokens=most),
            voice,
            kind=self._kind,
            more=self._client.settings.body,
        )
        body = asked | self._constraint.fields(request.options)
        found = await self._client.ask(CHAT, body, partial(self._read, request.options, check))
        if isinstance(found, Failure):
            return ChoiceLogprobs(logprobs=None, error=found.reason)
        return ChoiceLogprobs(logprobs=None, chosen=found, rung=CONSTRAINED)

    def _read(self, options: tuple[str, ...], check: Check, plain: dict[str, Any]) -> int:
        check(plain)
        text = self._constraint.text(read_chat(plain, self._client.traffic).text)
        if text not in options:
            raise NoAnswer(f"the answer is none of the options ({text!r:.60}), so the constraint is not kept")
        return options.index(text)
