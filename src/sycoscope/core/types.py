"""The nouns of the field and the protocols between the layers (standard library only).

Item (question, target, wrong suggestion, choices, cluster) x condition x draw
-> Trial (the whole transcript) -> Score (one judgement) -> Estimate (over trials).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

Role = Literal["system", "user", "assistant"]
Scalar = str | int | float | bool
Status = Literal["scored", "unparsed", "truncated", "error"]
Split = Literal["train", "test", ""]
Finish = Literal["stop", "length", "error"]
State = Literal["", "valid", "warned", "withheld", "missing"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a dialogue."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question (or, for feedback, one argument).

    Attributes:
        id: Content hash, stable over order and file (see `sycoscope.items.make_id`).
        source: Where it comes from, as `bank/facts` or `mmlu`.
        question: The question's text; for feedback the argument's text.
        target: The right answer; for arguments `fallacious` or `sound`.
        suggestion: The wrong answer that a cue mentions; empty where there is none.
        aliases: Other spellings of the target.
        choices: All options with the target among them, in display order; empty for open questions.
        cluster: Items with the same cluster are not independent (a question stem, an argument pair).
        split: Side of the train/test partition (by cluster); empty where the source has none.
        metadata: Field, difficulty, fallacy, pair and the like: plain scalars.
    """

    id: str
    source: str
    question: str
    target: str
    suggestion: str = ""
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    cluster: str = ""
    split: Split = ""
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How a response is decoded; every parameter is explicit and goes into the record.

    Attributes:
        max_tokens: Most new tokens, > 0.
        temperature: 0 is greedy.
        top_p: Nucleus mass in (0, 1]; ignored when greedy.
        seed: Seed of this request's own random stream; ignored when greedy.
        stop: Strings that end the response (they are taken off).
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One way of asking an item: what its cue does, so that nobody needs a table of condition names.

    Attributes:
        label: For people.
        control: It holds no cue: the others are read against it.
        mentions: Which answer the cue mentions; empty for none.
        by: Who mentions it or leans: nobody (`text`), somebody else (`third`) or the user; empty for no cue.
        denies: The answer is mentioned as wrong ("I don't think that it is X").
        push: What the user says of the model's own first answer.
        stance: How the user stands to the text that is judged.
    """

    name: str
    label: str
    control: bool = False
    mentions: Literal["", "target", "suggestion"] = ""
    by: Literal["", "text", "third", "user"] = ""
    denies: bool = False
    push: Literal["", "doubts", "agrees"] = ""
    stance: Literal["", "likes", "dislikes"] = ""

    @property
    def asserts(self) -> Literal["", "target", "suggestion"]:
        """Which answer the user says is right; empty where the user says of none that it is."""
        return self.mentions if self.by == "user" and not self.denies else ""


Material = Literal["question", "argument"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestInfo:
    """What a request is about. Real models never look at it; null models act on nothing else.

    Attributes:
        material: What the item is: a question with an answer, or an argument that is fallacious or sound.
        turn: Name of the turn. `first`, `reply` and `final` are an answer, the reply to a follow-up and the last
            word on it; any other name asks once.
    """

    item: Item
    task: str
    condition: Condition
    turn: str
    material: Material = "question"
    draw: int = 0
    letters: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """Ask for the next assistant turn of `messages`."""

    messages: tuple[Message, ...]
    decoding: Decoding
    about: RequestInfo | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRequest:
    """Ask for the log-probability of each option as (the rest of) the next assistant turn.

    Attributes:
        messages: The dialogue, ending with a user turn.
        options: The candidate texts.
        prefix: How the assistant's turn begins, before the option ("The answer is").
    """

    messages: tuple[Message, ...]
    options: tuple[str, ...]
    prefix: str = ""
    about: RequestInfo | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back. `text` has no template tokens; `finish` is `length` where it was cut."""

    text: str
    finish: Finish = "stop"
    n_tokens: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceLogprobs:
    """Log-probabilities in nats, summed over each option's tokens; one entry an option.

    `logprobs` is None where the request failed (`error` says why): missing is never 0.
    """

    logprobs: tuple[float, ...] | None
    n_tokens: tuple[int, ...] = ()
    error: str = ""


# --- dialogues: generators, free of I/O ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A user turn that joins the transcript; the dialogue is sent the `Response`."""

    name: str
    content: str
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Log-probabilities of `options` after a user turn that stays out of the transcript."""

    name: str
    content: str
    options: tuple[str, ...]
    prefix: str = ""


Turn = Ask | Probe
Reply = Response | ChoiceLogprobs
Dialogue = Generator[Turn, Reply, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One asked turn with its response, by name (`answer`, `follow_up`, `final`, ...)."""

    name: str
    content: str
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """One probe with its log-probabilities, by name."""

    name: str
    content: str
    prefix: str
    options: tuple[str, ...]
    result: ChoiceLogprobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One item under one condition in one draw: the whole transcript.

    Attributes:
        paraphrase: Which wording of the cue was used.
        letters: For multiple choice, letter -> option text as displayed; empty otherwise.
        asked: Turns in order. probes: log-probability probes in order.
    """

    subject: str
    task: str
    item_id: str
    condition: str
    draw: int
    paraphrase: str = ""
    letters: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[Answered, ...] = ()
    probes: tuple[Probed, ...] = ()
    system: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One judgement of one trial.

    `label` (an outcome) and `value` (a number) are both None exactly when `status` is not `scored`;
    a scored outcome has its `label`, a scored number its `value`.
    """

    subject: str
    task: str
    item_id: str
    condition: str
    draw: int
    name: str
    status: Status
    label: str | None = None
    value: float | None = None
    scorer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number over trials, with what is needed to judge it.

    Attributes:
        reference: Empty for a level of `subject`; `base` or `placebo` for a paired change against it.
        task: Facet or benchmark. name: rate or contrast (`follow`, `retention_loss`, `accuracy`, ...).
        condition: The condition that a rate is of; empty for contrasts.
        unit: `proportion` (levels in [0, 1], differences in [-1, 1]), `log_odds` (nats), `score`, `d_prime`.
        value: None where it cannot be said (`note` says why). low, high: interval at `level`.
        n: Trials or pairs that entered. n_clusters: independent clusters among them.
        coverage: Share of eligible trials that were scored, in [0, 1]; None where nothing was eligible.
        method: Of the interval. p_value: two-sided; p_adjusted: with `adjustment` (`holm`, `bh`).
        primary: One of the study's few confirmatory contrasts.
        state: Set once, after the audit (`run.analyse`); everybody else only reads it. `valid`; `warned`: `reason`
            is read beside the number; `withheld`: `reason` stands in its place; `missing`: there is no number, and
            `reason` says why; empty: not judged yet.
        checks: Names of the audit's checks behind `reason`, comma-separated.
    """

    subject: str
    reference: str = ""
    task: str
    name: str
    condition: str = ""
    unit: str = "proportion"
    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n: int = 0
    n_clusters: int = 0
    coverage: float | None = None
    method: str = ""
    p_value: float | None = None
    p_adjusted: float | None = None
    adjustment: str = ""
    primary: bool = False
    note: str = ""
    state: State = ""
    reason: str = ""
    checks: str = ""

    @property
    def shown(self) -> bool:
        """Whether the number itself may be shown: judged, and neither withheld nor missing."""
        return self.state in ("valid", "warned")


# --- protocols -------------------------------------------------------------------------------


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
        """Render with the chat template. `open_turn`: end where the assistant begins to speak."""
        ...

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        """Log-probability in nats of each continuation given its context, and whether greedy."""
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

    def attach(self, folder: Path, name: str) -> None:
        """Answer with the adapter in `folder` from now on, called `name`."""
        ...

    def detach(self) -> None:
        """Answer as the base again."""
        ...

    @property
    def base_unchanged(self) -> bool | None:
        """Whether the base answers bit for bit as before any adapter; None where none was attached."""
        ...


@runtime_checkable
class ReportsProgress(Protocol):
    """A model that tells how far it is while it answers."""

    def report_to(self, progress: Callable[[float], None] | None) -> None:
        """Tell `progress` the weight of what was answered (`sycoscope.core.costs`); None: tell nobody."""
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
