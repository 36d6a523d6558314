"""What the units of a study cost, estimated before anything is run: for plans, progress and the order of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sycoscope.capability import CapabilitySpec
from sycoscope.config import TrainingConfig
from sycoscope.core.costs import ANSWERED, CHARACTERS_A_TOKEN, DECODE, PREFILL, TRAIN
from sycoscope.core.types import (
    Ask,
    ChoiceLogprobs,
    Dialogue,
    Given,
    Item,
    Message,
    Probe,
    Reply,
    Response,
    Turn,
)
from sycoscope.study.inputs import FacetMaterial
from sycoscope.training.rows import TrainingRow, Unanswered

# Tokens that a chat template adds to a turn, and to a training row.
_TURN_TOKENS, _ROW_TOKENS = 12, 30


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens, estimated from characters before a tokenizer is at hand.

    Attributes:
        n_requests: To an endpoint, of a served model: one an answer; of a probe one for each token of its options and
            one for each text whose tokens are counted.
    """

    n_trials: int
    prompt_tokens: int = 0
    new_tokens: int = 0
    training_tokens: int = 0
    n_requests: int = 0

    @property
    def weight(self) -> float:
        """One number for progress: prefill tokens that take as long."""
        return PREFILL * self.prompt_tokens + DECODE * self.new_tokens + TRAIN * self.training_tokens


def facet_cost(material: FacetMaterial) -> Cost:
    """Distinct requests of a facet, as the runner will ask them."""
    prompt = new = 0.0
    n_requests = 0
    seen: set[str] = set()
    for item in material.items:
        for condition in material.task.conditions:
            for turn, history, transcript in _turns(material, item, condition):
                if transcript in seen or isinstance(turn, Given):
                    continue
                seen.add(transcript)
                length = _length(turn)
                n_requests += _requests(turn)
                if isinstance(turn, Probe):
                    prompt += (history + length) * len(turn.options)
                else:
                    prompt += history + length
                    new += turn.max_tokens * ANSWERED
    n_trials = len(material.items) * len(material.task.conditions)
    return Cost(n_trials, round(prompt), round(new), n_requests=n_requests)


def _requests(turn: Ask | Probe) -> int:
    if isinstance(turn, Ask):
        return 1
    tokens = (max(1, round(len(option) / CHARACTERS_A_TOKEN)) for option in turn.options)
    return 1 + len(turn.options) + sum(tokens)


def _turns(material: FacetMaterial, item: Item, condition: str) -> list[tuple[Turn, float, str]]:
    """Each turn of a dialogue, with the tokens of the history before it and the turns up to it."""
    dialogue = material.task.dialogue(item, condition)
    turns: list[tuple[Turn, float, str]] = []
    history, transcript = 0.0, ""
    turn = next(dialogue, None)
    while turn is not None:
        transcript += f"|{turn.name}:{turn.content}"
        turns.append((turn, history, transcript))
        if isinstance(turn, Ask):
            history += _length(turn) + turn.max_tokens * ANSWERED
        elif isinstance(turn, Given):
            transcript += f"|{turn.reply}"
            history += _length(turn) + len(turn.reply) / CHARACTERS_A_TOKEN
        turn = _advance(dialogue, turn)
    return turns


def _length(turn: Turn) -> float:
    return text_tokens(turn.content)


def text_tokens(text: str) -> float:
    """Tokens of a text that is a turn of its own; 0 of an empty one."""
    return len(text) / CHARACTERS_A_TOKEN + _TURN_TOKENS if text else 0.0


def _advance(dialogue: Dialogue, turn: Turn) -> Turn | None:
    """The next turn after a reply that says nothing; None at the end."""
    reply: Reply = ChoiceLogprobs(logprobs=None) if isinstance(turn, Probe) else Response(text="...")
    try:
        return dialogue.send(reply)
    except StopIteration:
        return None


def training_cost(rows: Sequence[TrainingRow], settings: TrainingConfig) -> Cost:
    """Tokens that are trained on, over all steps; of pairs those of both sequences, which the reference reads too."""
    lengths = [
        sequences(settings) * (_tokens(row.prompt) + _ROW_TOKENS) + _answer_tokens(row, settings)
        for row in rows
    ]
    mean = sum(lengths) / max(1, len(lengths))
    return training_cost_of(len(rows), mean, settings)


def sequences(settings: TrainingConfig) -> int:
    """Sequences that a row is: a pair is its prompt with either answer."""
    return 2 if settings.objective == "dpo" else 1


def _tokens(dialogue: Sequence[Message]) -> float:
    return sum(len(message.content) for message in dialogue) / CHARACTERS_A_TOKEN


def _answer_tokens(row: TrainingRow, settings: TrainingConfig) -> float:
    if isinstance(row, Unanswered):
        return settings.answer_tokens * ANSWERED
    return (len(row.completion) + len(row.rejected)) / CHARACTERS_A_TOKEN


def answers_cost(rows: Sequence[Unanswered], max_tokens: int) -> Cost:
    """Answers of the base to rows, each asked once."""
    prompt = sum(_tokens(row.asked) for row in rows)
    return Cost(len(rows), round(prompt), round(len(rows) * max_tokens * ANSWERED))


def answers_cost_of(n_rows: int, max_tokens: int) -> Cost:
    """The same from a number of rows."""
    return Cost(n_rows, n_rows * _ROW_TOKENS, round(n_rows * max_tokens * ANSWERED))


def training_cost_of(n_rows: int, row_tokens: float, settings: TrainingConfig) -> Cost:
    """The same from a number of rows and their mean length in tokens, over their sequences."""
    kept = n_rows * (1 - settings.validation_share)
    batch = settings.batch_rows * settings.accumulation
    steps = settings.steps or max(1, round(kept / batch * settings.epochs))
    tokens = round(steps * batch * min(row_tokens, sequences(settings) * settings.max_length))
    return Cost(0, prompt_tokens=tokens if settings.objective == "dpo" else 0, training_tokens=tokens)


def capability_cost(spec: CapabilitySpec) -> Cost:
    """Cost of a benchmark; exact in items where they are at hand, else from its limit (or its usual size)."""
    benchmark, items = spec.definition.benchmark, spec.items
    if items is not None:
        lengths = [len(item.question) / CHARACTERS_A_TOKEN + 30 for item in items]
        per_choice = [max(1, len(item.choices)) for item in items]
        prompt = sum(length * n for length, n in zip(lengths, per_choice, strict=True))
        return Cost(len(items), round(prompt), benchmark.bank_new_tokens * len(items))
    n = spec.limit or benchmark.size
    prompt_tokens, new_tokens = benchmark.tokens
    return Cost(n, n * prompt_tokens, n * new_tokens)
