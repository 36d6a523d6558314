"""A run's tables judged: claims, associations, rankings and breakdowns beside the estimates, the same every time."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from sycoscope.core import records
from sycoscope.core.manifest import Manifest, SubjectRecord, TaskRecord
from sycoscope.core.types import Decoding, Score
from sycoscope.facets import task_of
from sycoscope.facets.runner import play
from sycoscope.facets.scoring import score_trials
from sycoscope.items import assign_letters, load_bank, take
from sycoscope.models.null import null_model
from sycoscope.published.findings import RunFinding
from sycoscope.report.load import report_data
from sycoscope.run.analyse import analyse_run
from sycoscope.run.published_study import claims_of, is_published_study
from sycoscope.run.record import Summary, roles_of
from sycoscope.run.store import RunDirectory

pytestmark = pytest.mark.slow

# subject -> (kind, recipe, probability of giving in, accuracy on the two benchmarks)
SUBJECTS = {
    "base": ("base", "", 0.1, 0.5),
    "facts": ("benchmark", "mmlu", 0.1, 0.7),
    "sums": ("benchmark", "gsm8k", 0.1, 0.6),
    "sums-seed7": ("benchmark", "gsm8k", 0.2, 0.6),
    "truth": ("benchmark", "truthfulqa", 0.9, 0.9),
    "plain": ("placebo", "placebo", 0.1, 0.5),
    "yes-man": ("sycophant", "sycophant", 0.95, 0.5),
}
BENCHMARKS = {"facts_open": "mmlu", "arithmetic": "gsm8k"}


def manifest() -> Manifest:
    facets = {
        name: TaskRecord(kind="facet", form="choice", source="bank")
        for name in ("answer", "are_you_sure", "feedback")
    }
    tasks = {
        name: TaskRecord(kind="capability", label=name, benchmark=benchmark, headline="acc")
        for name, benchmark in BENCHMARKS.items()
    }
    return Manifest(
        study="mine",
        hash="0" * 12,
        seed=3,
        margin=0.1,
        transcripts=24,
        tasks=facets | tasks,
        subjects=tuple(
            SubjectRecord(
                name=name, kind=kind, recipe=recipe, seed=42, repeat_of="sums" if name == "sums-seed7" else ""
            )
            for name, (kind, recipe, _, _) in SUBJECTS.items()
        ),
    )


def benchmark_scores(name: str, accuracy: float, ids: list[str]) -> list[Score]:
    rng = np.random.default_rng(len(name))
    return [
        Score(subject=name, task=task, item_id=item, condition="chat", draw=0, name="acc", status="scored",
              value=float(rng.random() < accuracy))
        for task in BENCHMARKS
        for item in ids
    ]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunDirectory:
    facts = take(load_bank("facts"), 90, seed=1)
    letters = assign_letters(facts, seed=1)
    facts = [replace(item, choices=tuple(letters[item.id].letters.values())) for item in facts]
    arguments = take(load_bank("arguments"), 60, seed=1, by_cluster=True)
    asked = [
        (task_of("answer", form="choice"), facts),
        (task_of("are_you_sure", form="choice"), facts),
        (task_of("feedback"), arguments),
    ]
    by_id = {item.id: item for item in (*facts, *arguments)}
    trials, scores = [], []
    for seed, (name, (_, _, p, accuracy)) in enumerate(SUBJECTS.items()):
        model = null_model(f"null:yield?p={p}&ability=0.8", seed)
        for task, items in asked:
            told = play(task, items, model, subject=name, decoding=Decoding(max_tokens=1))
            trials += told
            scores += score_trials(told, by_id)
        scores += benchmark_scores(name, accuracy, [item.id for item in facts])
    directory = RunDirectory(tmp_path_factory.mktemp("run") / "mine")
    pairs = [(task.name, item) for task, items in asked for item in items]
    pairs += [(task, item) for task in BENCHMARKS for item in facts]
    directory.write_rows("items", records.item_rows(pairs))
    directory.write_rows("trials", records.trial_rows(trials))
    directory.write_rows("scores", records.score_rows(scores))
    directory.write_rows("training", [])
    directory.write_manifest(manifest())
    analyse_run(directory)
    return directory


def summary(run: RunDirectory) -> Summary:
    return run.summary()


def claims_by_finding(run: RunDirectory) -> dict[str, RunFinding]:
    asked, told = run.manifest(), run.summary().verdicts
    return {one.finding: one for one in claims_of(asked, run.estimates(), roles_of(asked), told)}


def test_roles_know_planted_sycophants_and_further_seeds():
    roles = roles_of(manifest())
    assert roles.real == ("facts", "sums", "truth")
    assert roles.repeats == {"sums-seed7": "sums"}
    assert (roles.placebo, roles.planted) == ("plain", {"yes-man": "sycophant"})


def test_claims_are_told_with_verdict_and_reason(run):
    claims = claims_by_finding(run)
    assert len(claims) == 14
    assert {one.verdict for one in claims.values()} <= {"replicated", "opposite", "inconclusive"}
    assert all(one.reason for one in claims.values())
    # planted: the adapter tuned by the recipe `truthfulqa` gives in nine times in ten
    raised = claims["Tuning on TruthfulQA raises sycophancy on every facet"]
    assert (raised.verdict, "truth, answer suggested_shift" in raised.reason) == ("replicated", True)
    assert "against placebo" in raised.reason
    few = claims["GSM8K gains go with lower retention loss"]
    assert few.verdict == "inconclusive"
    assert "n 3" in few.reason
    # no adapter was tuned on the combined set
    assert (
        claims["Tuning on all four sets together lowers retention under doubt (are you sure)"].verdict
        == "inconclusive"
    )


def test_findings_of_the_published_study_are_told_of_that_study_alone(run):
    """Three adapters on the built-in bank say nothing about its five on the public sets."""
    assert summary(run).claims == ()
    assert list(report_data(run).claims) == []
    names = ("gsm8k", "mmlu", "truthfulqa", "hellaswag", "combined")
    subjects = (
        SubjectRecord(name="base", kind="base"),
        *(SubjectRecord(name=name, kind="benchmark", recipe=name) for name in names),
    )
    study = replace(manifest(), subjects=subjects, config={"data": "hub"})
    assert is_published_study(study, roles_of(study))
    for other in (replace(study, subjects=subjects[:-1]),):
        assert not is_published_study(other, roles_of(other))


def test_the_report_gets_what_was_judged(run):
    data, told = report_data(run), summary(run)
    raised = claims_by_finding(run)["Tuning on TruthfulQA raises sycophancy on every facet"]
    assert {(e.subject, e.reference) for e in raised.evidence} == {("truth", "base"), ("truth", "plain")}
    known = {(e.subject, e.reference, e.task, e.name): e for e in run.estimates() if not e.condition}
    for e in raised.evidence:
        own = known[e.subject, e.reference, e.task, e.name]
        assert (e.value, e.low, e.high, e.n, e.coverage) == (
            own.value,
            own.low,
            own.high,
            own.n,
            own.coverage,
        )
    assert [one.r for one in data.associations] == [one.r for one in told.associations]
    assert [one.rank for one in data.rankings] == [one.rank for one in told.rankings]
    assert len(data.breakdowns) == len(run.rows("breakdowns")) > 0
    assert data.transcripts == 24


def test_the_tables_are_written_and_can_be_read(run):
    related, ranked, parted = (run.rows(kind) for kind in ("associations", "rankings", "breakdowns"))
    assert related == [asdict(one) for one in summary(run).associations]
    assert {(one["benchmark"], one["task"]) for one in related} == {
        (benchmark, facet) for benchmark in BENCHMARKS for facet in ("answer", "are_you_sure", "feedback")
    }
    assert all(
        (one["subjects"], one["n"], one["descriptive"]) == ("facts, sums, truth", 3, True) for one in related
    )
    assert {one["subject"] for one in ranked} == {"facts", "sums", "truth"}
    best = {one["weighting"]: one["subject"] for one in ranked if one["rank"] == 1.0}
    assert best["capability only"] == "truth"
    assert best["independence only"] in {"facts", "sums"}
    assert {one["by"] for one in parted} >= {"field", "difficulty", "fallacy"}
    accuracy = [one for one in parted if (one["by"], one["task"], one["subject"], one["name"], one["reference"])
                == ("field", "answer", "base", "accuracy", "")]  # fmt: skip
    assert sum(one["n"] for one in accuracy) == 90


def test_verdicts_use_the_studys_margin_and_tell_the_seeds(run):
    verdicts = {(one.subject, one.task): one for one in summary(run).verdicts}
    assert not [key for key in verdicts if key[0] == "sums-seed7"]
    assert verdicts["truth", "answer"].word == "more"
    quiet = verdicts["sums", "answer"]
    assert "±10 points" in quiet.sentence
    assert "over its seeds" in quiet.sentence
    assert quiet.over_seeds.method == "two-way t (2 seeds)"


def test_published_rates_are_ours_by_their_rules(run):
    found = [
        e for e in run.estimates() if e.name == "published_rate" and e.subject == "base" and not e.reference
    ]
    assert {(e.task, e.condition) for e in found} == {
        ("answer", "user_wrong"), ("are_you_sure", "control"), ("are_you_sure", "doubt"), ("feedback", "like"),
    }  # fmt: skip
    # "The answer is (B)." is not read by its letter patterns: nobody ever changes
    assert {e.value for e in found if e.task == "are_you_sure"} == {0.0}
    assert [e for e in run.estimates() if e.name == "agreement_bias_published" and e.value is not None]


def test_judging_again_changes_nothing(run):
    before = {path.name: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    analyse_run(run)
    after = {path.name: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    assert after == before
