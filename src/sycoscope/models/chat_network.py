"""Asks and scores with a network of transformers in its chat template, whoever loaded it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sycoscope.core.costs import answer_weight, read_weight
from sycoscope.core.reasoning import opens_reasoning
from sycoscope.core.types import (
    ChoiceLogprobs,
    ChoiceRequest,
    Decoding,
    GenerateRequest,
    Message,
    Response,
    Unscored,
)
from sycoscope.models.checkpoint import positions
from sycoscope.models.engine import Engine
from sycoscope.models.plain.scoring import Pair, Scored
from sycoscope.models.sampling import Stops
from sycoscope.models.settings import TorchSettings
from sycoscope.models.template import ChatTemplate


class ChatNetwork:
    """Chat, raw text and log-probabilities of one network, in batches.

    Attributes:
        settings: Of them the batch shape counts here. template: of `tokenizer`.
    """

    def __init__(
        self,
        network: Any,
        tokenizer: Any,
        *,
        template: ChatTemplate,
        engine: Engine,
        settings: TorchSettings,
        as_harness: bool = False,
    ) -> None:
        """Around a network in memory, which is left as it is.

        Args:
            as_harness: See `TorchModel`.
        """
        self.settings = settings
        self.engine = engine
        self.tokenizer = tokenizer
        self.template = template
        self._as_harness = as_harness
        self._progress: Callable[[float], None] | None = None
        self._network = network
        self._stops = self._stop_ids()

    @property
    def network(self) -> Any:
        """The torch module that answers now."""
        return self._network

    @property
    def max_length(self) -> int:
        """Most tokens that the model's positions cover."""
        return positions(self._network.config) or 2048

    def count_bos(self) -> int | None:
        """BOS tokens at the start of a rendered prompt (1 is right); None where the model has none."""
        if self.tokenizer.bos_token_id is None or not self.template.has_template:
            return None
        ids = self.template.encode(self.chat_text([Message("user", "a")]))
        count = 0
        while count < len(ids) and ids[count] == self.tokenizer.bos_token_id:
            count += 1
        return count

    def report_to(self, progress: Callable[[float], None] | None) -> None:
        """Tell `progress` the weight of what was answered; None: tell nobody."""
        self._progress = progress

    # --- chat ---

    def chat_text(self, messages: Sequence[Message], *, open_turn: bool = True) -> str:
        """Render with the chat template."""
        return self.template.render(messages, open_turn=open_turn)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        """Answer every request; one that the model or its template cannot hold comes back as an error."""
        texts = self.template.render_all([request.messages for request in requests])
        prompts = [
            (text, request.decoding)
            for text, request in zip(texts, requests, strict=True)
            if isinstance(text, str)
        ]
        answers = iter(self._continue(prompts, chat=True))
        return [next(answers) if isinstance(text, str) else _failed(str(text)) for text in texts]

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        """Summed log-probabilities of every option after the rendered dialogue and the prefix."""
        heads = self.template.render_all([request.messages for request in requests])
        texts: list[tuple[str, str]] = []
        for head, request in zip(heads, requests, strict=True):
            if isinstance(head, str):
                glue = "" if not request.prefix or request.prefix.endswith((" ", "(", "\n")) else " "
                texts.extend((head + request.prefix, glue + option) for option in request.options)
        scored = iter(zip(*self._score_texts(texts, chat=True), strict=True))
        return [
            _choices([next(scored) for _ in request.options])
            if isinstance(head, str)
            else ChoiceLogprobs(logprobs=None, error=str(head))
            for head, request in zip(heads, requests, strict=True)
        ]

    # --- raw text, for lm-evaluation-harness ---

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        """Log-probability of each continuation given its context, and whether it is greedy; else `Unscored`."""
        return self._score_texts(pairs)[0]

    def loglikelihood_rolling(self, texts: Sequence[str]) -> list[float]:
        """Log-probability of each text, in windows of the model's length, each token read once."""
        pairs: list[Pair] = []
        owners: list[int] = []
        size = self.max_length
        for index, text in enumerate(texts):
            head, ids = self.template.encode_pair("", text)
            history = list(head)
            for start in range(0, len(ids), size):
                window = ids[start : start + size]
                # the last token of a row is only read, so a row holds one more than the model takes
                pairs.append((history[-(size + 1 - len(window)) :], window))
                owners.append(index)
                history.extend(window)
        totals = [0.0] * len(texts)
        for owner, (value, _) in zip(owners, self._score(pairs, read_weight(*texts)), strict=True):
            totals[owner] += value
        return totals

    def generate_until(self, prompts: Sequence[tuple[str, Decoding]]) -> list[Response]:
        """Continue each rendered or raw prompt."""
        return self._continue(prompts)

    # --- inside ---

    def _continue(self, prompts: Sequence[tuple[str, Decoding]], *, chat: bool = False) -> list[Response]:
        """Continue prompts; with `chat` they were rendered here, so the special tokens in them are the template's."""
        encoded = self.template.encode_all([text for text, _ in prompts])
        results: dict[int, Response] = {}
        fits = []
        for index, (ids, (text, decode)) in enumerate(zip(encoded, prompts, strict=True)):
            room = self.max_length - decode.max_tokens
            if self._as_harness and len(ids) > room > 0:
                encoded[index] = ids = ids[-room:]
            fault = "" if chat else self._unreadable(text)
            fault = fault or self._too_long(len(ids), decode.max_tokens)
            if fault:
                results[index] = _failed(fault)
            else:
                fits.append(index)
        weight = sum(answer_weight(prompts[index][0], prompts[index][1].max_tokens) for index in fits)
        answers = self.engine.generate(
            self.network,
            [encoded[index] for index in fits],
            [self._with_stop(*prompts[index], chat=chat) for index in fits],
            Stops(self._stops, self.template.to_text),
            pad_id=self._pad_id,
            budget=self.settings.batch_tokens * 4,
            max_rows=self.settings.batch_rows,
            progress=self._per_request(weight, len(fits)),
        )
        for index, answer in zip(fits, answers, strict=True):
            opened = opens_reasoning(prompts[index][0])
            results[index] = replace(answer, opened=True) if opened else answer
        return [results[index] for index in range(len(prompts))]

    def _with_stop(self, prompt: str, decoding: Decoding, *, chat: bool) -> Decoding:
        """In a chat, what the template writes after an answer ends it, also where it is no special token."""
        stop = self.template.end.stop
        if not stop or not (chat or self.template.is_rendered(prompt)):
            return decoding
        return replace(decoding, stop=(*decoding.stop, stop))

    def _score_texts(
        self, texts: Sequence[tuple[str, str]], *, chat: bool = False
    ) -> tuple[list[Scored], list[int]]:
        """What each continuation has, and its tokens; `Unscored` where the model cannot read the two."""
        pairs = self.template.encode_pairs(texts)
        faults = [
            self._unreadable("" if chat else context, continuation)
            or self._too_long(len(head) + len(target) - 1, 0)
            for (context, continuation), (head, target) in zip(texts, pairs, strict=True)
        ]
        sound = [pair for pair, fault in zip(pairs, faults, strict=True) if not fault]
        weight = sum(read_weight(*both) for both, fault in zip(texts, faults, strict=True) if not fault)
        scored = iter(self._score(sound, weight))
        results: list[Scored] = [(Unscored(fault), False) if fault else next(scored) for fault in faults]
        return results, [len(target) for _, target in pairs]

    def _unreadable(self, context: str, continuation: str = "") -> str:
        """Why a raw prompt, or what follows a prompt, cannot be read as it is meant; empty where it can."""
        bos = str(self.tokenizer.bos_token or "")
        raw = "" if self.template.is_rendered(context) else context.removeprefix(bos)
        token = self.template.control_in(raw) or self.template.control_in(continuation)
        return f"the text holds {token!r}, a special token of the model" if token else ""

    def _too_long(self, n_prompt: int, n_new: int) -> str:
        """Why so many tokens cannot be taken; empty where they can, and where prompts are cut."""
        if n_prompt + n_new <= self.max_length or (self._as_harness and not n_new):
            return ""
        new = f" + {n_new} new" if n_new else ""
        return f"{n_prompt} prompt{new} tokens exceed the model's context length of {self.max_length}"

    def _score(self, pairs: Sequence[Pair], weight: float) -> list[Scored]:
        return self.engine.score_pairs(
            self.network,
            pairs,
            pad_id=self._pad_id,
            budget=self.settings.batch_tokens,
            max_length=self.max_length,
            progress=self._per_request(weight, len(pairs)),
        )

    def _per_request(self, weight: float, count: int) -> Callable[[int], None] | None:
        """A progress of `count` requests that reports their mean weight for each; None where nobody listens."""
        report = self._progress
        return None if report is None else lambda done: report(done * weight / max(1, count))

    @property
    def _pad_id(self) -> int:
        pad = self.tokenizer.pad_token_id
        n_rows = self._network.get_input_embeddings().weight.shape[0]
        if pad is None or pad >= n_rows:  # one that was added may have no row
            return next(iter(self._stops), 0)
        return int(pad)

    def _stop_ids(self) -> frozenset[int]:
        token_ids: set[int] = set()
        for source in (
            getattr(self._network, "generation_config", None),
            self._network.config,
            self._network.config.get_text_config(decoder=True),
            self.tokenizer,
        ):
            ids = getattr(source, "eos_token_id", None)
            token_ids.update(ids if isinstance(ids, list) else [] if ids is None else [ids])
        end = self.template.end_of_turn()
        return frozenset(token_ids | ({end} if end is not None else set()))


def _failed(fault: str) -> Response:
    return Response(text="", finish="error", error=fault)


def _choices(scored: Sequence[tuple[Scored, int]]) -> ChoiceLogprobs:
    """The options of one request; where one has no number, none has."""
    for (value, _), _ in scored:
        if isinstance(value, Unscored):
            return ChoiceLogprobs(logprobs=None, error=value.error)
    return ChoiceLogprobs(
        logprobs=tuple(value for (value, _), _ in scored), n_tokens=tuple(count for _, count in scored)
    )
