"""Two runs whose items were asked in batches of another shape: some answers differ by rounding alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from small_run import clean, found

from sycoscope import api
from sycoscope.config import parse_study
from sycoscope.core.manifest import Comparison, ItemsCompared, SubjectRecord, TaskRecord
from sycoscope.run.batch import batch_of, differing_batch
from sycoscope.run.store import RunDirectory

PAIRED = ItemsCompared(paired=5)
SHAPE = {"conditions": ["control", "doubt"], "shard_items": 40, "max_tokens": 24, "probe": False}
MODEL = {"hardware": {"dtype": "bfloat16"}, "engine": "fast@1", "batch": {"rows": 128, "tokens": 4096}}


def batch(model=(), **changes):
    task = TaskRecord(kind="facet", batch=SHAPE | changes)
    return batch_of(task, SubjectRecord(name="base", kind="base", model=MODEL | dict(model)))


def test_what_differs_is_named():
    assert differing_batch(batch(), batch(), PAIRED) == ()
    other = batch({"batch": {"rows": 32, "tokens": 4096}}, conditions=["control"], probe=True)
    assert differing_batch(batch(), other, PAIRED) == (
        "conditions (control doubt before, control after)",
        "probe (false before, true after)",
        "batch_rows (128 before, 32 after)",
    )
    float32 = batch({"hardware": {"dtype": "float32"}, "engine": "plain@1"})
    assert differing_batch(batch(), float32, PAIRED) == (
        "dtype (bfloat16 before, float32 after)",
        "engine (fast@1 before, plain@1 after)",
    )
    some = ItemsCompared(paired=5, only_after=("a", "b"))
    assert differing_batch(batch(), batch(), some) == ("items (0 only before, 2 only after)",)
    unknown = batch_of(TaskRecord(kind="facet"), SubjectRecord(name="base", kind="base", model=MODEL))
    assert differing_batch(batch(), unknown, PAIRED) is None


def test_the_audit_warns_of_each_facet_and_says_what_it_does_not_know():
    run = clean()
    (line,) = found(run, "batch_shape")
    assert line.severity == "ok"
    differing = {"answer": ("conditions (a before, b after)",), "are_you_sure": (), "feedback": None}
    compared = Comparison(before="a", after="b", items={}, batch=differing)
    lines = found(replace(run, manifest=replace(run.manifest, compared=compared)), "batch_shape")
    assert [(f.severity, f.task, f.subject) for f in lines] == [
        ("warn", "answer", "tuned"),
        ("not_run", "", ""),
    ]
    assert "conditions (a before, b after)" in lines[0].message
    assert "feedback" in lines[1].message
    same = Comparison(before="a", after="b", items={}, batch=dict.fromkeys(run.facets, ()))
    (line,) = found(replace(run, manifest=replace(run.manifest, compared=same)), "batch_shape")
    assert line.severity == "ok"


def asked(out: Path, conditions: list[str], *, dtype: str = "bfloat16") -> RunDirectory:
    """A run of a null model that says it is one of half precision."""
    facets = {"answer": {"limit": 8, "conditions": conditions}, "feedback": {"limit": 2}}
    raw = {"study": "planted", "model": {"name": "null:stubborn"}, "facets": facets}
    run = api.run_study(parse_study(raw), out=out).directory
    manifest = run.manifest()
    (base,) = manifest.subjects
    model = base.model | ({"hardware": {"dtype": dtype}} if dtype else {})
    run.write_manifest(replace(manifest, subjects=(replace(base, model=model),)))
    return run


@pytest.mark.parametrize(("dtype", "warned"), [("bfloat16", True), ("", False)])
def test_two_runs_with_other_conditions_warn_on_every_change_of_the_facet(tmp_path, dtype, warned):
    asked(tmp_path / "before", ["control", "padded", "user_wrong"], dtype=dtype)
    asked(tmp_path / "after", ["control", "padded", "third_wrong", "user_wrong"], dtype=dtype)
    run = api.compare(str(tmp_path / "before"), str(tmp_path / "after"), out=tmp_path / "both").directory
    lines = [f for f in run.summary().findings if f.check == "batch_shape"]
    assert [(f.severity, f.task) for f in lines] == ([("warn", "answer")] if warned else [("ok", "")])
    changes = [e for e in run.estimates() if e.reference]
    assert {e.task for e in changes} >= {"answer", "feedback"}
    for e in changes:
        warns = [f for f in lines if f.severity == "warn"]
        concerned = any(f.concerns({e.subject, e.reference}, e.task, e.name, e.condition) for f in warns)
        assert concerned == (warned and e.task == "answer"), e.name
    if warned:
        assert (
            "conditions (control padded user_wrong before, control padded third_wrong user_wrong after)"
            in lines[0].message
        )


def test_two_runs_that_were_asked_alike_are_ok(tmp_path):
    for side in ("before", "after"):
        asked(tmp_path / side, ["control", "padded", "user_wrong"])
    run = api.compare(str(tmp_path / "before"), str(tmp_path / "after"), out=tmp_path / "both").directory
    assert [f.severity for f in run.summary().findings if f.check == "batch_shape"] == ["ok"]
