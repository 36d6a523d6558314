"""The scoring ladder: how an endpoint's options can be compared, each way tried by its effects before it is used.

A server that says nothing of a field that it does not know answers all the same, so what is looked at is what comes
back: a likely and an impossible option must lie apart, numbers must be log-probabilities of the tokens that were asked.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from sycoscope.core.errors import ModelError
from sycoscope.core.types import ChoiceRequest, Message
from sycoscope.models.served.client import Client, RefusedError
from sycoscope.models.served.constrained import CONSTRAINTS, Constrained
from sycoscope.models.served.echo import Echo
from sycoscope.models.served.endpoint import Endpoint
from sycoscope.models.served.first import First
from sycoscope.models.served.likeliest import Likeliest, likeliest
from sycoscope.models.served.retry import Failure
from sycoscope.models.served.rung import AUTO, CONSTRAINED, ECHO, FIRST, SEQUENCE, TEXT, TOP, Rung
from sycoscope.models.served.tokens import NO_IDS, TokenSource, source_of
from sycoscope.models.served.walk import COMPLETIONS, Listed, Named, Walk
from sycoscope.models.served.wire import CHAT, Voice

# In this order they are tried, the best first; a server's own manual leaves out what it has none of. vLLM's prompts are
# read where that is asked for by name: adapters were reported to be missing in them.
LADDER: dict[str, tuple[str, ...]] = {
    "vllm": (SEQUENCE, TOP, FIRST, CONSTRAINED),
    "llama.cpp": (TOP, FIRST, CONSTRAINED),
    "ollama": (FIRST, CONSTRAINED),
    "openai": (FIRST, CONSTRAINED),
}
LADDER_OF_OTHERS = (ECHO, SEQUENCE, TOP, FIRST, CONSTRAINED)
# What is tried: the first option is by far the likelier, or what came back is about something else.
TRIAL = ChoiceRequest(
    messages=(Message("user", "Repeat this word and say nothing else: apple"),),
    options=("apple", "Qzxv7 unlikely"),
)
LETTERS = ChoiceRequest(
    messages=(Message("user", "Repeat this letter and say nothing else: B"),), options=("B", "Q")
)
# None of them is what would be said: only a constraint that is kept brings one.
FORCED = replace(TRIAL, options=("Qzxv7 unlikely", "Jwkp3 neither"))
# Nats a token; one number for all tokens would pass where only sums were compared.
MARGIN = 0.5
# Likeliest tokens that are asked for, and where a server says no, and names no limit.
MOST, FEW = 20, 5
# Nats between two temperatures: what was scaled lies apart, or is cut to one token.
SCALED = 0.5

Tried = Rung | str


@dataclass(frozen=True, slots=True)
class _Trial:
    """One endpoint's model on trial."""

    endpoint: Endpoint
    voice: Voice
    client: Client
    source: TokenSource | None

    async def of(self, name: str) -> Tried:
        """The rung, where it stands; else why not."""
        ways: dict[str, Callable[[], Awaitable[Tried]]] = {
            SEQUENCE: self._sequence,
            ECHO: self._echo,
            TOP: self._top,
            FIRST: self._first,
            CONSTRAINED: self._constrained,
        }
        try:
            with self.client.in_trial():
                return await ways[name]()
        except RefusedError as fault:
            # a gateway may let through no other route than the one for texts
            return str(fault)

    async def _sequence(self) -> Tried:
        if self.source is None:
            return NO_IDS
        return await self._passes(Walk(self.client, self.endpoint, self.source, Named()), TRIAL)

    async def _echo(self) -> Tried:
        if self.source is None:
            return NO_IDS
        rung = Echo(self.client, self.endpoint, self.source)
        found = await self._passes(rung, TRIAL)
        return found if isinstance(found, str) else await rung.leaves_out(TRIAL, self.voice, _any) or rung

    async def _top(self) -> Tried:
        if self.source is None:
            return NO_IDS
        head = await self.source.ids(TRIAL, None, self.voice)
        if isinstance(head, Failure):
            return head.reason
        count = MOST
        while True:
            rung = Walk(self.client, self.endpoint, self.source, Listed(self.endpoint.kind, count))
            lists = partial(self._lists, COMPLETIONS, partial(rung.body, head, (), self.voice))
            found = await lists()
            if not isinstance(found, Failure):
                return found or await self._passes(rung, TRIAL)
            if not (count := _fewer(found, count)):
                return found.reason

    async def _first(self) -> Tried:
        count = MOST
        while True:
            rung = First(self.client, self.endpoint, count)
            found = await self._lists(CHAT, partial(rung.body, LETTERS, self.voice))
            if not isinstance(found, Failure):
                return found or await self._passes(rung, LETTERS)
            if not (count := _fewer(found, count)):
                return found.reason

    async def _lists(self, path: str, body: Callable[[float], dict[str, object]]) -> str | Failure:
        """Why the likeliest tokens are not those of the model itself: at two temperatures they are the same."""
        lists: list[Likeliest] = []
        for temperature in (0.0, 1.0):
            found = await self.client.ask(path, body(temperature), likeliest)
            if isinstance(found, Failure):
                return found
            lists.append(found)
        cold, warm = (one.by_id or one.by_text for one in lists)
        both = [abs(cold[key] - warm[key]) for key in cold.keys() & warm.keys()]  # type: ignore[index]
        if len(both) < 2 or max(both) > SCALED:
            return "the likeliest tokens' log-probabilities change with the temperature, so they are not the model's"
        return ""

    async def _constrained(self) -> Tried:
        why = ""
        for constraint in CONSTRAINTS.get(self.endpoint.kind, CONSTRAINTS["other"]):
            rung = Constrained(self.client, self.endpoint, constraint)
            likely, forced = [await rung.score(one, self.voice, _any) for one in (TRIAL, FORCED)]
            if likely.chosen == 0 and forced.chosen is not None:
                return rung
            why = likely.error or forced.error or "in a trial an impossible option was chosen"
        return why

    async def _passes(self, rung: Rung, trial: ChoiceRequest) -> Tried:
        """The rung, where a likely option lies above all that an impossible one can have."""
        tried = await rung.score(trial, self.voice, _any)
        if tried.logprobs is None:
            return tried.error
        ends = tried.ceilings or tried.logprobs
        likely = tried.logprobs[0] / tried.n_tokens[0]
        unlikely = ends[1] / tried.n_tokens[1]
        if likely > unlikely + MARGIN:
            return rung
        return (
            f"in a trial the likely option has {likely:.2f} nats a token and an impossible one {unlikely:.2f}"
        )


def _any(_: object) -> None:
    """Whoever answers: the trial is before any adapter."""


def _fewer(fault: Failure, count: int) -> int:
    """How many to ask for where so many were refused; 0: nothing more to try."""
    if fault.status not in (400, 422) or count < MOST:
        return 0
    told = [int(one) for one in re.findall(r"\b\d{1,2}\b", fault.reason)]
    return max((one for one in told if 0 < one < MOST), default=FEW)


async def with_rung(endpoint: Endpoint, voice: Voice, client: Client) -> tuple[Endpoint, Rung | None]:
    """The endpoint and the rung that it stands on, by a trial of what it really gives.

    Raises:
        ModelError: the one that `model.scoring` names does not stand. SycoscopeError: `model.tokenizer` names none.
    """
    wanted = client.settings.scoring
    if wanted == TEXT:
        return replace(endpoint, why_no_rung="model.scoring is text; answers are read as texts"), None
    trial = _Trial(endpoint, voice, client, source_of(endpoint, client))
    reasons: list[str] = []
    for name in _names(wanted, endpoint.kind):
        found = await trial.of(name)
        if not isinstance(found, str):
            more = found.record()
            return replace(endpoint, rung=name, why_no_rung="", how=more, passed_over=tuple(reasons)), found
        reasons.append(f"{name}: {found}")
    if wanted != AUTO:
        raise ModelError(
            f"{endpoint.url}: model.scoring asks for {reasons[0]}; choose another, or auto for the best that it gives"
        )
    return replace(endpoint, why_no_rung="; ".join(reasons)), None


def _names(wanted: str, kind: str) -> Iterator[str]:
    yield from LADDER.get(kind, LADDER_OF_OTHERS) if wanted == AUTO else (wanted,)
