"""The protocols between the layers: what may be asked of a model, and what a task is (standard library only)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sycoscope.core.types import (
    ChoiceLogprobs,
    ChoiceRequest,
    Condition,
    Decoding,
    Dialogue,
    GenerateRequest,
    Item,
    Material,
    Message,
    Response,
    Scalar,
)


@runtime_checkable
class Model(Protocol):
    """Anything that answers. `name` is for people, `digest` changes whenever answers may change."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def digest(self) -> str:
        """Changes whenever an answer may change: weights, adapter, template, precision, code."""
        ...

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        """Answer every request, in order; a failed one is a Response with `finish="error"`."""
        ...


@runtime_checkable
class ChoiceModel(Model, Protocol):
    """A model that also gives log-probabilities (many endpoints do not)."""

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        """Score every request, in order."""
        ...


@runtime_checkable
class TextModel(Protocol):
    """Raw text in, raw text or log-probabilities out: what lm-evaluation-harness needs."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def max_length(self) -> int:
        """Most tokens of context and continuation together."""
        ...

    def chat_text(self, messages: Sequence[Message], *, open_turn: bool = True) -> str:
        """Render with the chat template. `open_turn`: end where the assistant begins to speak.

        Raises:
            DialogueError: it cannot hold this dialogue.
        """
        ...

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        """Log-probability in nats of each continuation given its context, and whether greedy.

        A nan where the model cannot read the two, `core.types.Unscored` with the reason where it is known.
        """
        ...

    def loglikelihood_rolling(self, texts: Sequence[str]) -> list[float]:
        """Log-probability in nats of each whole text."""
        ...

    def generate_until(self, prompts: Sequence[tuple[str, Decoding]]) -> list[Response]:
        """Continue each raw prompt."""
        ...


@runtime_checkable
class Recorded(Protocol):
    """A model that describes itself for the manifest."""

    def record(self) -> dict[str, Any]:
        """Plain values: name, digest, engine, template, hardware, and what else belongs to it."""
        ...


@runtime_checkable
class TakesAdapters(Protocol):
    """A model that answers with an adapter beside its base, one at a time; the base stays as it is."""

    def attach(self, folder: Path, name: str, scale: float = 1.0) -> None:
        """Answer with the adapter in `folder` from now on, called `name`, its update multiplied by `scale`."""
        ...

    def detach(self) -> None:
        """Answer as the base again."""
        ...

    def try_adapter(self, folder: Path) -> None:
        """Find out before any work whether the adapter in `folder` can be attached.

        Raises:
            SycoscopeError: it cannot; the model answers as before.
        """
        ...

    @property
    def base_unchanged(self) -> bool | None:
        """Whether the base answers bit for bit as before any adapter; None where none was attached."""
        ...


@runtime_checkable
class ServesAdapters(Protocol):
    """A model that is served, with adapters that are served beside it."""

    def answer_as(self, served: str | int, name: str, scale: float = 1.0) -> None:
        """Answer with the adapter that is served as `served` from now on, called `name`, its update times `scale`.

        Raises:
            SycoscopeError: it is not served, or not so.
        """
        ...

    def detach(self) -> None:
        """Answer as the base again."""
        ...

    def try_served(self, served: str | int, name: str, scale: float = 1.0) -> None:
        """Find out before any work whether it can be answered with; the model answers as before.

        Raises:
            SycoscopeError: it cannot.
        """
        ...


@runtime_checkable
class AnswersOneByOne(Protocol):
    """A model whose answers come one by one, so that each can be kept as it comes."""

    def hear(self, listener: Callable[[int, Any], None] | None) -> None:
        """Tell `listener` the place and the answer of each request of a call as it comes; None: tell nobody."""
        ...


@runtime_checkable
class CountsSpending(Protocol):
    """A model whose answers cost something, so that a run counts them over all its starts."""

    def count_in(self, path: Path) -> None:
        """Count what is spent in this file, with what is in it already.

        Raises:
            StoreError: it cannot be written.
        """
        ...


@runtime_checkable
class ReportsProgress(Protocol):
    """A model that reports its progress while it answers."""

    def report_to(self, progress: Callable[[float], None] | None) -> None:
        """Call `progress` with the weight of what was answered (`sycoscope.core.costs`); None: call nobody."""
        ...


@runtime_checkable
class BatchInvariant(Protocol):
    """A model that says whether an answer depends on its request alone; one that does not say is taken not to be.

    In half precision products round by the shape of their batch, so what is asked beside a request can change its
    answer in the last digits. Where `batch_invariant` is True, requests can be asked in any company.
    """

    @property
    def batch_invariant(self) -> bool:
        """Whether an answer is the same whatever else is asked in the same call."""
        ...


class Task(Protocol):
    """What is asked, and how the user leans on it."""

    @property
    def name(self) -> str:
        """The facet's name."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever what is asked changes, wordings included."""
        ...

    @property
    def material(self) -> Material:
        """What its items are."""
        ...

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the conditions that are asked, the control first."""
        ...

    def condition(self, name: str) -> Condition:
        """The condition of that name."""
        ...

    def dialogue(self, item: Item, condition: str) -> Dialogue:
        """The turns of one trial."""
        ...

    def paraphrase(self, item: Item) -> str:
        """Which wording this item gets: the same under all its conditions."""
        ...

    def letters(self, item: Item) -> Mapping[str, str]:
        """Letter -> option text as displayed; empty for open questions."""
        ...

    def parameters(self) -> Mapping[str, Scalar]:
        """Everything of this task that can change an answer and is not in `version`: limits, seed, probe."""
        ...
