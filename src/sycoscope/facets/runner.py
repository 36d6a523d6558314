"""Plays the dialogues of a shard on a model, in deterministic waves.

All open dialogues of a shard yield their next turn; the turns of a wave are asked together (one list to the
model), identical ones once. Composition depends on the shard alone, so a re-run gives the same bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sycoscope.core.protocols import ChoiceModel, Model, Task
from sycoscope.core.types import (
    Answered,
    Ask,
    ChoiceLogprobs,
    ChoiceRequest,
    Decoding,
    Dialogue,
    GenerateRequest,
    Given,
    Item,
    Message,
    Probe,
    Probed,
    Reply,
    RequestInfo,
    Response,
    Trial,
    Turn,
)

R = TypeVar("R", bound=Hashable)
A = TypeVar("A")
NO_LOGPROBS = "the model offers no log-probabilities"


@dataclass(slots=True)
class _Open:
    """One dialogue in play."""

    item: Item
    condition: str
    draw: int
    dialogue: Dialogue
    turn: Turn | None = None
    messages: list[Message] = field(default_factory=list)
    asked: list[Answered] = field(default_factory=list)
    probes: list[Probed] = field(default_factory=list)


def play(
    task: Task,
    items: Sequence[Item],
    model: Model,
    *,
    subject: str,
    decoding: Decoding,
    draws: int = 1,
    system: str = "",
) -> list[Trial]:
    """Play every item under every condition of the task, `draws` times.

    Args:
        decoding: Temperature, top_p and the study's seed; each turn brings its own `max_tokens`, and when
            sampling each turn gets a seed from (seed, item, draw, turn): equal over conditions and subjects.

    Returns:
        Trials in the order item, condition, draw.
    """
    opening = [Message("system", system)] if system else []
    plays = [
        _Open(item, condition, draw, task.dialogue(item, condition), messages=list(opening))
        for item in items
        for condition in task.conditions
        for draw in range(draws)
    ]
    for one in plays:
        one.turn = next(one.dialogue, None)
    while waiting := [one for one in plays if one.turn is not None]:
        _wave(task, waiting, model, decoding)
    return [_trial(task, one, subject, system) for one in plays]


def _wave(task: Task, waiting: list[_Open], model: Model, decoding: Decoding) -> None:
    """Ask the pending turn of every dialogue, and step each to its next turn; of a given turn nothing is asked."""
    probing = [one for one in waiting if isinstance(one.turn, Probe)]
    asking = [one for one in waiting if isinstance(one.turn, Ask)]
    replies: dict[int, Reply] = {
        id(one): Response(text=one.turn.reply) for one in waiting if isinstance(one.turn, Given)
    }
    if probing:
        found = _probe(task, probing, model)
        replies.update((id(one), reply) for one, reply in zip(probing, found, strict=True))
    if asking:
        heard = _ask(task, asking, model, decoding)
        replies.update((id(one), reply) for one, reply in zip(asking, heard, strict=True))
    for one in waiting:
        _step(one, replies[id(one)])


def _step(one: _Open, reply: Reply) -> None:
    """Record the reply and let the dialogue go on."""
    turn = one.turn
    if isinstance(turn, Ask | Given) and isinstance(reply, Response):
        given, aside = isinstance(turn, Given), isinstance(turn, Ask) and turn.aside
        one.asked.append(
            Answered(name=turn.name, content=turn.content, response=reply, given=given, aside=aside)
        )
        if not aside:
            one.messages += [Message("user", turn.content), Message("assistant", reply.text)]
    elif isinstance(turn, Probe) and isinstance(reply, ChoiceLogprobs):
        one.probes.append(
            Probed(
                name=turn.name, content=turn.content, prefix=turn.prefix, options=turn.options, result=reply
            )
        )
    try:
        one.turn = one.dialogue.send(reply)
    except StopIteration:
        one.turn = None


def _about(task: Task, one: _Open) -> RequestInfo:
    assert one.turn is not None
    return RequestInfo(
        item=one.item,
        task=task.name,
        condition=task.condition(one.condition),
        material=task.material,
        turn=one.turn.name,
        draw=one.draw,
        letters=task.letters(one.item),
    )


def _ask(task: Task, asking: list[_Open], model: Model, decoding: Decoding) -> list[Response]:
    requests = []
    for one in asking:
        turn = one.turn
        assert isinstance(turn, Ask)
        seed = _seed(decoding, one, turn) if decoding.temperature > 0 else 0
        requests.append(
            GenerateRequest(
                messages=(*one.messages, Message("user", turn.content)),
                decoding=replace(decoding, max_tokens=turn.max_tokens, seed=seed),
                about=_about(task, one),
            )
        )
    return _once(requests, model.generate)


def _probe(task: Task, probing: list[_Open], model: Model) -> list[ChoiceLogprobs]:
    if not isinstance(model, ChoiceModel):
        return [ChoiceLogprobs(logprobs=None, error=NO_LOGPROBS) for _ in probing]
    requests = []
    for one in probing:
        turn = one.turn
        assert isinstance(turn, Probe)
        requests.append(
            ChoiceRequest(
                messages=(*one.messages, Message("user", turn.content)),
                options=turn.options,
                prefix=turn.prefix,
                about=_about(task, one),
            )
        )
    return _once(requests, model.choice_logprobs)


def _once(requests: Sequence[R], ask: Callable[[Sequence[R]], list[A]]) -> list[A]:
    """Ask each distinct request once; equal requests share the answer."""
    distinct = list(dict.fromkeys(requests))
    answers = dict(zip(distinct, ask(distinct), strict=True))
    return [answers[request] for request in requests]


def _seed(decoding: Decoding, one: _Open, turn: Ask) -> int:
    text = f"{decoding.seed}|{one.item.id}|{one.draw}|{turn.name}"
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


def _trial(task: Task, one: _Open, subject: str, system: str) -> Trial:
    return Trial(
        subject=subject,
        task=task.name,
        item_id=one.item.id,
        condition=one.condition,
        draw=one.draw,
        paraphrase=task.paraphrase(one.item),
        letters=dict(task.letters(one.item)),
        asked=tuple(one.asked),
        probes=tuple(one.probes),
        system=system,
    )
