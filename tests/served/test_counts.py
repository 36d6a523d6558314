"""What is counted: tokens that a server does not count are missing and never 0; what a run spends, over all its starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer, Sent, completion
from served.test_client import answers, model, on_chat, requests
from sycoscope import api
from sycoscope.core.errors import EndpointError
from sycoscope.models.served.traffic import Traffic

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


# --- what a run has spent ---


def test_what_was_spent_counts_over_starts_and_processes(tmp_path: Path) -> None:
    path = tmp_path / "spent" / "run.jsonl"
    with EndpointServer() as server:
        first, second = (model(server, max_requests=100) for _ in range(2))
        looked = len(server.asked)
        for asked in (first, second):
            asked.count_in(path)
            asked.generate(requests(20))
        assert first.client.traffic.of_run().sent == len(server.asked) == looked + 40
        with pytest.raises(EndpointError, match="this run has sent 100 requests, all its starts together"):
            second.generate(requests(100))
        third = model(server, max_requests=100)
        third.count_in(path)
        asked_so_far = len(server.asked)
        with pytest.raises(EndpointError, match=r"sent 1\d\d requests, .*max_requests is 100"):
            third.generate(requests(1))
        assert len(server.asked) == asked_so_far
        more = model(server, max_requests=1000)
        more.count_in(path)
        assert more.generate(requests(1))[0].finish == "stop"


def test_a_line_that_a_kill_left_torn_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'{"sent": 3}\n[1]\n{"sent": "x"}\n{"other": 1}\nnull\n{"sent": 4, "re')
    traffic = Traffic()
    traffic.keep_in(path)
    traffic.note(sent=1, read=7)
    assert (traffic.of_run().sent, traffic.of_run().read) == (4, 7)


@pytest.mark.parametrize("limit", [{"max_requests": 40}, {"max_cost": 0.5, "price": [100.0, 100.0]}])
def test_a_run_that_reached_its_limit_spends_no_more_until_it_is_raised(
    tmp_path: Path, limit: dict[str, Any]
) -> None:
    name = next(iter(limit))

    def run(server: EndpointServer, **more: Any) -> Any:
        plain = {
            "study": "limited",
            "model": {"name": "base", "backend": "openai", "base_url": server.url, **more},
            "facets": {"answer": {"limit": 6, "shard_items": 3, "probe": False}},
        }
        study = tmp_path / "study.json"
        study.write_text(json.dumps(plain))
        return api.run_study(study, out=tmp_path / "run", cache=tmp_path / "cache")

    def asked(server: EndpointServer) -> int:
        return len(server.chats)

    with EndpointServer() as server:
        messages = []
        for _ in range(3):
            with pytest.raises(EndpointError, match=rf"this run has .*, all its starts .*\.{name}=") as told:
                run(server, **limit)
            messages.append((asked(server), str(told.value)))
        # the look at each start is all that it costs
        assert messages[0][0] == messages[1][0] == messages[2][0] > 0
        run(server, **limit | {name: 10_000})
        whole = asked(server)
        run(server, **limit)  # finished: nothing is left to be asked
        assert asked(server) == whole
