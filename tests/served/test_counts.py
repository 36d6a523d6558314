"""Tokens that a server does not count: missing in every table, never 0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer, Sent, completion
from served.test_client import answers, model, on_chat, requests
from sycoscope import api

SAID = {"model": "base", "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("usage", "n_tokens"),
    [
        ({}, None),
        ({"usage": None}, None),
        ({"usage": {"prompt_tokens": 5}}, None),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": True}}, None),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": -1}}, None),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": 0}}, 0),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": 3}}, 3),
    ],
)
def test_tokens_are_counted_where_the_server_says_them(usage: dict[str, Any], n_tokens: int | None) -> None:
    with EndpointServer(on_chat(Sent(200, json.dumps(SAID | usage)))) as server:
        asked = model(server)
        before = asked.client.traffic.uncounted
        (found,) = asked.generate(requests(1))
        assert asked.client.traffic.uncounted - before == (n_tokens is None)
    assert found.n_tokens == n_tokens


def test_a_request_that_failed_has_no_tokens_to_count() -> None:
    assert answers(on_chat(Sent(400, "{}")))[0].n_tokens is None


def test_tokens_that_nobody_counted_are_missing_in_the_tables(tmp_path: Path) -> None:
    def silent(path: str, body: dict[str, Any], _: int) -> Sent | None:
        if not path.endswith("/chat/completions"):
            return None
        plain = completion(body)
        del plain["usage"]
        return Sent(200, json.dumps(plain))

    study = tmp_path / "study.json"
    with EndpointServer(silent) as server:
        plain = {
            "study": "uncounted",
            "model": {"name": "base", "backend": "openai", "base_url": server.url},
            "facets": {"answer": {"limit": 2}},
        }
        study.write_text(json.dumps(plain))
        done = api.run_study(study, out=tmp_path / "run", cache=tmp_path / "cache")
    said = [turn.response for trial in done.directory.trials() for turn in trial.answered]
    assert said
    assert {one.n_tokens for one in said} == {None}
    samples = done.samples()
    assert samples.height
    assert samples["n_tokens"].null_count() == samples.height
    assert samples["response"].null_count() == 0
