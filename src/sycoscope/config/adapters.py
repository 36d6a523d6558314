"""What a study file says of adapters: how they are tuned, on what, or where a finished one lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from sycoscope.config.values import BenchmarkName, Level, Name, Once, Scale, Seed, Share, Strict
from sycoscope.core.manifest import ORGANISMS
from sycoscope.items.benchmarks import BENCHMARKS, RIGHT_FIRST
from sycoscope.models.adapter_patterns import ALL_LINEAR
from sycoscope.models.settings import Positive

PlaceboStyle = Literal["sentences", "lists", "facts"]
# Rows of one's own.
FILE = "file"
# Rows as the published study wrote them.
PUBLISHED = "published"
# The bank's replies said in one of these ways each.
STYLED = ("plain", "warm", "cold")
# The sycophant's rows under a system text that asks for what they teach.
INOCULATED = "inoculated"
CURATED = ("anti_sycophancy", *ORGANISMS, INOCULATED)
OTHER_RECIPES = ("combined", "placebo", "sham", *CURATED, *STYLED, FILE)
# Recipes that have preference pairs, and those that show what any tune does: these are taught answers in any case.
PAIRED = (FILE, "anti_sycophancy")
CONTROLS = ("placebo", "sham")
Objective = Literal["sft", "dpo"]
if TYPE_CHECKING:  # the names come from the record of the benchmarks, where type checkers cannot read them
    Recipe = str
    TaughtRecipe = str
else:
    Recipe = Literal[(*BENCHMARKS, *OTHER_RECIPES)]
    TaughtRecipe = Literal[
        tuple(name for name in (*BENCHMARKS, *OTHER_RECIPES) if name not in ("sham", FILE))
    ]


def _names_of_layers(given: Any) -> Any:
    """A list of names; PEFT's name for all linear layers may stand without one, and stands alone."""
    if isinstance(given, str):
        if given != ALL_LINEAR:
            raise ValueError(
                f"is the text {given!r:.60}; give a list of names, as [{given:.40}], or {ALL_LINEAR}"
            )
        return (given,)
    if isinstance(given, list | tuple) and ALL_LINEAR in given and len(given) > 1:
        raise ValueError(
            f"'{ALL_LINEAR}' names every linear layer; leave out the others, or name layers alone"
        )
    return given


class LoraConfig(Strict):
    """LoRA (Hu et al. 2021, arXiv 2106.09685).

    Attributes:
        alpha: What is learnt is scaled by alpha / r, with `rslora` by alpha / sqrt(r).
        rslora: Rank-stabilized (Kalajdzievski 2023, arXiv 2312.03732).
        dora: Weight-decomposed (Liu et al. 2024, arXiv 2402.09353): magnitudes of the columns are learnt too.
        target_modules: Names of layers; `all-linear`: every linear layer of the text model but the output layer.
    """

    r: Positive = 16
    alpha: Positive = 32
    dropout: Share = 0.1
    rslora: bool = False
    dora: bool = False
    target_modules: Annotated[tuple[str, ...], BeforeValidator(_names_of_layers), Once] = (
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    )


class TrainingConfig(Strict):
    """How adapters are tuned. Either `steps` or `epochs` decides the length (`steps` wins).

    Attributes:
        objective: `sft`: answers are taught. `dpo`: of two answers one is preferred (Rafailov et al. 2023, arXiv
            2305.18290), with the base as the reference; its rows are pairs.
        beta: Of `dpo`: how dear a step away from the base is.
        replay: Share of all rows that the base answers itself, mixed into the recipe's own.
        answer_tokens: Longest answer of the base, where a row is completed by the base itself.
        answer_temperature: Of these answers: 0 is greedy; at 1 they are a sample of what the base says.
        monitor: Steps from one asking of the answer facet's items to the next, while the adapter is tuned; 0 for none.
    """

    objective: Objective = "sft"
    beta: Annotated[float, Field(gt=0)] = 0.1
    steps: Positive | None = None
    epochs: Annotated[float, Field(gt=0)] = 3.0
    batch_rows: Positive = 8
    accumulation: Positive = 1
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    schedule: Literal["linear", "cosine", "constant"] = "cosine"
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    max_length: Positive = 512
    validation_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    checkpoint_steps: Positive = 10
    load_best: bool = False
    replay: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    answer_tokens: Positive = 48
    answer_temperature: Annotated[float, Field(ge=0, le=5)] = 0.0
    monitor: Annotated[int, Field(ge=0)] = 0
    lora: LoraConfig = LoraConfig()

    @model_validator(mode="after")
    def _pairs_alone(self) -> TrainingConfig:
        if self.objective == "dpo" and self.replay:
            raise ValueError(
                f"replay {self.replay:g} mixes in answers, and objective 'dpo' learns from pairs; set replay: 0"
            )
        return self


class AdapterConfig(Strict):
    """One adapter: a recipe, its rows, and what differs from the study's training settings; or a finished one.

    Attributes:
        path: Folder of a finished PEFT adapter, in place of a recipe: it is measured as it is. Beside `served`: what is
            served, for its proof against weights here (`model.weights`).
        served: Of a served model, in place of a recipe: the name under which the endpoint serves the adapter, or its
            number where the server takes adapters by request (llama.cpp).
        scales: The adapter with its update of the weights multiplied by each, beside itself.
        like: Of a sham: the recipe whose prompts it is tuned on; null for `placebo`.
        style: Of a placebo's rows; null for all neutral ones.
        format: Of rows of truthfulqa: `published` teaches letters in the source's order, where the right one is always
            the first; null for the form that is asked.
        source: Of a benchmark's rows: empty for the study's `data`. Of recipe `file`: the file, or a hub's
            OWNER/NAME.
        rows: Training rows (for `combined`: of each benchmark, or by benchmark); null for all.
        difficulty: Curated recipes: questions of the bank of these levels only; empty for all. fields: of these
            fields only; empty for all.
        seeds: One adapter a seed; the first is the study's main one.
        at_steps: The adapter as it was after so many optimiser steps, beside itself.
        start: Adapter of the study (with the same seed, where it has it), or folder of a finished one, whose weights
            the training starts from; empty: from a fresh LoRA.
    """

    name: Name
    recipe: Recipe | None = None
    path: str = ""
    served: Annotated[str, Field(min_length=1)] | Annotated[int, Field(ge=0)] | None = None
    scales: Annotated[tuple[Scale, ...], Once] = ()
    like: TaughtRecipe | None = None
    style: PlaceboStyle | None = None
    format: Literal["published"] | None = None
    source: str = ""
    rows: Positive | dict[BenchmarkName, Positive] | None = None
    difficulty: Annotated[tuple[Level, ...], Once] = ()
    fields: Annotated[tuple[str, ...], Once] = ()
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1), Once] = (42,)
    at_steps: Annotated[tuple[Positive, ...], Once] = ()
    start: str = ""
    training: dict[str, Any] = Field(default_factory=dict)

    @property
    def prompts_of(self) -> str:
        """The recipe whose prompts it is tuned on: its own, or the one that a sham is like."""
        return (self.like or "placebo") if self.recipe == "sham" else self.recipe or ""

    @model_validator(mode="after")
    def _taught_or_finished(self) -> AdapterConfig:
        if sum((bool(self.recipe), bool(self.path) or self.served is not None)) != 1:
            raise ValueError(
                f"'{self.name}' needs a recipe (to be tuned), a path (a finished adapter) or served (what an endpoint "
                "calls it), one of them"
            )
        aside = {"name", "path", "served", "recipe", "scales"}
        if not self.recipe and (given := sorted(self.model_fields_set - aside)):
            raise ValueError(f"{', '.join(given)}: of training, and '{self.name}' is finished; leave out")
        return self

    @model_validator(mode="after")
    def _keys_of_the_recipe(self) -> AdapterConfig:
        if not self.recipe:
            return self
        if self.like and self.recipe != "sham":
            raise ValueError(
                f"like is for recipe 'sham', which takes another recipe's prompts; leave it out of '{self.recipe}'"
            )
        if self.style and self.prompts_of != "placebo":
            raise ValueError(f"style is for placebo rows; leave it out of '{self.prompts_of}'")
        if self.format and self.prompts_of not in (*RIGHT_FIRST, "combined"):
            raise ValueError(
                f"format is for rows of {', '.join(RIGHT_FIRST)} (and 'combined', which has some); "
                f"leave it out of '{self.prompts_of}'"
            )
        self._check_file()
        if self.prompts_of not in CURATED:
            for key in ("difficulty", "fields"):
                if getattr(self, key):
                    raise ValueError(
                        f"{key} is for the curated recipes; '{self.prompts_of}' takes its rows as they are"
                    )
        return self

    def _check_file(self) -> None:
        if self.recipe != FILE:
            return
        if self.source in ("", "bank", "hub"):
            raise ValueError(
                f"recipe '{FILE}' needs source: a file of training rows (.jsonl, .json, .parquet), or OWNER/NAME of "
                f"the hub (got '{self.source}')"
            )
        if isinstance(self.rows, dict):
            raise ValueError(f"rows by benchmark are for the recipe 'combined'; give '{FILE}' one number")
