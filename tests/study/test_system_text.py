"""A system text opens everything that a model is asked, and is part of what was asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sycoscope import api
from sycoscope.config import parse_study
from sycoscope.run.store import RunDirectory

TEXT = "You answer <b>in one word</b>."


def study(**more: Any) -> dict[str, Any]:
    return {
        "study": "told",
        "model": {"name": "null:yield?p=0.5"},
        "facets": {"answer": {"limit": 12, "form": "choice"}},
    } | more


def test_without_one_a_study_is_what_it_was() -> None:
    assert parse_study(study()).hash == parse_study(study(system="")).hash
    assert parse_study(study()).hash != parse_study(study(system=TEXT)).hash


def test_every_dialogue_opens_with_it_and_the_page_says_so(tmp_path: Path) -> None:
    told = api.run_study(parse_study(study(system=TEXT)), out=tmp_path / "told", cache=tmp_path / "cache")
    assert {trial.system for trial in told.directory.trials()} == {TEXT}
    assert {trial.system for trial in told.directory.extra_trials("letter_priors")} == {TEXT}
    page = told.report.read_text(encoding="utf-8")
    assert "under the system text" in page
    assert "<b>in one word" not in page  # data, not markup

    # with the same cache: nothing that was asked under a text is taken for what is asked without one
    plain = api.run_study(parse_study(study()), out=tmp_path / "plain", cache=tmp_path / "cache")
    assert {trial.system for trial in plain.directory.trials()} == {""}
    assert "under the system text" not in plain.report.read_text(encoding="utf-8")


def test_runs_under_different_texts_are_not_paired_in_silence(tmp_path: Path) -> None:
    runs = []
    for name, system in (("plain", ""), ("told", TEXT)):
        runs.append(api.run_study(parse_study(study(system=system)), out=tmp_path / name).directory)
    both = api.compare(str(runs[0].path), str(runs[1].path), out=tmp_path / "both")
    summary = RunDirectory(both.directory.path).summary()
    found = [finding for finding in summary.findings if finding.check == "prompts_equal"]
    assert {finding.severity for finding in found} == {"invalid"}
    assert {verdict.word for verdict in summary.verdicts} == {"cannot tell"}


def test_benchmarks_are_asked_under_it(tiny_chat: Path, tmp_path: Path) -> None:
    run = api.evaluate(
        str(tiny_chat), facets=[], benchmarks=["mmlu"], limit=2, system=TEXT, out=tmp_path / "run"
    )
    prompts = [turn.content for trial in run.directory.trials() for turn in trial.asked] or [
        probe.content for trial in run.directory.trials() for probe in trial.probes
    ]
    assert prompts
    assert all(re.search(r"system\nYou answer <b>", prompt) for prompt in prompts), prompts[:1]
