"""What a facet is: its conditions, dialogue, scores, rates and needs, as one frozen record.

Everything that depends on a facet is a field here and a loop over `FACETS` elsewhere: the runner plays
`dialogue`, scoring calls `scores`, analysis measures `rates`, `numbers` and `detections`, verdicts take the first of
`primaries` that could be estimated, the audit reads `watched` and the conditions, the report reads the labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sycoscope.core.errors import ConfigError
from sycoscope.core.types import Condition, Dialogue, Item, Material, Score
from sycoscope.facets.by_hand import ByHand
from sycoscope.facets.edge_kinds import EdgeKind
from sycoscope.facets.measure import (
    DetectionMeasure,
    FunctionMeasure,
    Labels,
    Measure,
    NumberMeasure,
    RateMeasure,
    published_rate,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

    from sycoscope.facets.task import FacetTask
    from sycoscope.facets.trial_scorer import TrialScorer

# --- what else depends on a facet ---


@dataclass(frozen=True, slots=True)
class Primary:
    """The one change that a facet's hypothesis is about.

    Attributes:
        measure: Name of the measure.
        shown: (name, condition) of the level that is shown before and after.
        meaning: What a larger value means, as the verb of a sentence about an adapter.
    """

    measure: str
    shown: tuple[str, str]
    meaning: str


@dataclass(frozen=True, slots=True)
class Contrary:
    """A measure beyond whose margin a model contradicts users for its own sake.

    Attributes:
        sign: 1 where larger values are more contrary, -1 where smaller ones are.
        margin: That the level must be shown to pass, in the measure's unit.
    """

    name: str
    sign: int
    margin: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a claim of more or less needs beside a change of the primary (docs/method.md, "The verdict").

    All are measures of the facet, and may be left out where a facet has nothing of the kind.

    Attributes:
        confirming: A second channel of the primary, in the same unit: where it alone changes, the model "leans".
        guard: Of a change, above 0 where right answers hold up better under the cue: `less` needs it above 0, `more`
            below. It is what tells resistance from other wrong answers and from silence.
        ability: (name, condition) of a rate among items right without a cue: the number at risk in both subjects says
            whether the ability that the claim is about is still there.
        openness: (name, condition) of what falls where a model no longer takes right advice either.
        contrary: What shows a model that says the opposite of users, right or wrong: it is not independent.
        speaker: Level of what a user moves beyond a bare mention.
        gate: (name, condition) of a level that must stand above 0 in both subjects. Where it does not, only `more` is
            claimed, of a subject whose own primary is above 0, and `gate_reason` is said with it.
    """

    confirming: str = ""
    guard: str = ""
    ability: tuple[str, str] | None = None
    openness: tuple[str, str] | None = None
    contrary: Contrary | None = None
    speaker: str = ""
    gate: tuple[str, str] | None = None
    gate_reason: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A rate that tuning must not make worse (docs/method.md, "Not worse"). lower: whether less of it is better."""

    name: str
    condition: str = ""
    lower: bool = False


@dataclass(frozen=True, slots=True)
class FlipRule:
    """When an item was held or given up under the cue.

    Attributes:
        cue, control: The condition that is looked at, and the one that is shown beside it.
        score, labels: The score that decides; `labels` are those of an item that was held, or, where `caves`, of one
            that was given up.
        at_risk: (score, label) that an item needs under the control; None: every signal item.
    """

    cue: str
    control: str
    score: str
    labels: tuple[str, ...]
    caves: bool = False
    at_risk: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CrossedScore:
    """A score made of two of the same trial.

    Attributes:
        first, second: Names of the scores.
        cross: Their labels, arrays of (n,) -> labels of (n,).
        among: Labels of `first` that there is anything to cross for; empty for all. A trial with another
            label counts as not asked.
    """

    name: str
    first: str
    second: str
    cross: Callable[[Labels, Labels], Labels]
    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Channels:
    """Two readings of one trial, the generated answer and the likeliest option.

    Attributes:
        said, likeliest: Names of the scores. crossed: name of the crossed score, labels `agree` and `differ`.
        conditions: Those whose agreement beyond chance is estimated.
        rates: (name, condition) of the levels that are shown beside each other.
    """

    said: str
    likeliest: str
    crossed: str
    conditions: tuple[str, ...]
    rates: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge model is asked of a facet's trials.

    Attributes:
        kind: Kind of question (`sycoscope.judging.judge`). turn: the turn that is judged.
        rates: (name of the rate, label that it counts).
        by_letters: Whether trials by letters are judged too.
        beside_control: Whether each trial is held against the same item's under control.
    """

    kind: Literal["open", "admission", "comparison"]
    turn: str
    rates: tuple[tuple[str, str], ...]
    by_letters: bool = True
    beside_control: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A measure's name for people. `signed`: its level is a difference already."""

    label: str
    meaning: str = ""
    signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One kind of sycophancy: everything that is asked, read, measured and shown of it.

    Attributes:
        version: Of the dialogue's code; the texts have a digest of their own.
        conditions: The control first.
        needed: Conditions that must always be asked: what the others are read against.
        material: What its items are.
        wording: Model of its texts, and `texts` themselves where they are no section of wordings.yaml.
        dialogue: (task, item, condition's name) -> the turns of one trial.
        paraphrases: Texts -> how many wordings of a cue there are.
        scores: One trial -> its scores. score_names: the names that they can have.
        limits: Token limits that a study may set (fields of `config.FacetConfig`), with their defaults.
        probe: Whether log-probabilities are read by default.
        lettered: Whether it can be asked by letters.
        paired_items: Items come in clusters that stay together (an argument and its partner): a limit counts those.
        bank: Part of the built-in bank. public: name of the public set.
        public_size: Items of the public set. typical_tokens: (prompt, new) per trial there, for plans.
        decision: What a claim needs beside the primary. kept: rates that tuning must not make worse.
        signal, foil: Targets of the items that a detection separates; rates are over signals alone.
        rates, numbers, detections, functions: What is measured.
        published: Conditions that the published study has a reading rule for.
        crossed: Scores made of two.
        judged, by_hand: What a judge model and a person are asked of its trials.
        primaries: The primary; where it cannot be estimated, the next.
        cue: The condition that stands for the facet in summary scores.
        flips: What became of each item.
        edges: Kinds of edge cases beside those of every task.
        watched: (name, condition) of levels that need room below and above.
        varied_turn: The turn in which conditions differ; empty: each prompt is its control's with one span put in.
        letter_turn: The turn that is asked by letters; empty for none.
        turns: Names of its turns, each a column of a run's samples. outcome_turn: the one that the main score is read
            from, or from the short turn after it; empty: the last.
        in_agreement_bias: Whether its primary enters the summary score.
        broken_down: (name, condition) of rates that are shown by groups of items.
        first_shown: (name, condition) of what is read first of a model alone.
        listed: Names of the levels that the terminal lists.
        ladder: Conditions from a mention to the user, for the rates `ladder_rates`.
        names: Names for people, by measure.
    """

    name: str
    label: str
    version: str
    conditions: tuple[Condition, ...]
    needed: tuple[str, ...] = ("control",)
    material: Material = "question"

    wording: type[BaseModel]
    texts: Mapping[str, Any] | None = None
    dialogue: Callable[[FacetTask, Item, str], Dialogue]
    paraphrases: Callable[[Any], int]
    scores: Callable[[TrialScorer], list[Score]]
    score_names: tuple[str, ...]
    limits: Mapping[str, int]
    probe: bool = True
    lettered: bool = True
    letter_turn: str = ""
    turns: tuple[str, ...] = ()
    outcome_turn: str = ""

    paired_items: bool = False
    bank: str = "facts"
    public: str = ""
    public_size: int = 0
    typical_tokens: tuple[int, int] = (200, 100)

    signal: str = ""
    foil: str = ""
    rates: tuple[RateMeasure, ...] = ()
    numbers: tuple[NumberMeasure, ...] = ()
    detections: tuple[DetectionMeasure, ...] = ()
    functions: tuple[FunctionMeasure, ...] = ()
    published: tuple[str, ...] = ()
    crossed: tuple[CrossedScore, ...] = ()
    channels: Channels | None = None
    judged: Judged | None = None
    by_hand: ByHand | None = None
    primaries: tuple[Primary, ...]
    decision: Decision = Decision()
    kept: tuple[Kept, ...] = ()
    cue: str
    flips: FlipRule
    edges: tuple[EdgeKind, ...] = ()
    in_agreement_bias: bool = False

    watched: tuple[tuple[str, str], ...] = ()
    varied_turn: str = ""

    broken_down: tuple[tuple[str, str], ...] = ()
    first_shown: tuple[tuple[str, str], ...] = ()
    listed: tuple[str, ...] = ()
    ladder: tuple[str, ...] = ()
    ladder_rates: tuple[str, ...] = ()
    names: Mapping[str, Name] = field(default_factory=dict)

    @property
    def condition_names(self) -> tuple[str, ...]:
        """Names of all conditions, the control first."""
        return tuple(condition.name for condition in self.conditions)

    @property
    def default_conditions(self) -> tuple[str, ...]:
        """Names of the conditions that are asked where a study names none."""
        return tuple(condition.name for condition in self.conditions if condition.by_default)

    @property
    def deciding(self) -> tuple[str, ...]:
        """Names of the conditions that a verdict reads; the others only tell more."""
        asked = self.decision
        by_name = {
            *(primary.measure for primary in self.primaries),
            asked.confirming,
            asked.guard,
            asked.speaker,
        }
        by_place = {asked.ability, asked.openness, asked.gate}
        read = {
            condition
            for measure in self.measures
            if measure.name in by_name or (measure.name, measure.condition) in by_place
            for condition, _ in measure.cells
        }
        return tuple(name for name in self.condition_names if name in read | {*self.needed, self.cue})

    @property
    def controls(self) -> tuple[str, ...]:
        """Names of the conditions that hold no cue."""
        return tuple(condition.name for condition in self.conditions if condition.control)

    @property
    def main_score(self) -> str:
        """Name of the score that says what a trial came to."""
        return self.flips.score

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Everything that is measured of it, the published study's rates first."""
        return (
            *map(published_rate, self.published),
            *self.rates,
            *self.numbers,
            *self.detections,
            *self.functions,
        )

    @property
    def primary_rate(self) -> RateMeasure | None:
        """The last of the primaries, which needs no foils; None where it is no sum of rates."""
        last = self.primaries[-1].measure
        return next((rate for rate in self.rates if rate.name == last and not rate.condition), None)

    @property
    def primary_detection(self) -> DetectionMeasure | None:
        """The first of the primaries, where it is a contrast of detection."""
        first = self.primaries[0].measure
        return next((one for one in self.detections if one.name == first and not one.condition), None)

    def primary_measure(self, *, foils: bool) -> RateMeasure | DetectionMeasure | None:
        """The primary where foils were asked, or were not; None where it is neither a rate nor a detection."""
        return (self.primary_detection if foils else None) or self.primary_rate

    def condition(self, name: str) -> Condition:
        """The condition of that name.

        Raises:
            ConfigError: There is none.
        """
        for condition in self.conditions:
            if condition.name == name:
                return condition
        raise ConfigError(
            f"{self.name}: unknown condition {name}; allowed: {', '.join(self.condition_names)}"
        )

    def control_of(self, name: str) -> str:
        """The control that a condition is read against: the first one whose first answer came about as its own did."""
        given = self.condition(name).given
        same = (one.name for one in self.conditions if one.control and one.given == given)
        return next(same, self.conditions[0].name)

    def is_primary(self, measure: Measure, *, foils: bool) -> bool:
        """Whether this measure is the primary where foils were asked, or were not."""
        if measure.condition:
            return False
        detected = self.primary_detection is not None and foils
        return measure.name == (self.primaries[0] if detected else self.primaries[-1]).measure
