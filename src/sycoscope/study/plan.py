"""What a study would run, and what it would cost, without a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sycoscope.capability import CapabilitySpec
from sycoscope.config import StudyConfig
from sycoscope.facets import CONDITIONS
from sycoscope.items import TASK_LABELS, BenchmarkRows
from sycoscope.judging.trials import FACETS as JUDGED
from sycoscope.study.benchmark_inputs import asked_form
from sycoscope.study.inputs import Materials
from sycoscope.study.keys import (
    AdapterUnit,
    Cost,
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


# Rough sizes of the public sets' rows, for plans that ask no hub: (prompt tokens a trial, new tokens a trial).
_FACET_SIZES = {"answer": (120, 100), "are_you_sure": (500, 250), "feedback": (350, 120)}
_ROW_TOKENS = 220
# A judge's question beside the response that it is about, and its reply, in tokens.
_JUDGE_PROMPT, _JUDGE_REPLY = 220, 4
_SET_SIZES = {"answer": 7268, "are_you_sure": 4888, "feedback": 8500}


def plan_study(config: StudyConfig) -> list[Planned]:
    """The plan of a study. One whose data are on the hub is planned from its own numbers: no hub is asked."""
    units = _from_numbers(config) if config.data == "hub" else plan(Materials(config))
    return [*units, *_judge(config, units)]


def _judge(config: StudyConfig, units: Sequence[Planned]) -> Iterator[Planned]:
    """The judge, where there is one: every trial of the facets that it judges, in both orders."""
    if config.judge is None:
        return
    asked = [facet for facet, (kind, _) in JUDGED.items() if kind in config.judge.kinds]
    trials = sum(unit.n_trials for unit in units if unit.what.partition(" ")[0] in asked)
    yield Planned(
        kind="judge",
        subject=config.judge.model.name,
        what=f"{', '.join(config.judge.kinds)}, in both orders",
        n_items=trials,
        n_trials=2 * trials,
        prompt_tokens=2 * trials * _JUDGE_PROMPT,
        new_tokens=2 * trials * _JUDGE_REPLY,
        training_tokens=0,
    )


def _from_numbers(config: StudyConfig) -> list[Planned]:
    units = _evaluations_by_number(config, "base")
    for unit in adapter_units(config):
        rows = unit.config.rows
        n = sum(rows.values()) if isinstance(rows, dict) else rows or 240
        settings = config.training_of(unit.config)
        kept = n * (1 - settings.validation_share)
        batch = settings.batch_rows * settings.accumulation
        steps = settings.steps or max(1, round(kept / batch * settings.epochs))
        tokens = round(steps * batch * min(_ROW_TOKENS, settings.max_length))
        units.append(_training(unit, n, tokens))
        units += _evaluations_by_number(config, unit.name)
    return units


def _evaluations_by_number(config: StudyConfig, subject: str) -> list[Planned]:
    found = []
    for name, facet in config.facets.asked().items():
        conditions = facet.conditions or CONDITIONS[name]
        n = facet.limit or _SET_SIZES[name]
        prompt, new = _FACET_SIZES[name]
        trials = n * len(conditions)
        cost = Cost(trials, trials * prompt, trials * new)
        found.append(_planned(subject, f"{name} ({', '.join(conditions)})", n, cost))
    for one in config.capability:
        form = asked_form(one, one.source or config.data)
        rows = BenchmarkRows(one.benchmark, "hub")  # its size is known without asking the hub
        cost = capability_cost(CapabilitySpec(task=form.task, source=rows, limit=one.limit))
        found.append(_planned(subject, form.label, cost.n_trials, cost))
    return found


def _training(unit: AdapterUnit, n_rows: int, tokens: int) -> Planned:
    return Planned(
        kind="train",
        subject=unit.name,
        what=f"recipe {unit.config.recipe}, seed {unit.seed}",
        n_items=n_rows,
        n_trials=0,
        prompt_tokens=0,
        new_tokens=0,
        training_tokens=tokens,
    )


def plan(materials: Materials) -> list[Planned]:
    """Every unit in the order in which it runs: the base, then each adapter trained and evaluated."""
    config = materials.config
    units = list(_evaluations(materials, "base"))
    for unit in adapter_units(config):
        examples = materials.examples(unit.config, unit.seed)
        cost = training_cost(examples, config, unit)
        units.append(_training(unit, len(examples), cost.training_tokens))
        units += _evaluations(materials, unit.name)
    return units


def _evaluations(materials: Materials, subject: str) -> Iterator[Planned]:
    for name, material in materials.facets.items():
        cost = facet_cost(material)
        yield _planned(subject, f"{name} ({', '.join(material.task.conditions)})", len(material.items), cost)
    for spec in materials.capability:
        cost = capability_cost(spec)
        yield _planned(subject, TASK_LABELS[spec.task], cost.n_trials, cost)


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
