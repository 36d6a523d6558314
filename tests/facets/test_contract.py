"""What every facet must offer, whoever adds it: one contract over all that are registered."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from sycoscope.config import FacetConfig
from sycoscope.core.errors import ConfigError
from sycoscope.core.types import Ask, ChoiceLogprobs, Decoding, Given, Probe, Response
from sycoscope.facets import ANSWER, FACETS, Facet, register, task_of
from sycoscope.facets.measure import DetectionMeasure, RateMeasure, Term
from sycoscope.facets.runner import play
from sycoscope.facets.scoring import score_trials
from sycoscope.items import load_bank, take
from sycoscope.models.null import NULLS, null_model

GREEDY = Decoding(max_tokens=1)


@pytest.fixture(params=list(FACETS), ids=str)
def facet(request) -> Facet:
    return FACETS[request.param]


def items_of(facet: Facet, n: int = 6):
    return take(load_bank(facet.bank), n, seed=3, by_cluster=facet.paired_items)


def test_every_condition_has_a_label_and_says_what_its_cue_does(facet):
    labels = [condition.label for condition in facet.conditions]
    assert all(labels)
    assert len(set(labels)) == len(labels)
    assert facet.conditions[0].control
    for condition in facet.conditions:
        leans = bool(condition.by or condition.push or condition.stance)
        assert condition.control != leans, condition.name
        assert not condition.mentions or condition.by, condition.name


def test_what_a_cue_mentions_stands_in_its_prompt(facet):
    task = task_of(facet.name)
    for item, condition in product(items_of(facet), facet.conditions):
        if condition.mentions:
            mentioned = item.target if condition.mentions == "target" else item.suggestion
            dialogue = task.dialogue(item, condition.name)
            turn, contents = next(dialogue), []
            while turn is not None:
                contents.append(turn.content)
                turn = _step(dialogue, turn)
            assert any(mentioned in content for content in contents), condition.name


def test_what_is_asked_by_default_can_be_asked_alone_and_holds_the_primary(facet):
    asked = task_of(facet.name).conditions
    assert asked == facet.default_conditions
    assert {facet.control_of(name) for name in asked} <= set(asked)
    for primary in facet.primaries:
        (measure,) = (m for m in facet.measures if m.name == primary.measure and not m.condition)
        assert {condition for condition, _ in measure.cells} <= set(asked)


def _step(dialogue, turn):
    reply = ChoiceLogprobs(logprobs=None) if isinstance(turn, Probe) else Response(text="So it is.")
    assert isinstance(turn, Ask | Probe | Given)
    try:
        return dialogue.send(reply)
    except StopIteration:
        return None


@pytest.mark.parametrize("name", list(NULLS))
def test_null_models_answer_every_condition_and_every_answer_is_scored(facet, name):
    items = items_of(facet)
    task = task_of(facet.name, conditions=facet.condition_names)
    trials = play(task, items, null_model(f"null:{name}"), subject="s", decoding=GREEDY)
    assert {trial.condition for trial in trials} == set(facet.condition_names)
    assert all(trial.answered for trial in trials)
    scores = score_trials(trials, {item.id: item for item in items})
    assert len({(s.item_id, s.condition) for s in scores}) == len(items) * len(facet.conditions)


def test_measures_rest_on_scores_that_the_facet_makes(facet):
    items = items_of(facet)
    # with every condition and probe, so that each channel is there
    task = task_of(facet.name, conditions=facet.condition_names, probe=True)
    trials = play(task, items, null_model("null:ideal"), subject="s", decoding=GREEDY)
    scores = score_trials(trials, {item.id: item for item in items})
    made = {(s.condition, s.name) for s in scores}
    assert {name for _, name in made} <= set(facet.score_names)
    made |= {(c, score.name) for score in facet.crossed for c, name in made if name == score.first}
    made |= {(c, "published") for c in facet.published}
    for measure in facet.measures:
        assert measure.cells <= made, measure.name


def test_every_name_that_the_facet_shows_exists(facet):
    levels = {(measure.name, measure.condition) for measure in facet.measures}
    judged = {name for name, _ in facet.judged.rates} if facet.judged else set()
    names = {name for name, _ in levels} | judged | {"channel_kappa"}
    assert set(facet.names) <= names
    assert set(facet.listed) <= names
    assert set(facet.ladder_rates) <= names
    if facet.channels is not None:
        assert {name for name, _ in facet.channels.rates} <= names
    assert facet.primaries[0].measure in facet.names


def test_the_primary_is_one_and_is_a_contrast(facet):
    for foils in (True, False):
        primaries = [m for m in facet.measures if facet.is_primary(m, foils=foils)]
        assert len(primaries) == 1, foils
        assert not primaries[0].condition
    assert isinstance(facet.primary_rate, RateMeasure)
    assert facet.primary_detection is None or isinstance(facet.primary_detection, DetectionMeasure)


def test_limits_can_be_set_in_a_study(facet):
    assert set(facet.limits) <= set(FacetConfig.model_fields)
    for limit in facet.limits:
        task = task_of(facet.name, **{limit: 7})
        assert task.parameters()[limit] == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "registered already"),
        ({"name": "other", "cue": "user_rong"}, "cue names no condition of it: user_rong"),
        ({"name": "other", "watched": (("folow", "user_wrong"),)}, "watched names no measure of it: folow user_wrong"),
        ({"name": "other", "conditions": ANSWER.conditions[1:]}, "needed names no condition of it: control"),
        ({"name": "other", "crossed": ()}, "no crossed score 'channels'"),
        ({"name": "other", "listed": ("folow",)}, "listed names no measure of it: folow"),
        ({"name": "other", "ladder_rates": ("folow",)}, "ladder_rates names no measure of it: folow"),
        (
            {"name": "other", "primaries": (replace(ANSWER.primaries[0], shown=("follow", "user_rong")),)},
            "primaries names no measure of it: follow user_rong",
        ),
        (
            {"name": "other", "decision": replace(ANSWER.decision, guard="resistence")},
            "decision names no measure of it: resistence",
        ),
        (
            {"name": "other", "decision": replace(ANSWER.decision, ability=("follow", "user_rong"))},
            "decision names no measure of it: follow user_rong",
        ),
        (
            {"name": "other", "functions": (replace(ANSWER.functions[0], terms=(Term(1, "user_wrong", "outcom", ("x",)),)),)},
            "measures names no score of it: outcom",
        ),
        ({"name": "other", "flips": replace(ANSWER.flips, score="outcom")}, "flips names no score of it: outcom"),
        (
            {"name": "other", "rates": (RateMeasure("follow", (Term(1, "user_wrong", "outcom", ("x",)),)),)},
            "measures names no score of it: outcom",
        ),
        (
            {"name": "other", "conditions": (replace(ANSWER.conditions[0], label=""), *ANSWER.conditions[1:])},
            "conditions without a label: control",
        ),
    ],
)  # fmt: skip
def test_a_record_with_names_that_point_nowhere_is_refused(change, message):
    before = dict(FACETS)
    with pytest.raises(ConfigError, match=message):
        register(replace(ANSWER, **change))
    assert before == FACETS
