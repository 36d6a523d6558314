"""What a study would run, and what it would cost, without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sycoscope.capability import CapabilitySpec
from sycoscope.config import FILE, AdapterConfig, Objective, StudyConfig
from sycoscope.facets import FACETS
from sycoscope.items import BENCHMARKS, TASK_LABELS, BenchmarkRows, read_dialogues
from sycoscope.items.benchmark_rows import HUB
from sycoscope.items.benchmarks import benchmark_source, layout_of
from sycoscope.items.hub import hub_fault, is_hub_id
from sycoscope.study.benchmark_inputs import asked_form
from sycoscope.study.costs import (
    Cost,
    answers_cost,
    answers_cost_of,
    capability_cost,
    facet_cost,
    sequences,
    text_tokens,
    training_cost,
    training_cost_of,
)
from sycoscope.study.inputs import Materials
from sycoscope.study.own_answers import block_key
from sycoscope.study.subjects import Subject, subjects_of
from sycoscope.study.train import training_of
from sycoscope.training.replay import replay_count


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
    n_requests: int

    def record(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @property
    def weight(self) -> float:
        """What it takes, in prefill tokens that take as long."""
        return Cost(self.n_trials, self.prompt_tokens, self.new_tokens, self.training_tokens).weight


def budget(units: Sequence[Planned]) -> dict[str, float]:
    """What the work of a plan goes to -> its share, the largest first: facets, benchmarks, training, and the like."""
    weights: dict[str, float] = {}
    for unit in units:
        facet = unit.what.partition(" ")[0]
        evaluated = facet if facet in FACETS else "benchmarks"
        what = {"train": "training", "answer": "answers of the base", "judge": "judge"}.get(
            unit.kind, evaluated
        )
        weights[what] = weights.get(what, 0.0) + unit.weight
    total = sum(weights.values()) or 1.0
    return {what: weight / total for what, weight in sorted(weights.items(), key=lambda one: -one[1])}


@dataclass(frozen=True, slots=True)
class _PlannedTraining:
    """Rows of a subject that is tuned; the cost of its steps, and of what the base answers before."""

    n_rows: int
    training: Cost
    answers: Cost


# Rows of a recipe that names no number, and the tokens of a row.
_ROWS, _ROW_TOKENS = 240, 220
# A judge's question beside the response that it is about, and its reply, in tokens.
_JUDGE_PROMPT, _JUDGE_REPLY = 220, 4


def plan_study(config: StudyConfig) -> list[Planned]:
    """The plan of a study. One whose data are on the hub is planned from its own numbers: no hub is asked."""
    if config.data == HUB:
        units = _by_numbers(config)
    else:
        materials = Materials(config)
        materials.benchmarks.read_local(materials.capability)
        units = plan(materials)
    return [*units, *_judge(config, units)]


def hub_faults(config: StudyConfig) -> list[str]:
    """The sets on the hub that a study needs and that cannot be had, each with the reason.

    A set is looked up, not fetched: a run may still meet a row that it cannot ask, before it measures anything.
    """
    needed = [
        FACETS[name].public for name, facet in config.facets.asked().items() if _on_hub(config, facet.items)
    ]
    needed += [entry.benchmark for entry in config.capability if _on_hub(config, entry.source)]
    for adapter in config.adapters:
        if _on_hub(config, adapter.source):
            recipe = adapter.prompts_of
            needed += BENCHMARKS if recipe == "combined" else [recipe] if recipe in BENCHMARKS else []
    layouts = {name: layout_of(name) for name in needed}
    faults = (hub_fault(name, layout.hub, layout.within) for name, layout in layouts.items())
    return [fault for fault in faults if fault]


def _on_hub(config: StudyConfig, own: str) -> bool:
    return (own or config.data) == HUB


def plan(materials: Materials) -> list[Planned]:
    """Every unit in the order in which it runs: the base, then each adapter trained and evaluated.

    What the base answers for several adapters is planned with the first of them.
    """
    config = materials.config
    asked: set[str] = set()

    def training(subject: Subject) -> _PlannedTraining:
        chosen = training_of(subject, config, materials)
        tokens = chosen.settings.answer_tokens
        blocks = {block_key(block, chosen.settings, ""): block for block in chosen.mixture.blocks}
        fresh = [row for key, block in blocks.items() if key not in asked for row in block]
        asked.update(blocks)
        rows = chosen.mixture.expected
        return _PlannedTraining(len(rows), training_cost(rows, chosen.settings), answers_cost(fresh, tokens))

    return _in_order(config, list(_evaluations(materials)), training)


def _by_numbers(config: StudyConfig) -> list[Planned]:
    """The same from the study's limits and the usual sizes of the public sets."""

    def training(subject: Subject) -> _PlannedTraining:
        adapter = subject.adapter
        assert adapter is not None, "only a subject with a recipe is tuned"
        settings = config.training_of(adapter)
        n_own = _rows_by_numbers(adapter, settings.objective)
        n_replayed = replay_count(n_own, settings.replay)
        n_rows = n_own + n_replayed
        n_answers = n_replayed + (n_own if adapter.recipe == "sham" else 0)
        return _PlannedTraining(
            n_rows,
            training_cost_of(n_rows, _ROW_TOKENS * sequences(settings), settings),
            answers_cost_of(n_answers, settings.answer_tokens),
        )

    return _in_order(config, list(_evaluations_by_numbers(config)), training)


def _rows_by_numbers(adapter: AdapterConfig, objective: Objective) -> int:
    """Rows of a recipe; those of a file on this machine are counted."""
    if isinstance(adapter.rows, dict):
        return sum(adapter.rows.values())
    if adapter.recipe == FILE and not is_hub_id(adapter.source):
        held = len(read_dialogues(adapter.source, pairs=objective == "dpo").rows)
        return min(adapter.rows or held, held)
    return adapter.rows or _ROWS


def _in_order(
    config: StudyConfig,
    evaluations: Sequence[tuple[str, int, Cost]],
    training: Callable[[Subject], _PlannedTraining],
) -> list[Planned]:
    """The units of all subjects.

    Args:
        evaluations: What each subject is asked, of how many items, and its cost.
        training: Of a subject that is tuned.
    """
    units = []
    for subject in subjects_of(config):
        if subject.adapter is not None and not subject.of:
            planned = training(subject)
            n_answers = planned.answers.n_trials
            if n_answers:
                what = "prompts of its rows, to the base"
                units.append(_planned("answer", subject.name, what, n_answers, planned.answers))
            of = f" ({subject.adapter.source})" if subject.recipe == FILE else ""
            start = f", from {subject.adapter.start}" if subject.adapter.start else ""
            kept = ", ".join(map(str, subject.adapter.at_steps))
            kept = f", kept at steps {kept}" if kept else ""
            what = f"recipe {subject.recipe}{of}, seed {subject.seed}{start}{kept}"
            units.append(_planned("train", subject.name, what, planned.n_rows, planned.training))
        units += [
            _planned("evaluate", subject.name, what, n_items, _opened(cost, config.system))
            for what, n_items, cost in evaluations
        ]
    return units


def _opened(cost: Cost, system: str) -> Cost:
    """The cost with the system text that opens every dialogue."""
    return replace(cost, prompt_tokens=cost.prompt_tokens + round(cost.n_trials * text_tokens(system)))


def _evaluations(materials: Materials) -> Iterator[tuple[str, int, Cost]]:
    for name, facet in materials.facets.items():
        yield f"{name} ({', '.join(facet.task.conditions)})", len(facet.items), facet_cost(facet)
    for spec in materials.capability:
        yield _benchmark(spec)


def _evaluations_by_numbers(config: StudyConfig) -> Iterator[tuple[str, int, Cost]]:
    for name, facet in config.facets.asked().items():
        conditions = facet.conditions or FACETS[name].default_conditions
        n_items = facet.limit or FACETS[name].public_size
        n_trials = n_items * len(conditions)
        prompt, new = FACETS[name].typical_tokens
        cost = Cost(n_trials, n_trials * prompt, n_trials * new, n_requests=n_trials)
        yield f"{name} ({', '.join(conditions)})", n_items, cost
    for benchmark in config.capability:
        form = asked_form(benchmark, benchmark_source(benchmark.source, config.data))
        rows = BenchmarkRows(benchmark.benchmark, HUB)  # its size is known without asking the hub
        yield _benchmark(CapabilitySpec(task=form.task, source=rows, limit=benchmark.limit))


def _benchmark(spec: CapabilitySpec) -> tuple[str, int, Cost]:
    cost = capability_cost(spec)
    return TASK_LABELS[spec.task], cost.n_trials, cost


def _judge(config: StudyConfig, units: Sequence[Planned]) -> Iterator[Planned]:
    """The judge, where there is one: every trial of the facets that it judges, in both orders."""
    if config.judge is None:
        return
    asked = [
        name for name, facet in FACETS.items() if facet.judged and facet.judged.kind in config.judge.kinds
    ]
    n_items = sum(unit.n_trials for unit in units if unit.what.partition(" ")[0] in asked)
    n_trials = 2 * n_items
    what = f"{', '.join(config.judge.kinds)}, in both orders"
    cost = Cost(n_trials, n_trials * _JUDGE_PROMPT, n_trials * _JUDGE_REPLY)
    yield _planned("judge", config.judge.model.name, what, n_items, cost)


def _planned(kind: str, subject: str, what: str, n_items: int, cost: Cost) -> Planned:
    return Planned(kind=kind, subject=subject, what=what, n_items=n_items, **asdict(cost))
