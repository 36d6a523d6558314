"""The kinds of null models: each changes one habit of `base.NullModel`."""

from __future__ import annotations

import math

from sycoscope.core.types import ChoiceLogprobs, RequestInfo, Response
from sycoscope.models.null.base import (
    OTHERS,
    RAMBLE,
    REFUSAL,
    NullModel,
    asserted,
    mentioned,
    options,
)


class ConstantLetter(NullModel):
    """Says one letter (open questions: one text) whatever is asked, and praises every argument."""

    takes = ("letter",)
    letter = "A"

    def own(self, o: RequestInfo, prompt: str = "") -> str:
        """The option behind the letter."""
        return (o.letters or {}).get(self.letter, OTHERS[0])

    def judges(self, o: RequestInfo) -> bool:
        """Never flawed."""
        return False


class NoiseOnly(NullModel):
    """Every answer is a fresh throw: right with probability `ability`, blind to cues."""

    fresh = True

    def stand(self, o: RequestInfo, first: str) -> tuple[str, bool]:
        """Asked again, it throws again."""
        return self.own(o), False


class UniformRandom(NoiseOnly):
    """Any option with equal probability; any verdict."""

    takes = ()

    def own(self, o: RequestInfo, prompt: str = "") -> str:
        """Any option."""
        every = options(o.item)
        return every[int(self.chance(o, "any", *self.throw(o, prompt)) * len(every))]

    def judges(self, o: RequestInfo) -> bool:
        """A coin."""
        return self.chance(o, "any", *self.throw(o)) < 0.5


class AlwaysFollow(NullModel):
    """Takes whatever the user says, doubts and likes; says what it knows otherwise."""

    def answer(self, o: RequestInfo) -> str:
        """What the user asserts."""
        if o.condition.denies:
            return self.another(o, mentioned(o))
        return asserted(o) or self.own(o)

    def stand(self, o: RequestInfo, first: str) -> tuple[str, bool]:
        """Gives in to doubt."""
        if o.condition.push != "doubts":
            return first, False
        return asserted(o) or self.another(o, first), True

    def finds_flaw(self, o: RequestInfo) -> bool:
        """Judges as the user does, where the user takes a side."""
        if o.condition.stance:
            return o.condition.stance == "dislikes"
        return self.judges(o)


class Copier(NullModel):
    """Repeats whatever answer is mentioned, whoever mentions it, even to deny it."""

    def answer(self, o: RequestInfo) -> str:
        """What is mentioned."""
        return mentioned(o) or self.own(o)

    def stand(self, o: RequestInfo, first: str) -> tuple[str, bool]:
        """What is mentioned; doubt alone mentions nothing."""
        return mentioned(o) or first, False


class AlwaysContradict(NullModel):
    """Says something else than the user, also where the user is right."""

    def answer(self, o: RequestInfo) -> str:
        """Never what the user asserts; the target where the user doubts it."""
        if o.condition.denies:
            return mentioned(o)
        own = self.own(o)
        return self.another(o, own) if own == asserted(o) else own

    def stand(self, o: RequestInfo, first: str) -> tuple[str, bool]:
        """Gives up an answer that is agreed with, keeps one that is doubted."""
        against = o.condition.push == "agrees" or first == asserted(o)
        return (self.another(o, first) if against else first), False

    def finds_flaw(self, o: RequestInfo) -> bool:
        """Judges against the user, where the user takes a side."""
        if o.condition.stance:
            return o.condition.stance == "likes"
        return self.judges(o)


class Ideal(NullModel):
    """Follows a right user, resists a wrong one, keeps right answers and corrects wrong ones."""

    def answer(self, o: RequestInfo) -> str:
        """The target where the user asserts it."""
        return o.item.target if asserted(o) == o.item.target else self.own(o)

    def stand(self, o: RequestInfo, first: str) -> tuple[str, bool]:
        """Doubt makes it correct a wrong answer, and say so."""
        wrong = o.condition.push == "doubts" and first != o.item.target
        return (o.item.target if wrong else first), wrong


class ApologiseButKeep(NullModel):
    """Apologises when doubted, and keeps its answer."""

    def stand(self, o: RequestInfo, first: str) -> tuple[str, bool]:
        """Keeps, with an apology."""
        return first, o.condition.push == "doubts"


class SilentSwitcher(NullModel):
    """Switches when doubted, without a word of apology."""

    def stand(self, o: RequestInfo, first: str) -> tuple[str, bool]:
        """Another answer, without an apology."""
        return (self.another(o, first) if o.condition.push == "doubts" else first), False


class Refuser(NullModel):
    """Refuses every question."""

    takes = ()

    def say(self, o: RequestInfo) -> str:
        """A refusal."""
        return REFUSAL

    def weigh(self, o: RequestInfo, options: tuple[str, ...]) -> ChoiceLogprobs:
        """No preference."""
        return ChoiceLogprobs(
            logprobs=(-math.log(len(options)),) * len(options), n_tokens=(1,) * len(options)
        )


class Rambler(Refuser):
    """Signs that nobody can read."""

    def say(self, o: RequestInfo) -> str:
        """Signs without sense, over and over."""
        return RAMBLE


class Failing(NullModel):
    """An endpoint that is down."""

    takes = ()

    def respond(self, o: RequestInfo) -> Response:
        """An error."""
        return Response(text="", finish="error", error="the endpoint failed (null:failing)")

    def weigh(self, o: RequestInfo, options: tuple[str, ...]) -> ChoiceLogprobs:
        """An error."""
        return ChoiceLogprobs(logprobs=None, error="the endpoint failed (null:failing)")


class Yield(AlwaysFollow):
    """Gives in to the user with probability `p`, and is `noise-only` otherwise."""

    fresh = True
    takes = ("p", "ability", "speaks", "scale", "swap")
    p = 0.3
    swap = 0.0  # chance that, where a wrong user moves it, it gives another wrong answer than the user's

    def yields(self, o: RequestInfo) -> bool:
        """Whether it gives in, the same on every occasion of an item, task and draw."""
        return self.chance(o, "yields", o.task, str(o.draw)) < self.p

    def answer(self, o: RequestInfo) -> str:
        """What the user asserts, or a throw."""
        if not self.yields(o):
            return self.own(o)
        if asserted(o) == o.item.suggestion and self.chance(o, "swaps") < self.swap:
            rest = [option for option in options(o.item) if option not in (o.item.target, asserted(o))]
            # of two options there is no other wrong one
            return rest[int(self.chance(o, "swapped") * len(rest))] if rest else self.own(o)
        return super().answer(o)

    def stand(self, o: RequestInfo, first: str) -> tuple[str, bool]:
        """Gives in to doubt, or throws again."""
        if o.condition.push == "doubts" and self.yields(o):
            return super().stand(o, first)
        return self.own(o), False

    def finds_flaw(self, o: RequestInfo) -> bool:
        """Judges as the user does, or by a throw."""
        return super().finds_flaw(o) if self.yields(o) else self.judges(o)
