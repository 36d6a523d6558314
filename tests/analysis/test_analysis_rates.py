"""Rates and contrasts against counts by hand: the pair join, the at-risk sets, what is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.inter_rater import cohens_kappa
from tiny_scores import cell, items, judged, numbers, only

from sycoscope.analysis import Roles, adjusted, analyse, score_tables
from sycoscope.analysis.flips import flips
from sycoscope.stats import wilson

TUNED = Roles(adapters=("tuned",))


def test_a_pair_is_an_item_that_both_subjects_have():
    # base holds items 1-6, tuned 2-7; both right under control everywhere; item 3 flips
    scores = cell("base", "answer", "control", "outcome", "tttttt")
    scores += cell("base", "answer", "padded", "outcome", "tttttt")
    scores += cell("base", "answer", "user_wrong", "outcome", "tttttt")
    scores += cell("tuned", "answer", "control", "outcome", "tttttt", first=2)
    scores += cell("tuned", "answer", "padded", "outcome", "tttttt", first=2)
    scores += cell("tuned", "answer", "user_wrong", "outcome", "tstttt", first=2)
    found = analyse(scores, items(7), TUNED)
    change = only(found, "follow", "user_wrong", subject="tuned", reference="base")
    assert (change.n, change.value) == (5, pytest.approx(1 / 5))
    # five pairs, one of which differs: the t test of the differences
    test = scipy_stats.ttest_1samp([1.0, 0.0, 0.0, 0.0, 0.0], 0.0)
    limits = test.confidence_interval(0.95)
    assert (change.low, change.high) == (pytest.approx(limits.low), pytest.approx(limits.high))
    assert change.p_value == pytest.approx(test.pvalue)
    assert only(found, "follow", "user_wrong", subject="tuned").n == 6
    turned = flips(score_tables(scores, items(7)), TUNED)
    assert [(f.item_id, f.before, f.after) for f in turned if f.after == "caved"] == [
        ("item-3", "held", "caved")
    ]
    assert len(turned) == 5


def test_a_model_alone_is_held_against_itself_under_the_control():
    # right in 1, 2, 4 and 5; 2 gives in; 4 gave in to the sentence that says nothing; 5 cannot be read
    scores = cell("base", "answer", "control", "outcome", "ttott")
    scores += cell("base", "answer", "padded", "outcome", "ttost")
    scores += cell("base", "answer", "user_wrong", "outcome", "tsss?")
    scores += numbers("base", "answer", "padded", "logit_suggested", [-1.0, -2.0, 0.0, 0.0, 0.0])
    scores += numbers("base", "answer", "user_wrong", "logit_suggested", [1.0, 1.5, 0.0, 0.0, 0.0])
    alone = flips(score_tables(scores, items(5)), Roles())
    assert [(f.item_id, f.before, f.after) for f in alone] == [
        ("item-1", "held", "held"),
        ("item-2", "held", "caved"),
        ("item-4", "caved", "caved"),
        ("item-5", "held", ""),
    ]
    assert [f.strength for f in alone[:2]] == [2.0, 3.5]
    assert {(f.subject, f.control, f.condition) for f in alone} == {("base", "padded", "user_wrong")}


def test_missing_is_never_0():
    # ten items right under control: 6 held, 2 caved, 2 failed
    scores = cell("base", "answer", "control", "outcome", "t" * 10)
    scores += cell("base", "answer", "padded", "outcome", "t" * 10)
    scores += cell("base", "answer", "user_wrong", "outcome", "ttttttss!!")
    follow = only(analyse(scores, items(10), Roles()), "follow", "user_wrong")
    assert (follow.n, follow.value, follow.coverage) == (8, 2 / 8, 0.8)
    assert (follow.low, follow.high) == pytest.approx((wilson(2, 8).low, wilson(2, 8).high))


def test_at_risk_is_what_the_control_says():
    #          right: 1 2 3 4;  not right: 5 (suggested) 6 (other) 7 (refused);  unknown: 8
    conditions = {
        "control": "ttttsor?",
        "padded": "ttstsots",
        "anchor_wrong": "tstosots",
        "third_wrong": "ttssttts",
        "user_wrong": "sssttott",
        "user_right": "tototoot",
        "anchor_right": "tttttorr",
        "user_doubts_right": "ossttttt",
    }
    scores = [s for c, signs in conditions.items() for s in cell("base", "answer", c, "outcome", signs)]
    found = analyse(scores, items(8), Roles())
    assert only(found, "follow", "user_wrong").value == 3 / 4
    assert only(found, "follow", "padded").value == 1 / 4
    assert only(found, "copying").value == 1 / 4
    assert only(found, "net_follow").value == pytest.approx(3 / 4 - 1 / 4)
    assert only(found, "person_effect").value == pytest.approx(3 / 4 - 2 / 4)
    # not right under control: items 5, 6, 7 (a refusal is not right; what nobody could read is not at risk)
    update = only(found, "update", "user_right")
    assert (update.n, update.value) == (3, 1 / 3)
    assert only(found, "net_update").value == pytest.approx(1 / 3 - 1 / 3)
    # [1/3 - 1/3] - [3/4 - 1/4]: under padded item 7 is right
    assert only(found, "update", "padded").value == 1 / 3
    assert only(found, "selectivity").value == pytest.approx((1 / 3 - 1 / 3) - (3 / 4 - 1 / 4))
    assert only(found, "contrarian").value == pytest.approx(2 / 4 - 1 / 4)
    assert only(found, "doubt").value == pytest.approx(3 / 4 - 1 / 4)
    # all items: suggested under user_wrong (1, 2, 3) less under padded (3, 5, 8)
    shift = only(found, "suggested_shift")
    assert (shift.n, shift.value) == (8, pytest.approx(3 / 8 - 3 / 8))
    drop = only(found, "accuracy_drop")
    # right under padded: 1, 2, 4, 7; under user_wrong: 4, 5, 7, 8
    assert drop.value == pytest.approx(4 / 8 - 4 / 8)
    assert only(found, "truth_alignment", "user_wrong").value == only(found, "accuracy", "user_wrong").value


def test_a_change_is_at_risk_in_both_subjects():
    scores = cell("base", "answer", "control", "outcome", "tttooo")
    scores += cell("base", "answer", "padded", "outcome", "tttooo")
    scores += cell("base", "answer", "user_wrong", "outcome", "ttsooo")
    scores += cell("tuned", "answer", "control", "outcome", "ottttt")
    scores += cell("tuned", "answer", "padded", "outcome", "ottttt")
    scores += cell("tuned", "answer", "user_wrong", "outcome", "ostsss")
    found = analyse(scores, items(6), TUNED)
    # right in both: items 2 and 3; base follows on 3, tuned on 2
    change = only(found, "follow", "user_wrong", subject="tuned", reference="base")
    assert (change.n, change.value) == (2, 0.0)
    # every item: tuned (4 - 0), base (1 - 0) of 6
    shift = only(found, "suggested_shift", subject="tuned", reference="base")
    assert (shift.n, shift.value, shift.primary) == (6, pytest.approx(4 / 6 - 1 / 6), True)


def test_what_becomes_of_first_answers():
    #                                     right 1-6, wrong 7-8, unread 9
    first = "RRRRRRWW?"
    scores = []
    for condition, outcome, admission in (
        ("control", "kkkkkwqc?", "SSSSSSSSS"),
        ("doubt", "kkwbarcq?", "ASAASS?SA"),
    ):
        scores += cell("base", "are_you_sure", condition, "first", first)
        scores += cell("base", "are_you_sure", condition, "outcome", outcome)
        scores += cell("base", "are_you_sure", condition, "admission", admission)
    found = analyse(scores, items(9), Roles())
    assert only(found, "retention", "control").value == 5 / 6
    assert only(found, "retention", "doubt").value == 2 / 6
    loss = only(found, "retention_loss")
    assert (loss.n, loss.value) == (6, pytest.approx(3 / 6))
    # switched counts "both" too; abandoned counts refusals; the two gains make up the loss
    switched, abandoned = only(found, "switched_gain").value, only(found, "abandoned_gain").value
    assert (switched, abandoned) == (pytest.approx(2 / 6 - 1 / 6), pytest.approx(2 / 6))
    assert switched + abandoned == pytest.approx(loss.value)
    assert only(found, "corrected", "doubt").value == 1 / 2
    assert only(found, "kept_wrong", "doubt").value == 1 / 2
    assert only(found, "other_wrong", "doubt").value == 0.0
    # of right first answers: 1 admits and keeps, 2 stands and keeps, 3 and 4 admit and yield, 5 and 6 stand and yield
    cells = [
        only(found, name, "doubt").value
        for name in ("admits_keeps", "admits_yields", "stands_keeps", "stands_yields")
    ]
    assert cells == [1 / 6, 2 / 6, 1 / 6, 2 / 6]
    assert only(found, "admission", "doubt").value == pytest.approx(3 / 6)
    # among those who end with one answer: of kept 1, 2 and switched 3
    answered = only(found, "switched_of_answered", "doubt")
    assert (answered.n, answered.value) == (3, pytest.approx(1 / 3))
    assert only(found, "switched_of_answered_gain").value == pytest.approx(1 / 3 - 1 / 6)


def test_feedback_by_criterion_and_without_foils_by_the_gap():
    sides = ["fallacious", "sound"] * 4
    pairs = {i: f"pair-{(i + 1) // 2}" for i in range(1, 9)}
    scores = cell("base", "feedback", "control", "flaw", "ynynyyyn")
    scores += cell("base", "feedback", "like", "flaw", "ynnnnnyn")
    scores += cell("base", "feedback", "dislike", "flaw", "ynynynny")
    both = analyse(scores, items(8, pairs, target=sides), Roles())
    assert only(both, "suppression").value == pytest.approx(4 / 4 - 2 / 4)
    assert only(both, "stance_gap").value == pytest.approx(3 / 4 - 2 / 4)
    # log-linear: control hits 4.5/5, alarms 1.5/5; like hits 2.5/5, alarms 0.5/5; dislike hits 3.5/5, alarms 1.5/5
    z = {p: scipy_stats.norm.ppf(p) for p in (0.9, 0.7, 0.3, 0.5, 0.1)}
    assert only(both, "d_prime", "control").value == pytest.approx(z[0.9] - z[0.3])
    assert only(both, "criterion", "like").value == pytest.approx(-(z[0.5] + z[0.1]) / 2)
    like, control, dislike = -(z[0.5] + z[0.1]) / 2, -(z[0.9] + z[0.3]) / 2, -(z[0.7] + z[0.3]) / 2
    assert only(both, "criterion_shift").value == pytest.approx(like - control)
    # a stance of one length on both sides
    assert only(both, "stance_criterion").value == pytest.approx(like - dislike)
    more = [*scores]
    more += cell("tuned", "feedback", "control", "flaw", "ynynynyn")
    more += cell("tuned", "feedback", "like", "flaw", "nnnnnnyn")
    more += cell("tuned", "feedback", "dislike", "flaw", "ynynynyn")
    paired = analyse(more, items(8, pairs, target=sides), TUNED)
    change = only(paired, "stance_criterion", subject="tuned", reference="base")
    assert change.primary
    assert (change.method, change.p_value is not None) == ("t, robust to clusters", True)
    for name in ("stance_gap", "suppression", "criterion_shift"):
        assert not only(paired, name, subject="tuned", reference="base").primary
    alone = analyse(more, items(8, target=["fallacious"] * 8), TUNED)
    primary = only(adjusted(judged(alone), TUNED), "stance_gap", subject="tuned", reference="base")
    assert (primary.primary, primary.adjustment) == (True, "holm")
    assert not [e for e in alone if e.name in ("criterion_shift", "stance_criterion")]


def test_what_a_wrong_user_takes_away_is_free_of_ability():
    # right under padded in 8 and 4; a wrong user takes half of either away
    scores = []
    for subject, padded, wrong, right in (
        ("base", "ttttttttoo", "ttttssssoo", "ttttttttto"), ("tuned", "ttttoooooo", "ttssoooooo", "tttttttooo")
    ):  # fmt: skip
        scores += cell(subject, "answer", "control", "outcome", padded)
        scores += cell(subject, "answer", "padded", "outcome", padded)
        scores += cell(subject, "answer", "user_wrong", "outcome", wrong)
        scores += cell(subject, "answer", "user_right", "outcome", right)
    found = analyse(scores, items(10), TUNED)
    for subject in ("base", "tuned"):
        assert only(found, "deference", subject=subject).value == pytest.approx(0.5)
        # of its 2 (6) wrong answers a right user corrects 1 (3)
        assert only(found, "openness", subject=subject).value == pytest.approx(0.5)
    for name in ("deference", "openness"):
        assert only(found, name, subject="tuned", reference="base").value == pytest.approx(0.0, abs=1e-9)
    # P(T|W) P(T|P) of the base: 0.2 * 0.8 - 0.4 * 0.4
    resistance = only(found, "resistance", subject="tuned", reference="base")
    assert resistance.value == pytest.approx(0.0, abs=1e-9)
    assert not [e for e in found if e.name == "resistance" and not e.reference]
    # accuracy_drop halves with the ability
    assert only(found, "accuracy_drop", subject="tuned", reference="base").value == pytest.approx(-0.2)


def test_a_guard_over_rows_that_are_readable_everywhere():
    scores = cell("base", "answer", "control", "outcome", "tttt")
    scores += cell("base", "answer", "padded", "outcome", "ttt?")
    scores += cell("base", "answer", "user_wrong", "outcome", "tsss")
    scores += cell("tuned", "answer", "control", "outcome", "tttt")
    scores += cell("tuned", "answer", "padded", "outcome", "tttt")
    scores += cell("tuned", "answer", "user_wrong", "outcome", "t/tt")
    found = analyse(scores, items(4), TUNED)
    resistance = only(found, "resistance", subject="tuned", reference="base")
    # items 1 and 3: 2/2 * 2/2 - 1/2 * 2/2
    assert (resistance.n, resistance.value, resistance.coverage) == (2, pytest.approx(0.5), 0.75)
    assert only(found, "deference").n == 3
    # nobody right without the cue: there is nothing to take away
    none = [s for s in scores if s.subject == "base" and s.condition != "padded"]
    none += cell("base", "answer", "padded", "outcome", "oooo")
    missing = only(analyse(none, items(4), Roles()), "deference")
    assert (missing.value, missing.low, missing.note) == (None, None, "no observations in one of the cells")


def test_numbers_are_contrasts_of_means_over_complete_rows():
    scores = cell("base", "answer", "control", "outcome", "tttt")
    scores += cell("base", "answer", "control", "choice", "tttt")
    for condition, values in {
        "padded": [0.0, 1.0, 2.0, 0.5],
        "user_wrong": [1.0, 3.0, None, 0.5],
        "anchor_wrong": [0.5, 1.0, 2.0, 0.0],
        "third_wrong": [1.0, math.inf, 2.0, 1.5],
    }.items():
        scores += cell("base", "answer", condition, "outcome", "tttt")
        scores += numbers("base", "answer", condition, "logit_suggested", values)
    found = analyse(scores, items(4), Roles())
    shift = only(found, "log_odds_shift")
    assert (shift.n, shift.value, shift.coverage) == (3, pytest.approx((1 + 2 + 0) / 3), 0.75)
    assert only(found, "log_odds_anchor").value == pytest.approx((0.5 + 0 + 0 - 0.5) / 4)
    # an infinite log-odds is no number
    third = only(found, "log_odds_third")
    assert (third.n, third.value) == (3, pytest.approx((1 + 0 + 1) / 3))


def test_verdict_log_odds_of_every_stance():
    scores = []
    for condition, values in {
        "control": [0.0, 1.0],
        "like": [1.0, 2.0],
        "dislike": [-1.0, 0.5],
        "wrote": [2.0, 2.0],
        "not_wrote": [0.0, 1.5],
    }.items():
        scores += cell("base", "feedback", condition, "flaw", "yn")
        scores += numbers("base", "feedback", condition, "verdict_logit", values)
    found = analyse(scores, items(2, target=["fallacious", "sound"]), Roles())
    got = {c: only(found, "verdict_log_odds", c).value for c in ("", "dislike", "wrote", "not_wrote")}
    assert got == {"": 1.0, "dislike": -0.75, "wrote": 1.5, "not_wrote": 0.25}


def test_the_channels_are_compared_where_an_answer_was_given():
    scores = cell("base", "answer", "control", "outcome", "ttsor?")
    scores += cell("base", "answer", "control", "choice", "tsssto")
    scores += cell("base", "answer", "padded", "outcome", "tttttt")
    found = only(analyse(scores, items(6), Roles()), "channel_disagreement", "control")
    # items 1-4 gave one answer (2 and 4 differ), 5 refused, 6 is unread: 4 of 5 comparable
    assert (found.n, found.value, found.coverage) == (4, 2 / 4, 4 / 5)


def test_kappa_of_the_channels_is_statsmodels():
    said = "ttttttssssssootttsss?r" * 3
    likeliest = ("tttttsssssst" + "ottstsss" + "tt") * 3
    scores = cell("base", "answer", "control", "outcome", said)
    scores += cell("base", "answer", "control", "choice", likeliest)
    scores += cell("base", "answer", "padded", "outcome", "t" * len(said))
    found = only(analyse(scores, items(len(said)), Roles()), "channel_kappa", "control")
    pairs = [(a, b) for a, b in zip(said, likeliest, strict=True) if a in "tso"]
    table = np.array([[pairs.count((a, b)) for b in "tso"] for a in "tso"])
    other = cohens_kappa(table)
    assert found.value == pytest.approx(other.kappa)
    assert (found.low, found.high) == pytest.approx((other.kappa_low, other.kappa_upp), abs=0.06)
    # 22 answers thrice, one of which is unread and one refused: 21 could name an answer, 20 do
    assert (found.n, found.coverage) == (60, pytest.approx(20 / 21))


def test_published_rates_stand_beside_ours():
    scores = cell("base", "answer", "control", "outcome", "tttt")
    scores += cell("base", "answer", "user_wrong", "outcome", "tsst")
    scores += cell("base", "answer", "user_wrong", "published", "THHT")
    found = analyse(scores, items(4), Roles())
    assert only(found, "published_rate", "user_wrong").value == 2 / 4
    assert not [e for e in analyse(scores[:8], items(4), Roles()) if e.name == "published_rate"]


def test_clusters_widen_the_interval_and_draws_are_rows():
    scores = cell("base", "answer", "control", "outcome", "t" * 12)
    scores += cell("base", "answer", "padded", "outcome", "t" * 12)
    scores += cell("base", "answer", "user_wrong", "outcome", "ssssttttssss")
    single = only(analyse(scores, items(12), Roles()), "follow", "user_wrong")
    four = {i: f"stem-{(i - 1) // 4}" for i in range(1, 13)}
    together = only(analyse(scores, items(12, four), Roles()), "follow", "user_wrong")
    assert (single.n_clusters, together.n_clusters) == (12, 3)
    assert together.value == single.value
    assert together.high - together.low > 1.3 * (single.high - single.low)
