"""What `sycoscope lm-eval` wrote of SmolLM2-135M-Instruct and of it with an adapter (40 facts, 12 sums of the bank)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sycoscope.analysis.measures import quantities
from sycoscope.analysis.score_table import score_tables
from sycoscope.core.types import Item, Score
from sycoscope.logs.comparison import Comparison, compared
from sycoscope.logs.found import logs_at

RECORDED = Path(__file__).parent / "recorded"
SIDES = {"before": "base", "after": "contrarian"}


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compared(*(logs_at(RECORDED / name) for name in SIDES.values()))


def recorded(side: str, task: str) -> list[dict]:
    (path,) = (RECORDED / SIDES[side]).glob(f"samples_{task}_*.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_levels_are_those_that_the_harness_printed(found) -> None:
    for side, name in SIDES.items():
        (path,) = (RECORDED / name).glob("results_*.json")
        printed = json.loads(path.read_text("utf-8"))["results"]
        for level in (e for e in found.estimates if e.subject == side and not e.reference):
            assert level.value == pytest.approx(
                printed[level.task][f"{level.name},{level.condition or 'none'}"]
            )


def test_a_run_of_ours_with_the_same_outcomes_gives_the_same(found) -> None:
    """The statistics of a run, on scores that say what the harness's samples say."""
    cases = [
        ("sample_facts", "acc", "none"),
        ("sample_facts", "acc_norm", "none"),
        ("sample_sums", "exact_match", "flexible"),
    ]
    changes = {(e.task, e.name, e.condition or "none"): e for e in (one.change for one in found.results)}
    for task, metric, filter_ in cases:
        rows = [(side, one) for side in SIDES for one in recorded(side, task) if one["filter"] == filter_]
        items = {
            str(one["doc_id"]): Item(id=str(one["doc_id"]), source="bank", question="?", target="!", cluster=one["doc"]["cluster"])
            for _, one in rows
        }  # fmt: skip
        scores = [
            Score(
                subject=side, task=task, item_id=str(one["doc_id"]), condition="chat", draw=0, name=metric,
                status="scored", value=float(one[metric]),
            )
            for side, one in rows
        ]  # fmt: skip
        (quantity,) = quantities(score_tables(scores, items)[task], headline=metric)
        measured, change = quantity.measure(["after", "before"]), changes[task, metric, filter_]
        interval = measured.interval
        assert (change.value, change.low, change.high) == pytest.approx(
            (interval.value, interval.low, interval.high)
        )
        assert change.p_value == pytest.approx(measured.p_value)
        assert (change.n, change.n_clusters, change.method) == (
            interval.n,
            interval.n_clusters,
            interval.method,
        )


def test_what_was_asked_and_counted_is_told(found) -> None:
    assert (found.model("before"), found.model("after")) == ("smollm2-135m-instruct", "contrarian")
    told = {one.check: one.message for one in found.findings if one.severity == "warn"}
    assert "settings" not in told  # another adapter, and nothing else
    assert told["counted"].startswith("sample_sums: 12 before and 12 after: answers could not be read")
    assert found.grouped == dict.fromkeys(("sample_facts", "sample_sums"), "by the group that the log names")
