"""Runs a study: evaluate base -> train each adapter -> evaluate it; what exists already is skipped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sycoscope.capability import (
    CapabilityRecord,
    CapabilitySpec,
    ask_capability,
    read_records,
    record_table,
    score_records,
)
from sycoscope.config import JudgeConfig, StudyConfig
from sycoscope.core.files import write_atomic
from sycoscope.core.types import Decoding, Model, Score, Trial
from sycoscope.facets.runner import play
from sycoscope.facets.scoring import score_trials
from sycoscope.models.batching import free
from sycoscope.models.torch_model import ModelSettings, TorchModel
from sycoscope.run.store import RunDirectory, ShardCache, parquet_bytes
from sycoscope.study import extra_trials as beside
from sycoscope.study import keys as units_of
from sycoscope.study.inputs import FacetMaterial, Materials
from sycoscope.study.keys import AdapterUnit
from sycoscope.study.progress import Ledger, Meter, Progress, Silent
from sycoscope.training.trainer import train_adapter


class StudyRunner:
    """Runs one study in one process."""

    def __init__(
        self,
        config: StudyConfig,
        run: RunDirectory,
        cache: Path,
        *,
        progress: Progress | None = None,
        attached: Mapping[str, Path] | None = None,
        model: Model | None = None,
        judge: Model | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            attached: Finished adapters to evaluate beside those of the study: name -> folder.
            model: A model in place of the configured one (null models; without capability and adapters).
            judge: A judge in place of the configured one.
        """
        self.config = config
        self.run = run
        self.cache = ShardCache(cache)
        self.progress: Progress = progress or Silent()
        self.attached = dict(attached or {})
        self.materials = Materials(config)
        self._given = model
        self._given_judge = judge
        self._units: dict[str, AdapterUnit] = {}
        self._rows: dict[str, list[Any]] = {}
        self._training: dict[str, float] = {}
        self._evaluation = 0.0
        self.ledger = Ledger()

    def execute(self) -> Ledger:
        """Make all that is missing, and gather it.

        Raises:
            SycoscopeError: bad input of any kind; nothing is half-written.
        """
        self.prepare()
        self.progress.start(self.weight)
        return self.gather()

    def gather(self) -> Ledger:
        """Walk over all arms in the study's order, making what is missing (after `prepare`)."""
        self.model = self._load()
        for arm in self.arms:
            self.make(arm)
        self._close()
        self._judge()
        return self.ledger

    @property
    def is_given(self) -> bool:
        """Whether the caller brought the model."""
        return self._given is not None

    def prepare(self) -> None:
        """Read the items, cut the training rows, and count what they cost."""
        if self.config.capability:
            self.materials.read()
        units = units_of.adapter_units(self.config)
        self._units = {unit.name: unit for unit in units}
        self._rows = {unit.name: self.materials.examples(unit.config, unit.seed) for unit in units}
        self._training = {
            name: units_of.training_cost(self._rows[name], self.config, unit).weight
            for name, unit in self._units.items()
        }
        facets = sum(units_of.facet_cost(material).weight for material in self.materials.facets.values())
        self._evaluation = facets + sum(
            units_of.capability_cost(spec).weight for spec in self.materials.capability
        )

    @property
    def arms(self) -> list[str]:
        """The base, the adapters to be tuned, the finished ones: what is evaluated, in this order."""
        return ["base", *self._units, *self.attached]

    @property
    def weight(self) -> float:
        """What all arms cost, in the weight of `units.Cost`."""
        return sum(map(self.weight_of, self.arms))

    def weight_of(self, arm: str) -> float:
        """What an arm costs: its training and its evaluation."""
        return self._evaluation + self._training.get(arm, 0.0)

    def make(self, arm: str) -> None:
        """Tune (where it is one of the study's adapters) and evaluate one arm; what exists is skipped."""
        if arm == "base":
            self._evaluate("base", "base", "", self.config.seed)
        elif arm in self._units:
            unit = self._units[arm]
            folder = self._train(unit, self._rows[arm], self._training[arm])
            self._with_adapter(folder, arm, _kind(unit.config.recipe), unit.config.recipe, unit.seed)
        else:
            self._with_adapter(self.attached[arm], arm, "other", "", self.config.seed)

    def make_some(self, arms: Iterable[str]) -> Iterator[list[dict[str, Any]]]:
        """Make arms as they come, on a model of one's own; the seconds of the units of each."""
        self.prepare()
        self.model = self._load()
        for arm in arms:
            self.make(arm)
            yield self.ledger.timings
            self.ledger = Ledger()

    def train_all(self) -> dict[str, Path]:
        """Train the study's adapters and evaluate nothing: name -> folder."""
        self.prepare()
        self.progress.start(sum(self._training.values()))
        self.model = self._load()
        return {
            name: self._train(unit, self._rows[name], self._training[name])
            for name, unit in self._units.items()
        }

    def _load(self) -> Model:
        if self._given is not None:
            return self._given
        self.progress.begin("loading the model")
        return TorchModel(ModelSettings(**self.config.model.model_dump()))

    # --- subjects ---

    def _with_adapter(self, folder: Path, name: str, kind: str, recipe: str, seed: int) -> None:
        assert isinstance(self.model, TorchModel)
        self.model.adapters.attach(folder, name)
        try:
            self._evaluate(name, kind, recipe, seed)
        finally:
            self.model.adapters.detach()
        self.ledger.adapters[name] = str(folder)

    def _evaluate(self, name: str, kind: str, recipe: str, seed: int) -> None:
        self.ledger.subjects.append(
            {"name": name, "kind": kind, "recipe": recipe, "seed": seed, "model": _record(self.model)}
        )
        for material in self.materials.facets.values():
            self._facet(name, material)
            self.ledger.priors += beside.letter_prior(
                name, material, self.materials.wordings, self.model, self.cache, seed=self.config.seed
            )
        self._capability(name)

    def _facet(self, subject: str, material: FacetMaterial) -> None:
        cost = units_of.facet_cost(material)
        each = cost.weight / max(1, len(material.items))
        items = {item.id: item for item in material.items}
        for part in units_of.shards(material):
            key = units_of.shard_key(material, part, self.config, self.model.digest)
            done = self.cache.has(key)
            self.progress.begin(f"{subject}: {material.task.name}")
            with self._metered(each * len(part), done=done):
                if not done:
                    started = time.monotonic()
                    self.cache.put_trials(key, self._play(subject, material, part))
                    self._timed(subject, material.task.name, started)
            trials = [replace(trial, subject=subject) for trial in self.cache.trials(key)]
            self._keep(subject, material.task.name, key, trials, self._scored(key, trials, items))

    @contextmanager
    def _metered(self, weight: float, *, done: bool) -> Iterator[None]:
        """A unit of this weight: the model tells how far it is, where it can."""
        meter = Meter(self.progress, weight)
        if isinstance(self.model, TorchModel):
            self.model.progress = meter
        try:
            yield
        finally:
            if isinstance(self.model, TorchModel):
                self.model.progress = None
        meter.finish(skipped=done)

    def _play(self, subject: str, material: FacetMaterial, part: Any) -> list[Trial]:
        decoding = Decoding(
            max_tokens=1,
            temperature=self.config.decoding.temperature,
            top_p=self.config.decoding.top_p,
            seed=self.config.seed,
        )
        return play(
            material.task,
            part,
            self.model,
            subject=subject,
            decoding=decoding,
            draws=self.config.decoding.draws,
        )

    def _scored(self, key: str, trials: list[Trial], items: Mapping[str, Any]) -> list[Score]:
        scored = units_of.score_key(key)
        if not self.cache.has(scored, "scores"):
            self.cache.put_scores(scored, score_trials(trials, items))
        subject = trials[0].subject if trials else ""
        return [replace(score, subject=subject) for score in self.cache.scores(scored)]

    def _capability(self, subject: str) -> None:
        for spec in self.materials.capability:
            weight = units_of.capability_cost(spec).weight
            key = units_of.capability_key(spec, self.config, self.model.digest)
            self.progress.begin(f"{subject}: {spec.task}")
            done = self.cache.has(key, "records")
            with self._metered(weight, done=done):
                if not done:
                    self._benchmark(subject, spec, key)
            records = [
                replace(record, subject=subject) for record in read_records(self.cache.path(key, "records"))
            ]
            trials = [record.trial() for record in records]
            self._keep(subject, spec.task, key, trials, self._benchmark_scores(key, records))

    def _benchmark(self, subject: str, spec: CapabilitySpec, key: str) -> None:
        started = time.monotonic()
        records = ask_capability(
            self.model,  # type: ignore[arg-type]
            [spec],
            subject=subject,
            seed=self.config.seed,
            chat=self.config.chat,
        )
        write_atomic(self.cache.path(key, "records"), parquet_bytes(record_table(records)))
        self._timed(subject, spec.task, started)

    def _benchmark_scores(self, key: str, records: list[CapabilityRecord]) -> list[Score]:
        scored = units_of.capability_score_key(key)
        if not self.cache.has(scored, "scores"):
            self.cache.put_scores(scored, score_records(records))
        subject = records[0].subject if records else ""
        return [replace(score, subject=subject) for score in self.cache.scores(scored)]

    def _keep(self, subject: str, task: str, key: str, trials: list[Trial], scores: list[Score]) -> None:
        self.ledger.trials.setdefault(task, []).extend(trials)
        self.ledger.scores.setdefault(task, []).extend(scores)
        self.ledger.shards.setdefault(subject, {}).setdefault(task, []).append(key)

    # --- the judge ---

    def _judge(self) -> None:
        """Try the judge on labelled cases, and ask it about every trial that it has a say about."""
        config = self.config.judge
        if config is None:
            return
        self.progress.begin("loading the judge")
        model = self._judge_model(config)
        started = time.monotonic()
        self.ledger.judge = {"model": _record(model)} | beside.try_judge(config, model, self.progress.begin)
        for name, material in self.materials.facets.items():
            for subject, keys in self.ledger.shards.items():
                self.progress.begin(f"judge: {subject}: {name}")
                mine = [trial for trial in self.ledger.trials.get(name, []) if trial.subject == subject]
                self.ledger.judgements += beside.judged(
                    mine, material.items, keys.get(name, []), config, model, self.cache
                )
        self.ledger.timed("judge", "all", started)

    def _judge_model(self, config: JudgeConfig) -> Model:
        if self._given_judge is not None:
            return self._given_judge
        if self._given is None and config.model == self.config.model:
            return self.model
        if isinstance(self.model, TorchModel):
            del self.model  # two models need not lie in memory together
        return TorchModel(ModelSettings(**config.model.model_dump()))

    # --- training ---

    def _train(self, unit: AdapterUnit, rows: list[Any], weight: float) -> Path:
        assert isinstance(self.model, TorchModel)
        key = units_of.adapter_key(rows, self.config, unit, self.model.record())
        folder = self.cache.root / "adapters" / f"{unit.name}-{key[:16]}"
        self.progress.begin(f"{unit.name}: training")
        settings = self.config.training_of(unit.config)
        n_held = int(len(rows) * settings.validation_share)
        self.ledger.training[unit.name] = {
            "kinds": _count(rows[: len(rows) - n_held]),
            "validation_kinds": _count(rows[len(rows) - n_held :]),
            "recipe": unit.config.recipe,
            "folder": str(folder),
        }
        self.ledger.training_texts[unit.name] = [
            "\n".join([*(message.content for message in row.prompt), row.completion]) for row in rows
        ]
        if (folder / "adapter_model.safetensors").is_file():
            self.progress.advance(weight, skipped=True)
            return folder
        started, told, meter = time.monotonic(), 0, Meter(self.progress, weight)

        def report(step: int, steps: int) -> None:
            nonlocal told
            meter(weight * (step - told) / max(1, steps))
            told = step

        folder.parent.mkdir(parents=True, exist_ok=True)
        train_adapter(
            self.model,
            rows,
            settings,
            seed=unit.seed,
            folder=folder,
            record={"recipe": unit.config.recipe, "name": unit.name, "base": self.config.model.name},
            progress=report,
        )
        meter.finish()
        self._timed(unit.name, "training", started)
        return folder

    # --- around ---

    def _timed(self, subject: str, what: str, started: float) -> None:
        """A unit ends: its memory is given back, or it would stay beside what the next unit takes."""
        free()
        self.ledger.timed(subject, what, started)

    def _close(self) -> None:
        """Whether the base answers bit for bit as before any adapter was attached."""
        if isinstance(self.model, TorchModel) and self.ledger.subjects:
            self.ledger.subjects[0]["model"]["base_bit_equal"] = self.model.adapters.base_unchanged


def _kind(recipe: str) -> str:
    return recipe if recipe in {"combined", "anti_sycophancy", "placebo", "sycophant"} else "benchmark"


def _record(model: Model) -> dict[str, Any]:
    if isinstance(model, TorchModel):
        return model.record()
    return {"name": model.name, "digest": model.digest, "engine": "none", "adapter": None}


def _count(rows: list[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.kind] = counts.get(row.kind, 0) + 1
    return dict(sorted(counts.items()))
