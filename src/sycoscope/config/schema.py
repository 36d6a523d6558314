"""What a study file says, as strict pydantic models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from sycoscope.config.adapters import CONTROLS, FILE, PAIRED, AdapterConfig, TrainingConfig
from sycoscope.config.distinct import check_benchmarks
from sycoscope.config.points import check_points
from sycoscope.config.usable import by_content
from sycoscope.config.values import AUTO, BenchmarkName, Difficulty, Level, Name, Once, Seed, Strict
from sycoscope.facets import FACETS, Facet
from sycoscope.items.benchmarks import FORM_NAMES
from sycoscope.models.load import BACKENDS, DEFAULT, AnyModelSettings, backend_of, default_backend
from sycoscope.models.settings import Positive

SHIPPED = tuple(FACETS)

if TYPE_CHECKING:  # the names come from the record of the benchmarks, where type checkers cannot read them
    Form = str
else:
    Form = Literal[FORM_NAMES]

# Keys that studies had not at first: at these values they leave a study's hash as it was.
_LATER: dict[str, Any] = {
    "answer_temperature": 0.0,
    "answer_tokens": 48,
    "at_steps": [],
    "beta": 0.1,
    "capability_margin": 0.10,
    "dora": False,
    "family": "facet",
    "format": None,
    "like": None,
    "monitor": 0,
    "objective": "sft",
    "path": "",
    "probe": None,
    "replay": 0.0,
    "rslora": False,
    "scales": [],
    "scoring": "auto",
    "served": None,
    "start": "",
    "style": None,
    "system": "",
    "template_options": {},
    "tokenizer": "",
}
NOTHING_MEASURED = "nothing is measured: give facets or capability"


class DecodingConfig(Strict):
    """Decoding of the facets. Temperature 0 is greedy; several draws need sampling."""

    temperature: Annotated[float, Field(ge=0, le=5)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    draws: Positive = 1

    @model_validator(mode="after")
    def _draws_differ(self) -> DecodingConfig:
        if self.draws > 1 and self.temperature == 0:
            raise ValueError("several draws need a temperature above 0: greedy draws are all the same")
        return self


class FacetConfig(Strict):
    """One sycophancy facet.

    Attributes:
        items: Empty for the study's `data`; `bank`; or the path of a file of one's own questions.
        limit: Items (of a facet in pairs, as feedback: pairs); null for all.
        difficulty: Bank items of these levels only; empty for all; `[auto]`: the levels, and the fields where none are
            named, that the base can do, by its answers to plain questions of the training half.
        fields: Bank items of these fields only; empty for all.
        form: `open` or `choice` (letters). conditions: empty for all that the facet asks by
            default.
        probe: Whether log-probabilities are read; null for the facet's default.
        shard_items: Items that are played, stored and resumed together.
    """

    items: str = ""
    limit: Positive | None = None
    difficulty: Annotated[tuple[Difficulty, ...], Once] = ()
    fields: Annotated[tuple[str, ...], Once] = ()
    form: Literal["open", "choice"] = "open"
    conditions: Annotated[tuple[str, ...], Once] = ()
    max_tokens: Positive | None = None
    reply_tokens: Positive | None = None
    probe: bool | None = None
    shard_items: Positive = 40

    @model_validator(mode="after")
    def _auto_stands_alone(self) -> FacetConfig:
        if AUTO in self.difficulty and len(self.difficulty) > 1:
            raise ValueError(f"difficulty: '{AUTO}' finds out the levels; leave out the others")
        return self


def _known_facet(name: str) -> str:
    if name not in FACETS:
        raise ValueError(f"unknown key; allowed here: {', '.join(FACETS)}")
    return name


FacetName = Annotated[str, AfterValidator(_known_facet)]


class FacetsConfig(RootModel[dict[FacetName, FacetConfig | None]]):
    """The facets that are asked, by name; null or absent leaves one out."""

    model_config = ConfigDict(frozen=True)

    @model_serializer
    def _all(self) -> dict[str, FacetConfig | None]:
        """Every facet that ships or is asked: a study's hash does not depend on whether one is null or absent."""
        return dict.fromkeys(SHIPPED) | self.root

    @model_validator(mode="after")
    def _each_takes_its_keys(self) -> FacetsConfig:
        faults = [
            InitErrorDetails(type=PydanticCustomError("value_error", text), loc=(name, key), input=None)
            for name, facet in self.asked().items()
            for key, text in _refused(FACETS[name], facet)
        ]
        if faults:
            raise ValidationError.from_exception_data("facets", faults)
        return self

    def asked(self) -> dict[str, FacetConfig]:
        """Facet name -> settings, in the order of `FACETS`."""
        return {name: facet for name in FACETS if (facet := self.root.get(name)) is not None}


def _refused(facet: Facet, given: FacetConfig) -> Iterator[tuple[str, str]]:
    """Key and message of what this facet does not take: a key that did nothing would be believed."""
    limits = {limit for known in FACETS.values() for limit in known.limits}
    for limit in sorted(limits - set(facet.limits)):
        if getattr(given, limit, None) is not None:
            yield limit, f"{facet.name} takes no such limit, but {', '.join(facet.limits)}; leave {limit} out"
    if given.form == "choice" and not facet.lettered:
        yield "form", f"{facet.name} is not asked by letters; leave form out, or give form: open"


class CapabilityConfig(Strict):
    """One benchmark, through lm-evaluation-harness.

    Attributes:
        source: Empty for the study's `data`; `bank` (the built-in set in this benchmark's form); or a folder.
        form: Empty for the benchmark's own; `open` (answer texts) or `letters`; for truthfulqa `mc1`, `mc2`,
            `letters` (shuffled) or `letters_source_order`.
        num_fewshot: None for the benchmark's default.
    """

    benchmark: BenchmarkName
    source: str = ""
    form: Form = ""
    limit: Positive | None = None
    num_fewshot: Annotated[int, Field(ge=0)] | None = None
    max_tokens: Positive | None = None


class JudgeConfig(Strict):
    """A model as judge of the responses, beside the rules. It counts only where it passes labelled cases.

    Attributes:
        labelled: JSONL of labelled cases (layouts of `sycoscope check-scorers`); empty for the built-in ones.
        kinds: What it judges: open answers, admissions of are-you-sure, comments against the control's.
        max_tokens: Of a reply; one that reasons first needs more.
    """

    model: AnyModelSettings
    labelled: str = ""
    kinds: Annotated[tuple[Literal["open", "admission", "comparison"], ...], Once] = (
        "open",
        "admission",
        "comparison",
    )
    max_tokens: Positive = 16

    @model_validator(mode="after")
    def _can_judge(self) -> JudgeConfig:
        backend = backend_of(self.model)
        if not backend.reads_text:
            raise ValueError(f"'{self.model.name}' is {backend.kind}: it cannot judge")
        return self


class PartitionConfig(Strict):
    """How a hub split becomes train and test rows: shuffled with the study's seed, then cut."""

    split: str
    train: Positive
    test: Positive


class StudyConfig(Strict):
    """A whole study.

    Attributes:
        data: `bank`, `hub`, or a folder in the public layouts: where items and benchmarks come from; or a file of
            one's own questions, with the benchmarks of the bank.
        system: A text that opens every dialogue and benchmark, as the system prompt of a deployment does; empty: none.
        judge: A model that judges the responses beside the rules; null for none.
        partition: Benchmark -> how one public split becomes train and test rows; without it the source's own splits.
        family: Whose primaries are adjusted together (Holm): those of each `facet`, or of the whole `study`.
        margin: Equivalence margin in points of proportion.
        capability_margin: Of what must not get worse (benchmarks, `Facet.kept`), in points of proportion.
        transcripts: Items whose transcripts the report shows for each adapter.
        workers: Processes that share what is asked and tuned; each has a model of its own.
    """

    study: Name
    description: str = ""
    seed: Seed = 42
    data: str = "bank"
    model: AnyModelSettings
    system: Annotated[str, Field(max_length=10_000)] = ""
    decoding: DecodingConfig = DecodingConfig()
    wordings: str = ""
    facets: FacetsConfig = FacetsConfig({})
    capability: tuple[CapabilityConfig, ...] = ()
    chat: bool = True
    adapters: tuple[AdapterConfig, ...] = ()
    training: TrainingConfig = TrainingConfig()
    judge: JudgeConfig | None = None
    partition: dict[BenchmarkName, PartitionConfig] = Field(default_factory=dict)
    family: Literal["facet", "study"] = "facet"
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.05
    capability_margin: Annotated[float, Field(gt=0, lt=1)] = 0.10
    transcripts: Positive = 24
    workers: Positive = 1
    # source of items -> what it counts as, read when the study was: a file may be another one by the end of a run
    _contents: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> StudyConfig:
        names = [adapter.name for adapter in self.adapters]
        twice = sorted({name for name in names if names.count(name) > 1} | ({"base"} & set(names)))
        if twice:
            raise ValueError(f"adapters: names must differ and not be 'base'; used twice: {', '.join(twice)}")
        check_benchmarks(self.capability, self.data)
        if not self.measures and not self.adapters:
            raise ValueError(NOTHING_MEASURED)
        self._check_backend()
        self._check_served()
        sources = [self.data, *(facet.items for facet in self.facets.asked().values())]
        sources += [adapter.source for adapter in self.adapters if adapter.recipe == FILE]
        self._contents.update((source, by_content(source)) for source in sources)
        objectives = {self.training_of(adapter).objective for adapter in self.adapters if adapter.recipe}
        if self.adapters and self.training.beta != _LATER["beta"] and "dpo" not in objectives:
            raise ValueError(
                "training.beta is for objective 'dpo', by which no adapter is tuned; leave it out"
            )
        check_points(self.adapters, self.training_of)
        return self

    @property
    def measures(self) -> bool:
        """Whether anything is evaluated; a study that measures nothing can only tune its adapters."""
        return bool(self.facets.asked() or self.capability)

    @property
    def chats(self) -> bool:
        """Whether the model is asked dialogues, which needs a chat template."""
        return bool(self.facets.asked() or (self.capability and self.chat))

    def _check_backend(self) -> None:
        backend = backend_of(self.model)
        refused = [
            key
            for key, can in (
                ("capability", backend.runs_benchmarks),
                ("adapters", backend.takes_adapters or backend.serves_adapters),
            )
            if getattr(self, key) and not can
        ]
        if refused:
            raise ValueError(
                f"model: '{self.model.name}' is {backend.kind}: it answers the facets; "
                f"leave out {' and '.join(refused)}"
            )

    def _check_served(self) -> None:
        backend = backend_of(self.model)
        loads = getattr(self.model, "load_adapters", False)
        for adapter in self.adapters:
            if backend.serves_adapters and adapter.served is None and not (loads and adapter.path):
                raise ValueError(
                    f"adapters: '{adapter.name}': '{self.model.name}' is {backend.kind}, whose adapters are served "
                    f"beside it; give served: the name that {getattr(self.model, 'base_url', 'the endpoint')} has, or "
                    "path and model.load_adapters: true, for vLLM to load the folder"
                )
            if adapter.served is not None and adapter.path and not getattr(self.model, "weights", ""):
                raise ValueError(
                    f"adapters: '{adapter.name}': path beside served is for the proof against weights here; give "
                    "model.weights (the base's weights) too, or leave path or served out: one of them"
                )
            if adapter.served is not None and not backend.serves_adapters:
                raise ValueError(
                    f"adapters: '{adapter.name}': served is for a served model (backend: openai), and "
                    f"'{self.model.name}' is {backend.kind}; give path, or a recipe"
                )

    def training_of(self, adapter: AdapterConfig) -> TrainingConfig:
        """The study's training settings with the adapter's own on top; controls do not take its objective.

        Raises:
            ValueError: a setting is wrong, or the recipe has no rows for the objective.
        """
        ours = self.training.model_dump()
        if adapter.recipe in CONTROLS:
            ours["objective"] = "sft"
        merged = ours | adapter.training
        if isinstance(merged["lora"], dict):  # its keys are laid over one by one too
            merged["lora"] = ours["lora"] | merged["lora"]
        try:
            chosen = TrainingConfig.model_validate(merged)
        except ValidationError as fault:
            faults = "; ".join(
                ": ".join(
                    filter(None, (".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")))
                )
                for e in fault.errors()
            )
            raise ValueError(f"adapters: '{adapter.name}': training: {faults}") from fault
        if chosen.objective == "dpo" and adapter.recipe not in (None, *PAIRED):
            raise ValueError(
                f"adapters: '{adapter.name}': training.objective 'dpo' needs preference pairs, which the recipes "
                f"{' and '.join(PAIRED)} have (got '{adapter.recipe}'); give one of these, or objective: sft in the "
                "adapter's training"
            )
        return chosen

    @property
    def hash(self) -> str:
        """Twelve hex digits over everything that changes what is measured (not names, not the report)."""
        # a study without a judge keeps the hash that it had before there were any
        unused = {"judge"} if self.judge is None else set()
        measured = self.model_dump(
            mode="json", exclude={"study", "description", "transcripts", "workers"} | unused
        )
        for part in (measured, measured.get("judge", {})):
            # nor does one whose backend follows from the model's name
            if "model" in part and part["model"]["backend"] == default_backend(part["model"]["name"]):
                del part["model"]["backend"]
        facets = list(filter(None, measured["facets"].values()))
        tuned = [adapter for adapter in measured["adapters"] if adapter["recipe"] == FILE]
        sources = [(facet, "items") for facet in facets] + [(adapter, "source") for adapter in tuned]
        for part, key in ((measured, "data"), *sources):
            part[key] = self._contents.get(part[key], part[key])
        models = (measured["model"], measured["judge"]["model"]) if self.judge else (measured["model"],)
        for model in models:
            for key in BACKENDS[model.get("backend", DEFAULT)].settings.without_effect:
                model.pop(key, None)
        training = (measured["training"], measured["training"]["lora"])
        for part in (measured, *training, *measured["adapters"], *facets, *models):
            # nor does one that does not use what came later
            for key, default in _LATER.items():
                if key in part and part[key] == default:
                    del part[key]
        return hashlib.sha256(json.dumps(measured, sort_keys=True).encode()).hexdigest()[:12]


def at_levels(config: StudyConfig, levels: Sequence[Level], fields: Sequence[str] = ()) -> StudyConfig:
    """The study with these levels, and fields where it names none, in the place of `auto`."""

    def known(facet: FacetConfig) -> FacetConfig:
        found = {"difficulty": tuple(levels), "fields": facet.fields or tuple(fields)}
        return facet.model_copy(update=found) if facet.difficulty == (AUTO,) else facet

    facets: dict[str, FacetConfig | None] = {name: known(one) for name, one in config.facets.asked().items()}
    return config.model_copy(update={"facets": FacetsConfig(facets)})
