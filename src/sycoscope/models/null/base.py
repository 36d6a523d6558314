"""A model that acts on what a request is about (`RequestInfo`) and never on its text.

`NullModel` is also the plainest null model, `stubborn`; `kinds.py` changes what it does, `null.NULLS` names them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence

from sycoscope.core.errors import ModelError
from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, GenerateRequest, Item, RequestInfo, Response

VERSION = "null@1"
PEAK = 0.9  # probability of the option that it would say; the others share the rest

FLAW = "The reasoning is flawed: the conclusion does not follow from the reasons given."
PRAISE = "This is an excellent argument. It is clear, convincing and well reasoned."
REFUSAL = "I'm sorry, but I can't help with that."
RAMBLE = "%& ~@ " * 12
OFF_TASK = "goes on a trip."
OTHERS = ("a walnut tree", "the tenth of never", "quince jelly")


class NullModel:
    """Knows an item with probability `ability`, and is deaf to everything else (this class: `stubborn`).

    Subclasses change what it says under a cue (`answer`), where it stands after a follow-up (`stand`), and
    what it says of an argument (`finds_flaw`).
    """

    takes: tuple[str, ...] = ("ability",)  # keys of its specification
    fresh = False  # whether every prompt is a new throw
    batch_invariant = True  # each request is answered by itself
    ability = 0.7
    speaks = 1.0  # chance that it answers the question at all
    scale = 1.0  # factor of its logits: it says the same, and is surer of it

    def __init__(self, name: str, seed: int, **parameters: float | str) -> None:
        self._name = name
        self._seed = seed
        self._parameters = parameters
        for key, value in parameters.items():
            setattr(self, key, value)

    @property
    def name(self) -> str:
        """The specification that makes this model."""
        return self._name

    @property
    def digest(self) -> str:
        """Kind, parameters, seed and version: 16 hex digits."""
        parts = [VERSION, self._name.partition("?")[0], sorted(self._parameters.items()), self._seed]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        """Answer by what each request is about.

        Raises:
            ModelError: a request that does not say what it is about.
        """
        return [self.respond(_known(self._name, request.about)) for request in requests]

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        """A peak on the option that the model would say; equal shares where it would say none of them."""
        return [self.weigh(_known(self._name, request.about), request.options) for request in requests]

    def respond(self, o: RequestInfo) -> Response:
        """What is said to this request."""
        text = self.say(o)
        return Response(text=text, n_tokens=len(text.split()))

    def say(self, o: RequestInfo) -> str:
        """The text to this request."""
        if self.speaks < 1.0 and self.chance(o, "speaks", *self.throw(o)) >= self.speaks:
            return OFF_TASK
        if o.material == "argument":
            return FLAW if self.finds_flaw(o) else PRAISE
        if o.turn == "reply":
            standing, admits = self.stand(o, self.first(o))
            opening = "I apologize for the mistake. " if admits else ""
            return f"{opening}{self.phrase(o, standing)}"
        return self.phrase(o, self.position(o))

    def weigh(self, o: RequestInfo, options: tuple[str, ...]) -> ChoiceLogprobs:
        """Log-probabilities of the options to this request."""
        if o.material == "argument":
            wanted = "no" if self.finds_flaw(o) else "yes"
            at = [index for index, option in enumerate(options) if option.strip().lower() == wanted]
        else:
            said = self.position(o)
            named = {letter for letter, text in (o.letters or {}).items() if text == said} or {said}
            at = [index for index, option in enumerate(options) if option.strip() in named]
        shares = [1 / len(options)] * len(options)
        if at and len(options) > 1:
            shares = [(1 - PEAK) / (len(options) - 1)] * len(options)
            shares[at[0]] = PEAK
        logits = tuple(self.scale * math.log(s) for s in shares)
        return ChoiceLogprobs(logprobs=logits, n_tokens=(1,) * len(shares))

    def position(self, o: RequestInfo) -> str:
        """The answer that it stands by to this request."""
        if o.turn == "first":
            return self.first(o)
        return self.stand(o, self.first(o))[0] if o.turn in ("reply", "final") else self.answer(o)

    def first(self, o: RequestInfo) -> str:
        """Its first answer: its own, or the one that was put in its mouth."""
        return _answer(o.item, o.condition.given) or self.own(o, "first")

    # --- behaviour: what subclasses change ---

    def answer(self, o: RequestInfo) -> str:
        """The answer under a condition of the answer facet."""
        return self.own(o)

    def stand(self, o: RequestInfo, first: str) -> tuple[str, bool]:
        """The answer after the follow-up, and whether it is admitted to have been wrong."""
        return first, False

    def finds_flaw(self, o: RequestInfo) -> bool:
        """Whether it calls the argument flawed."""
        return self.judges(o)

    # --- knowledge and chance ---

    def own(self, o: RequestInfo, prompt: str = "") -> str:
        """The answer without any cue: right with probability `ability`, else a random wrong one.

        Args:
            prompt: What a fresh throw belongs to; the condition by default.
        """
        key = self.throw(o, prompt)
        if self.chance(o, "knows", *key) < self.ability:
            return o.item.target
        wrong = [option for option in options(o.item) if option != o.item.target]
        return wrong[int(self.chance(o, "wrong", *key) * len(wrong))]

    def judges(self, o: RequestInfo) -> bool:
        """Whether the argument is flawed, judged rightly with probability `ability`."""
        right = self.chance(o, "judges", *self.throw(o)) < self.ability
        return right == (o.item.target == "fallacious")

    def another(self, o: RequestInfo, than: str) -> str:
        """An answer other than `than`, at random."""
        rest = [option for option in options(o.item) if option != than]
        return rest[int(self.chance(o, "another", o.condition.name) * len(rest))]

    def throw(self, o: RequestInfo, prompt: str = "") -> tuple[str, ...]:
        """What a chance hangs on beside seed and item: nothing, or this prompt and draw."""
        return (o.task, prompt or o.condition.name, str(o.draw)) if self.fresh else ()

    def chance(self, o: RequestInfo, *key: str) -> float:
        """A uniform number in [0, 1) of seed, item and key."""
        text = json.dumps([self._seed, o.item.id, *key])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7]) / 2**56

    def phrase(self, o: RequestInfo, answer: str) -> str:
        """An answer in words: by its letter where the question has letters."""
        for letter, text in (o.letters or {}).items():
            if text == answer:
                return f"The answer is ({letter})."
        return f"The answer is {answer.rstrip('.')}."


def options(item: Item) -> tuple[str, ...]:
    """What an item can be answered with: its choices; else target, suggestion and what fits up to four."""
    if item.choices:
        return item.choices
    given = (item.target, item.suggestion) if item.suggestion else (item.target,)
    numbers = (
        tuple(str(int(item.target) + step) for step in (1001, 2003, 3007)) if _is_whole(item) else OTHERS
    )
    return given + numbers[: 4 - len(given)]


def _is_whole(item: Item) -> bool:
    return item.target.removeprefix("-").isdecimal()


def asserted(o: RequestInfo) -> str:
    """The answer that the user says is right under this condition; empty where there is none."""
    return _answer(o.item, o.condition.asserts)


def mentioned(o: RequestInfo) -> str:
    """The answer that is mentioned under this condition; empty where there is none."""
    return _answer(o.item, o.condition.mentions)


def _answer(item: Item, which: str) -> str:
    return {"target": item.target, "suggestion": item.suggestion}.get(which, "")


def _known(name: str, about: RequestInfo | None) -> RequestInfo:
    """What the request is about; without it a null model cannot act."""
    if about is None:
        raise ModelError(
            f"{name} acts on what a request is about, and this request does not say; ask through the runner"
        )
    return about
