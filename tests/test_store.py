"""Run directories: atomic, locked, of one layout, damaged files named."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from sycoscope.analysis import Association, Verdict
from sycoscope.analysis.flips import Flip
from sycoscope.audit import Finding
from sycoscope.core import files, records
from sycoscope.core.errors import BusyError, MissingError, StoreError
from sycoscope.core.files import cache_dir, digest_of, write_atomic
from sycoscope.core.manifest import (
    Comparison,
    ItemsCompared,
    JudgeRecord,
    Manifest,
    Overlap,
    SubjectRecord,
    TaskRecord,
    TrainingRecord,
)
from sycoscope.core.types import Answered, Estimate, Item, Response, Score, Trial
from sycoscope.published.evidence import Evidence
from sycoscope.published.findings import RunFinding
from sycoscope.report.load import report_data
from sycoscope.run.analyse import analyse_run
from sycoscope.run.record import LAYOUT, Summary
from sycoscope.run.store import RunDirectory, parquet_bytes

TRIAL = Trial(
    subject="s", task="t", item_id="i", condition="control", draw=0,
    asked=(Answered(name="answer", content="?", response=Response(text="Lima ✓")),),
)  # fmt: skip
MANIFEST = Manifest(
    study="Größe", hash="abc", seed=3, margin=0.05, transcripts=24, config={"z": [1, None]}, versions={"python": "3.11"},
    tasks={"answer": TaskRecord(kind="facet", form="open", source="bank/facts")},
    subjects=(
        SubjectRecord(name="base", kind="base", seed=3, model={"name": "m", "adapter": None}),
        SubjectRecord(name="tuned", kind="combined", recipe="combined", seed=3),
    ),
    training={
        "tuned": TrainingRecord(
            recipe="combined", kinds={"mmlu": 9}, validation_kinds={"mmlu": 1},
            overlap={"answer": Overlap(n_items=4, exact=1, ngram=0, share=0.25, ids=("i",))},
        )
    },
    shards={"base": {"answer": ("k1", "k2")}},
    judge=JudgeRecord(model={"name": "j"}, labelled="built-in", standings={"open": {"reason": ""}}),
    compared=Comparison(before="a", after="b", items={"answer": ItemsCompared(paired=3, only_before=("x",))}),
)  # fmt: skip
SCORE = Score(subject="s", task="t", item_id="i", condition="control", draw=0, name="n", status="unparsed")


def test_a_reader_sees_all_or_nothing(tmp_path, monkeypatch):
    file = tmp_path / "new" / "file"
    write_atomic(file, b"first")
    assert file.read_bytes() == b"first"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("fsync", "replace"):
        monkeypatch.setattr(files.os, step, killed)
        with pytest.raises(KeyboardInterrupt):
            write_atomic(file, b"second, and longer")
        monkeypatch.undo()
        assert file.read_bytes() == b"first"
    write_atomic(file, b"third")
    assert file.read_bytes() == b"third"
    assert [path.name for path in file.parent.iterdir()] == ["file"]  # what the killed writes left is gone


def test_a_write_that_fails_says_what_and_where_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for step in ("fsync", "replace"):
        monkeypatch.setattr(files.os, step, full)
        with pytest.raises(
            StoreError, match=r"file' cannot be written \(No space left on device\); free space"
        ):
            write_atomic(tmp_path / "file", b"data")
        monkeypatch.undo()
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "taken").write_text("a file where a folder is wanted")
    with pytest.raises(StoreError, match="cannot be written"):
        write_atomic(tmp_path / "taken" / "file", b"data")


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SYCOSCOPE_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.delenv("SYCOSCOPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_dir() == tmp_path / "x" / "sycoscope"


def test_digests_hang_on_values_alone():
    assert digest_of({"a": 1, "b": [1, 2]}) == digest_of({"b": [1, 2], "a": 1})
    assert (
        len({digest_of(value) for value in ({"a": 1}, {"a": 2}, {"a": "1"}, {"b": 1}, [1, 2], [2, 1])}) == 6
    )


def test_run_directory_round_trips(tmp_path):
    run = RunDirectory(tmp_path / "run")
    item = Item(id="i", source="s", question="q", target="t", choices=("t", "u"))
    estimate = Estimate(subject="s", task="t", name="follow", value=0.5, low=0.1, high=0.9, n=3)
    assert run.extra_trials("judgements") == run.extra_trials("letter_priors") == []
    run.write_manifest(MANIFEST)
    run.write_rows("trials", records.trial_rows([TRIAL]))
    run.write_rows("scores", records.score_rows([SCORE]))
    run.write_rows("items", records.item_rows([("t", item)]))
    run.write_rows("estimates", records.estimate_rows([estimate]))
    assert (run.trials(), run.scores(), run.items()) == ([TRIAL], [SCORE], [("t", item)])
    assert run.estimates() == [estimate]
    assert run.manifest() == MANIFEST
    assert json.loads(run.manifest_path.read_text())["layout"] == LAYOUT == 3
    header, row = (tmp_path / "run" / "data" / "estimates.csv").read_text().splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["value"] == "0.5"
    assert not (tmp_path / "run" / "data" / "trials.csv").exists()


def test_manifests_that_cannot_be_used(tmp_path):
    run = RunDirectory(tmp_path)
    with pytest.raises(MissingError, match=r"no run at '.*': manifest\.json is missing; give a folder"):
        run.manifest()
    run.write_manifest(MANIFEST)
    whole = json.loads(run.manifest_path.read_text())
    for layout in (1, 0, LAYOUT + 1, None):
        run.manifest_path.write_text(json.dumps(whole | {"layout": layout}))
        with pytest.raises(
            StoreError,
            match=f"has layout {layout}, this version reads layout {LAYOUT}; run the study again, or use",
        ):
            run.manifest()
    del whole["hash"]
    for damaged in (
        '{"layout": 3, "stu',
        '{"layout": 3, "study": ' + "[" * 100_000,
        "",
        "[]",
        "null",
        '"text"',
        json.dumps(whole),
    ):
        run.manifest_path.write_text(damaged)
        with pytest.raises(StoreError, match="is damaged"):
            run.manifest()
    run.manifest_path.write_text(
        json.dumps(whole | {"hash": "x", "subjects": [{"name": "base", "kind": "king"}]})
    )
    with pytest.raises(StoreError, match=r"is damaged \(subjects\.0\.kind: .*'base', 'benchmark'"):
        run.manifest()


@pytest.mark.parametrize("subjects", [(), MANIFEST.subjects[1:]])
def test_a_manifest_without_a_base_is_damaged(tmp_path, subjects):
    run = RunDirectory(tmp_path)
    run.write_manifest(replace(MANIFEST, subjects=subjects))
    for use in (run.manifest, lambda: report_data(run), lambda: analyse_run(run)):
        with pytest.raises(
            StoreError, match=r"manifest\.json' is damaged \(no subject of kind 'base'.*run the study"
        ):
            use()


def test_a_table_that_every_run_has_is_named_where_it_is_missing_or_damaged(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.write_manifest(MANIFEST)
    steps = dict.fromkeys(("items", "trials", "scores", "training"), "run the study again")
    derived = ("estimates", "associations", "rankings", "breakdowns")
    steps |= dict.fromkeys(derived, r"`sycoscope report .*run --rejudge` computes it again")
    for kind, step in steps.items():
        with pytest.raises(StoreError, match=rf"{kind}\.parquet' is missing.*{step}"):
            run.rows(kind)
        run.write_rows(kind, [])
        assert run.rows(kind) == []
        run.table_path(kind).write_bytes(run.table_path(kind).read_bytes()[:40])
        with pytest.raises(StoreError, match=rf"{kind}\.parquet' is not as the run wrote it; .*{step}"):
            run.rows(kind)


@pytest.mark.parametrize(
    ("kind", "rows", "fault"),
    [
        ("scores", {"draw": [0.5]}, "has a column 'draw' of type Float64; expected: Int64"),
        ("scores", {"status": [None]}, "has a column 'status' of type Null; expected: String"),
        ("scores", {"more": [1]}, "has a column 'more', which no table of scores has"),
        ("estimates", {"name": pl.Series(["a", None])}, "has a column 'name' that is empty in 1 of 2 rows"),
        ("trials", {"asked": pl.Series(["[]", None])}, "has a column 'asked' that is empty in 1 of 2 rows"),
    ],
)
def test_a_table_of_other_columns_than_its_kind_has(tmp_path, kind, rows, fault):
    """Its digest may fit, where somebody else wrote it."""
    run = RunDirectory(tmp_path)
    run.write_manifest(MANIFEST)
    run._write(run.table_path(kind), parquet_bytes(pl.DataFrame(rows)))
    with pytest.raises(StoreError, match=rf"{kind}\.parquet' {re.escape(fault)}; "):
        run.rows(kind)


@pytest.mark.parametrize(
    "write",
    [
        lambda run: run.write_rows("items", []),
        lambda run: run.write_extra_trials("judgements", []),
        lambda run: run.write_extra_trials("judgements", [TRIAL]),
        lambda run: run.write_manifest(MANIFEST),
    ],
)
def test_a_run_that_is_written_again_is_not_finished_until_its_summary_is(tmp_path, write):
    """A kill between two writes left a new manifest beside the old summary, and the report took both."""
    run = RunDirectory(tmp_path)
    run.write_manifest(MANIFEST)
    run.write_summary(SUMMARY)
    write(run)
    with pytest.raises(StoreError, match="the run was not finished"):
        run.summary()


def test_a_summary_holds_no_number_that_is_none(tmp_path):
    run = RunDirectory(tmp_path)
    run.write_manifest(MANIFEST)
    (association,) = SUMMARY.associations
    with pytest.raises(ValueError, match="not JSON compliant"):
        run.write_summary(replace(SUMMARY, associations=(replace(association, r=math.nan),)))
    run.write_summary(replace(SUMMARY, associations=(replace(association, r=0.5),)))
    text = run.summary_path.read_text()
    for constant in ("NaN", "Infinity", "-Infinity"):
        run.summary_path.write_text(text.replace('"r": 0.5', f'"r": {constant}'))
        with pytest.raises(StoreError, match=rf"damaged \({constant} is not a number\); `sycoscope report"):
            run.summary()


def change(**fields: object) -> Estimate:
    given = {
        "subject": "tuned",
        "reference": "base",
        "task": "answer",
        "name": "suggested_shift",
        "value": 0.1,
    }
    return Estimate(**(given | {"state": "warned", "reason": "why", "checks": "bos"} | fields))


SUMMARY = Summary(
    verdicts=(
        Verdict(subject="tuned", task="answer", word="more", sentence="s", estimate=change(), after=change(reference="")),
        Verdict(subject="tuned", task="feedback", word="cannot tell", sentence="s", within_margin=None),
    ),
    findings=(Finding(check="bos", severity="warn", message="m", subject="tuned", condition="like"),),
    claims=(
        RunFinding(
            finding="f", verdict="opposite", because="b", reason="r", claim="c",
            evidence=(Evidence(subject="tuned", task="answer", value=0.5, way="up"),),
        ),
    ),
    associations=(Association(benchmark="mmlu", task="answer", name="n", n=1, subjects="tuned", r=None),),
    rankings=(),
    flips=(
        Flip(subject="tuned", task="answer", condition="user_wrong", control="padded", item_id="i", draw=0,
             before="held", after="", strength=None),
    ),
    letter_prior=({"subject": "base", "probability": {"A": 0.5}},),
)  # fmt: skip


def test_a_summary_round_trips_and_says_how_it_can_be_had_again(tmp_path):
    run = RunDirectory(tmp_path)
    with pytest.raises(MissingError):
        run.summary()
    run.write_manifest(MANIFEST)
    with pytest.raises(StoreError, match=r"has no summary\.json: the run was not finished; run it again"):
        run.summary()
    run.write_summary(SUMMARY)
    assert run.summary() == SUMMARY
    text = run.summary_path.read_text()
    run.summary_path.write_text(text.replace('"layout": 3', '"layout": 1'))
    with pytest.raises(
        StoreError, match=r"layout 1, .* layout 3; `sycoscope report .* --rejudge` computes it again"
    ):
        run.summary()
    run.summary_path.write_text(text.replace('"severity": "warn"', '"severity": "fatal"'))
    with pytest.raises(StoreError, match=r"damaged \(findings\.0\.severity"):
        run.summary()


HOLDER = """
import sys
from sycoscope.run.store import RunDirectory
with RunDirectory(sys.argv[1]).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_busy_directory(tmp_path):
    source = str(Path(files.__file__).parents[2])
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "run")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": source},
    )
    try:
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(
                BusyError, match=r"run' is in use by another process; wait for it, or choose another"
            ),
            RunDirectory(tmp_path / "run").locked(),
        ):
            pass
    finally:
        other.kill()  # a killed holder leaves no lock behind
        other.wait()
        other.stdin.close()
        other.stdout.close()
    with RunDirectory(tmp_path / "run").locked():
        assert (tmp_path / "run").is_dir()
