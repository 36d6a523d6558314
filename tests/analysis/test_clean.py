"""What is left of a change without the items that training rows touch: in the run, its audit, its page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_scores import cell, items

from sycoscope.audit import Finding
from sycoscope.core import records
from sycoscope.core.manifest import Manifest, Overlap, SubjectRecord, TaskRecord, TrainingRecord
from sycoscope.report import kept, tables
from sycoscope.report.load import report_data
from sycoscope.report.overview import overview
from sycoscope.report.view import View
from sycoscope.run.analyse import analyse_run
from sycoscope.run.record import Summary
from sycoscope.run.store import RunDirectory

N = 80
FIRST = tuple(f"item-{i}" for i in range(1, 41))


def scores() -> list:
    """The tuned model follows a wrong user on the first forty questions, and on no other."""
    found = []
    for who, wrong, right in (
        ("base", "t" * N, "yn" * 40),
        ("tuned", "s" * 40 + "t" * 40, "n" * 40 + "yn" * 20),
    ):
        for condition in ("control", "padded", "user_right"):
            found += cell(who, "answer", condition, "outcome", "t" * N)
        found += cell(who, "answer", "user_wrong", "outcome", wrong)
        found += cell(who, "sums", "chat", "acc", right)
    return found


def made(folder: Path, touched: tuple[str, ...], *, ids: tuple[str, ...] | None = None) -> RunDirectory:
    run = RunDirectory(folder)
    asked = items(N)
    share = len(touched) / N
    found = Overlap(n_items=N, exact=len(touched), ngram=0, share=share, ids=touched if ids is None else ids)
    run.write_rows(
        "items", records.item_rows([(task, item) for task in ("answer", "sums") for item in asked.values()])
    )
    run.write_rows("trials", [])
    run.write_rows("scores", records.score_rows(scores()))
    run.write_rows("training", [])
    run.write_manifest(
        Manifest(
            study="s", hash="0" * 12, seed=1, margin=0.05, transcripts=4,
            tasks={
                "answer": TaskRecord(kind="facet", form="open", source="mine"),
                "sums": TaskRecord(kind="capability", label="Sums", benchmark="gsm8k", headline="acc"),
            },
            subjects=(
                SubjectRecord(name="base", kind="base", model={"name": "tiny"}),
                SubjectRecord(name="tuned", kind="benchmark"),
            ),
            training={"tuned": TrainingRecord(overlap={"answer": found, "sums": found})},
        )
    )  # fmt: skip
    analyse_run(run)
    return run


@pytest.fixture(scope="module")
def touched(tmp_path_factory) -> RunDirectory:
    return made(tmp_path_factory.mktemp("runs") / "touched", FIRST)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> RunDirectory:
    return made(tmp_path_factory.mktemp("runs") / "untouched", ())


def overlaps(summary: Summary, task: str) -> Finding:
    return next(f for f in summary.findings if f.check == "overlap" and f.task in ("", task))


def test_a_change_that_stands_on_touched_items_alone_is_seen(touched):
    by_task = {one.task: one for one in touched.summary().clean}
    one = by_task["answer"]
    assert (one.n_items, one.n_touched, one.over_all.n, one.over_clean.n) == (80, 40, 80, 40)
    assert (one.over_all.value, one.over_clean.value) == (0.5, 0.0)
    assert (one.word_all, one.word_clean, one.differs) == ("more", "no clear change", True)
    assert one.over_clean.state == "valid"
    assert one.over_clean.low is not None


def test_a_benchmark_is_held_against_its_margin_with_and_without(touched):
    (one,) = [one for one in touched.summary().clean if one.task == "sums"]
    assert (one.over_all.value, one.over_clean.value) == (-0.25, 0.0)
    assert (one.word_all, one.word_clean) == ("worse", "not worse")


def test_the_audit_shows_the_result_and_withholds_nothing(touched):
    finding = overlaps(touched.summary(), "answer")
    assert finding.severity == "warn"
    assert "50.0% of 80 items stand in its training rows" in finding.message
    assert "over the items that no row touches (n 40): suggested shift 0 points" in finding.message
    changes = [e for e in touched.estimates() if e.name == "suggested_shift" and e.reference]
    assert [e.state for e in changes] == ["warned"]


@pytest.mark.parametrize(
    ("ids", "n", "why"),
    [
        (tuple(f"item-{i}" for i in range(1, 61)), 60, "the others are too few for a result (n 20)"),
        (tuple(f"item-{i}" for i in range(1, 81)), 80, "the others are too few for a result (n 0)"),
    ],
)
def test_too_few_others_are_no_result(ids, n, why, tmp_path):
    run = made(tmp_path / "run", ids)
    finding = overlaps(run.summary(), "answer")
    assert (finding.severity, why in finding.message) == ("invalid", True)
    (change,) = [e for e in run.estimates() if e.name == "suggested_shift" and e.reference]
    assert change.state == "withheld"
    shown = [one.task for one in run.summary().clean if one.over_clean.shown]
    assert shown == (["sums"] if n < N else [])  # of a benchmark few items are a warning


def test_a_run_that_names_only_some_of_them_has_no_result(tmp_path):
    run = made(tmp_path / "run", FIRST, ids=FIRST[:20])
    finding = overlaps(run.summary(), "answer")
    assert finding.severity == "invalid"
    assert "which items they are was not kept: run the study again" in finding.message
    assert run.summary().clean == ()


def test_the_page_tells_where_they_differ_and_has_both_in_a_table(touched, tmp_path):
    view = View(report_data(touched))
    answer, sums = kept.differing(view)
    assert answer.startswith(
        "tuned, Answer: 40 of 80 items stand in its training rows. Over the others no clear"
    )
    assert "Sums" in sums
    (block,) = kept.clean_block(view)
    assert [line.condition for line in block.lines] == ["all items", "untouched items"] * 2
    assert [line.n for line in block.lines[:2]] == ["80", "40"]
    assert "clean" in tables.write(view, tmp_path)
    found = overview(touched)
    assert [(name, what) for name, what, _ in found.touched] == [("tuned", "Answer"), ("tuned", "Sums")]
    assert [(name, what, one.answer) for name, what, one in found.worse] == [("tuned", "Sums", "worse")]


def test_without_touched_items_there_is_one_line_and_no_table(untouched, tmp_path):
    summary = untouched.summary()
    assert summary.clean == ()
    assert "no evaluation item stands in training rows (2 pairs" in overlaps(summary, "answer").message
    view = View(report_data(untouched))
    assert (kept.differing(view), kept.clean_block(view)) == ([], [])
    assert "clean" not in tables.write(view, tmp_path)


def test_what_must_be_kept_is_on_the_page_beside_its_margin(untouched):
    table = kept.kept(View(report_data(untouched)))
    assert table is not None
    assert [(line.what.split(":")[0], line.answer) for line in table.lines] == [
        ("Sums", "worse"),
        ("Answer", "not shown"),  # nobody is wrong without a cue, so nothing can be taken up
        ("Answer", "not worse"),
    ]
    assert table.margin == "10\u00a0points"
    assert kept.kept(View(replace(report_data(untouched), non_inferiority=()))) is None
