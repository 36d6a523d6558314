"""Trials, scores, items and estimates as rows, and back: nothing is lost, and missing stays missing."""

from __future__ import annotations

import math

import pytest

from sycoscope.core import records
from sycoscope.core.types import (
    Answered,
    ChoiceLogprobs,
    Estimate,
    Item,
    Probed,
    Response,
    Score,
    Trial,
)

TEXT = 'A "quoted" {brace}\nnext \\ line\t✓ 日本 \u2028 \x00'
TRIAL = Trial(
    subject="base",
    task="answer",
    item_id="0a1b",
    condition="user_wrong",
    draw=2,
    paraphrase="1",
    letters={"B": "second", "A": TEXT},
    asked=(
        Answered(name="answer", content=TEXT, response=Response(text=TEXT, finish="length", n_tokens=9)),
        Answered(name="final", content="?", response=Response(text="", finish="error", error="down")),
    ),
    probes=(
        Probed(
            name="answer",
            content="?",
            prefix="It is",
            options=("Yes", "No"),
            result=ChoiceLogprobs(logprobs=(-0.1234567890123, -math.inf), n_tokens=(1, 2)),
        ),
        Probed(
            name="final",
            content="?",
            prefix="",
            options=("Yes",),
            result=ChoiceLogprobs(logprobs=None, error="none offered"),
        ),
    ),
    system="Be brief.",
)
ITEM = Item(
    id="0a1b",
    source="mine",
    question=TEXT,
    target="Lima",
    suggestion="Quito",
    aliases=("the capital", "Lima, Peru"),
    choices=("Quito", "Lima"),
    cluster="c",
    split="test",
    metadata={"level": 2, "share": 0.5, "easy": True, "field": TEXT},
)


def through_a_table(kind: str, rows: list) -> list:
    return list(records.frame(kind, rows).iter_rows(named=True))


def test_trials():
    plain = Trial(subject="s", task="t", item_id="i", condition="control", draw=0)
    back = [records.trial_of(row) for row in through_a_table("trials", records.trial_rows([TRIAL, plain]))]
    assert back == [TRIAL, plain]
    assert list(back[0].letters) == ["B", "A"]
    assert back[0].probes[1].result.logprobs is None


def test_items():
    plain = Item(id="i", source="s", question="q", target="t")
    rows = through_a_table("items", records.item_rows([("answer", ITEM), ("feedback", plain)]))
    assert [records.item_of(row) for row in rows] == [ITEM, plain]
    assert [row["task"] for row in rows] == ["answer", "feedback"]
    assert isinstance(records.item_of(rows[0]).metadata["easy"], bool)


def test_scores_keep_missing_apart_from_zero():
    common = {"subject": "s", "task": "t", "item_id": "i", "condition": "c", "draw": 0, "name": "n"}
    scores = [
        Score(**common, status="scored", label="target", value=0.0, scorer="choice@1"),
        Score(**common, status="unparsed"),
        Score(**common, status="error"),
    ]
    back = [records.score_of(row) for row in through_a_table("scores", records.score_rows(scores))]
    assert back == scores
    assert (back[0].value, back[1].value, back[1].label) == (0.0, None, None)


def test_estimates():
    estimates = [
        Estimate(subject="a", task="answer", name="net_follow", value=None, note="n below 30"),
        Estimate(
            subject="a", reference="base", task="answer", name="follow", condition="user_wrong", value=0.25,
            low=-0.5, high=1 / 3, n=40, n_clusters=20, coverage=0.9, method="newcombe10", p_value=1e-9,
            p_adjusted=2e-9, adjustment="holm", primary=True,
        ),
    ]  # fmt: skip
    rows = through_a_table("estimates", records.estimate_rows(estimates))
    assert [records.estimate_of(row) for row in rows] == estimates


@pytest.mark.parametrize("kind", ["trials", "scores", "items", "estimates", "training"])
def test_an_empty_table_has_the_same_columns(kind):
    empty = records.frame(kind, [])
    assert empty.height == 0
    assert dict(empty.schema) == records.schema(kind)


def test_columns_are_the_rows_keys():
    made = {
        "trials": records.trial_rows([TRIAL]),
        "items": records.item_rows([("answer", ITEM)]),
        "estimates": records.estimate_rows([Estimate(subject="a", task="t", name="n", value=None)]),
    }
    for kind, rows in made.items():
        assert set(rows[0]) == set(records.schema(kind))
