"""Who is answered: this machine's own browser, for reading; the server starts, says where it is, and ends quietly."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from sycoscope.core.errors import ConfigError

from .conftest import PORT

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

ROOT = Path(__file__).parents[2]
OWN = f"127.0.0.1:{PORT}"


@pytest.mark.parametrize("host", [OWN, f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"])
def test_names_of_this_machine_are_answered(client, host):
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "localhost", "127.0.0.1:80", f"localhost.evil.example:{PORT}",
     f"127.0.0.1:{PORT}@evil.example", f"0.0.0.0:{PORT}", f"127.0.0.2:{PORT}", ""],
)  # fmt: skip
def test_a_name_that_was_bound_to_this_machine_is_refused(client, host):
    for path in ("/", "/static/view.css", "/nothing"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert "study" not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": f"http://{OWN}"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"https://{OWN}"}, 403),
        ({"origin": f"http://localhost:{PORT}"}, 403),
        ({"origin": f"http://127.0.0.1:{PORT + 1}"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, 200),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, 200),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
    ],
)
def test_other_sites_are_refused(client, headers, status):
    assert client.get("/items", headers=headers).status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_written(client, method):
    assert client.request(method, "/items").status_code == 405


def test_every_answer_has_its_headers(client):
    for path, status in (("/", 200), ("/static/view.js", 200), ("/items?page=x", 400), ("/nothing", 404)):
        answer = client.get(path)
        assert answer.status_code == status
        policy = dict(
            part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
    assert client.head("/").status_code == 200


def test_a_port_in_use_is_told():
    from sycoscope.view.server import listening

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--port {port}: .*another port"):
            listening(port)
    with listening(0) as found:
        assert found.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("command", ["view", "label"])
def test_it_says_where_it_is_and_ends_quietly(command, runs, tmp_path):
    shutil.copytree(runs.one, tmp_path / "run")
    code = "import sys; from sycoscope.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, command, str(tmp_path / "run")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        address = process.stdout.readline().split()[0]
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert answer.status == 200
            assert "server" not in {name.lower() for name in answer.headers}
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, rest, errors) == (0, "", "")


@pytest.mark.parametrize("how", ["nowhere", "unfinished", "damaged", "another layout"])
def test_a_run_that_cannot_be_read_is_one_message(runs, tmp_path, call, capsys, how):
    run = tmp_path / "run"
    if how != "nowhere":
        shutil.copytree(runs.one, run)
    if how == "unfinished":
        (run / "summary.json").unlink()
    if how == "damaged":
        data = (run / "data" / "trials.parquet").read_bytes()
        (run / "data" / "trials.parquet").write_bytes(data[:-9] + b"123456789")
    if how == "another layout":
        text = (run / "manifest.json").read_text().replace('"layout": 3', '"layout": 99')
        (run / "manifest.json").write_text(text)
    says = {
        "nowhere": "no run at",
        "unfinished": "was not finished",
        "damaged": "trials.parquet",
        "another layout": "layout 99",
    }
    for more in ((), ("--export", str(tmp_path / "out"))):
        assert call("view", str(run), *more) == 2
        out, told = capsys.readouterr()
        assert out == ""
        assert told.startswith("error: ")
        assert told.count("error:") == 1
        assert says[how] in told
    assert not (tmp_path / "out").exists()


def test_options_that_exclude_each_other_and_a_run_given_twice(runs, tmp_path, call, capsys):
    assert call("view", str(runs.one), "--export", str(tmp_path / "out"), "--port", "8000") == 2
    assert "--export writes files" in capsys.readouterr().err
    assert call("view", str(runs.one), str(runs.one)) == 2
    assert "given twice" in capsys.readouterr().err
