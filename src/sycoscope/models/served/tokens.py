"""Token ids of a dialogue whose answer has begun: from the server that will read them, or from a tokenizer here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from sycoscope.core.errors import DialogueError, ModelError, SycoscopeError, require
from sycoscope.core.types import ChoiceRequest
from sycoscope.models.served.client import Client, NoAnswer
from sycoscope.models.served.endpoint import Endpoint
from sycoscope.models.served.retry import Failure
from sycoscope.models.served.wire import Voice

OTHER_BEGINNING = (
    "the dialogue with an option does not begin as the dialogue does: the chat template says more before an answer of "
    "the model's own than before one that is gone on with"
)
# Tokens at the end of a prompt that an option may merge with.
MERGED = 2
# Fields of the study's `body` that a chat template reads.
OF_TEMPLATE = ("chat_template", "chat_template_kwargs", "tools")
NO_IDS = (
    "token ids of prompts are not known, since this server renders no dialogue to tokens; name the model's tokenizer "
    "(a folder or hub id) as model.tokenizer"
)


class TokenSource(Protocol):
    """Who knows the token ids.

    Attributes:
        name: For the record.
    """

    name: str

    async def ids(self, request: ChoiceRequest, option: str | None, voice: Voice) -> list[int] | Failure:
        """Ids up to where an option begins (None), or to the end of one."""
        ...


@dataclass(frozen=True, slots=True)
class Split:
    """A request's options as tokens: each whole prompt, and where the option begins in it."""

    wholes: tuple[list[int], ...]
    starts: tuple[int, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """Tokens of each option."""
        return tuple(len(ids) - start for start, ids in zip(self.starts, self.wholes, strict=True))


async def split(request: ChoiceRequest, voice: Voice, source: TokenSource) -> Split | str:
    """The options as tokens, or why they are none."""
    found = [await source.ids(request, option, voice) for option in (None, *request.options)]
    if fault := next((one for one in found if isinstance(one, Failure)), None):
        return fault.reason
    head, *wholes = (one for one in found if not isinstance(one, Failure))
    starts = [_shared(head, whole) for whole in wholes]
    pairs = zip(starts, wholes, strict=True)
    if any(len(head) - start > MERGED or start == len(ids) for start, ids in pairs):
        return OTHER_BEGINNING
    return Split(tuple(wholes), tuple(starts))


def source_of(endpoint: Endpoint, client: Client) -> TokenSource | None:
    """Who knows token ids for this endpoint; None: nobody.

    Raises:
        SycoscopeError: `model.tokenizer` names none that can be loaded.
    """
    if client.settings.tokenizer:
        return LocalTokens(client.settings.tokenizer, client.settings.body)
    if endpoint.kind == "vllm":
        return DialogueTokens(client, endpoint.root)
    if endpoint.kind == "llama.cpp":
        return TemplateTokens(client, endpoint.root)
    return None


def begun(request: ChoiceRequest, option: str | None) -> str:
    """How the answer begins: the request's prefix, and the option where one is given."""
    if option is None:
        return request.prefix
    glue = "" if not request.prefix or request.prefix.endswith((" ", "(", "\n")) else " "
    return request.prefix + glue + option


def said(request: ChoiceRequest) -> list[dict[str, str]]:
    """The dialogue as a request has it."""
    return [{"role": one.role, "content": one.content} for one in request.messages]


class DialogueTokens:
    """A server whose /tokenize renders dialogues (vLLM)."""

    name = "server"

    def __init__(self, client: Client, root: str) -> None:
        self._client, self._root = client, root

    async def ids(self, request: ChoiceRequest, option: str | None, voice: Voice) -> list[int] | Failure:
        """As `TokenSource`."""
        text = begun(request, option)
        body = {
            "model": voice.model,
            "messages": [*said(request), *([{"role": "assistant", "content": text}] if text else [])],
            "add_generation_prompt": not text,
            "continue_final_message": bool(text),
            **_of_template(self._client.settings.body),
        }
        return await self._client.ask("/tokenize", body, _tokens, url=self._root)


class TemplateTokens:
    """A server that renders dialogues to text, and text to tokens (llama.cpp)."""

    name = "server"

    def __init__(self, client: Client, root: str) -> None:
        self._client, self._root = client, root

    async def ids(self, request: ChoiceRequest, option: str | None, voice: Voice) -> list[int] | Failure:
        """As `TokenSource`."""
        asked = {"messages": said(request), **_of_template(self._client.settings.body)}
        text = await self._client.ask("/apply-template", asked, _prompt, url=self._root)
        if isinstance(text, Failure):
            return text
        whole = {"content": text + begun(request, option), "add_special": True, "parse_special": True}
        return await self._client.ask("/tokenize", whole, _tokens, url=self._root)


class LocalTokens:
    """A tokenizer on this machine, with its chat template: the tokens that weights here would be asked with."""

    def __init__(self, tokenizer: str, body: Mapping[str, Any]) -> None:
        """Load it.

        Raises:
            SycoscopeError: there is none of that name, or its chat template cannot be used.
        """
        from sycoscope.models.template import ChatTemplate

        self._template = ChatTemplate(
            _tokenizer(tokenizer),
            name=f"the chat template of '{tokenizer}' (model.tokenizer)",
            options=dict(body.get("chat_template_kwargs") or {}),
        )
        self._template.require()
        self.name = f"{tokenizer}, template {self._template.hash}"

    async def ids(self, request: ChoiceRequest, option: str | None, voice: Voice) -> list[int] | Failure:
        """As `TokenSource`."""
        (text,) = self._template.render_all([request.messages])
        if isinstance(text, DialogueError):
            return Failure(str(text))
        head = text + begun(request, None)
        if option is None:
            return self._template.encode(head.rstrip())
        before, after = self._template.encode_pair(head, begun(request, option)[len(request.prefix) :])
        return [*before, *after]


def _tokenizer(name: str) -> Any:
    require("transformers", "models")
    from transformers import AutoTokenizer

    from sycoscope.models.resolve import resolve

    folder = name
    with suppress(SycoscopeError):  # a folder with nothing but a tokenizer is one too
        folder = resolve(name).files or name
    try:
        return AutoTokenizer.from_pretrained(folder)
    except Exception as fault:  # transformers and the tokenizers raise many kinds
        raise ModelError(
            f"model.tokenizer: no tokenizer can be loaded from '{name}' ({str(fault)[:200]}); give a folder with "
            "tokenizer.json and tokenizer_config.json, or a hub id"
        ) from fault


def _of_template(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key in OF_TEMPLATE}


def _tokens(plain: dict[str, Any]) -> list[int]:
    ids = plain.get("tokens")
    if not isinstance(ids, list) or not ids or not all(isinstance(one, int) for one in ids):
        raise NoAnswer("/tokenize gives no tokens of the prompt")
    return ids


def _prompt(plain: dict[str, Any]) -> str:
    text = plain.get("prompt")
    if not isinstance(text, str) or not text:
        raise NoAnswer("/apply-template gives no text of the dialogue")
    return text


def _shared(first: Sequence[int], second: Sequence[int]) -> int:
    """How many ids two sequences have in common at their beginnings."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(first), len(second)))
