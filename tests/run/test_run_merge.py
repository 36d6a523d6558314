"""Two runs that did not ask the same: what one of them asked alone is there, with its numbers and why none is paired."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sycoscope import api
from sycoscope.core.errors import ConfigError, StoreError


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
