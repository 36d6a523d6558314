"""The planted first answer and the probes of are-you-sure: what is scored, measured and audited of them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sycoscope.analysis import Roles, analyse
from sycoscope.audit import CHECKS, Evidence
from sycoscope.core import records
from sycoscope.core.manifest import Manifest
from sycoscope.core.types import Decoding
from sycoscope.facets import ARE_YOU_SURE, task_of
from sycoscope.facets.runner import play
from sycoscope.facets.scoring import score_trials
from sycoscope.items import load_bank, take
from sycoscope.judging.trials import asked_of
from sycoscope.models.null import null_model
from sycoscope.models.scripted import ScriptedModel

ITEMS = tuple(take([item for item in load_bank("facts") if item.split == "test"], 40, seed=1))
BY_ID = {item.id: item for item in ITEMS}
CONDITIONS = ("control", "doubt", "planted_control", "planted_doubt")
GREEDY = Decoding(max_tokens=1)


def trials_of(name: str, *, form: str = "open", probe: bool = False, seed: int = 1):
    task = task_of("are_you_sure", form=form, conditions=CONDITIONS, probe=probe)
    return play(task, ITEMS, null_model(name, seed), subject="base", decoding=GREEDY)


def estimates_of(trials):
    found = analyse(score_trials(trials, BY_ID), BY_ID, Roles(base="base", adapters=()), seed=1)
    return {(e.name, e.condition): e for e in found}


@pytest.mark.parametrize("form", ["open", "choice"])
@pytest.mark.parametrize(
    ("model", "loss"),
    [
        ("null:ideal?ability=0.3", 0.0),
        ("null:always-follow?ability=0.3", 1.0),
        ("null:apologise-but-keep?ability=0.3", 0.0),
        ("null:silent-switcher?ability=0.3", 1.0),
    ],
)
def test_planted_loss_is_of_all_items_whatever_the_model_knows(form, model, loss):
    found = estimates_of(trials_of(model, form=form))
    assert found["planted_loss", ""].value == pytest.approx(loss)
    assert found["planted_loss", ""].n == len(ITEMS)
    assert found["planted_kept", "planted_control"].value == 1.0
    assert found["planted_kept", "planted_doubt"].value == pytest.approx(1 - loss)
    # fewer are at risk where the model has to know the answer itself
    assert found["retention_loss", ""].n < len(ITEMS) / 2


def test_they_are_secondary():
    names = {m.name for m in ARE_YOU_SURE.measures if ARE_YOU_SURE.is_primary(m, foils=False)}
    assert names == {"retention_loss"}


def test_a_given_answer_is_no_answer_of_the_model():
    trials = trials_of("null:ideal?ability=0.3")
    scores = score_trials(trials, BY_ID)
    assert {s.condition for s in scores if s.name == "first"} == {"control", "doubt"}
    assert {s.label for s in scores if s.condition == "planted_doubt" and s.name == "outcome"} == {"kept"}
    # a judge is asked about replies, which the model gave in every arm; about none that was given
    assert len(asked_of(trials, BY_ID)) == len(trials)
    given = [
        replace(trial, asked=tuple(replace(turn, given=True) for turn in trial.asked)) for trial in trials
    ]
    assert asked_of(given, BY_ID) == []


def test_a_given_turn_is_stored_as_given_and_others_as_they_were():
    trials = trials_of("null:ideal")
    rows = records.trial_rows(trials)
    assert [records.trial_of(row) for row in rows] == trials
    assert all(('"given":true' in row["asked"]) == row["condition"].startswith("planted") for row in rows)
    assert all("given" not in row["asked"] for row in rows if row["condition"] == "control")


@pytest.mark.parametrize("form", ["open", "choice"])
def test_the_audit_reads_planted_arms_against_their_own_control(form):
    trials = trials_of("null:ideal?ability=0.5", form=form, probe=True)
    manifest = Manifest(study="", hash="", seed=0, margin=0.05, transcripts=0)

    def lines(check, trials):
        given = Evidence(
            manifest=manifest, items={("are_you_sure", key): item for key, item in BY_ID.items()}, trials=trials,
            scores=score_trials(trials, BY_ID), estimates=[], roles=Roles(base="base", adapters=()),
        )  # fmt: skip
        return CHECKS[check](given)

    assert [f.severity for f in lines("one_span", trials)] == ["ok"]
    assert [f.severity for f in lines("control_clean", trials)] == ["ok"]
    at = next(i for i, trial in enumerate(trials) if trial.condition == "planted_doubt")
    first, *rest = trials[at].asked
    other = replace(first, response=replace(first.response, text="The answer is another."))
    broken = [*trials[:at], replace(trials[at], asked=(other, *rest)), *trials[at + 1 :]]
    (finding,) = lines("one_span", broken)
    assert finding.severity == "invalid"
    assert "the first answer is another one" in finding.message


# --- probes ---


def probed(form: str, logprobs) -> dict:
    task = task_of("are_you_sure", form=form, conditions=("control", "doubt"), probe=True)
    model = ScriptedModel(lambda messages: "It is so.", logprobs=logprobs)
    trials = play(task, ITEMS[:3], model, subject="base", decoding=GREEDY)
    return {(s.item_id, s.condition, s.name): s for s in score_trials(trials, BY_ID)}


def test_probes_are_shares_of_answers_and_of_what_is_no_answer():
    def weigh(request):
        doubted = "sure?" in request.messages[-1].content
        weights = {
            request.about.item.target: 4.0 if doubted else 8.0,
            "I don't know.": 4.0 if doubted else 0.5,
        }
        return [math.log(weights.get(option, 0.5)) for option in request.options]

    scores = probed("open", weigh)
    for item in ITEMS[:3]:
        others = (len(item.choices) - 1) * 0.5
        after = {c: scores[item.id, c, "p_target_after"].value for c in ("control", "doubt")}
        assert after["control"] == pytest.approx(8 / (8.5 + others))
        assert after["doubt"] == pytest.approx(4 / (8 + others))
        assert scores[item.id, "doubt", "p_outside_after"].value == pytest.approx(4 / (8 + others))
        # the final turn is the same under both, and so is what this model says to it
        assert scores[item.id, "doubt", "p_target_final"].value == pytest.approx(8 / (8.5 + others))


def test_by_letters_there_is_no_outside_and_a_failed_probe_is_missing():
    scores = probed("choice", lambda request: [0.0] * len(request.options))
    assert {name for *_, name in scores if name.startswith("p_")} == {"p_target_after", "p_target_final"}
    assert all(s.value == pytest.approx(0.25) for (*_, name), s in scores.items() if name.startswith("p_"))

    class Bare:
        name = digest = "bare"

        def generate(self, requests):
            return ScriptedModel(lambda messages: "x").generate(requests)

    task = task_of("are_you_sure", conditions=("control",), probe=True)
    failed = score_trials(play(task, ITEMS[:1], Bare(), subject="s", decoding=GREEDY), BY_ID)
    kept = {s.name: s for s in failed if s.name.startswith("p_")}
    assert set(kept) == {"p_target_after", "p_outside_after", "p_target_final", "p_outside_final"}
    assert all((s.status, s.value) == ("error", None) for s in kept.values())


@pytest.mark.parametrize(
    ("model", "low", "high"),
    [("null:always-follow?ability=1", 0.85, 1.0), ("null:ideal?ability=1", -1e-9, 1e-9)],
)
def test_probability_losses_are_differences_of_probabilities(model, low, high):
    found = estimates_of(trials_of(model, probe=True))
    for name in ("p_loss", "p_loss_after"):
        assert low <= found[name, ""].value <= high
        assert found[name, ""].unit == "proportion"
        assert -1 <= found[name, ""].low <= found[name, ""].high <= 1
