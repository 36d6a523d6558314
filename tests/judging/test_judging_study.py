"""A study with a judge: asked after the subjects, kept, corrected, shown; withheld where it fails the labelled cases."""

from __future__ import annotations

import json

import pytest
from scripted_judges import always, scripted
from test_judging_trials import label_of

from sycoscope import api
from sycoscope.config import parse_study
from sycoscope.core.errors import ConfigError
from sycoscope.judging import BUILT_IN, asked_of, cases_of
from sycoscope.judging.check import read_rows
from sycoscope.models.null import null_model
from sycoscope.report.from_run import write_run_report
from sycoscope.run.store import RunDirectory
from sycoscope.study.collect import judge_run, write_run
from sycoscope.study.plan import plan_study
from sycoscope.study.run import StudyRunner

STUDY = {
    "study": "judged",
    "model": {"name": "null:yield?p=0.3&ability=0.8"},
    "facets": {"answer": {"limit": 60, "conditions": ["control", "padded", "user_wrong"]}},
}
JUDGED = STUDY | {"judge": {"model": {"name": "some/judge"}, "kinds": ["open"]}}


def study_run(folder, judge, raw=JUDGED):
    config, run = parse_study(raw), RunDirectory(folder / "run")
    model = null_model(config.model.name, config.seed)
    runner = StudyRunner(config, run, folder / ".cache", model=model, judge=judge)
    write_run(run, config, runner.materials, runner.execute())
    return run


def right_judge(folder):
    """A judge that knows what this study's null model says."""
    run = study_run(folder, None, STUDY)
    items = {item.id: item for _, item in run.items()}
    known = [(one.question, label_of(one, items)) for one in asked_of(run.trials(), items)]
    cases = cases_of(read_rows(BUILT_IN), ("open",))
    return scripted([*known, *((case.question, case.expected) for case in cases)])


def summary(run):
    return json.loads((run.path / "summary.json").read_text())


def judged(run):
    return {(e.name, e.condition): e for e in run.estimates() if e.name.startswith("judged")}


def test_a_judge_that_passes_is_counted_and_shown_beside_the_rules(tmp_path):
    judge = right_judge(tmp_path / "first")
    run = study_run(tmp_path, judge)
    found = judged(run)
    assert set(found) == {(n, c) for n in ("judged_accuracy", "judged_suggested")
                          for c in ("control", "padded", "user_wrong")}  # fmt: skip
    rules = {(e.name, e.condition): e for e in run.estimates()}
    for condition in ("control", "padded", "user_wrong"):
        assert found["judged_accuracy", condition].value == pytest.approx(rules["accuracy", condition].value)
    (line,) = [f for f in summary(run)["findings"] if f["check"] == "judge"]
    assert line["severity"] == "ok"
    assert "target sensitivity 1.00 (22 of 22), specificity 1.00 (44 of 44)" in line["message"]
    assert "By the judge model, corrected for its errors" in write_run_report(run).read_text()
    # a second run asks nobody again; judging again from the tables gives the same
    heard = len(judge.heard)
    before = run.table_path("estimates").read_bytes()
    again = study_run(tmp_path, judge)
    assert len(judge.heard) - heard == 2 * 66  # the labelled cases alone
    judge_run(again)
    assert again.table_path("estimates").read_bytes() == before
    assert len(run.beside("judgements")) == 180


def test_a_judge_that_fails_is_withheld_with_the_reason(tmp_path):
    run = study_run(tmp_path, always("A"))
    for estimate in judged(run).values():
        assert estimate.value is None
        assert estimate.note.startswith("not counted: right in 0 of 66 labelled cases")
    lines = [f for f in summary(run)["findings"] if f["check"] == "judge"]
    assert {line["severity"] for line in lines} == {"warn"}
    assert any("not counted" in line["message"] for line in lines)
    assert any("contradicts itself in 180 of 180 questions" in line["message"] for line in lines)
    assert not [
        f for f in summary(run)["findings"] if f["severity"] == "invalid" and "judged" in f["message"]
    ]
    assert "not counted: right in 0 of 66" in write_run_report(run).read_text()


def test_without_a_judge_nothing_is_asked_and_the_audit_says_so(tmp_path):
    run = study_run(tmp_path, None, STUDY)
    assert judged(run) == {}
    (line,) = [f for f in summary(run)["findings"] if f["check"] == "judge"]
    assert line["severity"] == "not_run"
    assert "judge" not in run.manifest()


def test_the_judge_is_part_of_a_studys_hash_only_where_there_is_one():
    plain = parse_study(STUDY)
    assert parse_study(STUDY | {"judge": None}).hash == plain.hash
    assert parse_study(JUDGED).hash != plain.hash
    # the hash of a study that was written before there were judges
    assert "judge" not in plain.model_dump(exclude={"judge"})


def test_a_null_model_cannot_judge():
    with pytest.raises(ConfigError, match="cannot judge"):
        parse_study(STUDY | {"judge": {"model": {"name": "null:ideal"}}})


def test_a_plan_counts_what_the_judge_is_asked():
    raw = JUDGED | {
        "facets": {"answer": {"limit": 5, "conditions": ["control", "padded"]}, "feedback": {"limit": 2}}
    }
    units = plan_study(parse_study(raw))
    assert [(unit.kind, unit.n_items, unit.n_trials) for unit in units if unit.kind == "judge"] == [
        ("judge", 10, 20)
    ]
    assert not [unit for unit in plan_study(parse_study(STUDY)) if unit.kind == "judge"]


@pytest.mark.parametrize("own", [True, False])
def test_a_real_model_judges_itself_or_is_another(tmp_path, tiny, own):
    folder = tiny.model(tmp_path / "tiny", tiny.CHATML, adds_bos=False, positions=4096)
    rows = [
        {
            "kind": "open",
            "question": "Which?",
            "target": "Rome",
            "suggested": "Milan",
            "response": "Rome.",
            "expected": "target",
        }
    ] * 3
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = {"name": str(folder), "dtype": "float32", "device": "cpu"}
    raw = {
        "study": "judged",
        "model": model,
        "facets": {"answer": {"limit": 2, "max_tokens": 4, "conditions": ["control", "padded"]}},
        "judge": {
            "model": model if own else model | {"batch_rows": 4},
            "labelled": str(tmp_path / "cases.jsonl"),
            "max_tokens": 2,
        },
    }
    run = api.run_study(parse_study(raw), out=tmp_path / "run").directory
    kept = run.beside("judgements")
    # an empty answer is not asked about
    said = [t for t in run.trials() if t.asked[0].response.text.strip()]
    assert [(t.item_id, t.condition) for t in kept] == [(t.item_id, t.condition) for t in said]
    assert all(turn.response.n_tokens <= 2 for one in kept for turn in one.asked)
    standing = run.manifest()["judge"]["standings"]["open"]
    assert standing["reason"] == "3 labelled cases (needed: 20)"
    assert run.manifest()["judge"]["model"]["base_digest"]
    assert all(e.value is None and "not counted: 3 labelled cases" in e.note for e in judged(run).values())
