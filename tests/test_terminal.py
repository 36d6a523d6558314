"""What is printed: in every encoding, nothing that a terminal obeys, JSON that can be read."""

from __future__ import annotations

import ast
import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sycoscope import cli
from sycoscope.cli import terminal
from sycoscope.cli.show import print_table
from sycoscope.core.errors import ConfigError

CLI = Path(__file__).parents[1] / "src" / "sycoscope" / "cli"
HOSTILE = "a\x1b]0;title\x07\x1b[31mred\x9b2J\u202eb\rc"
PLAIN = "a\\x1b]0;title\\x07\\x1b[31mred\\x9b2J\\u202eb\\x0dc"


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch):
    """Both streams in an encoding; what was written, as text."""

    def opened(encoding: str):
        made = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True) for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", made[0])
        monkeypatch.setattr(sys, "stderr", made[1])
        terminal.open_terminal()
        return [lambda stream=stream: stream.buffer.getvalue().decode(encoding) for stream in made]

    return opened


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_no_text_is_too_much_for_an_encoding(streams, encoding: str) -> None:
    out, err = streams(encoding)
    terminal.say("−0.805 ≥ 0.5 … é \U0001f600 \udcff")
    terminal.tell("−1")
    print_table("ρ − ż", [{"náme": "≤ \udcff"}])
    terminal.say_json({"é": ["\u202e\x9b", "\udcff", "ż"]})
    shown = out()
    if encoding == "ascii":
        assert shown.startswith("-0.805 >= 0.5 ... \\xe9 \\U0001f600 \\udcff\n")
        assert err() == "-1\n"
    assert json.loads(shown[shown.index("{") :]) == {
        "schema": terminal.SCHEMA,
        "é": ["\u202e\x9b", "\udcff", "ż"],
    }


def test_nothing_is_obeyed(streams) -> None:
    out, err = streams("utf-8")
    terminal.say(HOSTILE)
    terminal.tell(f"two\nlines {HOSTILE}")
    print_table(HOSTILE, [{HOSTILE: HOSTILE}])
    terminal.say_json({HOSTILE: [HOSTILE]})
    logging.getLogger("sycoscope.items").warning("%s", HOSTILE)
    assert out().startswith(f"{PLAIN}\n")
    assert err() == f"two\nlines {PLAIN}\nwarning: {PLAIN}\n"
    assert not set("\x1b\x07\x9b\u202e\r") & set(out() + err())


def test_errors_of_every_kind_are_one_message(streams, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = {
        ConfigError(f"no model '{HOSTILE}'"): f"error: no model '{PLAIN}'\n",
        PermissionError(
            13, "Permission denied", f"/x/{HOSTILE}"
        ): f"error: '/x/{PLAIN}' cannot be read or written "
        "(Permission denied); see to it and run again: what is finished is not asked again\n",
        OSError(
            28, "No space left on device"
        ): "error: a file or standard output cannot be read or written (No space",
    }
    for fault, message in cases.items():

        def fails(fault: Exception = fault, **_: object) -> None:
            raise fault

        _, err = streams("ascii")
        monkeypatch.setattr(cli, "app", fails)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert stop.value.code == 2
        assert err().startswith(message)


def test_a_wrong_option_is_told_without_its_escape_sequences(
    streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, err = streams("utf-8")
    monkeypatch.setattr(sys, "argv", ["sycoscope", "eval", "x", "--no\x1b[31m"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert (stop.value.code, "\x1b" in err(), "No such option: --no\\x1b[31m" in err()) == (2, False, True)


def test_an_argument_that_is_no_text_is_refused(streams, monkeypatch: pytest.MonkeyPatch) -> None:
    _, err = streams("utf-8")
    monkeypatch.setattr(sys, "argv", ["sycoscope", "eval", "model-\udcff"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert (stop.value.code, err()) == (
        2,
        "error: the argument 'model-\\udcff' is no text in this locale's encoding; rename what it names\n",
    )


def test_nothing_is_printed_past_it() -> None:
    """A bare `print` or `typer.echo` writes what it is given."""
    for path in CLI.glob("*.py"):
        calls = [
            node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
        ]
        names = {ast.unparse(call) for call in calls}
        assert path.name == "terminal.py" or not names & {
            "print",
            "typer.echo",
            "typer.secho",
            "sys.stdout.write",
        }


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_published_in_a_small_encoding(encoding: str) -> None:
    script = "import sys; sys.argv = ['sycoscope', 'published']; from sycoscope.cli import main; main()"
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"correlate at +0.535; -0.805 belongs to hellaswag" in b" ".join(done.stdout.split())
