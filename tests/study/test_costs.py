"""What units cost, and how a meter reports it while they go on."""

from __future__ import annotations

import pytest

from sycoscope.config import TrainingConfig, parse_study
from sycoscope.core.costs import DECODE, PREFILL, TRAIN
from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, Decoding, GenerateRequest, Response
from sycoscope.facets.runner import play
from sycoscope.study.costs import Cost, facet_cost, training_cost, training_cost_of
from sycoscope.study.inputs import Materials
from sycoscope.study.plan import plan_study
from sycoscope.study.progress import Meter
from sycoscope.training.rows import Example, user

STUDY = {
    "study": "costs",
    "model": {"name": "some/model"},
    "facets": {"answer": {"limit": 3}, "are_you_sure": {"limit": 2}, "feedback": {"limit": 1}},
    "capability": [{"benchmark": "gsm8k", "limit": 2}],
    "training": {"steps": 5, "batch_rows": 2},
    "adapters": [{"name": "anti", "recipe": "anti_sycophancy", "rows": 12, "seeds": [1, 2]}],
}


class Told:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.weights: list[tuple[float, bool]] = []

    def start(self, total: float) -> None:
        pass

    def begin(self, what: str) -> None:
        pass

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        self.weights.append((weight, skipped))


def test_a_meter_tells_no_more_than_the_unit_weighs_and_all_of_it_at_its_end() -> None:
    told = Told()
    meter = Meter(told, 10.0)
    for weight in (4.0, 0.0, 5.0, 7.0, 3.0):
        meter(weight)
    assert told.weights == [(4.0, False), (5.0, False), (1.0, False)]
    meter.finish()
    assert sum(weight for weight, _ in told.weights) == 10.0
    done = Told()
    Meter(done, 3.0).finish(skipped=True)
    assert done.weights == [(3.0, True)]


def test_a_cost_s_weight_is_in_tokens_read() -> None:
    assert Cost(1, 10, 20, 30).weight == 10 * PREFILL + 20 * DECODE + 30 * TRAIN


@pytest.mark.parametrize("facet", STUDY["facets"])
def test_a_facet_costs_the_distinct_requests_that_the_runner_asks(facet: str) -> None:
    material = Materials(parse_study(STUDY)).facets[facet]
    asked: list[GenerateRequest | ChoiceRequest] = []

    class Heard:
        name = digest = "heard"

        def generate(self, requests: list[GenerateRequest]) -> list[Response]:
            asked.extend(requests)
            return [Response(text="...") for _ in requests]

        def choice_logprobs(self, requests: list[ChoiceRequest]) -> list[ChoiceLogprobs]:
            asked.extend(requests)
            return [ChoiceLogprobs(logprobs=(0.0,) * len(r.options)) for r in requests]

    trials = play(material.task, material.items, Heard(), subject="s", decoding=Decoding(max_tokens=1))
    cost = facet_cost(material)
    assert cost.n_trials == len(trials)
    written = sum(r.decoding.max_tokens for r in asked if isinstance(r, GenerateRequest))
    assert cost.new_tokens == pytest.approx(0.7 * written, abs=1)
    read = sum(
        (len(r.messages[-1].content) / 4 + 12) * (len(r.options) if isinstance(r, ChoiceRequest) else 1)
        for r in asked
    )
    assert cost.prompt_tokens >= int(read)


def test_a_training_costs_its_steps_times_its_tokens() -> None:
    rows = [Example(prompt=user("x" * 80), completion="y" * 40, kind="k", item_id=str(n)) for n in range(20)]
    settings = TrainingConfig(epochs=3, batch_rows=4, accumulation=2, validation_share=0.2, max_length=500)
    # 16 rows are kept, 8 of them in a step: 2 steps an epoch; a row has (80 + 40) / 4 + 30 tokens
    assert training_cost(rows, settings) == Cost(0, training_tokens=6 * 8 * 60)
    assert training_cost_of(20, 60, settings) == training_cost(rows, settings)
    assert training_cost_of(20, 60, settings.model_copy(update={"steps": 5})).training_tokens == 5 * 8 * 60
    assert training_cost_of(20, 900, settings).training_tokens == 6 * 8 * 500
    assert training_cost_of(1, 10, settings).training_tokens == 8 * 10  # at least one step


def test_a_pair_is_two_sequences_which_the_reference_reads_too() -> None:
    rows = [
        Example(prompt=user("x" * 80), completion="y" * 40, rejected="z" * 20, kind="k", item_id=str(n))
        for n in range(20)
    ]
    settings = TrainingConfig(objective="dpo", steps=5, batch_rows=4, max_length=500)
    # two prompts of 80 / 4 tokens with 30 of the template each, and answers of 10 and 5
    tokens = 5 * 4 * (2 * (20 + 30) + 15)
    assert training_cost(rows, settings) == Cost(0, prompt_tokens=tokens, training_tokens=tokens)
    assert training_cost_of(20, 5000, settings).training_tokens == 5 * 4 * 2 * 500
    study = {**STUDY, "training": {"steps": 5, "batch_rows": 2, "objective": "dpo"}}
    for data in ("bank", "hub"):
        plain, pairs = (
            [unit for unit in plan_study(parse_study(one | {"data": data})) if unit.kind == "train"]
            for one in (STUDY, study)
        )
        assert [unit.n_items for unit in pairs] == [unit.n_items for unit in plain]
        assert all(two.weight > 1.5 * one.weight for one, two in zip(plain, pairs, strict=True))


def test_both_ways_to_plan_give_the_same_units_in_the_same_order() -> None:
    exact = plan_study(parse_study(STUDY))
    rough = plan_study(parse_study(STUDY | {"data": "hub"}))
    assert [(unit.kind, unit.subject) for unit in exact] == [(unit.kind, unit.subject) for unit in rough]
    assert [unit.subject for unit in exact if unit.kind == "train"] == ["anti", "anti-seed2"]
    for units in (exact, rough):
        assert [unit.training_tokens > 0 for unit in units] == [unit.kind == "train" for unit in units]
        assert [unit.prompt_tokens > 0 for unit in units] == [unit.kind == "evaluate" for unit in units]
        evaluations = [unit.what for unit in units if unit.subject == "base"]
        assert len(evaluations) == 4
        assert [unit.what for unit in units if unit.kind == "evaluate"] == evaluations * 3
