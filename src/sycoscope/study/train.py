"""Tunes one adapter: rows and settings -> a folder in the cache, by content; one that is there is not tuned again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sycoscope.config import StudyConfig, TrainingConfig
from sycoscope.core.errors import ConfigError
from sycoscope.core.protocols import Model, Recorded
from sycoscope.study.cache import ShardCache
from sycoscope.study.costs import training_cost
from sycoscope.study.inputs import Materials
from sycoscope.study.keys import adapter_key
from sycoscope.study.progress import Meter, Progress, Silent
from sycoscope.study.results import RunResults
from sycoscope.study.session import Session, load_for, timed
from sycoscope.study.subjects import Subject, tuned_subjects
from sycoscope.training.rows import Example
from sycoscope.training.sft import Trainable
from sycoscope.training.trainer import WEIGHTS, train_adapter


@dataclass(frozen=True)
class Training:
    """What an adapter is tuned on: rows in training order (the tail is held out) and settings."""

    rows: Sequence[Example]
    settings: TrainingConfig
    base: str

    @property
    def weight(self) -> float:
        """What it costs, in the weight of `costs.Cost`."""
        return training_cost(self.rows, self.settings).weight


def training_of(subject: Subject, config: StudyConfig, inputs: Materials) -> Training:
    """The training of a subject that is tuned."""
    assert subject.adapter is not None, "only a subject with a recipe is tuned"
    rows = inputs.examples(subject.adapter, subject.seed)
    return Training(rows, config.training_of(subject.adapter), config.model.name)


def train_one(config: StudyConfig, cache: Path, *, progress: Progress | None = None) -> Path:
    """Tune the one adapter that a study names, and evaluate nothing.

    Args:
        cache: Folder of what is kept.

    Returns:
        The adapter's folder, in the cache.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    (subject,) = tuned_subjects(config)
    training = training_of(subject, config, Materials(config))
    progress = progress or Silent()
    progress.start(training.weight)
    session = Session(load_for(config, progress), ShardCache(cache), progress)
    return train(subject, training, session, RunResults())


def train(subject: Subject, training: Training, session: Session, results: RunResults) -> Path:
    """Tune a subject's adapter where the cache has none, and note in `results` what it was tuned on.

    Returns:
        The adapter's folder, in the cache.

    Raises:
        ConfigError: the model cannot be tuned.
    """
    model = tunable(session.model)
    key = adapter_key(training.rows, training.settings, subject.seed, model.record())
    folder = session.cache.adapter_path(subject.name, key)
    session.progress.begin(f"{subject.name}: training")
    results.training[subject.name] = _facts(subject, training, folder)
    results.training_texts[subject.name] = [
        "\n".join([*(message.content for message in row.prompt), row.completion]) for row in training.rows
    ]
    meter = Meter(session.progress, training.weight)
    if (folder / WEIGHTS).is_file():
        meter.finish(skipped=True)
        return folder
    with timed(results, subject.name, "training"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        train_adapter(
            model,
            training.rows,
            training.settings,
            seed=subject.seed,
            folder=folder,
            record={"recipe": subject.recipe, "name": subject.name, "base": training.base},
            progress=_Steps(meter, training.weight),
        )
        meter.finish()
    return folder


class _Steps:
    """Steps of a training, reported as weight."""

    def __init__(self, meter: Meter, weight: float) -> None:
        self._meter = meter
        self._weight = weight
        self._done = 0

    def __call__(self, step: int, steps: int) -> None:
        self._meter(self._weight * (step - self._done) / max(1, steps))
        self._done = step


@runtime_checkable
class TunableModel(Trainable, Recorded, Protocol):
    """What tuning needs of a model."""


def tunable(model: Model) -> TunableModel:
    """The model as one that can be tuned.

    Raises:
        ConfigError: it cannot.
    """
    if isinstance(model, TunableModel):
        return model
    raise ConfigError(
        f"'{model.name}' cannot be tuned; name a model with weights: a local folder, a .gguf file or a hub id"
    )


def _facts(subject: Subject, training: Training, folder: Path) -> dict[str, Any]:
    n_trained = len(training.rows) - int(len(training.rows) * training.settings.validation_share)
    return {
        "kinds": _counts(training.rows[:n_trained]),
        "validation_kinds": _counts(training.rows[n_trained:]),
        "recipe": subject.recipe,
        "folder": str(folder),
    }


def _counts(rows: Sequence[Example]) -> dict[str, int]:
    return dict(sorted(Counter(row.kind for row in rows).items()))
