"""The chat template of a tokenizer: rendering, its opening, its end of turn, its hash."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any

from sycoscope.core.errors import ModelError
from sycoscope.core.reasoning import is_mark, opens_reasoning
from sycoscope.core.types import Message

# What is remembered of texts that were asked already: every adapter of a base is asked the same.
MAX_TOKENS = 2**24  # 64 MiB
MAX_DIALOGUES = 2**14


class ChatTemplate:
    """Renders dialogues to text and text to token ids with exactly one beginning-of-sequence token.

    A chat template writes every special token itself, so rendered text is encoded without adding any.
    Raw text gets what the tokenizer adds by default, unless it already begins with the BOS token.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._known: dict[tuple[str, bool], array[int]] = {}
        self._n_known = 0
        self._rendered = lru_cache(MAX_DIALOGUES)(self._render)
        self._openings: tuple[str, ...] = ()
        self.has_template = bool(tokenizer.chat_template)
        if self.has_template:
            self._openings = self._find_openings()

    def _find_openings(self) -> tuple[str, ...]:
        """How rendered text begins, without a system message and (where the template takes one) with it."""
        plain = [
            [Message("user", "a")],
            [Message("user", "b"), Message("assistant", "c"), Message("user", "d")],
        ]
        openings = [os.path.commonprefix([self.render(messages) for messages in plain])]
        try:
            with_system = [
                [Message("system", text), *messages] for text, messages in zip("ef", plain, strict=True)
            ]
            openings.append(os.path.commonprefix([self.render(messages) for messages in with_system]))
        except ModelError:
            pass  # a template without a system role
        return tuple(opening for opening in openings if opening)

    def render(self, messages: Sequence[Message], *, open_turn: bool = True) -> str:
        """Text of the dialogue; with `open_turn` it ends where the assistant begins to speak.

        Raises:
            ModelError: the tokenizer has no chat template, or the template refuses the dialogue.
        """
        return self._rendered(tuple(messages), open_turn)

    def _render(self, messages: tuple[Message, ...], open_turn: bool) -> str:
        if not self.has_template:
            raise ModelError(
                "the tokenizer has no chat template, so the model cannot be asked as a chat model; "
                "give a template with the model, or use a chat-tuned model"
            )
        rows = [{"role": message.role, "content": message.content} for message in messages]
        try:
            return self._apply(rows, open_turn)
        except Exception as fault:  # jinja raises what the template's author chose
            if rows and rows[0]["role"] == "system" and len(rows) > 1:
                # a template without a system role gets that text at the head of the first user turn
                head = Message("user", f"{messages[0].content}\n\n{messages[1].content}")
                return self.render([head, *messages[2:]], open_turn=open_turn)
            raise ModelError(
                f"the chat template refuses this dialogue of {len(rows)} turns: {fault}"
            ) from fault

    def _apply(self, rows: list[dict[str, str]], open_turn: bool) -> str:
        text = self.tokenizer.apply_chat_template(rows, tokenize=False, add_generation_prompt=open_turn)
        return str(text)

    def is_rendered(self, text: str) -> bool:
        """Whether `text` already holds the template's tokens (or the BOS token) at its start."""
        bos = self.tokenizer.bos_token
        return text.startswith(self._openings) or bool(bos and text.startswith(bos))

    def encode(self, text: str) -> list[int]:
        """Token ids with exactly one BOS where the model wants one."""
        return self._ids(text, not self.is_rendered(text))

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of every text, faster."""
        self._learn((text, not self.is_rendered(text)) for text in texts)
        return [self.encode(text) for text in texts]

    def encode_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
        """`encode_pair` of every pair, faster."""
        wanted = []
        for context, continuation in pairs:
            if head := context.rstrip():
                adds = not self.is_rendered(head)
                wanted += [(head, adds), (context + continuation, adds)]
        self._learn(wanted)
        return [self.encode_pair(*pair) for pair in pairs]

    def _ids(self, text: str, adds_special: bool) -> list[int]:
        known = self._known.get((text, adds_special))
        if known is not None:
            return known.tolist()
        return [int(token) for token in self.tokenizer(text, add_special_tokens=adds_special).input_ids]

    def _learn(self, texts: Iterable[tuple[str, bool]]) -> None:
        """Encode what is not known yet: all at once, which a tokenizer does on every core."""
        if self._n_known > MAX_TOKENS:
            self.forget()
        fresh = dict.fromkeys(text for text in texts if text not in self._known)
        for adds_special in (False, True):
            these = [text for text, adds in fresh if adds == adds_special]
            encoded = self.tokenizer(these, add_special_tokens=adds_special).input_ids if these else []
            for text, ids in zip(these, encoded, strict=True):
                self._known[text, adds_special] = array("i", ids)
                self._n_known += len(ids)

    def forget(self) -> None:
        """Drop what is remembered of texts and dialogues."""
        self._known.clear()
        self._n_known = 0
        self._rendered.cache_clear()

    def encode_pair(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """Split ids of context + continuation where the context ends, as lm-evaluation-harness does.

        Trailing spaces of the context move to the continuation, and tokens that span both belong to the
        continuation. An empty context becomes one BOS (or EOS) token.
        """
        if not context:
            start = self.tokenizer.bos_token_id
            start = self.tokenizer.eos_token_id if start is None else start
            ids = self.tokenizer(continuation, add_special_tokens=False).input_ids
            if ids and ids[0] == start:
                return [ids[0]], list(ids[1:])
            return [int(start)], [int(token) for token in ids]
        spaces = len(context) - len(context.rstrip())
        if spaces:
            continuation = context[-spaces:] + continuation
            context = context[:-spaces]
        head = self.encode(context)
        whole = self._ids(context + continuation, not self.is_rendered(context))
        return head, whole[len(head) :]

    def end_of_turn(self) -> int | None:
        """The special token that closes an assistant turn, read off the template itself."""
        if not self.has_template:
            return None
        mark = "zqx"
        closed = self.render([Message("user", "a"), Message("assistant", mark)], open_turn=False)
        ids = self.tokenizer(closed.rpartition(mark)[2], add_special_tokens=False).input_ids
        special = set(self.tokenizer.all_special_ids)
        return next((int(token) for token in ids if token in special), None)

    @cached_property
    def opens_reasoning(self) -> bool:
        """Whether the template itself opens a block of reasoning where the assistant begins to speak."""
        try:
            return self.has_template and opens_reasoning(self.render([Message("user", "a")]))
        except ModelError:
            return False

    @cached_property
    def _marks(self) -> dict[int, str]:
        """Special tokens that are marks of reasoning, by id: they are part of what is said."""
        tokens = self.tokenizer
        return {
            int(number): str(token)
            for number, token in zip(tokens.all_special_ids, tokens.all_special_tokens, strict=False)
            if is_mark(str(token))
        }

    def to_text(self, ids: Sequence[int]) -> str:
        """Text of ids, without the template's own tokens; marks of reasoning stay, special or not."""
        pieces: list[str] = []
        start = 0
        for place, number in enumerate(ids):
            if number in self._marks:
                pieces += [self._decode(ids[start:place]), self._marks[number]]
                start = place + 1
        return "".join([*pieces, self._decode(ids[start:])])

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    @property
    def hash(self) -> str:
        """Sixteen hex digits of the template's text; `none` without one."""
        if not self.has_template:
            return "none"
        return hashlib.sha256(str(self.tokenizer.chat_template).encode()).hexdigest()[:16]
