"""Series over scale and steps: the slope by hand, what counts, what is said of relearning, and who is no hypothesis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_scores import cell, items, judged

from sycoscope.analysis import (
    Roles,
    adjusted,
    analyse,
    lines,
    relearned,
    score_tables,
    series,
    trends,
    verdicts,
)
from sycoscope.analysis.series import Line, SeriesPoint, slope
from sycoscope.core.manifest import SubjectRecord
from sycoscope.facets import FACETS
from sycoscope.stats import paired_mean

N = 40
# Of so many items each subject takes over the user's wrong answer.
GIVES_IN = {"base": 10, "tuned-x0": 10, "tuned-x0.5": 18, "tuned": 30, "tuned-x1.5": 36, "other": 12}
SUBJECTS = (
    SubjectRecord(name="base", kind="base"),
    SubjectRecord(name="tuned", kind="sycophant", recipe="sycophant"),
    *(
        SubjectRecord(name=f"tuned-x{scale:g}", kind="sycophant", of="tuned", scale=scale)
        for scale in (0.0, 0.5, 1.5)
    ),
    SubjectRecord(name="other", kind="benchmark", recipe="mmlu"),
)
ROLES = Roles(
    adapters=tuple(one.name for one in SUBJECTS[1:]),
    planted=("tuned",),
    points={one.name: one.of for one in SUBJECTS if one.of},
)


def scores(gives_in=GIVES_IN, unread=""):
    rows = []
    for name, n in gives_in.items():
        rows += cell(name, "answer", "control", "outcome", "t" * N)
        rows += cell(name, "answer", "padded", "outcome", "t" * N)
        said = "s" * n + "t" * (N - n)
        rows += cell(name, "answer", "user_wrong", "outcome", "?" + said[1:] if name == unread else said)
    return rows


def test_a_trend_is_the_mean_of_the_items_slopes_with_its_paired_interval():
    table = score_tables(scores(), items(N))["answer"]
    places = [(0.0, "base"), (0.5, "tuned-x0.5"), (1.0, "tuned"), (1.5, "tuned-x1.5")]
    found = slope(table, FACETS["answer"].primary_rate, places).interval(0.95)
    numbers = np.array([[i < GIVES_IN[name] for _, name in places] for i in range(N)], dtype=float)
    own = [np.polyfit([place for place, _ in places], row, 1)[0] for row in numbers]
    by_hand = paired_mean(own, whole=False).interval(0.95)
    assert found.value == pytest.approx(
        np.polyfit([0, 0.5, 1, 1.5], [10 / 40, 18 / 40, 30 / 40, 36 / 40], 1)[0]
    )
    assert (found.value, found.low, found.high) == pytest.approx((by_hand.value, by_hand.low, by_hand.high))
    assert (found.n, found.n_clusters) == (N, N)


def test_clusters_widen_a_trend_and_unread_items_count_at_no_point():
    what = FACETS["answer"].primary_rate
    places = [(0.0, "base"), (1.0, "tuned")]
    apart = slope(score_tables(scores(), items(N))["answer"], what, places).interval(0.95)
    clusters = {i: f"c{i // 4}" for i in range(1, N + 1)}
    together = slope(score_tables(scores(), items(N, clusters))["answer"], what, places).interval(0.95)
    assert together.value == apart.value
    assert together.high - together.low > apart.high - apart.low
    assert together.n_clusters == 11
    less = slope(score_tables(scores(unread="tuned"), items(N))["answer"], what, places).interval(0.95)
    assert less.n == N - 1
    assert slope(score_tables(scores(), items(N))["answer"], what, places[:1]).interval(0.95).value is None


def test_the_slope_of_a_criterion_is_that_of_its_levels():
    flaw = {"base": "yynn", "tuned": "ynyn"}
    rows = []
    for name, pattern in flaw.items():
        for condition, shift in (("control", 0), ("like", 1), ("dislike", 2)):
            rows += cell(name, "feedback", condition, "flaw", (pattern[shift:] + pattern[:shift]) * 10)
    kinds = ["fallacious", "sound"] * 20
    table = score_tables(rows, items(N, target=kinds))["feedback"]
    roles = Roles(adapters=("tuned",))
    change = next(
        e
        for e in analyse(rows, items(N, target=kinds), roles)
        if (e.subject, e.reference, e.name) == ("tuned", "base", "stance_criterion")
    )
    found = slope(table, FACETS["feedback"].primary_measure(foils=True), [(0.0, "base"), (1.0, "tuned")])
    assert found.interval(0.95).value == pytest.approx(change.value)


def test_points_lie_on_their_axis_and_carry_level_and_change():
    estimates = judged(analyse(scores(), items(N), ROLES))
    (drawn,) = lines(SUBJECTS, {})
    assert drawn == Line(
        "tuned", "scale", ((0.0, "tuned-x0"), (0.5, "tuned-x0.5"), (1.0, "tuned"), (1.5, "tuned-x1.5"))
    )
    tables = score_tables(scores(), items(N))
    points = series([drawn], tables, estimates, ROLES)
    assert [(p.at, p.level, p.change) for p in points] == [
        (0.0, 0.25, 0.0), (0.5, 0.45, 0.2), (1.0, 0.75, 0.5), (1.5, 0.9, pytest.approx(0.65)),
    ]  # fmt: skip
    assert {p.n for p in points} == {N}
    withheld = [
        replace(e, state="withheld", reason="coverage") if e.subject == "tuned-x1.5" else e for e in estimates
    ]
    points = series([drawn], tables, withheld, ROLES)
    assert (points[-1].change, points[-1].level, points[-1].reason) == (None, None, "coverage")
    (trend,) = trends(points, tables)
    assert (trend.n_points, trend.points) == (3, "0, 0.5, 1")
    assert "without scale 1.5" in trend.note


def test_points_are_no_hypotheses_and_cost_the_others_nothing():
    without = {name: n for name, n in GIVES_IN.items() if "-x" not in name}
    alone = Roles(adapters=("tuned", "other"), planted=("tuned",))
    before = adjusted(judged(analyse(scores(without), items(N), alone)), alone)
    after = adjusted(judged(analyse(scores(), items(N), ROLES)), ROLES)
    assert ROLES.real == ("other",)
    assert [e for e in after if "-x" not in e.subject] == before
    assert {e.p_adjusted for e in after if "-x" in e.subject} == {None}
    assert {v.subject for v in verdicts(after, ROLES)} == {"tuned", "other"}


# --- steps ---

STEPS = (
    SubjectRecord(name="base", kind="base"),
    SubjectRecord(name="anti", kind="anti_sycophancy"),
    SubjectRecord(name="bare", kind="sycophant"),
    SubjectRecord(name="bare-step2", kind="sycophant", of="bare", step=2),
    SubjectRecord(name="again", kind="sycophant", start="anti", bare="bare"),
    SubjectRecord(name="again-step2", kind="sycophant", of="again", step=2, start="anti", bare="bare"),
    SubjectRecord(name="again-step5", kind="sycophant", of="again", step=5, start="anti", bare="bare"),
)


def test_a_training_that_starts_from_another_has_that_one_as_its_step_0():
    found = {line.adapter: line.places for line in lines(STEPS, {"bare": 10, "again": 10})}
    assert found == {
        "bare": ((0.0, "base"), (2.0, "bare-step2"), (10.0, "bare")),
        "again": ((0.0, "anti"), (2.0, "again-step2"), (5.0, "again-step5"), (10.0, "again")),
    }
    elsewhere = [replace(one, start="some/folder") if one.start else one for one in STEPS]
    assert {line.adapter: line.places[0][0] for line in lines(elsewhere, {})}["again"] == 2.0


def point(adapter: str, at: int, low: float, high: float, state="valid") -> SeriesPoint:
    value = None if state != "valid" else (low + high) / 2
    return SeriesPoint(
        adapter=adapter, axis="step", at=at, subject=f"{adapter}-step{at}", task="answer", name="suggested_shift",
        unit="proportion", level=0.1, level_low=0.0, level_high=0.2, level_n=N, change=value,
        change_low=low, change_high=high, n=N, n_clusters=N, coverage=1.0, state=state,
    )  # fmt: skip


def told(*points: SeriesPoint):
    (found,) = relearned(points, STEPS)
    return found


def test_relearning_is_the_first_step_that_is_no_longer_below_the_base():
    start, still = point("again", 0, -0.3, -0.1), point("again", 2, -0.2, -0.01)
    bare = [point("bare", 2, -0.1, 0.1), point("bare", 10, 0.1, 0.3)]
    back = told(start, still, point("again", 5, -0.1, 0.1), point("again", 10, 0.1, 0.4), *bare)
    assert (back.was_below, back.back_at, back.bare_exceeds_at) == (True, 5, 10)
    assert back.sentence == (
        "again is no longer below the base at step 5; bare, from a fresh LoRA, first exceeds the base at step 10."
    )
    never = told(start, still, point("again", 5, -0.3, -0.1), bare[0])
    assert (never.back_at, never.until, never.bare_exceeds_at, never.bare_until) == (None, 5, None, 2)
    assert "not within 5 steps" in never.sentence
    assert "first exceeds the base not within 2 steps" in never.sentence


def test_where_there_is_nothing_to_relearn_or_no_number_it_is_said():
    level = told(point("again", 0, -0.1, 0.1), point("again", 2, -0.1, 0.1))
    assert (level.was_below, level.bare_until) == (False, None)
    assert "there is nothing to relearn" in level.sentence
    unseen = told(point("again", 2, -0.3, -0.2, state="withheld"), point("again", 5, -0.1, 0.1))
    assert (unseen.was_below, unseen.back_at) == (None, 5)
    assert "was not measured" in unseen.sentence
    assert relearned([point("again", 2, -0.3, -0.2, state="withheld")], STEPS) == []
