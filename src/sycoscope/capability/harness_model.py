"""Our `TextModel` as lm-evaluation-harness's `LM`.

What is asked of the TextModel (tests/capability checks it on a small one):

- **One BOS.** Text that begins with the tokenizer's BOS (a rendered chat) is encoded with
  `add_special_tokens=False`; other text gets the special tokens that the tokenizer adds by itself. Context
  and continuation are encoded together and split at the length of the encoded context.
- An empty context is replaced by the BOS (or EOS) token.
- Texts longer than `max_length` lose their beginning, never the continuation, or come back without a number (a nan).
- Every method is called once with all requests; batching is the TextModel's own affair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from sycoscope.capability.spec import MAX_TOKENS
from sycoscope.core.errors import ConfigError, DialogueError, ModelError
from sycoscope.core.protocols import TextModel
from sycoscope.core.types import Decoding, Message, Response, Unscored

# Names that the harness's back ends have for the longest answer, the first that is there counts.
LENGTH_KEYS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
GENERATION_KEYS = ("until", *LENGTH_KEYS, "do_sample", "temperature", "top_p")
# Values at which an argument that we do not have changes nothing.
NEUTRAL: Mapping[str, Any] = {
    "num_beams": 1,
    "repetition_penalty": 1.0,
    "num_return_sequences": 1,
    "top_k": 0,
}
# Arguments that only sampled texts depend on.
SAMPLING_KEYS = ("top_k", "min_p", "typical_p", "seed")


class HarnessText(str):
    """A response's text for the harness, with the whole `Response` kept beside it."""

    response: Response

    def __new__(cls, said: object) -> HarnessText:
        """Wrap a `Response` (a failed one reads as the empty text), or what the harness makes one of.

        Where a task compares texts, the harness turns its target into the type of the answer.
        """
        response = said if isinstance(said, Response) else Response(text=str(said))
        text = super().__new__(cls, response.text)
        text.response = response
        return text


# Begins what stands in place of a prompt that the model's template cannot hold.
REFUSED = "\ufffdrefused: "


def refusal(prompt: str) -> str:
    """Why this prompt is not asked; empty where it is."""
    return prompt.removeprefix(REFUSED) if prompt.startswith(REFUSED) else ""


class HarnessModel(LM):  # type: ignore[misc]  # lm_eval has no types
    """Plays the harness's requests on a TextModel.

    Args:
        model: The model under test.
        seed: Of sampled generations; not used by greedy ones.
        goes_on: A dialogue that the model's template cannot hold becomes an error of its document (`refusal` tells
            from the prompt); otherwise it is raised.
    """

    def __init__(self, model: TextModel, *, seed: int = 0, goes_on: bool = False) -> None:
        super().__init__()
        self.model = model
        self.seed = seed
        self._goes_on = goes_on

    @property
    def max_length(self) -> int:
        """Most tokens of context and continuation together."""
        return self.model.max_length

    @property
    def max_gen_toks(self) -> int:
        """New tokens where a task sets no bound: the harness's own default."""
        return MAX_TOKENS

    @property
    def tokenizer_name(self) -> str:
        """Name under which the harness would file this model's requests."""
        return self.model.name.replace("/", "__")

    def chat_template(self, chat_template: bool | str = False) -> str:
        """What stands for the template in the harness's records; the TextModel holds the real one."""
        return f"<template of {self.model.name}>" if chat_template else ""

    def apply_chat_template(
        self, chat_history: Sequence[Mapping[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """Render a dialogue; without a generation prompt its last turn is left open to be continued."""
        messages = [Message(role=turn["role"], content=turn["content"]) for turn in chat_history]  # type: ignore[arg-type]
        try:
            return self._rendered(messages, add_generation_prompt)
        except DialogueError as fault:
            if self._goes_on:
                return f"{REFUSED}{fault}"
            raise

    def _rendered(self, messages: Sequence[Message], add_generation_prompt: bool) -> str:
        if add_generation_prompt:
            return self.model.chat_text(messages, open_turn=True)
        # As transformers' continue_final_message: render the turn closed, cut after its content.
        closed = self.model.chat_text(messages, open_turn=False)
        content = messages[-1].content.strip()
        start = closed.rfind(content)
        if start < 0:
            raise ModelError(
                f"the chat template of {self.model.name} does not show the assistant's own words "
                f"({content!r}), so that they cannot be continued; ask this task with plain prompts"
            )
        return closed[: start + len(content)]

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        """Log-probability in nats of each continuation, and whether greedy decoding would say it."""
        asked = [move_blanks(*request.args) for request in requests if not refusal(request.args[0])]
        scored = iter(self.model.loglikelihood(asked))
        return [
            (Unscored(why), False) if (why := refusal(request.args[0])) else next(scored)
            for request in requests
        ]

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> list[float]:
        """Log-probability in nats of each whole text."""
        return self.model.loglikelihood_rolling([request.args[0] for request in requests])

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        """Continue each prompt; the strings carry their `Response`.

        Where a task asks a request several times to sample, the k-th time draws with `seed + k`.
        """
        seen = Counter[tuple[str, Decoding]]()
        prompts = []
        for request in requests:
            asked = (request.args[0], self.decoding(request.args[1]))
            text, decoding = asked
            if decoding.temperature > 0:
                decoding = replace(decoding, seed=decoding.seed + seen[asked])
                seen[asked] += 1
            prompts.append((text, decoding))
        answers = iter(self.model.generate_until([prompt for prompt in prompts if not refusal(prompt[0])]))
        return [
            HarnessText(
                Response(text="", finish="error", error=why) if (why := refusal(text)) else next(answers)
            )
            for text, _ in prompts
        ]

    def decoding(self, arguments: Mapping[str, Any]) -> Decoding:
        """The harness's generation arguments in our terms; greedy unless it asks to sample.

        Raises:
            ConfigError: An argument that we do not pass on, or no room for the prompt.
        """
        temperature = float(arguments.get("temperature", 0.0))
        sample = bool(arguments.get("do_sample", temperature > 0))
        unknown = [
            key
            for key, value in arguments.items()
            if key not in GENERATION_KEYS
            and NEUTRAL.get(key, ...) != value
            and (sample or key not in SAMPLING_KEYS)
        ]
        if unknown:
            raise ConfigError(
                f"generation argument {unknown[0]!r} is not passed on; allowed: {', '.join(GENERATION_KEYS)}"
            )
        lengths = [arguments[key] for key in LENGTH_KEYS if arguments.get(key) is not None]
        max_tokens = int(lengths[0] if lengths else self.max_gen_toks)
        if max_tokens >= self.max_length:
            raise ConfigError(
                f"max_tokens is {max_tokens}, which leaves no room for the prompt: {self.model.name} holds "
                f"{self.max_length} tokens; set a smaller max_tokens"
            )
        until = arguments.get("until", [])
        return Decoding(
            max_tokens=max_tokens,
            temperature=temperature if sample else 0.0,
            top_p=float(arguments.get("top_p", 1.0)),
            seed=self.seed,
            stop=(until,) if isinstance(until, str) else tuple(until),
        )


def move_blanks(context: str, continuation: str) -> tuple[str, str]:
    """Give the blanks that end a context to its continuation, where the harness scores them.

    It matters for `acc_norm`: the log-probability of a template's last newline is part of every choice.
    """
    kept = context.rstrip()
    return (kept, context[len(kept) :] + continuation) if kept else (context, continuation)
