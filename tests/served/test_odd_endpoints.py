"""Endpoints, addresses and keys that are odd in the ways that are seen: told by one message, or taken for what they are."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer, Fault, Sent, completion
from served.test_client import GOOD, SECRET, answers, choice, model, on_chat, requests
from sycoscope.core.errors import ConfigError, EndpointError, MissingError
from sycoscope.models.load import check_settings
from sycoscope.models.served import transport
from sycoscope.models.served.proof import proof_of, texts
from sycoscope.models.settings import OpenAISettings


def said(content: Any, **more: Any) -> str:
    return json.dumps({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]} | more)


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (Sent(200, said("x", model=["base"])), "x"),
        (Sent(200, said("x", model={})), "x"),
        (Sent(200, said("x", usage={"prompt_tokens": "12", "completion_tokens": 10**30})), "x"),
        (Sent(200, said("half \ud83d a character")), "half \ufffd a character"),
        (Sent(200, said("a pair \U0001f600")), "a pair \U0001f600"),
        (Sent(200, '{"choices":[{"message":{"content":"café"}}]}', {"Content-Type": "application/json; charset=iso-8859-1"}), "café"),
        (Sent(200, b"\xef\xbb\xbf" + GOOD.encode()), "yes"),
        (Sent(200, gzip.compress(GOOD.encode()), {"Content-Encoding": "gzip"}), "yes"),
        (Sent(200, GOOD, {"Connection": "close"}), "yes"),
    ],
)  # fmt: skip
def test_an_odd_answer_is_an_answer(sent: Sent, text: str) -> None:
    (found,) = answers(on_chat(sent), retries=0)
    assert (found.text, found.finish) == (text, "stop")
    assert found.n_tokens is None


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (Sent(200, '{"choices":[{"message":{"content":"café"}}]}'.encode("latin-1")), "that is no JSON"),
        (Sent(200, said([{"type": "text", "text": None}, 3])), "neither text nor a refusal"),
        (Sent(200, said(None, tool_calls=[{}])), "neither text nor a refusal"),
        (Sent(200, json.dumps({"error": {"message": "provider overloaded", "code": 502}})), "no choices (provider overloaded)"),
        (Sent(200, b"no" + GOOD.encode(), {"Content-Encoding": "gzip"}), "DecodingError"),
        (Sent(200, GOOD, drip=0.05), "no answer within 0.3 s"),
    ],
)  # fmt: skip
def test_what_is_none_says_why(sent: Sent, told: str) -> None:
    (found,) = answers(on_chat(sent), retries=0, timeout=0.3 if sent.drip else 20)
    assert found.finish == "error"
    assert told in found.error


def test_a_body_without_end_is_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with EndpointServer(on_chat(Sent(200, said("x" * 5000)))) as server:
        asked = model(server, retries=0)
        monkeypatch.setattr(transport, "MOST_BYTES", 4096)
        (found,) = asked.generate(requests(1))
    assert found.error == "status 200 with more than 4,096 bytes"


def test_a_redirection_ends_the_run_and_says_where_to() -> None:
    with (
        EndpointServer(
            on_chat(Sent(307, "", {"Location": "https://elsewhere/v1/chat/completions"}))
        ) as server,
        pytest.raises(
            EndpointError, match=r"status 307: it sends on to https://elsewhere/v1/chat.* base_url"
        ),
    ):
        model(server).generate(requests(1))


class Listing(EndpointServer):
    """One whose `/models` answers so."""

    def __init__(self, sent: Sent, fault: Fault | None = None) -> None:
        super().__init__(fault)
        self.sent = sent

    def got(self, path: str, key: str) -> Sent:
        return self.sent if path == "/v1/models" else super().got(path, key)


@pytest.mark.parametrize(
    "plain", [{"data": 5}, {"data": "base"}, None, {"data": {"base": {}}}, {"data": [{"id": 5}, {"id": ["base"]}]}]
)  # fmt: skip
def test_a_list_of_models_that_is_none_is_no_list(plain: Any) -> None:
    with Listing(Sent(200, json.dumps(plain))) as server:
        assert model(server).endpoint.models == {}


def test_a_bare_list_of_models_is_one_and_a_long_one_is_shortened() -> None:
    with Listing(Sent(200, json.dumps([{"id": "base", "root": "half \ud83d"}]))) as server:
        asked = model(server)
        assert asked.endpoint.models["base"]["root"] == "half \ufffd"
        assert asked.digest
    with (
        Listing(Sent(200, json.dumps({"data": [{"id": f"m{at}"} for at in range(10_000)]}))) as server,
        pytest.raises(MissingError, match=r"serves no 'base'; it serves: m0, .* and 9,988 more"),
    ):
        model(server)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (Sent(301, "", {"Location": "https://x/v1/models"}), "sends on to https://x/v1/models"),
        (
            Sent(200, "<html>a page</html>", {"Content-Type": "text/html"}),
            r"no JSON \(text/html: <html>a page",
        ),
    ],
)
def test_what_is_no_endpoint_is_told_when_it_is_looked_at(sent: Sent, told: str) -> None:
    with Listing(sent) as server, pytest.raises(EndpointError, match=told):
        model(server)


def test_an_address_without_its_version_is_told_and_one_of_another_kind_says_why() -> None:
    with EndpointServer() as server:
        bare = server.url.removesuffix("/v1")
        with pytest.raises(EndpointError, match=f"{bare}/v1/models is: give that /v1 too"):
            model(server, base_url=bare)
        with pytest.raises(EndpointError, match=r"ConnectError: \[SSL"):
            model(server, base_url=server.url.replace("http:", "https:"))
        assert model(server, base_url=f" {server.url}/ ").settings.base_url == server.url


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://127.0.0.1:99999/v1", "http://127.0.0.1:x/v1", "http://a b/v1", "http://a\n:80/v1", "//a/v1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="give an address as http://127"):
        check_settings({"name": "base", "backend": "openai", "base_url": url})


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"base_url": "http://h/v1/chat/completions"}, "leave out /chat/completions"),
        ({"key_variable": SECRET}, "the key itself stands in no study"),
        ({"body": {"model": "yielder"}}, "sets model, which each request has of its own"),
        ({"body": {"stream": True, "n": 3}}, "sets n, stream"),
        ({"body": {"x": float("nan")}}, "'x' is nan; allowed: texts"),
    ],
)
def test_settings_that_cannot_be_are_refused(more: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check_settings({"name": "base", "backend": "openai", "base_url": "http://h/v1"} | more)


def test_an_address_of_this_machine_is_not_asked_for_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert answers(None)[0].text == "It is item0."
    monkeypatch.setenv("HTTP_PROXY", "gopher://me:secret@there")
    with pytest.raises(ConfigError, match="a proxy that the environment names") as caught:
        transport.connected(OpenAISettings(name="a", base_url="http://elsewhere/v1"), "")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-sec\nret-12345", "sk-secret…", "sk-s\xe9cret-12345"])
def test_a_key_that_cannot_be_sent_is_told_without_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", key)
    with EndpointServer() as server:
        with pytest.raises(ConfigError, match="the key in the environment variable MY_KEY holds") as caught:
            model(server, key_variable="MY_KEY")
        assert not server.asked
    assert "cret" not in str(caught.value)


def test_a_key_is_told_nowhere_that_an_endpoint_repeats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{SECRET}\n")
    long = "x" * (transport.TOLD - 15)
    for sent in (
        Sent(200, f"<html>{SECRET}</html>"),
        Sent(400, f"{long}{SECRET}"),
        Sent(200, said("x").replace("stop", SECRET)),
        Sent(200, json.dumps([SECRET])),
    ):
        with EndpointServer(key=SECRET) as server:
            asked = model(server, retries=0)
            server.fault = on_chat(sent)
            (found,) = asked.generate(requests(1))
        assert found.finish == "error"
        assert SECRET[:6] not in found.error
    # a word that stands for no key is struck out nowhere
    monkeypatch.setenv("OPENAI_API_KEY", "a")
    assert "bad key given" in answers(on_chat(Sent(400, "bad key given")))[0].error


@pytest.mark.parametrize(("path", "status"), [("/tokenize", 404), ("/v1/completions", 404), ("/v1/completions", 403)])  # fmt: skip
def test_where_only_texts_are_let_through_answers_are_read_as_texts(path: str, status: int) -> None:
    def fault(asked: str, _: dict[str, Any], __: int) -> Sent | None:
        return Sent(status, json.dumps({"error": "no such route"})) if asked == path else None

    with EndpointServer(fault) as server:
        asked = model(server)
        assert "no such route" in asked.record()["endpoint"]["why_no_rung"]
        assert asked.generate(requests(1))[0].text == "It is item0."


def test_scoring_sees_the_template_that_answers_see() -> None:
    body = {"chat_template_kwargs": {"enable_thinking": False}, "cache_salt": "one", "temperature": None}
    with EndpointServer() as server:
        asked = model(server, body=body)
        asked.choice_logprobs([choice("abc")])
        sent = dict(server.asked)
    assert sent["/tokenize"]["chat_template_kwargs"] == {"enable_thinking": False}
    step = sent["/v1/completions"]
    assert (step["cache_salt"], step["temperature"], step["repetition_penalty"]) == ("one", 0.0, 1.0)
    assert "chat_template_kwargs" not in step


def loops() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "portal" in thread.name]


def test_a_model_that_was_not_loaded_leaves_no_event_loop_behind() -> None:
    """It would keep the process from ending while somebody holds the error."""
    before = loops()
    with EndpointServer() as server, pytest.raises(MissingError) as caught:
        model(server, name="other")
    assert caught.value
    assert set(loops()) <= set(before)


def test_a_model_that_is_let_go_in_its_own_event_loop_ends() -> None:
    from sycoscope.models.served import model as served

    with EndpointServer() as server:
        asked = model(server)
        given = (_Portal(asked._portal), asked.client)
        home = asked.call(_here)
        (loop,) = [thread for thread in loops() if thread.ident == home]

        class Manager:
            def __exit__(self, *_: object) -> None:
                ended.set()

        ended = threading.Event()

        async def let_go() -> None:
            served._end(*given, Manager(), home)

        asked.call(let_go)
        assert ended.wait(5)
        assert loop.is_alive()


class _Portal:
    """One that is not stopped: the model ends it."""

    def __init__(self, portal: Any) -> None:
        self.stop, self._portal = None, portal

    def call(self, ask: Any, *given: Any) -> Any:
        return self._portal.call(ask, *given) if ask is not None else None


def test_an_interrupted_look_at_an_endpoint_that_hangs_ends_at_once() -> None:
    reached = threading.Event()

    def hangs(_: str) -> Sent:
        reached.set()
        return Sent(stall=60.0)

    with EndpointServer() as server:
        server.got = lambda path, key: hangs(path)  # type: ignore[method-assign]
        code = (
            "from sycoscope.models.load import check_settings, load_model\n"
            f"load_model(check_settings({{'name': 'base', 'backend': 'openai', 'base_url': {server.url!r}}}))"
        )
        child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
        assert reached.wait(120)
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=15)
    assert "KeyboardInterrupt" in told


async def _here() -> int:
    return threading.get_ident()


class ByRequest(EndpointServer):
    """In llama.cpp's layout: one model, adapters by number, whose global scale is 1 where a request names none.

    `deaf`: it takes no notice of what a request names.
    """

    def __init__(self, *, deaf: bool = False) -> None:
        super().__init__(self._answer, models=("base",))
        self.deaf = deaf

    def got(self, path: str, key: str) -> Sent:
        plain = {
            "/props": {"default_generation_settings": {}, "build_info": "b9"},
            "/lora-adapters": [{"id": 0, "path": "mine.gguf", "scale": 1.0}],
        }.get(path)
        return super().got(path, key) if plain is None else Sent(200, json.dumps(plain))

    def _answer(self, path: str, body: dict[str, Any], _: int) -> Sent | None:
        scales = {one["id"]: one["scale"] for one in body.get("lora", [])}
        applied = 1.0 if self.deaf else scales.get(0, 1.0)
        spoken = completion(body | {"model": "yielder" if applied else "base"})
        return Sent(200, json.dumps(spoken | {"model": body["model"]}))


def proved(server: EndpointServer) -> Any:
    asked = model(server)
    rounds = []
    for served in (None, "base", 0):
        if served is not None:
            asked.answer_as(served, "")
        rounds.append(asked.generate(texts()))
        asked.detach()
    return proof_of(rounds, [], takes_any_name=asked.takes_any_name())


def test_a_base_beside_adapters_by_request_is_asked_with_all_at_zero() -> None:
    with ByRequest() as server:
        proof = proved(server)
        sent = [
            (body["lora"], body["repeat_penalty"], body["top_k"]) for body in server.chats if "lora" in body
        ]
    assert (proof.fault, proof.takes_any_name) == ("", True)
    assert proof.differing > proof.differing_again == 0
    assert [one for one in sent if one != ([{"id": 0, "scale": 0.0}], 1.0, 0)] == [([{"id": 0, "scale": 1.0}], 1.0, 0)] * 16  # fmt: skip


def test_a_server_whose_adapter_is_on_for_the_base_too_is_found_out() -> None:
    with ByRequest(deaf=True) as server:
        assert "nothing shows that the adapter is applied" in proved(server).fault


def test_other_weights_behind_a_name_are_another_model() -> None:
    """By what the endpoint says of them, or by the revision that is given where it says nothing."""
    with EndpointServer() as server:
        asked = model(server)
        asked.answer_as("yielder", "mine")
        first = asked.digest
        with_revision = model(server, revision="retrained")
        with_revision.answer_as("yielder", "mine")
        cards = [{"id": "base"}, {"id": "yielder", "root": "/weights/retrained", "created": 5}]
        server.got = lambda path, key: Sent(200, json.dumps({"data": cards})) if path == "/v1/models" else EndpointServer.got(server, path, key)  # type: ignore[method-assign]  # fmt: skip
        other = model(server)
        other.answer_as("yielder", "mine")
        again = model(server)
        again.answer_as("yielder", "mine")
    assert len({first, with_revision.digest, other.digest}) == 3
    assert again.digest == other.digest
