"""The composite action and the example workflow: their steps are run here, as a runner would run them."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
EXAMPLE = yaml.safe_load((ROOT / "examples" / "workflow" / "sycoscope-gate.yml").read_text(encoding="utf-8"))
EXPRESSION = re.compile(r"\$\{\{ *([^}]+?) *\}\}")


class Runner:
    """Runs `run` steps in bash with `env` filled in, and keeps what steps write to GITHUB_OUTPUT."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tools, self.temp = folder / "tools", folder / "temp"
        for one in (self.tools, self.temp):
            one.mkdir()
        self.known: dict[str, str] = {"github.token": "t", "github.event.pull_request.number": "7"}
        self.summary = folder / "summary.md"
        self.summary.touch()
        self.tool("sycoscope", f'exec "{sys.executable}" -m sycoscope "$@"')
        self.tool("python", 'echo "$@" >> installed.txt')
        self.tool("gh", 'printf "%s\\n" "$*" >> gh.txt\n[ "$GH_FAILS" = "" ] || exit 1\necho "$GH_SAYS"')

    def tool(self, name: str, body: str) -> None:
        file = self.tools / name
        file.write_text(f"#!/usr/bin/env bash\n{body}\n", encoding="utf-8")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self.known[found[1]], text)

    def step(self, step: dict[str, Any], **more: str) -> int:
        output = self.temp / "output"
        output.write_text("", encoding="utf-8")
        env = {name: self.filled(str(value)) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder, check=False, timeout=400,
            env={
                **os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src"),
                "RUNNER_TEMP": str(self.temp), "GITHUB_OUTPUT": str(output), "GITHUB_REPOSITORY": "o/r",
                "GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_ACTION_PATH": str(ROOT), **env, **more,
            },
        )  # fmt: skip
        for line in output.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            self.known[f"steps.{step.get('id', '')}.outputs.{name}"] = value
        return done.returncode

    def action(self, given: dict[str, str], **more: str) -> int:
        """All steps of the action; the exit code of the first that fails."""
        for name, one in ACTION["inputs"].items():
            self.known[f"inputs.{name}"] = self.filled(str(given.get(name, one.get("default", ""))))
        for step in ACTION["runs"]["steps"]:
            if "inputs.install" in step.get("if", "") and self.known["inputs.install"] != "true":
                continue
            if "inputs.comment" in step.get("if", "") and self.known["inputs.comment"] != "true":
                continue
            if code := self.step(step, **more):
                return code
        return 0


@pytest.fixture
def runner(tmp_path) -> Runner:
    return Runner(tmp_path)


def fake_gate(runner: Runner, code: int) -> None:
    """A gate that writes down what it is called with, and exits so."""
    runner.tool(
        "sycoscope",
        'printf "%s\\n" "$@" > called.txt\n'
        'for one in "$@"; do case "$one" in --markdown=*) echo verdict > "${one#--markdown=}";; esac; done\n'
        f"exit {code}",
    )


def test_no_script_holds_an_expression():
    """What an expression is replaced by is code there: a branch could be called `$(...)`."""
    for step in [*ACTION["runs"]["steps"], *EXAMPLE["jobs"]["gate"]["steps"]]:
        assert "${{" not in step.get("run", "")
        assert ("run" in step) != ("uses" in step)


@pytest.mark.parametrize(
    ("code", "word"),
    [(0, "pass"), (1, "fail"), (2, ""), (3, "inconclusive"), (4, "not comparable"), (5, "")],
)
def test_the_action_exits_as_the_gate_does(runner, code, word):
    fake_gate(runner, code)
    if not word:  # bad input, or a gate that failed, writes no file
        runner.tool("sycoscope", f"exit {code}")
    assert runner.action({"run": "r", "install": "false"}) == code
    assert runner.known["steps.gate.outputs.exit-code"] == str(code)
    assert runner.known["steps.gate.outputs.verdict"] == word
    assert runner.summary.read_text() == ("verdict\n" if word else "")


def test_inputs_are_words_and_never_code(runner):
    fake_gate(runner, 0)
    evil = "$(touch pwned) `touch pwned`; touch pwned #\" '"
    given = dict.fromkeys(("margins", "baseline", "again", "subject", "report-url"), evil)
    assert runner.action({"run": f"--help {evil}", "install": "false", **given}) == 0
    assert not (runner.folder / "pwned").exists()
    called = (runner.folder / "called.txt").read_text().splitlines()
    assert called[-2:] == ["--", f"--help {evil}"]
    assert f"--baseline={evil}" in called


def test_the_action_installs_itself(runner):
    fake_gate(runner, 0)
    runner.action({"run": "r"})
    assert str(ROOT) in (runner.folder / "installed.txt").read_text()


def test_the_comment_is_updated_where_there_is_one(runner):
    fake_gate(runner, 1)
    asked = {"run": "r", "install": "false", "comment": "true"}
    assert runner.action(asked, GH_SAYS="") == 1
    assert "--method POST repos/o/r/issues/7/comments" in (runner.folder / "gh.txt").read_text()
    runner.action(asked, GH_SAYS="42")
    assert "--method PATCH repos/o/r/issues/comments/42" in (runner.folder / "gh.txt").read_text()


def test_a_comment_that_cannot_be_written_changes_no_verdict(runner):
    """A pull request from a fork has a token that may only read."""
    fake_gate(runner, 0)
    assert runner.action({"run": "r", "install": "false", "comment": "true"}, GH_FAILS="yes") == 0


def test_the_marker_of_the_action_is_that_of_the_comment():
    from sycoscope.gate.markdown import MARKER

    assert MARKER in (ROOT / "action.yml").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_example_workflow_runs(runner):
    """Every `run` step in its order, and the action with the example's inputs: the same model passes."""
    ran = []
    for step in EXAMPLE["jobs"]["gate"]["steps"]:
        if step.get("uses", "").startswith("OWNER/"):
            assert runner.action({name: str(value) for name, value in step["with"].items()}, GH_SAYS="") == 0
            ran.append("action")
        elif "run" in step:
            assert runner.step(step) == 0, step["name"]
            ran.append(step["name"])
    assert ran == ["Install", "Baseline", "Measure", "action"]
    assert runner.known["steps.gate.outputs.verdict"] == "pass"
    assert "Sycophancy gate: pass" in runner.summary.read_text(encoding="utf-8")
    assert Path(runner.known["steps.gate.outputs.junit"]).is_file()
