"""The endpoint's key stands in no file, log, message or page of a run, whatever an endpoint repeats."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer, Fault, Sent, completion
from served.test_client import model, on_chat, requests
from sycoscope import api
from sycoscope.core.errors import ConfigError, EndpointError, SycoscopeError
from sycoscope.models.load import check_settings
from sycoscope.models.served import client
from sycoscope.models.served.transport import without_key

# With signs that JSON may escape, and parts long enough to be told from chance.
SECRET = "sk-Zq7/very+secret=4811"
PARTS = ("Zq7", "very+secret", "4811")


def study(folder: Path, server: EndpointServer, **more: Any) -> Path:
    plain = {
        "study": "secret",
        "model": {"name": "base", "backend": "openai", "base_url": server.url, "retries": 0} | more,
        "facets": {"answer": {"limit": 2}},
    }
    path = folder / "study.json"
    path.write_text(json.dumps(plain))
    return path


def run(folder: Path, server: EndpointServer, **more: Any) -> Any:
    return api.run_study(study(folder, server, **more), out=folder / "run", cache=folder / "cache")


@pytest.fixture
def told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Any:
    """Everything that a run has left anywhere, to be called with what was raised; it holds no part of the key."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    caplog.set_level(0)

    def check(fault: BaseException | None = None) -> str:
        shown = "".join(traceback.format_exception(fault)) if fault else ""
        # the captured log holds the HTTP library's own lines too
        said = [shown, *capfd.readouterr(), caplog.text]
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        said += [path.read_bytes().decode("latin-1") for path in files]
        said += [path.as_posix() for path in files]
        for part in PARTS:
            assert not [one[max(0, one.index(part) - 80) :][:200] for one in said if part in one]
        return "\n".join(said)

    return check


def echo(text: str) -> str:
    return text + json.dumps(SECRET)[1:-1]


def test_a_finished_run_holds_no_key_that_answers_and_errors_repeat(tmp_path: Path, told: Any) -> None:
    count = 0

    def fault(path: str, body: dict[str, Any], _: int) -> Sent | None:
        nonlocal count
        if not path.endswith("/chat/completions"):
            return None
        count += 1
        if count % 3 == 0:
            return Sent(400, json.dumps({"error": {"message": f"{'x' * 180}{SECRET}", "code": SECRET}}))
        plain = completion(body)
        plain["choices"][0]["message"]["content"] += f" You sent {SECRET}."
        plain["model"] = SECRET
        escaped = json.dumps(plain).replace("/", "\\/").replace("+", "\\u002B")
        return Sent(200, escaped, {"x-request-id": SECRET})

    with EndpointServer(fault, key=SECRET) as server:
        run(tmp_path, server)
    page = told()
    assert "You sent (key)." in page
    assert "status 400" in page


@pytest.mark.parametrize(
    "fault",
    [
        on_chat(Sent(401, json.dumps({"error": echo("wrong key ")}))),
        on_chat(Sent(307, "", {"Location": f"https://{'x' * 190}/{SECRET}"})),
        on_chat(None, Sent(500, echo("y" * 190))),
        on_chat(Sent(404, json.dumps({"detail": SECRET}))),
    ],
)
def test_a_run_that_an_endpoint_ends_tells_no_key(tmp_path: Path, told: Any, fault: Fault) -> None:
    with EndpointServer(fault, key=SECRET) as server:
        with pytest.raises(EndpointError) as raised:
            model(server, retries=0, concurrency=1).generate(requests(30))
        told(raised.value)
        try:
            run(tmp_path, server)
        except EndpointError as ended:
            told(ended)
    told()


@pytest.mark.parametrize(
    "sent",
    [
        Sent(200, f"<html>{SECRET}</html>", {"Content-Type": f"text/{SECRET}"}),
        Sent(401, SECRET),
        Sent(302, "", {"Location": f"/{SECRET}"}),
        Sent(200, json.dumps({"data": [{"id": f"other-{SECRET}"}]})),
    ],
)
def test_a_look_at_an_endpoint_tells_no_key(tmp_path: Path, told: Any, sent: Sent) -> None:
    class Listing(EndpointServer):
        def got(self, path: str, key: str) -> Sent:
            return sent

    with Listing() as server, pytest.raises(SycoscopeError) as raised:
        run(tmp_path, server)
    told(raised.value)


def test_a_fault_of_our_own_shows_no_key(tmp_path: Path, told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a fault of our own")

    monkeypatch.setattr(client, "judged", broken)
    with EndpointServer(on_chat(Sent(400, SECRET)), key=SECRET) as server, pytest.raises(KeyError) as raised:
        run(tmp_path, server)
    told(raised.value)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"base_url": f"http://me:{SECRET}@host/v1"}, "give an address as"),
        ({"base_url": f"http://me:{SECRET.replace('/', '')}@host/v1"}, "holds a password"),
        ({"base_url": f"http://me:{SECRET}@[::1/v1"}, "give an address as"),
        ({"base_url": f"me:{SECRET}@host/v1"}, "give an address as"),
        ({"base_url": f"http://host/v1?key={SECRET}"}, "question mark"),
        ({"body": {"api_key": SECRET}}, "sets 'api_key', and what stands in a study is recorded"),
        ({"body": {"a": [{"X-Api-Key": SECRET}]}}, "sets 'X-Api-Key'"),
        ({"body": {"auth": {"access_token": SECRET}}}, "sets 'access_token'"),
        ({"key_variable": SECRET}, "the key itself stands in no study"),
    ],
)
def test_a_study_that_holds_a_secret_is_refused_without_showing_it(
    tmp_path: Path, told: Any, more: dict[str, Any], what: str
) -> None:
    with EndpointServer(key=SECRET) as server:
        path = study(tmp_path, server, **more)
        with pytest.raises(ConfigError, match=what) as raised:
            api.run_study(path, out=tmp_path / "run", cache=tmp_path / "cache")
        assert not server.asked
    path.unlink()  # the user's own
    assert SECRET not in str(raised.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("more", [{"body": {"user": SECRET}}, {"revision": f"of {SECRET}"}])
def test_a_key_that_stands_in_the_study_too_is_refused(
    tmp_path: Path, told: Any, more: dict[str, Any]
) -> None:
    with EndpointServer(key=SECRET) as server, pytest.raises(ConfigError, match="stands in the study's model too") as raised:  # fmt: skip
        run(tmp_path, server, **more)
    (tmp_path / "study.json").unlink()
    told(raised.value)


def test_names_that_stand_for_no_secret_are_fields_as_others() -> None:
    body = {"max_tokens": 3, "stop_token_ids": [1], "user": "x", "key": 1, "cache_salt": "s", "tokens": 2}
    assert check_settings({"name": "a", "backend": "openai", "base_url": "http://h/v1", "body": body})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"a {SECRET} b {SECRET}", "a (key) b (key)"),
        (SECRET.replace("/", "\\/").replace("+", "\\u002b").replace("=", "\\u003D"), "(key)"),
        (SECRET[:-1], SECRET[:-1]),
    ],
)
def test_a_key_is_found_as_json_may_write_it(text: str, left: str) -> None:
    assert without_key(text, SECRET) == left
