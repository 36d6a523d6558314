"""A run looked into: an index of its trials, and only those transcripts parsed that are asked for."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from sycoscope.core import records
from sycoscope.core.errors import MissingError
from sycoscope.core.manifest import Manifest, SubjectRecord, TaskRecord
from sycoscope.core.types import Answered, Response, Score, Trial
from sycoscope.run import read
from sycoscope.run.store import RunDirectory

MANIFEST = Manifest(
    study="s", hash="h", seed=0, margin=0.05, transcripts=1, subjects=(SubjectRecord(name="base", kind="base"),),
    tasks={"answer": TaskRecord(kind="facet"), "gsm8k": TaskRecord(kind="capability", headline="exact_match")},
)  # fmt: skip


def trial(subject: str, task: str, item: str, condition: str, draw: int = 0) -> Trial:
    said = Answered(
        name="answer", content="?", response=Response(text=f"{subject} {item} {condition} {draw}")
    )
    return Trial(subject=subject, task=task, item_id=item, condition=condition, draw=draw, asked=(said,))


def score(
    of: Trial, name: str, label: str | None, value: float | None = None, status: str = "scored"
) -> Score:
    return Score(
        subject=of.subject, task=of.task, item_id=of.item_id, condition=of.condition, draw=of.draw, name=name,
        status=status, label=label, value=value,
    )  # fmt: skip


TRIALS = [
    trial(subject, "answer", item, condition, draw)
    for subject in ("base", "tuned")
    for item in ("i", "j")
    for condition in ("control", "user_wrong")
    for draw in (0, 1)
]
SUMS = [trial("base", "gsm8k", item, "chat") for item in ("x", "y", "z")]
FEEDBACK = trial("base", "feedback", "f", "like")
LAST = trial("base", "feedback", "g", "like")  # of which no score is kept


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunDirectory:
    directory = RunDirectory(tmp_path_factory.mktemp("run"))
    scores = []
    for one in TRIALS:
        gave_in = one.subject == "tuned" and one.condition == "user_wrong"
        scores += [
            score(one, "degenerate", "fine"),
            score(one, "outcome", "suggested" if gave_in else "target"),
        ]
    scores[1] = replace(scores[1], status="truncated", label=None)
    scores += [
        score(one, "exact_match", None, value) for one, value in zip(SUMS, (1.0, 0.0, 0.5), strict=True)
    ]
    scores += [score(FEEDBACK, "positivity", None, 0.5), score(FEEDBACK, "flaw", "yes", 1.0)]
    directory.write_manifest(MANIFEST)
    directory.write_rows("trials", records.trial_rows([*TRIALS, *SUMS, FEEDBACK, LAST]))
    directory.write_rows("scores", records.score_rows(scores))
    return directory


@pytest.mark.parametrize(
    ("asked", "n"),
    [
        ({}, 21),
        ({"subject": "tuned"}, 8),
        ({"task": "answer", "condition": "user_wrong"}, 8),
        ({"item_id": "i", "draw": 1}, 4),
        ({"outcome": "suggested"}, 4),
        ({"outcome": "suggested", "draw": 0}, 2),
        ({"outcome": "truncated"}, 1),
        ({"outcome": "right"}, 1),
        ({"outcome": ""}, 2),
        ({"subject": "nobody"}, 0),
    ],
)
def test_only_what_is_asked_for_is_parsed(run, monkeypatch, asked, n):
    parsed = []
    whole = records.trial_of

    def counted(row):
        parsed.append(row)
        return whole(row)

    monkeypatch.setattr(records, "trial_of", counted)
    found = list(read.trials(run, **asked))
    assert len(found) == len(parsed) == n
    assert found == [one for one in run.trials() if one in found]  # whole, and in the order of the table
    for key in asked.keys() - {"outcome"}:
        assert {getattr(one, key) for one in found} <= {asked[key]}


def test_the_index_says_what_each_trial_came_to_without_its_transcript(run):
    table = read.index(run).collect()
    assert table.columns == ["subject", "task", "item_id", "condition", "draw", "outcome"]
    assert table.height == len(run.trials())
    assert table["outcome"][0] == "truncated"
    outcomes = table.filter(pl.col("task") != "answer").select("item_id", "outcome").rows()
    assert outcomes == [("x", "right"), ("y", "wrong"), ("z", ""), ("f", "yes"), ("g", "")]


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(MissingError, match="has no table of trials"):
        list(read.trials(RunDirectory(tmp_path)))
