"""An endpoint with faults: each is one clear status, what passes is asked again, what was answered is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer, Fault, Sent, named, tokens
from sycoscope.core.errors import EndpointError, MissingError
from sycoscope.core.types import ChoiceRequest, Decoding, GenerateRequest, Message, Response
from sycoscope.models.load import check_settings, load_model

SECRET = "sk-very-secret-1234"


def requests(n: int) -> list[GenerateRequest]:
    return [
        GenerateRequest(messages=(Message("user", f"What is item{at}"),), decoding=Decoding(max_tokens=8))
        for at in range(n)
    ]


def model(server: EndpointServer, **more: Any) -> Any:
    given = {"name": "base", "backend": "openai", "base_url": server.url, "retries": 2, "longest_wait": 1.0}
    return load_model(check_settings(given | more))


def on_chat(*sent: Sent | None) -> Fault:
    """The first requests for texts get these, None: the right answer; the last holds for all that follow."""
    left = list(sent)

    def fault(path: str, body: dict[str, Any], _: int) -> Sent | None:
        if not path.endswith("/chat/completions"):
            return None
        return left.pop(0) if len(left) > 1 else left[0]

    return fault


def answers(fault: Fault | None, n: int = 1, **more: Any) -> list[Response]:
    with EndpointServer(fault) as server:
        return model(server, **more).generate(requests(n))


def test_answers_come_in_the_order_of_the_requests() -> None:
    with EndpointServer() as server:
        asked = requests(40)
        found = model(server, concurrency=8).generate(asked)
        assert [one.text for one in found] == [f"It is item{at}." for at in range(40)]
        assert {one.finish for one in found} == {"stop"}
        body = server.chats[-1]
        assert model(server).record()["endpoint"]["neutral"] == {
            key: body[key] for key in ("top_k", "min_p", "repetition_penalty")
        }
    assert body["temperature"] == 0
    assert body["max_tokens"] == 8
    # what the server would take from the model's own defaults
    assert (body["top_k"], body["repetition_penalty"], body["top_p"]) == (0, 1.0, 1.0)
    assert "seed" not in body


def test_fields_of_the_study_are_sent_and_null_takes_one_out() -> None:
    with EndpointServer() as server:
        model(server, body={"top_k": 5, "temperature": None, "user": "x"}).generate(requests(1))
        body = server.chats[-1]
    assert (body["top_k"], body["user"], "temperature" in body) == (5, "x", False)


GOOD = json.dumps({"model": "base", "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]})


@pytest.mark.parametrize(
    "sent",
    [
        Sent(429, "{}", {"Retry-After": "0"}),
        Sent(503, "busy", {"Retry-After": "0"}),
        Sent(529, json.dumps({"error": {"message": "overloaded"}}), {"Retry-After": "0"}),
        Sent(200, GOOD[:30], cut=True),
        Sent(200, "<html>a gateway's page</html>", {"Content-Type": "text/html"}),
        Sent(200, json.dumps({"choices": []})),
        Sent(200, json.dumps([1])),
        Sent(
            200,
            json.dumps(
                {"model": "yielder", "choices": [{"message": {"content": "no"}, "finish_reason": "stop"}]}
            ),
        ),
    ],
)
def test_what_passes_is_asked_again(sent: Sent) -> None:
    (found,) = answers(on_chat(sent, None))
    assert (found.text, found.finish) == ("It is item0.", "stop")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (Sent(429, json.dumps({"error": {"message": "slow down"}}), {"Retry-After": "0"}), "status 429 (slow down)"),
        (Sent(429, "{}", {"Retry-After": "300"}), "asks for a wait of 300 s"),
        (Sent(429, json.dumps({"error": {"code": "insufficient_quota", "message": "no money"}})), "no money"),
        (Sent(400, json.dumps({"error": "too long"})), "status 400 (too long)"),
        (Sent(200, "<html>a page</html>", {"Content-Type": "text/html"}), "no JSON (text/html: <html>a page</html>)"),
        (Sent(200, json.dumps({"choices": []})), "status 200 with no choices"),
        (Sent(200, json.dumps({"choices": [{"message": {}}]})), "neither text nor a refusal"),
        (Sent(200, json.dumps({"choices": [{"message": {"content": "x"}, "finish_reason": "abort"}]})), "did not end: finish_reason 'abort'"),
        (Sent(200, GOOD.replace("base", "yielder")), "'yielder' answered, and 'base' was asked"),
        (Sent(200, "[" * 100_000), "no JSON"),
        (Sent(200, GOOD[:30], cut=True), "the connection failed (RemoteProtocolError"),
        (Sent(200, GOOD.replace('"yes"', "NaN")), "neither text nor a refusal"),
        (Sent(stall=3.0), "no answer within 0.4 s"),
    ],
)  # fmt: skip
def test_what_does_not_pass_is_an_error_with_its_reason(sent: Sent, told: str) -> None:
    (found,) = answers(on_chat(sent), retries=1, timeout=0.4 if sent.stall else 20)
    assert found.finish == "error"
    assert told in found.error


@pytest.mark.parametrize(
    ("choice", "text", "finish"),
    [
        ({"message": {"content": "cut here"}, "finish_reason": "length"}, "cut here", "length"),
        ({"message": {"content": None, "reasoning_content": "hm"}, "finish_reason": "length"}, "", "length"),
        ({"message": {"content": ""}, "finish_reason": "content_filter"}, "", "filtered"),
        ({"message": {"content": None, "refusal": "I can't."}, "finish_reason": "stop"}, "I can't.", "stop"),
        ({"message": {"content": [{"type": "text", "text": "a"}, {"text": "b"}]}, "finish_reason": "stop"}, "ab", "stop"),
        ({"message": {"content": "", "reasoning": "hm"}, "finish_reason": "stop"}, "", "stop"),
        ({"message": {"content": "x"}, "finish_reason": None}, "x", "stop"),
    ],
)  # fmt: skip
def test_ends_and_texts(choice: dict[str, Any], text: str, finish: str) -> None:
    (found,) = answers(on_chat(Sent(200, json.dumps({"model": "base", "choices": [choice]}))))
    assert (found.text, found.finish) == (text, finish)


def test_an_endpoint_that_is_gone_ends_the_run_and_keeps_what_came() -> None:
    heard: list[int] = []
    with EndpointServer(on_chat(*[None] * 30, Sent(500, "down", {"Retry-After": "0"}))) as server:
        asked = model(server, concurrency=2, retries=0)
        asked.hear(lambda at, answer: heard.append(at) if answer.finish != "error" else None)
        with pytest.raises(EndpointError, match="20 requests in a row got no answer, the last: status 500"):
            asked.generate(requests(100))
    assert len(heard) == 30


@pytest.mark.parametrize(("status", "n_asked"), [(401, 1), (403, 2), (404, 1)])
def test_what_no_request_can_pass_ends_it_at_once(status: int, n_asked: int) -> None:
    """Of a 403 a harmless request tells whether it is the key that is refused."""
    with EndpointServer(on_chat(Sent(status, json.dumps({"error": {"message": "bad"}})))) as server:
        with pytest.raises(EndpointError, match=f"status {status} .bad."):
            model(server, concurrency=1).generate(requests(5))
        assert len(server.chats) == n_asked


def on_words(words: str, sent: Sent) -> Fault:
    """The requests for texts that hold these words get this."""

    def fault(path: str, body: dict[str, Any], _: int) -> Sent | None:
        return sent if path.endswith("/chat/completions") and words in json.dumps(body["messages"]) else None

    return fault


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("concurrency", [1, 16])
def test_a_prompt_that_a_gateway_refuses_is_an_error_of_its_own(status: int, concurrency: int) -> None:
    """Also where it is the first one that is asked, as after a kill (of a 401 alone the key is refused)."""
    words = "item0" if status == 403 else "item3"
    policy = Sent(status, json.dumps({"error": {"message": "against our policy"}}))
    with EndpointServer(on_words(words, policy)) as server:
        asked = model(server, concurrency=concurrency)
        if status == 401:
            asked.generate(requests(1))
        found = asked.generate(requests(9))
        chats = len(server.chats)
    refused = int(words[-1])
    assert [one.finish for one in found] == ["error" if at == refused else "stop" for at in range(9)]
    assert found[refused].error == f"status {status} (against our policy)"
    assert chats <= 9 + 1


def test_a_key_that_is_taken_back_ends_it_after_some_in_a_row() -> None:
    with EndpointServer(on_chat(*[None] * 5, Sent(401, "no"))) as server:
        asked = model(server, concurrency=1)
        with pytest.raises(EndpointError, match=r"20 requests in a row .* the last: status 401 \(no\)"):
            asked.generate(requests(100))
        assert len(server.chats) == 25


def test_a_model_that_was_unloaded_ends_it_with_that_reason() -> None:
    with EndpointServer(on_chat(*[None] * 5, Sent(404, json.dumps({"detail": "no such model"})))) as server:
        asked = model(server, concurrency=1)
        with pytest.raises(
            EndpointError,
            match=r"status 404 \(no such model\); it answered as 'base' before: the model was unloaded or .* again",
        ):
            asked.generate(requests(100))
        assert len(server.chats) == 6


def test_a_limit_of_requests_or_cost_ends_it() -> None:
    with EndpointServer() as server:
        asked = model(server, max_requests=100)
        looked = len(server.asked)
        with pytest.raises(
            EndpointError, match=r"sent 100 requests, .*max_requests is 100; .*--set model\.max_req"
        ):
            asked.generate(requests(200))
        assert looked < 40 < len(server.asked) <= 100  # some were cut off on their way
        with pytest.raises(EndpointError, match=r"this run has spent 0\.\d+ .* model\.max_cost is 0\.1"):
            model(server, max_cost=0.1, price=[100.0, 100.0]).generate(requests(200))


def test_the_key_goes_to_the_server_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)

    def leaking(path: str, body: dict[str, Any], _: int) -> Sent | None:
        return Sent(400, json.dumps({"error": {"message": f"bad key {SECRET} given"}}))

    with EndpointServer(key=SECRET) as server:
        asked = model(server, key_variable="MY_KEY")
        server.fault = leaking
        (found,) = asked.generate(requests(1))
        assert found.error == "status 400 (bad key (key) given)"
        assert SECRET not in json.dumps([asked.record(), asked.settings.model_dump()])
        with pytest.raises(EndpointError, match=r"refuses the key .status 401.; put one .* OPENAI_API_KEY"):
            model(server)


def test_what_is_not_there_is_told_with_what_is() -> None:
    with (
        EndpointServer() as server,
        pytest.raises(MissingError, match="serves no 'other'; it serves: base, yielder"),
    ):
        model(server, name="other")
    with pytest.raises(EndpointError, match="nothing that can be read answers at http"):
        model(server)  # closed


@pytest.fixture
def scoring() -> Iterator[Any]:
    with EndpointServer() as server:
        yield server, model(server)


def choice(*options: str, prefix: str = "") -> ChoiceRequest:
    return ChoiceRequest(messages=(Message("user", "Say abc"),), options=options, prefix=prefix)


def test_every_token_of_an_option_counts(scoring: Any) -> None:
    _, asked = scoring
    (found,) = asked.choice_logprobs([choice("abc", "xqzw", prefix="I say")])
    # " abc": four characters that stood before; " xqzw": one that did, four that did not
    assert found.logprobs == pytest.approx((-0.8, -12.2))
    assert found.n_tokens == (4, 5)
    (bare,) = asked.choice_logprobs([choice("abc")])
    assert bare.logprobs == pytest.approx((-0.6,))
    assert asked.record()["scoring"] == "sequence"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "0.5", '"x"', "null"])
def test_a_value_that_is_no_log_probability_is_a_reason_and_no_number(value: str) -> None:
    def fault(path: str, body: dict[str, Any], _: int) -> Sent | None:
        if path != "/v1/completions" or "".join(map(chr, body["prompt"])).find("Say abc") < 0:
            return None
        return Sent(200, json.dumps(named(body)).replace("-3.0", value))

    with EndpointServer(fault) as server:
        (found,) = model(server, retries=0).choice_logprobs([choice("xq")])
    assert found.logprobs is None
    assert "the log-probability of token" in found.error


@pytest.mark.parametrize("value", ["-9999.0", "-Infinity"])
def test_minus_infinity_is_a_log_probability_of_an_option_beside_others(value: str) -> None:
    def fault(path: str, body: dict[str, Any], _: int) -> Sent | None:
        if path != "/v1/completions":
            return None
        return Sent(200, json.dumps(named(body)).replace("-3.0", value))

    with EndpointServer(fault) as server:
        (found,) = model(server).choice_logprobs([choice("abc", "xq")])
    assert found.logprobs == (pytest.approx(-0.6), float("-inf"))
    assert found.usable


def test_options_that_begin_alike_share_requests() -> None:
    with EndpointServer() as server:
        asked = model(server)
        before = len(server.asked)
        asked.choice_logprobs([choice("abc", "abd", "abe")])
        paths = [path for path, _ in server.asked[before:]]
        wanted = [
            body["logprob_token_ids"] for path, body in server.asked[before:] if path == "/v1/completions"
        ]
    assert paths.count("/tokenize") == 4
    assert wanted == [[97], [98], [99, 100, 101]]


@pytest.mark.parametrize("path", ["/tokenize", "/v1/completions"])
@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (Sent(429, "{}", {"Retry-After": "0"}), "status 429"),
        (Sent(503, "busy", {"Retry-After": "0"}), r"status 503 \(busy\)"),
        (Sent(503, "busy", {"Retry-After": "300"}), r"status 503 \(busy\); it asks for a wait of 300 s"),
        (Sent(200, GOOD[:30], cut=True), "the connection failed"),
        (Sent(stall=3.0), "no answer within 0.4 s"),
    ],
)
def test_a_passing_fault_while_scoring_is_tried_lowers_no_run(path: str, sent: Sent, told: str) -> None:
    left = 0

    def fault(asked: str, _: dict[str, Any], __: int) -> Sent | None:
        nonlocal left
        left -= asked == path
        return sent if asked == path and left >= 0 else None

    more = {"retries": 1, "timeout": 0.4 if sent.stall else 20}
    with EndpointServer(fault) as server:
        if "300" not in sent.headers.values():
            left = 1  # once: it is asked again
            assert model(server, **more).endpoint.rung == "sequence"
        left = 100
        with pytest.raises(EndpointError, match=f"log-probabilities could not be tried: {told}"):
            model(server, **more)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500, 501])
def test_a_definite_no_lowers_the_rung_and_says_so(status: int, caplog: pytest.LogCaptureFixture) -> None:
    def fault(asked: str, _: dict[str, Any], __: int) -> Sent | None:
        return Sent(status, "never", {"Retry-After": "0"}) if asked == "/v1/completions" else None

    with EndpointServer(fault) as server:
        asked = model(server)
        assert asked.generate(requests(1))[0].text == "It is item0."
    assert (asked.endpoint.rung, f"status {status}" in asked.endpoint.why_no_rung) == ("", True)
    assert (
        f"no log-probabilities of choices ({asked.endpoint.why_no_rung}): answers are read as" in caplog.text
    )


@pytest.mark.parametrize(
    ("path", "change", "told"),
    [
        ("/v1/completions", lambda plain: plain["choices"][0].pop("logprobs"), "no log-probability of the tokens"),
        ("/v1/completions", lambda plain: plain["choices"][0].update(logprobs=None), "no log-probability of the tokens"),
        ("/v1/completions", lambda plain: plain["choices"][0]["logprobs"].update(top_logprobs=[{"token_id:7": -1.0}]), "tokens that were named"),
        ("/v1/completions", lambda plain: plain["choices"][0]["logprobs"]["top_logprobs"][0].update({f"token_id:{one}": -1.0 for one in range(200)}), "in a trial the likely option has -1.00 nats a token"),
        ("/tokenize", lambda plain: plain.pop("tokens"), "gives no tokens"),
        ("/tokenize", lambda plain: plain.update(tokens=plain["tokens"][::-1]), "chat template says more"),
    ],
)  # fmt: skip
def test_a_server_that_only_says_that_it_scores_is_found_out(path: str, change: Any, told: str) -> None:
    def fault(asked: str, body: dict[str, Any], _: int) -> Sent | None:
        if asked != path:
            return None
        plain = named(body) if path == "/v1/completions" else {"tokens": tokens(body)}
        change(plain)
        return Sent(200, json.dumps(plain))

    with EndpointServer(fault) as server:
        found = model(server, retries=0)
        assert not hasattr(found, "choice_logprobs")
        assert told in found.record()["endpoint"]["why_no_rung"]
        with pytest.raises(Exception, match=r"model\.require_logprobs asks for them"):
            model(server, retries=0, require_logprobs=True)


def test_the_probe_says_what_comes_back() -> None:
    from sycoscope import api

    def fault(path: str, body: dict[str, Any], count: int) -> Sent | None:
        if "top_logprobs" in body:
            return Sent(
                200,
                json.dumps({"model": "base", "choices": [{"message": {"content": "Yes"}, "logprobs": None}]}),
            )
        if body["messages"][0]["content"].startswith("Write one sentence") and path.endswith(
            "/chat/completions"
        ):
            text = "The sea is wide." if count % 2 else "The sea is deep."
            return Sent(
                200,
                json.dumps(
                    {"model": "base", "choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
                ),
            )
        return None

    with EndpointServer(
        lambda path, body, count: fault(path, body, count) if "messages" in body else None
    ) as server:
        found = {one["what"]: one for one in api.probe(server.url)}
        asked = len(server.asked)
    assert found["server"]["found"] == "vllm 0.32.0"
    assert found["models"]["found"] == "base, yielder"
    assert found["the same question, one at a time"]["found"] == "2 different of 5"
    assert "vary at temperature 0" in found["the same question, one at a time"]["means"]
    assert found["log-probabilities of choices"]["found"] == "sequence (token_ids: server)"
    assert found["log-probabilities of answers"]["found"] == "null or empty, though they were asked for"
    assert found["an answer that was begun"]["found"].startswith("begins anew")
    assert found["a name that nobody serves"]["found"] == "refused"
    assert asked < 50


def test_a_limit_of_cost_is_not_kept_in_silence_where_nothing_is_counted() -> None:
    with EndpointServer(on_chat(Sent(200, GOOD))) as server:
        asked = model(server, max_cost=1.0, price=[1.0, 1.0], concurrency=1)
        with pytest.raises(
            EndpointError, match=r"do not say how many tokens .* model\.max_cost cannot be kept"
        ):
            asked.generate(requests(3))
        assert len(server.chats) == 1
        assert [one.text for one in model(server).generate(requests(3))] == ["yes"] * 3
