"""The subjects of a study: the base, the adapters that it tunes, and finished ones that are evaluated beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sycoscope.config import AdapterConfig, StudyConfig, subject_name
from sycoscope.core.files import user_path
from sycoscope.items import BENCHMARKS

BASE = "base"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is evaluated under one name.

    Attributes:
        kind: `base`; `benchmark` or the recipe for a tuned adapter; `other` for a finished one.
        recipe: Of a tuned adapter; empty for all others.
        seed: Of its training; for the others the study's.
        adapter: How it is tuned; None where nothing is.
        folder: A finished adapter; None for the base and for what is tuned.
    """

    name: str
    kind: str
    recipe: str
    seed: int
    adapter: AdapterConfig | None = None
    folder: Path | None = None


def subjects_of(config: StudyConfig) -> tuple[Subject, ...]:
    """The base, then the adapters in the study's order: tuned ones once for each seed, finished ones as they are."""
    subjects = [Subject(BASE, "base", "", config.seed)]
    for adapter in config.adapters:
        if adapter.path:
            subjects.append(Subject(adapter.name, "other", "", config.seed, folder=user_path(adapter.path)))
        else:
            subjects += _tuned(adapter)
    return tuple(subjects)


def _tuned(adapter: AdapterConfig) -> list[Subject]:
    recipe = adapter.recipe
    assert recipe is not None, "an adapter without a path has a recipe"
    kind = "benchmark" if recipe in BENCHMARKS else recipe
    return [
        Subject(subject_name(adapter.name, seed, index), kind, recipe, seed, adapter=adapter)
        for index, seed in enumerate(adapter.seeds)
    ]
