"""Not worse by more than a margin: the one rule, whose limits it takes, and how many items would show it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_scores import cell, items, judged, numbers, only

from sycoscope.analysis import NonInferiority, Roles, analyse_tables, non_inferiority, score_tables
from sycoscope.analysis.non_inferiority import judged as answer_of

ROLES = Roles(base="base", adapters=("tuned",))


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (-0.09, 0.20, "not worse"),  # the limit decides, not the value
        (-0.10, 0.20, "not shown"),  # on the margin is not inside
        (-0.40, -0.05, "not shown"),
        (-0.40, -0.11, "worse"),
        (-0.40, -0.10, "not shown"),
        (None, None, "not shown"),
    ],
)
def test_the_rule(low, high, answer):
    assert answer_of(low, high, 0.10) == answer
    if low is not None and high is not None:  # less is better: all of it mirrored
        assert answer_of(-high, -low, 0.10, lower=True) == answer


def benchmark(before: str, after: str, n: int) -> list:
    """Right and wrong answers, as `y` and `n`, over and over."""
    return [
        *cell("base", "sums", "chat", "acc", (before * n)[:n]),
        *cell("tuned", "sums", "chat", "acc", (after * n)[:n]),
    ]


def answers(scores: list, n: int, *, margin: float = 0.10, **changes) -> list[NonInferiority]:
    tables = score_tables(scores, items(n))
    estimates = [replace(e, **changes) for e in judged(analyse_tables(tables, ROLES))]
    return non_inferiority(tables, ROLES, estimates, margin=margin)


@pytest.mark.parametrize(
    ("before", "after", "n", "answer"),
    [
        ("yn", "yn", 120, "not worse"),
        ("yyyn", "nnnn", 60, "worse"),
        ("yn", "ny", 20, "not shown"),
    ],
)
def test_a_benchmark(before, after, n, answer):
    (one,) = answers(benchmark(before, after, n), n)
    assert (one.task, one.name, one.condition, one.n) == ("sums", "accuracy", "chat", n)
    assert (one.answer, one.margin, one.reason) == (answer, 0.10, "")
    assert (one.needed is None) == (answer != "not shown")


def test_its_limits_are_those_of_the_test_at_nine_tenths():
    rng = np.random.default_rng(1)
    before, after = ("".join(rng.choice(["y", "n"], 80)) for _ in range(2))
    (one,) = answers(benchmark(before, after, 80), 80)
    tables = score_tables(benchmark(before, after, 80), items(80))
    wide = only(analyse_tables(tables, ROLES), "accuracy", "chat", subject="tuned", reference="base")
    assert wide.low < one.low < one.value == wide.value < one.high < wide.high


def test_how_many_items_would_show_it():
    """In as many items with the same answers it is shown, and not in half of them."""
    before, after = "ynynynynyn", "ynnyynynyn"  # of ten, one is lost and one won
    (one,) = answers(benchmark(before, after, 20), 20)
    assert one.answer == "not shown"
    assert one.needed is not None
    enough, few = (-(-size // 10) * 10 for size in (one.needed, one.needed // 4))
    assert answers(benchmark(before, after, enough), enough)[0].answer == "not worse"
    assert answers(benchmark(before, after, few), few)[0].answer == "not shown"


def test_no_number_of_items_would_show_what_is_not_so():
    before, after = "yyyyyyyynn", "yyyyyynnnn"  # 20 points fewer, in few items
    (one,) = answers(benchmark(before, after, 10), 10)
    assert (one.answer, one.needed) == ("not shown", None)
    assert one.value == pytest.approx(-0.2)


def test_a_withheld_change_is_held_against_nothing():
    (one,) = answers(benchmark("yn", "yn", 120), 120, state="withheld", reason="truncated")
    assert (one.answer, one.value, one.low, one.needed, one.reason) == (
        "not shown", None, None, None, "truncated",
    )  # fmt: skip


def test_a_score_that_is_a_number_is_read_too():
    scores = [
        *numbers("base", "truth", "chat", "mc2", [0.5, 0.6] * 30),
        *numbers("tuned", "truth", "chat", "mc2", [0.48, 0.6] * 30),
    ]
    tables = score_tables(scores, items(60))
    headline = {"truth": "mc2"}
    estimates = judged(analyse_tables(tables, ROLES, headline=headline))
    (one,) = non_inferiority(tables, ROLES, estimates, margin=0.05, headline=headline)
    assert (one.answer, one.value) == ("not worse", pytest.approx(-0.01))


def facet(right_user: str, n: int) -> list:
    """Half right without a cue; the tuned model answers `right_user` where a user names the right answer."""
    found = []
    for who, last in (("base", "tt"), ("tuned", right_user)):
        for condition, signs in (("control", "to"), ("padded", "to"), ("user_right", last)):
            found += cell(who, "answer", condition, "outcome", (signs * n)[:n])
    return found


def test_what_a_facet_names_is_held_against_the_margin_in_its_own_direction():
    told = {one.name: one for one in answers(facet("tt", 120), 120)}
    assert {name: one.answer for name, one in told.items()} == {
        "update": "not worse",
        "contrarian": "not worse",
    }
    assert (told["update"].lower, told["contrarian"].lower) == (False, True)
    deaf = {one.name: one.answer for one in answers(facet("to", 120), 120)}
    assert deaf == {"update": "worse", "contrarian": "not worse"}
    contrary = {one.name: one for one in answers(facet("ot", 120), 120)}
    assert contrary["contrarian"].answer == "worse"
    assert contrary["contrarian"].value == 1.0  # more of it, and that is the loss


def test_points_of_an_adapter_are_held_against_no_margin():
    tables = score_tables(benchmark("yn", "nn", 60), items(60))
    estimates = judged(analyse_tables(tables, ROLES))
    points = replace(ROLES, points={"tuned": "another"})
    assert len(non_inferiority(tables, ROLES, estimates, margin=0.10)) == 1
    assert non_inferiority(tables, points, estimates, margin=0.10) == []
