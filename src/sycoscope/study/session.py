"""A loaded model with the cache that its answers go to: where the subjects of a study are made, one after another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sycoscope.config import StudyConfig
from sycoscope.core.errors import ConfigError
from sycoscope.core.files import digest_of
from sycoscope.core.protocols import (
    CountsSpending,
    Model,
    Recorded,
    ReportsProgress,
    ServesAdapters,
    TakesAdapters,
    TextModel,
)
from sycoscope.models.batching import free
from sycoscope.models.load import load_model
from sycoscope.models.settings import ModelSettings
from sycoscope.study.cache import ShardCache
from sycoscope.study.progress import Meter, Progress
from sycoscope.study.results import RunResults

# A unit that took longer than this (s) is worth a thorough look for memory that it left.
THOROUGH_SECONDS = 20.0


@dataclass(frozen=True)
class Session:
    """A loaded model, the cache, and where progress is reported."""

    model: Model
    cache: ShardCache
    progress: Progress

    @contextmanager
    def metered(self, weight: float, *, done: bool) -> Iterator[None]:
        """A unit of this weight; the model reports its progress, where it can."""
        meter = Meter(self.progress, weight)
        if isinstance(self.model, ReportsProgress):
            self.model.report_to(meter)
        try:
            yield
        finally:
            if isinstance(self.model, ReportsProgress):
                self.model.report_to(None)
        meter.finish(skipped=done)


def load_for(config: StudyConfig, progress: Progress, cache: ShardCache) -> Model:
    """Load the study's model.

    Raises:
        SycoscopeError: it cannot be loaded.
    """
    progress.begin("loading the model")
    return spending_counted(load_model(config.model, seed=config.seed), config.model, config, cache)


def spending_counted(model: Model, settings: ModelSettings, config: StudyConfig, cache: ShardCache) -> Model:
    """The model; what it spends is counted with what the study has spent at it before, where it costs something."""
    if isinstance(model, CountsSpending):
        who = settings.model_dump(mode="json", include={"name", "base_url"})
        model.count_in(cache.spent_path(digest_of([config.hash, who])))
    return model


@contextmanager
def timed(results: RunResults, subject: str, unit: str) -> Iterator[None]:
    """Note how long a unit took; its memory is given back, or it would stay beside what the next unit takes."""
    started = time.monotonic()
    yield
    free(thorough=time.monotonic() - started > THOROUGH_SECONDS)
    results.timed(subject, unit, started)


def record_of(model: Model) -> dict[str, Any]:
    """What the manifest says about a model."""
    if isinstance(model, Recorded):
        return model.record()
    return {"name": model.name, "digest": model.digest, "engine": "none", "adapter": None}


def with_adapters(model: Model) -> TakesAdapters:
    """The model as one that takes adapters.

    Raises:
        ConfigError: it takes none.
    """
    if isinstance(model, TakesAdapters):
        return model
    raise ConfigError(
        f"'{model.name}' takes no adapters; leave out adapters, or name a model with weights: "
        "a local folder, a .gguf file or a hub id"
    )


def with_served(model: Model) -> ServesAdapters:
    """The model as one whose adapters are served beside it.

    Raises:
        ConfigError: it has none.
    """
    if isinstance(model, ServesAdapters):
        return model
    raise ConfigError(f"'{model.name}' is not served: give path in place of served, or backend: openai")


def with_raw_text(model: Model) -> TextModel:
    """The model as one that reads and writes raw text.

    Raises:
        ConfigError: it answers dialogues alone.
    """
    if isinstance(model, TextModel):
        return model
    raise ConfigError(
        f"'{model.name}' gives no log-probabilities of raw text, which the benchmarks need; leave out capability, "
        "or name a model with weights: a local folder, a .gguf file or a hub id"
    )
