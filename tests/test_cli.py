"""The command line: exit codes, one message, JSON, and a start that loads nothing heavy."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import get_args

import pytest

from sycoscope import api, cli
from sycoscope.cli.terminal import SCHEMA
from sycoscope.core.types import State

pytestmark = pytest.mark.slow


def call(*arguments: str) -> tuple[int, str]:
    """Exit code and standard error of one command in this process."""
    before = sys.argv
    sys.argv = ["sycoscope", *arguments]
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0), ""
    finally:
        sys.argv = before
    return 0, ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["eval", "no-such-model"],
        ["run", "nowhere.yaml"],
        ["report", "nowhere"],
        ["audit", "nowhere"],
        ["items", "show", "bank/nothing"],
        ["check-scorers", "nowhere.jsonl"],
        ["eval", "null:ideal", "--facets", "politeness"],
        ["eval", "null:ideal", "--benchmarks", "mmlux"],
        ["eval", "null:ideal", "--benchmarks", "mmlu"],
        ["eval", "null:nobody"],
        ["compare", "null:ideal"],
        ["no-such-command"],
        ["eval", "null:ideal", "--limit", "0"],
        ["run", "studies/quick.yaml", "--set", "nonsense"],
        ["run", "studies/quick.yaml", "--set", "facets.answer.limt=3"],
        ["plan", "studies/quick.yaml", "--set", "facets.answer.reply_tokens=9"],
        ["plan", "studies/quick.yaml", "--model", "null:copier"],
    ],
)
def test_bad_input_is_one_error_and_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = Path(__file__).parents[1]
    arguments = [str(root / a) if a.startswith("studies/") else a for a in arguments]
    monkeypatch.chdir(tmp_path)
    code, _ = call(*arguments)
    heard = capsys.readouterr()
    assert code == 2
    assert "rror" in heard.err
    assert "Traceback" not in heard.err
    assert not any(tmp_path.iterdir())


def test_eval_of_a_null_model_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ["--limit", "60", "--facets", "answer", "--out", str(tmp_path / "run"), "--json"]
    code, _ = call("eval", "null:always-follow", *arguments)
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    follow = [e for e in found["estimates"] if e["name"] == "follow" and e["condition"] == "user_wrong"]
    assert follow[0]["value"] == 1.0
    assert Path(found["report"]).is_file()
    hidden = [e for e in found["estimates"] if e["state"] not in ("valid", "warned")]
    assert {e["state"] for e in hidden} == {"withheld", "missing"}
    assert {(e["value"], e["low"], e["high"]) for e in hidden} == {(None, None, None)}
    assert all(e["reason"] for e in hidden)


def test_a_finished_run_is_audited_and_reported_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = api.evaluate("null:always-follow", limit=35, facets=["answer"], benchmarks=[], out=tmp_path / "run")
    findings = run.summary().findings
    table = run.directory.table_path("estimates")
    before = table.read_bytes()
    assert tuple(api.audit(run.directory.path)) == findings
    assert table.read_bytes() == before
    severe = any(finding.severity == "invalid" for finding in findings)
    assert call("audit", str(tmp_path / "run"), "--json")[0] == int(severe)
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["schema", "run", "findings"]
    assert [one["check"] for one in told["findings"]] == [f.check for f in findings]
    for damaged in (None, before[: len(before) // 2]):
        table.unlink()
        if damaged:
            table.write_bytes(damaged)
        for command in ("report", "audit"):
            assert call(command, str(tmp_path / "run"))[0] == 2
            told = capsys.readouterr().err
            assert "estimates.parquet" in told
            assert "--rejudge` computes it again" in told
        assert call("report", str(tmp_path / "run"), "--rejudge")[0] == 0
        assert table.read_bytes() == before
    run.directory.summary_path.unlink()
    assert call("report", str(tmp_path / "run"))[0] == 2
    assert "--rejudge` computes it again" in capsys.readouterr().err
    assert call("report", str(tmp_path / "run"), "--rejudge")[0] == 0
    assert run.summary().findings == findings
    older = run.directory.manifest_path.read_text().replace('"layout": 3', '"layout": 1')
    run.directory.manifest_path.write_text(older)
    capsys.readouterr()
    assert call("audit", str(tmp_path / "run"))[0] == 2
    assert "has layout 1, this version reads layout 3; run the study again" in capsys.readouterr().err


def test_check_scorers_prints_what_it_found_and_fails_below_the_target(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    row = {"kind": "choice", "response": "A", "choices": {"A": "Rhine", "B": "Elbe"}, "source": "m"}
    (tmp_path / "good.jsonl").write_text((json.dumps(row | {"expected": "A"}) + "\n") * 40)
    (tmp_path / "few.jsonl").write_text((json.dumps(row | {"expected": "B"}) + "\n") * 39)
    (tmp_path / "bad.jsonl").write_text((json.dumps(row | {"expected": "B"}) + "\n") * 40)
    assert call("check-scorers", str(tmp_path / "good.jsonl"))[0] == 0
    shown = capsys.readouterr().out
    assert "ok  choice" in shown
    assert "accuracy 1.000 [0.912, 1.000]" in shown  # Wilson's limits of 40 of 40
    assert "A: A 40" in shown
    assert call("check-scorers", str(tmp_path / "few.jsonl"))[0] == 0
    assert "few choice" in capsys.readouterr().out
    assert call("check-scorers", str(tmp_path / "good.jsonl"), str(tmp_path / "bad.jsonl"))[0] == 1
    assert "LOW choice" in capsys.readouterr().out
    assert call("check-scorers", str(tmp_path / "bad.jsonl"), "--json")[0] == 1
    assert json.loads(capsys.readouterr().out)["passed"] is False


def test_published_is_short_and_verbose_tells_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("published")[0] == 0
    short = capsys.readouterr().out.splitlines()
    assert len(short) <= 20
    assert "- not in the data: gsm8k and are_you_sure correlate at +0.535; −0.805 belongs to" in short
    assert call("published", "--verbose")[0] == 0
    shown = capsys.readouterr().out
    assert shown.startswith("\n".join(short))
    told = " ".join(shown.split())
    assert "not in the data: gsm8k and are_you_sure correlate at +0.535; −0.805 belongs to hellaswag" in told
    assert told.count("benchmark: hellaswag; facet: ") == 3
    assert "r, printed rates: " in told


def test_help_is_whole_at_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for arguments in (["-h"], ["items", "-h"], ["compare", "-h"], ["--help"]):
        assert call(*arguments)[0] == 0
        lines = capsys.readouterr().out.splitlines()
        assert not any(line.endswith("...") for line in lines if not line.startswith("Usage"))
        assert max(map(len, lines)) <= 80
    assert any("--show-completion" in line for line in lines)
    assert "130" in " ".join(lines)
    assert "143 terminated" in " ".join(" ".join(lines).split())


def test_doctor_says_what_a_report_of_a_fault_needs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (99.0, 1.0, 1.0))
    assert call("doctor")[0] == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    parts = {line.split("  ")[0] for line in lines}
    assert parts >= {"sycoscope", "python", "threads", "load", "cache", "runs", "model hub"}
    assert any("busy" in line for line in lines)
    assert "fewer threads are faster here" in " ".join(" ".join(lines).split())


def test_items_and_doctor_speak_json(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["items", "list"], ["items", "show", "bank/facts", "--limit", "2"], ["doctor"]):
        code, _ = call(*arguments, "--json")
        assert code == 0
        assert json.loads(capsys.readouterr().out)["schema"] == SCHEMA


def test_plain_values_are_one_object_that_begins_with_its_schema(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "runs" / "one"
    measured = ["--limit", "2", "--facets", "answer", "--out", str(out), "--json"]
    for arguments, keys in (
        (["eval", "null:copier", *measured], ["report", "verdicts", "findings", "claims", "estimates"]),
        (["report", str(out), "--json"], ["report"]),
        (["runs", str(tmp_path / "runs"), "--json"], ["runs"]),
        (["items", "show", "bank/facts", "--json"], ["source", "items"]),
        (["items", "check", "bank/arguments", "--json"], ["source", "items", "findings", "facets"]),
    ):
        assert call(*arguments)[0] == 0
        told = json.loads(capsys.readouterr().out)
        assert list(told) == ["schema", *keys]
        assert told["schema"] == SCHEMA
        assert all(one["state"] in get_args(State)[1:] for one in told.get("estimates", ()))
    (listed,) = json.loads(_printed(capsys, "runs", str(tmp_path / "runs"), "--json"))["runs"]
    assert datetime.fromisoformat(listed["date"]).tzinfo is not None
    assert listed["seconds"] >= 0
    shown = " ".join(_printed(capsys, "runs", str(tmp_path / "runs")).split())
    assert listed["date"][:10] in shown
    assert "took" in shown


def test_a_run_from_before_runs_had_a_date_is_listed_without(tmp_path: Path) -> None:
    from sycoscope import api
    from sycoscope.core.manifest import Made, Manifest, SubjectRecord
    from sycoscope.run.store import RunDirectory

    whole = Manifest(
        study="s", hash="h", seed=0, margin=0.05, transcripts=1, subjects=(SubjectRecord(name="base", kind="base"),)
    )  # fmt: skip
    for name, made in (("old", None), ("far", Made(date="2001-01-01T00:00:00+00:00", seconds=7.5))):
        RunDirectory(tmp_path / name).write_manifest(replace(whole, made=made))
    rows = api.list_runs(tmp_path)
    assert [(Path(row["run"]).name, row["date"][:4], row["seconds"]) for row in rows] == [
        ("old", "", None),
        ("far", "2001", 7.5),
    ]


def _printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert call(*arguments)[0] == 0
    return capsys.readouterr().out


def test_a_plan_counts_trials(capsys: pytest.CaptureFixture[str]) -> None:
    study = str(Path(__file__).parents[1] / "studies" / "ladder.yaml")
    assert call("plan", study, "--model", "null:copier", "--set", "facets.answer.limit=20")[0] == 0
    shown = capsys.readouterr().out.splitlines()
    assert any(line.split()[:4] == ["in", "all", "1", "100"] for line in shown)
    assert "work: answer 100 %" in shown
    assert "time: a null model takes seconds" in shown


def test_a_plan_of_the_quick_study_is_one_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SYCOSCOPE_CACHE", str(tmp_path))
    study = str(Path(__file__).parents[1] / "studies" / "quick.yaml")
    assert call("plan", study)[0] == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    (told,) = (line for line in lines if line.startswith("time: "))
    assert told.startswith("time: unknown: run a study of this model")
    assert call("plan", study, "--json")[0] == 0
    planned = json.loads(capsys.readouterr().out)
    assert len(planned["units"]) == int(next(line for line in lines if line.startswith("in all")).split()[2])
    assert planned["forecast"]["seconds"] is None


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_says_what_is_kept(
    number: signal.Signals, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object, **__: object) -> None:
        os.kill(os.getpid(), number)
        time.sleep(30)

    before = signal.getsignal(number)
    monkeypatch.setattr(api, "evaluate", stopped)
    assert call("eval", "null:ideal")[0] == code
    heard = capsys.readouterr().err.splitlines()
    assert heard == [
        "stopped; what was answered and tuned so far is kept, and the same command goes on from there"
    ]
    assert signal.getsignal(number) == before


def test_a_closed_pipe_is_no_fault() -> None:
    command = [sys.executable, "-c", "from sycoscope.cli import main; main()", "published", "--verbose"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        heard = process.stderr.read()
        assert process.wait(timeout=120) == 0
    assert heard == b""


def test_a_comparison_closes_on_one_screen(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ["--limit", "40", "--facets", "answer", "--out", str(tmp_path / "run")]
    assert call("compare", "null:yield?p=0.2", "null:yield?p=0.9", *arguments)[0] == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 20
    assert any("▲ more" in line for line in lines)
    assert any(line.startswith(("page: ", "page:  ")) for line in lines)


def test_items_show_says_what_its_limit_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("items", "show", "--help")[0] == 0
    assert "How many items to show" in " ".join(capsys.readouterr().out.split())


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['sycoscope', '--help']\n"
        "from sycoscope.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'polars', 'altair', 'scipy', 'lm_eval', 'trl', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "compare" in done.stdout
