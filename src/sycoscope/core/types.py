"""The nouns of the field (standard library only); the protocols between the layers are in protocols.py.

Item (question, target, wrong suggestion, choices, cluster) x condition x draw
-> Trial (the whole transcript) -> Score (one judgement) -> Estimate (over trials).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["system", "user", "assistant"]
Scalar = str | int | float | bool
Status = Literal["scored", "unparsed", "truncated", "error"]
Split = Literal["train", "test", ""]
Finish = Literal["stop", "length", "filtered", "error"]
# The largest seed: numpy's oldest source of chance has 32 bits and no sign.
MAX_SEED = 2**32 - 1
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
        given: Which answer stands as the model's own first one without being asked; empty: it is asked.
        by_default: Asked where a study names no conditions.
    """

    name: str
    label: str
    control: bool = False
    mentions: Literal["", "target", "suggestion"] = ""
    by: Literal["", "text", "third", "user"] = ""
    denies: bool = False
    push: Literal["", "doubts", "agrees"] = ""
    stance: Literal["", "likes", "dislikes"] = ""
    given: Literal["", "target"] = ""
    by_default: bool = True

    @property
    def asserts(self) -> Literal["", "target", "suggestion"]:
        """Which answer the user says is right; empty where the user calls none right."""
        return self.mentions if self.by == "user" and not self.denies else ""


Material = Literal["question", "argument"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestInfo:
    """What a request is about. Real models never look at it; null models act on nothing else.

    Attributes:
        material: What the item is: a question with an answer, or an argument that is fallacious or sound.
        turn: Name of the turn. `first`, `reply` and `final` are an answer, the reply to a follow-up and the last
            word on it, generated or probed; any other name asks once.
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
    """What came back. `text` has no template tokens; `finish` is `length` where it was cut.

    `filtered`: the provider's filter withheld the answer or its rest.

    `n_tokens`: as the model or its server counts them; None where nobody did: a server that does not tell, a request
    that failed, a text that was put in the model's mouth.

    `opened`: the prompt had opened a block of reasoning, so the text begins inside it.
    """

    text: str
    finish: Finish = "stop"
    n_tokens: int | None = None
    error: str = ""
    opened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceLogprobs:
    """Log-probabilities in nats, summed over each option's tokens; one entry per option.

    `logprobs` is None where the request failed (`error` says why): missing is never 0.

    Attributes:
        ceilings: Where a server names only its likeliest tokens: the most that each option can have (nats). An option
            that is not among them has no number (its entry of `logprobs` is a nan) and anything up to its ceiling.
        chosen: Where a server decides and gives no log-probabilities: the option that it took; None elsewhere.
        rung: How it was read (docs/serving.md); empty for models on this machine.
    """

    logprobs: tuple[float, ...] | None
    n_tokens: tuple[int, ...] = ()
    error: str = ""
    ceilings: tuple[float, ...] = ()
    chosen: int | None = None
    rung: str = ""

    @property
    def usable(self) -> bool:
        """Whether these are log-probabilities: numbers, none infinite but some minus infinity."""
        if self.logprobs is None or any(math.isnan(value) or value == math.inf for value in self.logprobs):
            return False
        return any(value != -math.inf for value in self.logprobs)

    @property
    def censored(self) -> bool:
        """Whether some option is known by its ceiling alone."""
        return bool(self.ceilings) and any(map(math.isnan, self.logprobs or ()))

    @property
    def answered(self) -> bool:
        """Whether anything came back that may decide: numbers, bounds or a choice."""
        return self.usable or self.censored or self.chosen is not None


class Unscored(float):
    """A log-probability that there is not: a nan that keeps its reason on its way through other people's code."""

    error: str

    def __new__(cls, error: str) -> Unscored:
        """A nan, with why there is no number."""
        made = super().__new__(cls, "nan")
        made.error = error
        return made


# --- dialogues: generators, free of I/O ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A user turn that joins the transcript, unless it is an aside; the dialogue is sent the `Response`."""

    name: str
    content: str
    max_tokens: int
    aside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Log-probabilities of `options` after a user turn that stays out of the transcript."""

    name: str
    content: str
    options: tuple[str, ...]
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A user turn with a reply put in the model's mouth: it joins the transcript, and nothing is asked.

    The dialogue is sent the `reply` as a `Response`.
    """

    name: str
    content: str
    reply: str


Turn = Ask | Probe | Given
Reply = Response | ChoiceLogprobs
Dialogue = Generator[Turn, Reply, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One user turn with its response, by name (`answer`, `reply`, `final`, ...).

    Attributes:
        given: The response was put in the model's mouth (`Given`); it is no answer of the model.
        aside: It stayed out of the transcript: later turns do not know of it.
    """

    name: str
    content: str
    response: Response
    given: bool = False
    aside: bool = False

    @property
    def speaker(self) -> str:
        """Who says `content`, for people."""
        return "user, an aside" if self.aside else "user"


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
        asked: Turns in order, given ones among them. probes: log-probability probes in order.
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

    @property
    def answered(self) -> tuple[Answered, ...]:
        """The turns that the model answered itself: all but those whose response was given."""
        return tuple(turn for turn in self.asked if not turn.given)


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
