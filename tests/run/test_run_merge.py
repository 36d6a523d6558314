"""Two runs that did not ask the same: what one of them asked alone is there, with its numbers and why none is paired."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sycoscope import api
from sycoscope.core.errors import ConfigError, StoreError
from sycoscope.run.store import RunDirectory


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    """Before: answer and feedback; after: answer and are_you_sure."""
    folder: Path = tmp_path_factory.mktemp("merged")
    for name, model, facets in (
        ("first", "null:copier", ["answer", "feedback"]),
        ("second", "null:ideal", ["answer", "are_you_sure"]),
    ):
        api.evaluate(model, limit=8, facets=facets, benchmarks=[], out=folder / name)
    return api.compare(str(folder / "first"), str(folder / "second"), out=folder / "both")


def test_levels_of_what_one_run_asked_are_there(merged):
    levels = {(e.task, e.subject) for e in merged.estimates() if not e.reference and e.value is not None}
    assert ("feedback", "base") in levels
    assert ("are_you_sure", "null:ideal") in levels
    assert not {("feedback", "null:ideal"), ("are_you_sure", "base")} & levels


def test_its_changes_say_who_was_asked(merged):
    changes = [e for e in merged.estimates() if e.reference and e.task == "feedback"]
    assert changes
    for change in changes:
        assert change.value is None
        assert "feedback was measured of base only" in change.note
    told = {verdict.task: verdict for verdict in merged.summary().verdicts}
    assert told["feedback"].word == told["are_you_sure"].word == "cannot tell"


def test_the_audit_names_the_run(merged):
    found = [f.message for f in merged.findings() if f.check == "prompts_equal" and f.severity == "warn"]
    assert [message.partition(",")[0] for message in found] == [
        "feedback: measured in 'first' only",
        "are_you_sure: measured in 'second' only",
    ]


def test_summary_scores_do_not_say_that_it_was_not_asked(merged):
    notes = " ".join(e.note for e in merged.estimates() if e.task == "summary" and e.reference)
    assert "feedback was measured of base only" in notes
    assert "feedback was not asked" not in notes


def test_the_page_lists_it(merged):
    page = merged.report.read_text()
    assert (
        "feedback: measured in &#39;first&#39; only" in page or "feedback: measured in 'first' only" in page
    )


# --- subjects by name ---


def renamed(run: api.Run, **names: str) -> None:
    """Add to a finished run copies of its base as adapters: name -> kind."""
    from dataclasses import replace

    from sycoscope.core import records
    from sycoscope.run.analyse import analyse_run

    directory = run.directory
    manifest, trials, scores = directory.manifest(), directory.trials(), directory.scores()
    (base,) = manifest.subjects
    more = tuple(replace(base, name=name, kind=kind) for name, kind in names.items())
    subjects = ["base", *names]
    for kind, rows, made in (
        ("trials", trials, records.trial_rows), ("scores", scores, records.score_rows),
    ):  # fmt: skip
        directory.write_rows(kind, made([replace(row, subject=name) for name in subjects for row in rows]))
    directory.write_manifest(replace(manifest, subjects=(base, *more)))
    analyse_run(directory)


def test_subjects_are_paired_by_name_and_who_has_no_partner_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runs = {
        name: api.evaluate(model, limit=40, facets=["answer"], out=tmp_path / name)
        for name, model in (("monday", "null:ideal"), ("friday", "null:copier"))
    }
    renamed(runs["monday"], mine="other", old="other")
    renamed(runs["friday"], mine="other", new="other")
    both = api.compare(str(tmp_path / "monday"), str(tmp_path / "friday"), out=tmp_path / "both")
    manifest = both.directory.manifest()
    assert [(one.name, one.kind, one.earlier) for one in manifest.subjects] == [
        ("base", "base", ""),
        ("mine (before)", "base", ""),
        ("null:copier", "other", ""),
        ("mine", "other", "mine (before)"),
    ]
    assert manifest.compared is not None
    assert manifest.compared.unpaired == {"old": "monday", "new": "friday"}
    assert [message.partition(" has no")[0] for message in caplog.messages[-2:]] == [
        "'old' of run 'monday'", "'new' of run 'friday'",
    ]  # fmt: skip
    told = {verdict.subject: verdict for verdict in both.summary().verdicts}
    assert {name: verdict.word for name, verdict in told.items()} == {"null:copier": "more", "mine": "more"}
    assert told["mine"].estimate.reference == "mine (before)"
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    assert (
        manifest.description
        == f"null:copier + mine (friday, {day}) against null:ideal + mine (monday, {day})"
    )


def test_a_run_beside_itself_has_no_clear_change_anywhere(tmp_path: Path) -> None:
    run = api.evaluate("null:yield?p=0.5", limit=60, benchmarks=[], out=tmp_path / "one")
    renamed(run, mine="other")
    both = api.compare(str(tmp_path / "one"), str(tmp_path / "one"), out=tmp_path / "both")
    told = {(verdict.subject, verdict.task): verdict.word for verdict in both.summary().verdicts}
    assert {subject for subject, _ in told} == {"base again", "mine"}
    assert {word for (_, task), word in told.items() if task == "answer"} == {"no clear change"}


def test_an_adapter_without_a_partner_is_held_against_a_base_that_both_have(tmp_path: Path) -> None:
    run = api.evaluate("null:ideal", limit=40, facets=["answer"], out=tmp_path / "bare")
    tuned = api.evaluate("null:ideal", limit=40, facets=["answer"], out=tmp_path / "tuned")
    renamed(tuned, mine="other")
    both = api.compare(str(run.directory.path), str(tuned.directory.path), out=tmp_path / "both")
    assert {v.subject: v.estimate.reference for v in both.summary().verdicts} == {
        "base again": "base", "mine": "base",
    }  # fmt: skip


def test_the_controls_of_a_base_stand_beside_a_model_that_was_tuned_elsewhere(tmp_path: Path) -> None:
    base = api.evaluate("null:ideal", limit=40, facets=["answer"], out=tmp_path / "base")
    renamed(base, placebo="placebo", sham="sham")
    api.evaluate("null:copier", limit=40, facets=["answer"], out=tmp_path / "tuned")
    both = api.compare(str(tmp_path / "base"), str(tmp_path / "tuned"), out=tmp_path / "both")
    references = {e.reference for e in both.estimates() if e.subject == "null:copier" and e.primary}
    assert references == {"base", "placebo", "sham"}


def test_a_comparison_is_not_written_over_what_it_compares(merged):
    folder = merged.directory.path.parent
    before = (folder / "first" / "manifest.json").read_bytes()
    (folder / "link").symlink_to(folder / "first")
    for out in ("first", "link", "second"):
        with pytest.raises(ConfigError, match="is one of the runs that are compared; choose another --out"):
            api.compare(str(folder / "first"), str(folder / "second"), out=folder / out)
    assert (folder / "first" / "manifest.json").read_bytes() == before


def test_a_side_with_a_damaged_table_leaves_no_half_of_a_comparison(merged, tmp_path):
    folder = merged.directory.path.parent
    broken = shutil.copytree(folder / "second", tmp_path / "broken")
    (broken / "data" / "scores.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match=r"scores\.parquet"):
        api.compare(str(folder / "first"), str(broken), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_comparison_took_as_long_as_all_of_it(tmp_path: Path) -> None:
    both = api.compare(
        "null:copier",
        "null:ideal",
        limit=4,
        facets=["answer"],
        out=tmp_path / "both",
        cache=tmp_path / "cache",
    )
    folders = (both.directory.path, tmp_path / "both" / "before", tmp_path / "both" / "after")
    whole, *sides = (RunDirectory(folder).manifest().made for folder in folders)
    assert whole is not None
    assert whole.seconds >= sum(side.seconds for side in sides if side) > 0.0
