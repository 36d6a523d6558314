"""The chat template of a tokenizer: rendering, its opening, its end of turn, its hash."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sycoscope.core.errors import DialogueError, ModelError
from sycoscope.core.files import ordered
from sycoscope.core.quiet import SycoscopeWarning
from sycoscope.core.reasoning import is_mark, opens_reasoning
from sycoscope.core.types import Message
from sycoscope.models.rendering import CLOCK, GIVEN, TemplateFaultError, render, variables_of
from sycoscope.models.turns import (
    PROBES,
    TurnEnd,
    control_tokens,
    end_of,
    marks_of,
    missing_turn,
    pattern_of,
)

# What is remembered of texts that were asked already: every adapter of a base is asked the same.
MAX_TOKENS = 2**24  # 64 MiB
MAX_DIALOGUES = 2**14
LEFT_OUT = "it leaves system texts out"
SYSTEM = (Message("system", "zqs"), Message("user", "zqa"))


class ChatTemplate:
    """Renders dialogues to text and text to token ids with exactly one beginning-of-sequence token.

    A chat template writes every special token itself, so rendered text is encoded without adding any.
    Raw text gets what the tokenizer adds by default, unless it already begins with the BOS token.

    Args:
        name: What messages call it.
        options: Further names that the template reads, as `enable_thinking`.
        strict: Dialogues whose rendered text lacks a turn, or that hold special tokens of the tokenizer, are refused.

    Attributes:
        system: What becomes of a system text: empty where the template has a place for it, else why it stands at the
            head of the first user turn.
        end: What ends an assistant's turn. marks: by what the template tells turns apart.

    Raises:
        ModelError: the template cannot render a plain dialogue within its limits, loses a turn, or takes no such
            option.
    """

    def __init__(
        self,
        tokenizer: Any,
        *,
        name: str = "the chat template",
        options: Mapping[str, Any] | None = None,
        strict: bool = True,
    ) -> None:
        self.tokenizer = tokenizer
        self.name = name
        self.options = dict(options or {})
        self._control = pattern_of(control_tokens(tokenizer))
        self._strict = strict
        self._known: dict[tuple[str, bool], array[int]] = {}
        self._n_known = 0
        self._texts: dict[tuple[tuple[Message, ...], bool], str | DialogueError] = {}
        self._openings: tuple[str, ...] = ()
        self.system = ""
        self.end = TurnEnd()
        self.marks: list[str] = []
        self.has_template = bool(tokenizer.chat_template)
        if self.has_template:
            self._jinja = self._source()
            self._variables = self._check_options()
            self.system = self._find_system()
            self._openings = self._find_openings()
            self.end = self._find_end()
            self._check_turns()

    def _source(self) -> str:
        try:
            return str(self.tokenizer.get_chat_template())
        except ValueError as fault:  # several templates, and none is the default one
            raise ModelError(
                f"{self.name} cannot be chosen: {fault}; give one with the model (--chat-template)"
            ) from fault

    def _check_options(self) -> tuple[str, ...]:
        """The names that the template reads; refuses options that it does not."""
        try:
            read = variables_of(self._jinja)
        except TemplateFaultError as fault:
            raise self._unusable(fault) from fault
        given = {*GIVEN, *self.tokenizer.special_tokens_map}
        for option in self.options:
            if option not in read or option in given:
                free = ", ".join(name for name in read if name not in given) or "none"
                raise ModelError(
                    f"template option '{option}': {self.name} takes no such option; it takes: {free}"
                )
        return read

    def _unusable(self, reason: object) -> ModelError:
        return ModelError(
            f"{self.name} cannot be used: {reason}; give another one with the model (--chat-template FILE)"
        )

    def _find_system(self) -> str:
        (found,) = self._rendered([SYSTEM])
        if isinstance(found, str):
            return "" if SYSTEM[0].content in found else LEFT_OUT
        return f"it takes no system text: {found}"

    def _find_openings(self) -> tuple[str, ...]:
        """How rendered text begins, without a system message and (where the template takes one) with it."""
        plain = [
            [Message("user", "a")],
            [Message("user", "b"), Message("assistant", "c"), Message("user", "d")],
        ]
        openings = [os.path.commonprefix(self._probe(plain))]
        if not self.system:
            with_system = [
                [Message("system", text), *messages] for text, messages in zip("ef", plain, strict=True)
            ]
            openings.append(os.path.commonprefix(self._probe(with_system)))
        return tuple(opening for opening in openings if opening)

    def _probe(self, dialogues: Sequence[Sequence[Message]], *, open_turn: bool = True) -> list[str]:
        """The texts of dialogues that every template must take; not held against `strict`.

        Raises:
            ModelError: it refuses one.
        """
        texts = []
        for messages in dialogues:
            (found,) = self._rendered([self._folded(tuple(messages))], open_turn)
            if not isinstance(found, str):
                raise self._unusable(f"it refuses a plain dialogue of {len(messages)} turns: {found}")
            texts.append(found)
        return texts

    def _find_end(self) -> TurnEnd:
        mark = "zqx"
        answered = PROBES[1][:2]
        (closed,) = self._probe([answered], open_turn=False)
        (whole,) = self._probe([PROBES[1]])
        following = whole.rpartition(mark)[2].partition(PROBES[1][2].content)[0]
        return end_of(self.tokenizer, closed.rpartition(mark)[2], following, self._control)

    def _check_turns(self) -> None:
        texts = self._probe(PROBES)
        self.marks = marks_of(texts[-1], self._control)
        for messages, text in zip(PROBES, texts, strict=True):
            lost = missing_turn(messages, text)
            if lost is not None and self._strict:
                raise self._unusable(f"it leaves out turn {lost + 1} of {len(messages)}")

    def render(self, messages: Sequence[Message], *, open_turn: bool = True) -> str:
        """Text of the dialogue; with `open_turn` it ends where the assistant begins to speak.

        Raises:
            DialogueError: the template refuses this dialogue, or cannot hold it.
            ModelError: the tokenizer has no chat template, or the template went over a limit.
        """
        (found,) = self.render_all([messages], open_turn=open_turn)
        if isinstance(found, DialogueError):
            raise found
        return found

    def require(self) -> None:
        """Refuse to go on without a template.

        Raises:
            ModelError: the tokenizer has none.
        """
        if not self.has_template:
            raise ModelError(
                "the tokenizer has no chat template, so the model cannot be asked as a chat model; "
                "give a template with the model, or use a chat-tuned model"
            )

    def render_all(
        self, dialogues: Sequence[Sequence[Message]], *, open_turn: bool = True
    ) -> list[str | DialogueError]:
        """`render` of every dialogue, faster; what `render` would raise of one alone stands in its place.

        Raises:
            ModelError: the tokenizer has no chat template, or the template went over a limit.
        """
        self.require()
        asked = [tuple(messages) for messages in dialogues]
        fresh = [one for one in dict.fromkeys(asked) if (one, open_turn) not in self._texts]
        if len(self._texts) + len(fresh) > MAX_DIALOGUES:
            self._texts.clear()
            fresh = list(dict.fromkeys(asked))
        sound = [one for one in fresh if not self._refuse(one, open_turn)]
        folded = [self._folded(one) for one in sound]
        written = self._rendered(folded, open_turn) if folded else []
        for one, turns, found in zip(sound, folded, written, strict=True):
            self._texts[one, open_turn] = self._judged(turns, found)
        return [self._texts[one, open_turn] for one in asked]

    def _refuse(self, messages: tuple[Message, ...], open_turn: bool) -> bool:
        """Whether a special token stands in a turn, where it would become a real one: then it is refused."""
        for index, message in enumerate(messages):
            token = self.control_in(message.content)
            if token:
                where = f"turn {index + 1} of {len(messages)} ({message.role})"
                self._texts[messages, open_turn] = DialogueError(
                    f"{where} holds {token!r}, a special token of the model"
                )
                return True
        return False

    def control_in(self, text: str) -> str:
        """The first special token that stands in a text; empty for none, and where nobody is strict."""
        found = self._control.search(text) if self._control and self._strict else None
        return found.group() if found else ""

    def _folded(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The dialogue as the template takes it: without a place for it, a system text heads the first user turn."""
        if not self.system or len(messages) < 2 or messages[0].role != "system":
            return messages
        warnings.warn(
            f"{self.name} has no place for a system text ({self.system}), which therefore stands at the head of the "
            "first user turn",
            SycoscopeWarning,
            stacklevel=2,
        )
        return (Message("user", f"{messages[0].content}\n\n{messages[1].content}"), *messages[2:])

    def _judged(self, messages: tuple[Message, ...], found: str | TemplateFaultError) -> str | DialogueError:
        if isinstance(found, TemplateFaultError):
            return DialogueError(f"{self.name} refuses this dialogue of {len(messages)} turns: {found}")
        lost = missing_turn(messages, found) if self._strict else None
        if lost is None:
            return found
        said = " ".join(messages[lost].content.split())
        return DialogueError(
            f"{self.name} does not write turn {lost + 1} of {len(messages)} as it was said ({said!r:.80})"
        )

    def _rendered(
        self, dialogues: Sequence[Sequence[Message]], open_turn: bool = True
    ) -> list[str | TemplateFaultError]:
        """What the template writes; a fault that is its own and not a dialogue's is raised."""
        rows = [[{"role": m.role, "content": m.content} for m in messages] for messages in dialogues]
        values = {**_plain(self.tokenizer.special_tokens_map), **self.options}
        found = render(self._jinja, rows, {"add_generation_prompt": open_turn, **values})
        for one in found:
            if isinstance(one, TemplateFaultError) and one.is_defect:
                raise self._unusable(one)
        return found

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
        self._texts.clear()

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
        """The special token that closes an assistant turn, read off the template itself; None where none does."""
        return self.end.token

    def record(self) -> dict[str, Any]:
        """What the manifest says about the template beside its hash."""
        return {
            "clock": CLOCK if self.has_template and "strftime_now" in self._variables else None,
            "options": self.options,
            "system": self.system,
            "stop": self.end.stop,
            "marks": self.marks,
        }

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
        """Sixteen hex digits of the template's text and of all that changes what it writes; `none` without one."""
        if not self.has_template:
            return "none"
        text = self._jinja  # of several templates the one that is rendered
        facts = {
            "clock": self.record()["clock"],
            "options": {name: ordered(value) for name, value in self.options.items()},
            "end": self.end.text or self.end.of_next,
            "system": self.system == LEFT_OUT,
        }
        if used := {name: value for name, value in facts.items() if value}:
            text = json.dumps([text, used], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(tokens: Mapping[str, Any]) -> dict[str, Any]:
    """A tokenizer's special tokens as texts."""
    return {
        name: [str(token) for token in value] if isinstance(value, list | tuple) else str(value)
        for name, value in tokens.items()
    }
