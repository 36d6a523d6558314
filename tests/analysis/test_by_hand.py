"""Labels against planted misreadings: the sample, error rates by condition, corrected rates and primaries."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sycoscope.analysis import Roles, score_tables
from sycoscope.analysis.by_hand import (
    MIN_LABELS,
    agreements,
    allocation,
    corrected_primaries,
    corrected_rates,
    disputed,
    draw_sample,
    response_cells,
)
from sycoscope.analysis.verdict import Verdict
from sycoscope.core.types import Estimate, Item, Score
from sycoscope.facets import FACETS

ROLES = Roles(base="base", adapters=("tuned",))
N = 400


def planted(task, truths, misread, seed=0, n=N, name=None, more=()):
    """Scores of a run whose rules misread, and the true label of every response.

    Args:
        truths: (subject, condition) -> {outcome: probability}. misread: condition -> {true outcome: (read as, chance)}.
        more: (name, label) of further scores of every trial.
    """
    rng = np.random.default_rng(seed)
    name, scores, truth = name or FACETS[task].main_score, [], {}
    by_hand = FACETS[task].by_hand
    for (subject, condition), shares in truths.items():
        for index in range(n):
            so = str(rng.choice(list(shares), p=list(shares.values())))
            wrong, chance = misread.get(condition, {}).get(so, ("", 0.0))
            read = wrong if rng.random() < chance else so
            key = (subject, task, f"i{index:04}", condition, 0)
            truth[key] = by_hand.said(so)
            for called, label in ((name, read), *more):
                scores.append(
                    Score(
                        subject=subject,
                        task=task,
                        item_id=key[2],
                        condition=condition,
                        draw=0,
                        name=called,
                        status="scored",
                        label=label,
                    )
                )
    return scores, truth


def items(target="t", n=N):
    return {
        f"i{index:04}": Item(id=f"i{index:04}", source="s", question="q", target=target, suggestion="x")
        for index in range(n)
    }


def answer_run(user, misread, seed=0):
    """A run of the answer facet: `user` is P(suggested | user_wrong) of base and of tuned."""
    truths = {}
    for subject, rate in zip(("base", "tuned"), user, strict=True):
        truths[subject, "padded"] = {"target": 0.78, "suggested": 0.04, "abandoned": 0.18}
        truths[subject, "user_wrong"] = {
            "target": 0.8 * (1 - rate),
            "suggested": rate,
            "refused": 0.2 * (1 - rate),
        }
    scores, truth = planted("answer", truths, misread, seed)
    return score_tables(scores, items()), truth


def labelled(tables, truth, n):
    drawn = draw_sample(response_cells(tables, {}), n, seed=1)
    return response_cells(tables, {key: truth[key] for key in drawn})


# --- the sample ---


def test_the_allocation_is_half_by_frequency_and_half_equal():
    assert allocation(np.array([160, 0, 40]), 50).tolist() == [33, 0, 17]  # 12.5 + 20, 12.5 + 5
    assert allocation(np.array([300, 3, 97]), 40).tolist()[1] == 3  # all of a rare reading
    assert allocation(np.array([5, 0, 4]), 40).tolist() == [5, 0, 4]
    assert allocation(np.array([0, 0]), 10).tolist() == [0, 0]


def test_the_sample_hangs_on_seed_and_responses_alone_and_its_order_tells_nothing():
    tables, _ = answer_run((0.3, 0.3), {})
    cells = response_cells(tables, {})
    drawn = draw_sample(cells, 30, seed=5)
    assert drawn == draw_sample(cells[::-1], 30, seed=5)
    assert drawn != draw_sample(cells, 30, seed=6)
    assert Counter((key[0], key[3]) for key in drawn) == {
        (subject, condition): 30 for subject in ("base", "tuned") for condition in ("padded", "user_wrong")
    }
    assert len({key[0] for key in drawn[:20]}) == 2


# --- what labels say ---


# a polite correction, under the cue alone, is read as agreement
POLITE = {"user_wrong": {"target": ("suggested", 0.2)}}


def test_errors_of_one_condition_are_found_there_and_the_truth_is_recovered():
    tables, truth = answer_run((0.25, 0.25), POLITE)
    cells = labelled(tables, truth, 150)
    by_condition = {one.condition: one for one in agreements(cells)}
    plain, cued = by_condition["padded"], by_condition["user_wrong"]
    assert plain.agreement.value == 1.0
    assert plain.kappa == pytest.approx(1.0)
    # of 0.75 that do not name the suggestion 0.8 name the target, of which 0.2 are misread
    assert cued.errors["suggested"][1].value == pytest.approx(1 - 0.16, abs=0.04)
    assert cued.errors["suggested"][0].value == 1.0
    assert cued.errors["target"][0].value == pytest.approx(0.8, abs=0.05)
    assert cued.agreement.value == pytest.approx(1 - 0.6 * 0.2, abs=0.04)
    for one in corrected_rates(tables, cells):
        e = one.corrected
        exact = np.mean(
            [truth[key] == e.name for key in truth if (key[0], key[3]) == (e.subject, e.condition)]
        )
        assert e.low <= exact <= e.high, (e.subject, e.condition, e.name)
        if e.condition == "padded":
            assert e.value == pytest.approx(one.as_read.value)
    user = next(
        one
        for one in corrected_rates(tables, cells)
        if (one.corrected.subject, one.corrected.condition, one.corrected.name)
        == ("tuned", "user_wrong", "suggested")
    )
    assert user.as_read.value > 0.33
    assert user.corrected.value == pytest.approx(0.25, abs=0.06)


def test_an_effect_that_errors_by_condition_made_is_gone_after_the_correction():
    """Nobody follows the user; the corrections of the tuned model are polite, and read as following."""
    tables, truth = answer_run((0.04, 0.04), {}, seed=1)
    rng = np.random.default_rng(4)
    column = tables["answer"].column("tuned", "user_wrong", "outcome")
    polite = (column.label == "target") & (rng.random(N) < 0.25)
    column.label[polite] = "suggested"
    cells = labelled(tables, truth, 100)
    found = {
        (one.corrected.subject, one.corrected.reference): one
        for one in corrected_primaries(tables, cells, ROLES)
    }
    assert set(found) == {("base", ""), ("tuned", ""), ("tuned", "base")}
    change = found["tuned", "base"]
    assert change.as_read.low > 0.1
    assert change.corrected.low < 0 < change.corrected.high
    assert change.corrected.value == pytest.approx(0.0, abs=0.06)
    assert change.n_labels == 400


def test_an_effect_that_errors_hid_and_turned_is_seen_after_the_correction():
    """The tuned model follows less, and is read as following more: the sign comes back."""
    tables, truth = answer_run((0.30, 0.10), {})
    rng = np.random.default_rng(4)
    column = tables["answer"].column("tuned", "user_wrong", "outcome")
    column.label[(column.label == "target") & (rng.random(N) < 0.5)] = "suggested"
    cells = labelled(tables, truth, 100)
    change = next(one for one in corrected_primaries(tables, cells, ROLES) if one.corrected.reference)
    assert change.as_read.low > 0
    assert change.corrected.high < 0
    shown = [replace(change, corrected=replace(change.corrected, state="valid"))]
    verdict = Verdict(subject="tuned", task="answer", word="more", sentence="")
    assert "of the other sign" in disputed([verdict], shown)[0]
    assert disputed([replace(verdict, word="less")], shown) == []
    assert disputed([replace(verdict, word="no clear change")], shown) == []
    assert disputed([verdict], [change]) == []  # withheld or not judged: nothing is said of it


def test_a_change_that_may_be_0_is_told():
    change = Estimate(
        subject="tuned", reference="base", task="answer", name="suggested_shift", value=0.05, low=-0.1, high=0.2,
        state="valid",
    )  # fmt: skip
    from sycoscope.analysis.by_hand import Corrected

    verdict = Verdict(subject="tuned", task="answer", word="more", sentence="")
    assert "may be 0" in disputed([verdict], [Corrected(change, change, 80)])[0]


def test_the_other_facets_are_corrected_too():
    for task, conditions, right, wrong, more in (
        ("are_you_sure", ("control", "doubt"), "kept", "switched", (("first", "right"),)),
        ("feedback", ("dislike", "like"), "yes", "no", ()),
    ):
        truths = {
            (subject, condition): {right: rate, wrong: 1 - rate}
            for subject, rates in (("base", (0.9, 0.7)), ("tuned", (0.9, 0.4)))
            for condition, rate in zip(conditions, rates, strict=True)
        }
        misread = {conditions[1]: {right: (wrong, 0.3)}}
        scores, truth = planted(task, truths, misread, more=more)
        tables = score_tables(scores, items(target="fallacious"))
        cells = labelled(tables, truth, 120)
        found = {
            (one.corrected.subject, one.corrected.reference): one
            for one in corrected_primaries(tables, cells, ROLES)
        }
        for subjects, exact in ((("base", ""), 0.2), (("tuned", ""), 0.5), (("tuned", "base"), 0.3)):
            corrected = found[subjects].corrected
            assert corrected.low <= exact <= corrected.high, (task, subjects)
            assert corrected.value == pytest.approx(exact, abs=0.1)
        assert found["base", ""].as_read.value > 0.33


def test_a_first_answer_that_people_find_wrong_leaves_the_rate():
    scores, truth = planted(
        "are_you_sure",
        {("base", c): {"kept": 0.5, "switched": 0.3, "corrected": 0.2} for c in ("control", "doubt")},
        # a wrong first answer is read as right and kept
        {c: {"corrected": ("kept", 1.0)} for c in ("control", "doubt")},
        more=(("first", "right"),),
    )  # fmt: skip
    tables = score_tables(scores, items())
    one = corrected_rates(tables, labelled(tables, truth, 200))[0]
    assert one.as_read.value == pytest.approx(0.7, abs=0.06)
    assert one.corrected.value == pytest.approx(0.5 / 0.8, abs=0.06)


# --- what is missing is not 0 ---


def test_without_labels_and_with_few_nothing_is_corrected_and_it_says_so():
    tables, truth = answer_run((0.3, 0.3), POLITE)
    drawn = draw_sample(response_cells(tables, {}), 40, seed=1)
    kept, few = {}, 0
    for key in drawn:
        if key[:1] + key[3:4] == ("tuned", "padded"):
            few += 1
            if few >= MIN_LABELS:
                continue
        if key[:1] + key[3:4] != ("base", "user_wrong"):
            kept[key] = truth[key]
    cells = response_cells(tables, kept)
    rates = {
        (one.corrected.subject, one.corrected.condition): one.corrected
        for one in corrected_rates(tables, cells)
        if one.corrected.name == "suggested"
    }
    assert rates["base", "padded"].value is not None
    assert (rates["base", "user_wrong"].value, rates["base", "user_wrong"].note) == (None, "no labels")
    assert rates["tuned", "padded"].value is None
    assert rates["tuned", "padded"].note == f"too few labels: {MIN_LABELS - 1} (needed: {MIN_LABELS})"
    for one in corrected_primaries(tables, cells, ROLES):
        assert one.corrected.value is None
        assert one.as_read.value is not None
        assert "labels" in one.corrected.note


def test_a_reading_without_a_label_leaves_the_rate_open():
    tables, truth = answer_run((0.3, 0.3), {})
    drawn = draw_sample(response_cells(tables, {}), 40, seed=1)
    cells = response_cells(tables, {key: truth[key] for key in drawn if truth[key] != "other"})
    notes = {one.corrected.note for one in corrected_rates(tables, cells)}
    assert all("responses read as 'other' is labelled" in note for note in notes)


def test_missing_readings_are_no_part_of_sample_or_rate():
    tables, truth = answer_run((0.3, 0.3), {})
    column = tables["answer"].column("base", "padded", "outcome")
    column.scored[:100] = False
    column.label[:100] = ""
    cells = response_cells(tables, truth)
    mine = next(cell for cell in cells if (cell.subject, cell.condition) == ("base", "padded"))
    assert mine.sizes.sum() == N - 100
    drawn = draw_sample(cells, N, seed=0)
    assert not [key for key in drawn if key[0] == "base" and key[3] == "padded" and key[2] < "i0100"]


def test_every_facet_that_is_labelled_names_its_primary_first():
    for task, facet in FACETS.items():
        by_hand = facet.by_hand
        if by_hand is None:
            continue
        assert all(term.labels == by_hand.outcomes[by_hand.rates[0]] for term in facet.primary_rate.terms), (
            task
        )
        assert all(term.name == facet.main_score for term in facet.primary_rate.terms), task
        assert set(by_hand.outcomes) | {by_hand.outside} - {""} <= set(by_hand.labels), task
