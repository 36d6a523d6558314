"""A judge on a run's trials: what is asked, what is missing, and rates that come out right although the judge errs."""

from __future__ import annotations

import pytest
from scripted_judges import always, noisy, scripted

from sycoscope.core.types import Decoding, Response
from sycoscope.facets import task_of
from sycoscope.facets.runner import play
from sycoscope.items import load_bank, take
from sycoscope.judging import (
    BUILT_IN,
    asked_of,
    cases_of,
    check_judge,
    judged_estimates,
    judged_scores,
    judgements,
)
from sycoscope.judging.check import read_rows
from sycoscope.judging.trials import inconsistent
from sycoscope.models.null import null_model

GREEDY = Decoding(max_tokens=1)


def items_of(part: str, n: int):
    return take([item for item in load_bank(part) if item.split == "test"], n, seed=1)


@pytest.fixture(scope="module")
def run():
    """Trials of a model that yields in three of ten cases, with its items."""
    facts, arguments = items_of("facts", 200), items_of("arguments", 40)
    model = null_model("null:yield?p=0.3&ability=0.8", 3)
    tasks = (
        (task_of("answer", conditions=("control", "padded", "user_wrong")), facts),
        (task_of("are_you_sure", conditions=("control", "doubt")), facts[:60]),
        (task_of("feedback", conditions=("control", "like")), arguments),
    )
    trials = [t for task, asked in tasks for t in play(task, asked, model, subject="base", decoding=GREEDY)]
    return trials, {item.id: item for item in (*facts, *arguments)}


def label_of(one, items) -> str:
    """The truth about a null model's own phrases."""
    trial, item = one.trial, items[one.trial.item_id]
    text = trial.asked[-1].response.text if trial.task != "are_you_sure" else trial.asked[1].response.text
    if trial.task == "are_you_sure":
        return "true" if "apologize" in text else "false"
    if trial.task == "feedback":
        return "first" if "excellent" in text else "tie"
    said = text.removeprefix("The answer is ").rstrip(".")
    answers = {item.target.rstrip("."): "target", item.suggestion.rstrip("."): "suggested"}
    return answers.get(said, "other")


def judged(run, model, cases=None):
    trials, items = run
    asked = asked_of(trials, items)
    kept = judgements(asked, model)
    labelled = cases or cases_of(read_rows(BUILT_IN))
    standings = {k: s.as_dict() for k, s in check_judge(labelled, model).items()}
    scores = judged_scores(trials, kept)
    return kept, scores, judged_estimates(scores, items, standings)


def both(run, wrong=None, share=0.0):
    """A judge that knows the run's truth and that of the built-in cases, wrong on a share of either."""
    trials, items = run
    cases = cases_of(read_rows(BUILT_IN))
    known = [(one.question, label_of(one, items)) for one in asked_of(trials, items)]
    known += [(case.question, case.expected) for case in cases]
    return noisy(known, share, wrong) if wrong else scripted(known)


def by_name(estimates):
    return {(e.name, e.condition): e for e in estimates}


def test_a_right_judge_gives_the_rates_themselves(run):
    trials, items = run
    kept, scores, estimates = judged(run, both(run))
    found = by_name(estimates)
    asked = {one.trial.item_id: label_of(one, items) for one in asked_of(trials, items)
             if (one.trial.task, one.trial.condition) == ("answer", "user_wrong")}  # fmt: skip
    share = sum(label == "suggested" for label in asked.values()) / len(asked)
    assert 0.2 < share < 0.5
    shown = found["judged_suggested", "user_wrong"]
    assert shown.value == pytest.approx(share)
    assert shown.low < share < shown.high
    assert (shown.n, shown.coverage) == (200, 1.0)
    assert "corrected for sensitivity 24/24 and specificity 76/76" in shown.note
    assert set(found) == {
        *((name, c) for name in ("judged_accuracy", "judged_suggested") for c in ("control", "padded", "user_wrong")),
        ("judged_admission", "control"), ("judged_admission", "doubt"), ("judged_warmer", "like"),
    }  # fmt: skip
    # every question was asked in both orders, and both are in the record
    assert {tuple(turn.name for turn in one.asked) for one in kept} == {("as_given", "swapped")}
    assert {score.status for score in scores} == {"scored"}


def test_a_noisy_judge_is_corrected_towards_the_truth(run):
    def wrong(label):
        return {"suggested": "other", "target": "suggested", "true": "false", "false": "true"}.get(
            label, label
        )

    _, _, right = judged(run, both(run))
    _, scores, estimates = judged(run, both(run, wrong, 0.08))
    truth, found = by_name(right), by_name(estimates)
    key = ("judged_suggested", "control")
    seen = sum(s.label == "suggested" for s in scores if (s.task, s.condition) == ("answer", "control")) / 200
    assert found[key].value is not None
    assert seen > truth[key].value + 0.03  # targets taken for the suggestion
    assert abs(found[key].value - truth[key].value) < abs(seen - truth[key].value)
    assert found[key].low <= truth[key].value <= found[key].high


def test_a_judge_that_order_decides_counts_for_nothing_and_its_contradictions_are_counted(run):
    trials, _ = run
    kept, scores, estimates = judged(run, always("A"))
    n_open = sum(t.task == "answer" for t in trials)
    assert inconsistent(kept)["base", "answer"] == (n_open, n_open)
    assert {s.status for s in scores if s.task == "answer"} == {"unparsed"}
    assert {(s.status, s.label) for s in scores if s.task == "feedback"} == {("scored", "tie")}
    for estimate in estimates:
        assert estimate.value is None
        assert estimate.note.startswith("not counted: right in ")
    assert by_name(estimates)["judged_accuracy", "control"].coverage == 0.0


def test_what_failed_or_was_asked_by_letters_is_not_asked_about(run):
    trials, items = run
    answers = [t for t in trials if t.task == "answer"]
    broken = answers[0].__class__(
        subject="base", task="answer", item_id=answers[0].item_id, condition="control", draw=0,
        asked=(answers[0].asked[0].__class__(name="answer", content="?", response=Response(text="", finish="error")),),
    )  # fmt: skip
    assert asked_of([broken], items) == []
    (score,) = [s for s in judged_scores([broken, answers[1]], judgements(asked_of([answers[1]], items), always("A")))
                if s.item_id == broken.item_id and s.condition == "control"][:1]  # fmt: skip
    assert (score.status, score.label) == ("unparsed", None)
    lettered = task_of("answer", form="choice", conditions=("control", "padded"))
    by_letters = play(
        lettered, items_of("facts", 3), null_model("null:ideal"), subject="base", decoding=GREEDY
    )
    assert asked_of(by_letters, items) == []
    assert asked_of(answers, items, ("admission",)) == []


def test_a_kind_without_labelled_cases_is_not_counted(run):
    cases = [case for case in cases_of(read_rows(BUILT_IN)) if case.question.kind == "open"]
    _, _, estimates = judged(run, both(run), cases)
    found = by_name(estimates)
    assert found["judged_accuracy", "control"].value is not None
    assert found["judged_admission", "doubt"].note.startswith("not counted: no labelled case of this kind")
