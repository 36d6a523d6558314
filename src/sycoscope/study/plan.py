"""What a study would run, and what it would cost, without a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sycoscope.study.materials import LABELS, Materials
from sycoscope.study.units import (
    adapter_units,
    capability_cost,
    facet_cost,
    training_cost,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One unit of a plan; tokens are estimates from characters."""

    kind: str
    subject: str
    what: str
    n_items: int
    n_trials: int
    prompt_tokens: int
    new_tokens: int
    training_tokens: int

    def record(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def plan(materials: Materials) -> list[Planned]:
    """Every unit in the order in which it runs: the base, then each adapter trained and evaluated."""
    config = materials.config
    units = list(_evaluations(materials, "base"))
    for unit in adapter_units(config):
        examples = materials.examples(unit.config, unit.seed)
        cost = training_cost(examples, config, unit)
        units.append(
            Planned(
                kind="train",
                subject=unit.name,
                what=f"recipe {unit.config.recipe}, seed {unit.seed}",
                n_items=len(examples),
                n_trials=0,
                prompt_tokens=0,
                new_tokens=0,
                training_tokens=cost.training_tokens,
            )
        )
        units += _evaluations(materials, unit.name)
    return units


def _evaluations(materials: Materials, subject: str) -> Iterator[Planned]:
    for name, material in materials.facets.items():
        cost = facet_cost(material)
        yield _planned(subject, f"{name} ({', '.join(material.task.conditions)})", len(material.items), cost)
    for spec in materials.capability:
        cost = capability_cost(spec)
        yield _planned(subject, LABELS.get(spec.task, spec.task), cost.n_trials, cost)


def _planned(subject: str, what: str, n_items: int, cost: Any) -> Planned:
    return Planned(
        kind="evaluate",
        subject=subject,
        what=what,
        n_items=n_items,
        n_trials=cost.n_trials,
        prompt_tokens=cost.prompt_tokens,
        new_tokens=cost.new_tokens,
        training_tokens=0,
    )
