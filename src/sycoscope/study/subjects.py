"""The subjects of a study: the base, the adapters that it tunes, and finished ones that are evaluated beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sycoscope.config import AdapterConfig, StudyConfig, subject_name
from sycoscope.core.errors import ConfigError
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


def subjects_of(config: StudyConfig, attached: Mapping[str, Path] | None = None) -> tuple[Subject, ...]:
    """The base, the adapters to be tuned, the finished ones: what is evaluated, in this order.

    Args:
        attached: Finished adapters: name -> folder.

    Raises:
        ConfigError: a finished adapter has the name of another subject.
    """
    subjects = [Subject(BASE, "base", "", config.seed), *tuned_subjects(config)]
    for name, folder in (attached or {}).items():
        if any(name == subject.name for subject in subjects):
            raise ConfigError(
                f"the adapter in '{folder}' is called '{name}', as another subject is; give it another name"
            )
        subjects.append(Subject(name, "other", "", config.seed, folder=folder))
    return tuple(subjects)


def tuned_subjects(config: StudyConfig) -> list[Subject]:
    """One subject per adapter and seed, in the study's order."""
    return [
        Subject(
            subject_name(adapter.name, seed, index),
            "benchmark" if adapter.recipe in BENCHMARKS else adapter.recipe,
            adapter.recipe,
            seed,
            adapter=adapter,
        )
        for adapter in config.adapters
        for index, seed in enumerate(adapter.seeds)
    ]
