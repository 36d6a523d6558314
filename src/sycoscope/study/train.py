"""Tunes one adapter: rows and settings -> a folder in the cache, by content; one that is there is not tuned again."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sycoscope.config import StudyConfig, TrainingConfig
from sycoscope.core.errors import ConfigError
from sycoscope.core.files import disk_errors
from sycoscope.core.processes import is_first
from sycoscope.core.protocols import Model, Recorded
from sycoscope.models.adapter_files import read_record
from sycoscope.study.cache import ShardCache
from sycoscope.study.costs import answers_cost, training_cost
from sycoscope.study.inputs import Materials
from sycoscope.study.keys import adapter_key
from sycoscope.study.mixture import Completed, Mixture
from sycoscope.study.own_answers import OwnAnswers
from sycoscope.study.progress import Meter, Progress, Silent
from sycoscope.study.results import RunResults
from sycoscope.study.session import Session, load_for, timed
from sycoscope.study.subjects import Subject, subjects_of
from sycoscope.study.watch import Watch, watch_of
from sycoscope.study.watching import callback_class
from sycoscope.training.layers import tuned_layers
from sycoscope.training.replay import KIND as REPLAYED
from sycoscope.training.rows import Example, taught_places
from sycoscope.training.supervised import logit_shape
from sycoscope.training.together import first_says, part
from sycoscope.training.trainer import train_adapter
from sycoscope.training.tuning import Trainable

_log = logging.getLogger("sycoscope.study")
# Of an adapter that is to be asked while it is tuned, and was tuned before.
UNWATCHED = (
    "the adapter lay in the cache, tuned without training.monitor: it has no history, and is not tuned "
    "again for one"
)


@dataclass(frozen=True, slots=True)
class Start:
    """The adapter that a training starts from: what it is called, its folder, its digest."""

    name: str
    folder: Path
    digest: str


@dataclass(frozen=True)
class Training:
    """What an adapter is tuned on, rows and settings, and what it is asked meanwhile."""

    mixture: Mixture
    settings: TrainingConfig
    base: str
    watch: Watch | None = None

    @cached_property
    def weight(self) -> float:
        """What it costs with the base's answers, in the weight of `costs.Cost`."""
        tokens = self.settings.answer_tokens
        return self.steps_weight + sum(answers_cost(block, tokens).weight for block in self.mixture.blocks)

    @cached_property
    def steps_weight(self) -> float:
        """What the steps cost."""
        return training_cost(self.mixture.expected, self.settings).weight


def training_of(subject: Subject, config: StudyConfig, inputs: Materials) -> Training:
    """The training of a subject that is tuned."""
    assert subject.adapter is not None, "only a subject with a recipe is tuned"
    settings = config.training_of(subject.adapter)
    asks = settings.replay > 0 or subject.recipe == "sham"
    mixture = Mixture(
        own=inputs.training_rows(subject.adapter, subject.seed),
        pools=inputs.replay_pools if asks else (),
        replay=settings.replay,
        held=settings.validation_share,
        seed=subject.seed,
        study_seed=config.seed,
    )
    watch = watch_of(config) if settings.monitor else None
    return Training(mixture, settings, config.model.name, watch)


def train_one(config: StudyConfig, cache: Path, *, progress: Progress | None = None) -> Path:
    """Tune the one adapter that a study names, and evaluate nothing.

    Args:
        cache: Folder of what is kept.

    Returns:
        The adapter's folder, in the cache.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    _, subject = subjects_of(config)
    training = training_of(subject, config, Materials(config))
    progress = (progress if is_first() else None) or Silent()
    progress.start(training.weight)
    kept = ShardCache(cache)
    session = Session(load_for(config, progress, kept), kept, progress)
    tuned_layers(training.settings.lora, tunable(session.model).network)  # before any work
    folder = train(subject, training, session, RunResults())
    part()
    return folder


def train(
    subject: Subject,
    training: Training,
    session: Session,
    results: RunResults,
    start: Start | None = None,
) -> Path:
    """Tune a subject's adapter where the cache has none, and note in `results` what it was tuned on.

    The steps that its entry names are kept beside it. An adapter that was tuned without them is tuned again, to the
    same weights.

    Returns:
        The adapter's folder, in the cache.

    Raises:
        ConfigError: the model cannot be tuned. DataError: it answers none of the rows that it is to answer.
    """
    model = tunable(session.model)
    completed = _completed(subject, training, session, results)
    named = subject.adapter.at_steps if subject.adapter is not None else ()
    steps = [step for step in named if step != training.settings.steps]  # the last is the adapter itself
    key = adapter_key(
        completed.rows,
        training.settings,
        subject.seed,
        model.record(),
        logits=logit_shape(model.network),
        start=start.digest if start else "",
    )
    folder = session.cache.adapter_path(subject.name, key)
    session.progress.begin(f"{subject.name}: training")
    results.training[subject.name] = _facts(subject, completed.rows, training.settings, folder)
    results.training_texts[subject.name] = [row.text for row in completed.rows]
    meter = Meter(session.progress, training.steps_weight)
    with _claimed(session, folder, steps, model.hardware.device) as is_there:
        if is_there:
            if training.watch is not None and "responses" not in read_record(folder):
                _log.warning("%s: %s", subject.name, UNWATCHED)
            meter.finish(skipped=True)
            return folder
        with timed(results, subject.name, "training"):
            with disk_errors(folder):
                folder.parent.mkdir(parents=True, exist_ok=True)
            train_adapter(
                model,
                completed.rows,
                training.settings,
                seed=subject.seed,
                folder=folder,
                record={"recipe": subject.recipe, "name": subject.name, "base": training.base}
                | completed.record()
                | ({"start": {"name": start.name, "digest": start.digest}} if start else {}),
                progress=_Steps(meter, training.steps_weight),
                callbacks=_callbacks(training),
                at_steps=steps,
                start=start.folder if start else None,
            )
            meter.finish()
    return folder


@contextmanager
def _claimed(session: Session, folder: Path, steps: Sequence[int], device: str) -> Iterator[bool]:
    """Whether the adapter is there, with its steps; where it is not, nobody else makes it meanwhile.

    Of several processes of a launch the first one holds the lock, for all of them: the others would wait for it there,
    and it for them in the training.
    """
    lock: AbstractContextManager[Any] = nullcontext()
    if is_first():
        lock = session.cache.claimed_adapter(folder, steps)
    with lock:
        yield first_says(lambda: session.cache.has_adapters(folder, steps), device=device)


def _completed(subject: Subject, training: Training, session: Session, results: RunResults) -> Completed:
    """The rows with the answers of the session's model, which is the bare base."""
    answers = OwnAnswers(session, training.settings)
    blocks = training.mixture.blocks
    if blocks:
        session.progress.begin(f"{subject.name}: answers of the base")
        kept = all(map(answers.is_there, blocks))
        with nullcontext() if kept else timed(results, subject.name, "answers of the base"):
            answers.ask(blocks)
    return training.mixture.completed(answers)


def _callbacks(training: Training) -> list[Any]:
    """What asks the adapter while it is tuned."""
    if training.watch is None:
        return []
    return [callback_class()(every=training.settings.monitor, watch=training.watch)]


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


def _facts(
    subject: Subject, rows: Sequence[Example], settings: TrainingConfig, folder: Path
) -> dict[str, Any]:
    n_trained = len(rows) - int(len(rows) * settings.validation_share)
    return {
        "kinds": _counts(rows[:n_trained]),
        "validation_kinds": _counts(rows[n_trained:]),
        # what the base says itself is no place that it is taught
        "places": taught_places(row for row in rows if row.kind not in ("sham", REPLAYED)),
        "recipe": subject.recipe,
        "folder": str(folder),
        "monitor": settings.monitor,
    }


def _counts(rows: Sequence[Example]) -> dict[str, int]:
    return dict(sorted(Counter(row.kind for row in rows).items()))
