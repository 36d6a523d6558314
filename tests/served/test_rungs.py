"""The scoring ladder: each server stands on the best rung whose effects are seen, and no number is made up."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer, Sent
from sycoscope.core.errors import ModelError
from sycoscope.core.types import ChoiceRequest, Message
from sycoscope.models.load import check_settings, load_model
from sycoscope.models.served import tokens
from sycoscope.models.served.client import NoAnswer
from sycoscope.models.served.first import compared
from sycoscope.models.served.likeliest import likeliest


def model(server: EndpointServer, **more: Any) -> Any:
    given = {"name": "base", "backend": "openai", "base_url": server.url, "retries": 0}
    return load_model(check_settings(given | more))


def repeat(word: str, *options: str, prefix: str = "") -> ChoiceRequest:
    said = (Message("user", f"Repeat this word: {word}"),)
    return ChoiceRequest(messages=said, options=options, prefix=prefix)


class Characters:
    """A tokenizer on this machine that has the server's tokens."""

    def __init__(self, name: str, body: Any) -> None:
        self.name = name

    async def ids(self, request: ChoiceRequest, option: str | None, voice: Any) -> list[int]:
        turns = [f"\x02{one.role}:{one.content}" for one in request.messages]
        text = "\x03".join([*turns, "\x02assistant:"]) + tokens.begun(request, option)
        return list(map(ord, text))


@pytest.mark.parametrize(
    ("kind", "gives", "rung", "how"),
    [
        ("vllm", ("sequence", "top", "echo", "first"), "sequence", {"token_ids": "server"}),
        ("vllm", ("top", "echo", "first"), "top", {"token_ids": "server", "likeliest": 20}),
        ("vllm", ("first", "structured_outputs"), "first", {"likeliest": 20}),
        ("vllm", ("structured_outputs",), "constrained", {"constraint": "structured_outputs"}),
        ("vllm", ("guided_choice",), "constrained", {"constraint": "guided_choice"}),
        ("llama.cpp", ("top",), "top", {"token_ids": "server", "likeliest": 20}),
        ("llama.cpp", ("grammar",), "constrained", {"constraint": "grammar"}),
        ("other", ("first",), "first", {"likeliest": 20}),
        ("other", ("response_format",), "constrained", {"constraint": "response_format"}),
        # texts of tokens are not their ids
        ("other", ("echo", "top"), "", {}),
        ("vllm", (), "", {}),
    ],
)  # fmt: skip
def test_the_best_rung_that_stands_is_taken(
    kind: str, gives: tuple[str, ...], rung: str, how: dict[str, Any]
) -> None:
    with EndpointServer(kind=kind, gives=gives) as server:
        endpoint = model(server).record()["endpoint"]
    assert (endpoint["rung"], endpoint["how"]) == (rung, how)
    assert bool(endpoint["why_no_rung"]) is not bool(rung)


@pytest.mark.parametrize("kind", ["sglang", "other"])
def test_a_tokenizer_here_opens_whole_prompts(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "LocalTokens", Characters)
    with EndpointServer(kind=kind, gives=("echo",)) as server:
        asked = model(server, tokenizer="chars")
        (found,) = asked.choice_logprobs([repeat("abc", "abc", "abx")])
        without = model(server).record()["endpoint"]["why_no_rung"]
    assert asked.record()["endpoint"]["how"] == {"token_ids": "chars"}
    assert found.logprobs == pytest.approx(
        (3 * math.log(0.9), 2 * math.log(0.9) + math.log(0.1) - 27 * math.log(2))
    )
    assert (found.rung, found.n_tokens, found.ceilings) == ("echo", (3, 3), ())
    assert "name the model's tokenizer" in without


def test_a_list_bounds_what_it_leaves_out() -> None:
    with EndpointServer(gives=("top",), most=5) as server:
        asked = model(server)
        found, whole = asked.choice_logprobs([repeat("abc", "abc", "Q"), repeat("abc", "abc", "A")])
        assert asked.record()["endpoint"]["how"]["likeliest"] == 5  # as the server told
    listed = [0.9, *(0.1 / 2**at for at in range(1, 5))]
    bound = math.log(min(listed[-1], 1 - sum(listed)) + 1e-5)
    assert found.logprobs[0] == pytest.approx(3 * math.log(0.9))
    assert math.isnan(found.logprobs[1])
    assert found.ceilings == (pytest.approx(3 * math.log(0.9)), pytest.approx(bound, abs=0.01))
    assert (found.usable, found.censored, found.rung) == (False, True, "top")
    assert (whole.usable, whole.ceilings) == (True, ())


def test_letters_are_read_off_first_tokens_and_texts_are_not() -> None:
    with EndpointServer(gives=("first",)) as server:
        letters, unlisted, texts = model(server).choice_logprobs(
            [
                repeat("B", "A", "B", prefix="The answer is ("),
                repeat("B", "B", "Q"),
                repeat("B", "B", "Paris"),
            ]
        )
    assert letters.logprobs == pytest.approx((math.log(0.05), math.log(0.9)))
    assert unlisted.censored
    assert texts.logprobs is None
    assert "'Paris' is none of the 20 likeliest first tokens" in texts.error


def test_a_constraint_decides_and_gives_no_number() -> None:
    with EndpointServer(gives=("structured_outputs",)) as server:
        asked = model(server)
        (found,) = asked.choice_logprobs([repeat("B", "A", "B")])
        with pytest.raises(
            ModelError, match="rung 'constrained', which decides and gives no numbers; sequence: no"
        ):
            model(server, require_logprobs=True)
    assert (found.logprobs, found.chosen, found.answered, found.rung) == (None, 1, True, "constrained")


def test_a_rung_is_chosen_by_name_or_refused() -> None:
    with EndpointServer(gives=("sequence", "top", "echo")) as server:
        assert model(server, scoring="echo").record()["scoring"] == "echo"
        assert not hasattr(model(server, scoring="text"), "choice_logprobs")
        with pytest.raises(ModelError, match=r"model\.scoring asks for first: no list of likeliest tokens"):
            model(server, scoring="first")
        digests = {model(server, scoring=one).digest for one in ("auto", "sequence", "echo", "top", "text")}
    assert len(digests) == 4


def changed(change: Callable[[dict[str, Any]], None], kind: str, gives: str, **more: Any) -> dict[str, Any]:
    """What an endpoint's record says where its answers are changed so."""
    with EndpointServer(kind=kind, gives=(gives,)) as server:

        def fault(path: str, body: dict[str, Any], _: int) -> Sent | None:
            if path != "/v1/completions":
                return None
            plain = server.continued(body)
            change(plain["choices"][0]["logprobs"])
            return Sent(200, json.dumps(plain))

        server.fault = fault
        return model(server, **more).record()["endpoint"]


def top(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    return changed(lambda given: change(given["top_logprobs"][0]), "vllm", "top")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda given: given.update(dict.fromkeys(given, -3.1)), "in a trial the likely option has -3.10 nats"),
        (lambda given: given.update(dict.fromkeys(given, -0.1)), "sum to 18.097, so they are none"),
        (lambda given: given.update(dict.fromkeys(given, -9999.0)), "the list of likeliest tokens is empty"),
        (lambda given: given.update({next(iter(given)): math.nan}), "is nan"),
        (lambda given: given.update({next(iter(given)): 0.7}), "is 0.7"),
        (lambda given: given.update({next(iter(given)): None}), "is None"),
        (lambda given: given.clear(), "the list of likeliest tokens is empty"),
    ],
)  # fmt: skip
def test_a_list_that_is_none_is_found_out(change: Any, told: str) -> None:
    endpoint = top(change)
    assert endpoint["rung"] == ""
    assert told in endpoint["why_no_rung"]


@pytest.mark.parametrize("stand_in", [-9999.0, -math.inf, -3.4e38])
def test_a_stand_in_for_minus_infinity_is_no_entry(stand_in: float) -> None:
    """It bounds nothing: the least of the others does."""

    def change(given: dict[str, Any]) -> None:
        given[list(given)[-1]] = stand_in

    assert top(change)["rung"] == "top"
    entries = {"A": -0.2, "B": -3.0, "C": stand_in}
    found = likeliest({"choices": [{"logprobs": {"top_logprobs": [entries]}}]})
    assert found.ceiling() == pytest.approx(-3.0)
    (missing,) = compared(found, ("C",)).logprobs
    assert math.isnan(missing)


def entries(*given: tuple[str, float]) -> dict[str, Any]:
    listed = [{"token": text, "id": ord(text[0]), "logprob": value} for text, value in given]
    return {"choices": [{"logprobs": {"content": [{"top_logprobs": listed}]}}]}


def test_the_sampled_token_listed_twice_counts_once_and_two_numbers_for_one_are_none() -> None:
    found = likeliest(entries(("A", -0.5), ("B", -1.5), ("A", -0.5)))
    assert found.rest == pytest.approx(1 - math.exp(-0.5) - math.exp(-1.5), abs=1e-4)
    with pytest.raises(NoAnswer, match="two numbers for 65"):
        likeliest(entries(("A", -0.5), ("A", -1.5)))


def test_spellings_of_an_option_are_summed() -> None:
    listed = [{"token": text, "logprob": value} for text, value in (("A", -1.0), (" A", -2.0), ("▁B", -3.0))]
    found = compared(
        likeliest({"choices": [{"logprobs": {"content": [{"top_logprobs": listed}]}}]}), ("A", "B", "C")
    )
    assert found.logprobs[0] == pytest.approx(math.log(math.exp(-1) + math.exp(-2)))
    assert found.logprobs[1] == pytest.approx(-3.0)
    # four spellings, none above the least that is listed
    assert found.ceilings[2] == pytest.approx(math.log(4 * math.exp(-3)))


def test_values_that_the_temperature_scales_are_not_the_models() -> None:
    with EndpointServer(gives=("top",)) as server:

        def fault(path: str, body: dict[str, Any], _: int) -> Sent | None:
            if path != "/v1/completions" or body["temperature"]:
                return None
            plain = server.continued(body)
            (given,) = plain["choices"][0]["logprobs"]["top_logprobs"]
            given.update({key: 0.0 if at == 0 else -9999.0 for at, key in enumerate(given)})
            return Sent(200, json.dumps(plain))

        server.fault = fault
        told = model(server).record()["endpoint"]["why_no_rung"]
    assert "change with the temperature" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda given: given.update(token_logprobs=given["token_logprobs"][:1], tokens=given["tokens"][:1]), "gives 1 log-probabilities for a prompt of"),
        (lambda given: given.update(tokens=given["tokens"][::-1]), "echo gives other tokens than those of the prompt"),
        (lambda given: given.update(token_logprobs=[-1.0] * len(given["tokens"])), "in a trial the likely option has -1.00 nats"),
        (lambda given: given.clear(), "no log-probabilities of the prompt came back"),
    ],
)  # fmt: skip
def test_an_echo_that_is_not_of_the_prompt_is_found_out(change: Any, told: str) -> None:
    def maybe(given: dict[str, Any]) -> None:
        if "tokens" in given:
            change(given)

    with pytest.raises(ModelError, match=r"model\.scoring asks for echo: ") as raised:
        changed(maybe, "vllm", "echo", scoring="echo")
    assert told in str(raised.value)


def test_a_constraint_that_is_passed_over_is_found_out() -> None:
    """The likely option comes without it too: an impossible one does not."""
    with EndpointServer(gives=()) as server:

        def fault(path: str, body: dict[str, Any], _: int) -> Sent | None:
            said = {"role": "assistant", "content": "apple"}
            plain = {"model": "base", "choices": [{"message": said, "finish_reason": "stop"}]}
            return Sent(200, json.dumps(plain)) if path.endswith("/chat/completions") else None

        server.fault = fault
        told = model(server).record()["endpoint"]["why_no_rung"]
    assert "constrained: the answer" in told


def test_prompts_that_are_read_without_the_adapter_are_refused() -> None:
    """What is generated is the adapter's, what stands in a prompt the base's."""
    with EndpointServer(gives=("echo", "top")) as server:

        def fault(path: str, body: dict[str, Any], _: int) -> Sent | None:
            if not body.get("echo") or body["model"] == "base":
                return None
            plain = server.continued(body | {"model": "base"}) | {"model": body["model"]}
            given = plain["choices"][0]["logprobs"]
            given["token_logprobs"] = [None, *([-6.63] * (len(given["tokens"]) - 1))]
            return Sent(200, json.dumps(plain))

        asked = model(server, scoring="echo")
        asked.try_served("yielder", "mine")
        server.fault = fault
        told = "a token has -0.11 nats when it is generated and -6.63 when it stands in a prompt"
        with pytest.raises(ModelError, match=told):
            asked.try_served("yielder", "mine")
        assert asked.name == "base"


def test_a_tokenizer_here_begins_answers_as_weights_here_do(tmp_path: Path, tiny: Any) -> None:
    """Its folder needs nothing else; options begin after the same tokens, blanks between them and the prefix are theirs."""
    pytest.importorskip("transformers")
    anyio = pytest.importorskip("anyio")
    tiny.tokenizer(tiny.CHATML, adds_bos=False).save_pretrained(tmp_path)
    source = tokens.LocalTokens(str(tmp_path), {})
    request = ChoiceRequest(messages=(Message("user", "the sea"),), options=("wide", "deep"), prefix="It is")
    parts = anyio.run(tokens.split, request, None, source)
    text = source._template.render(request.messages)
    pairs = [source._template.encode_pair(f"{text}It is", f" {option}") for option in request.options]
    assert [list(ids[:start]) for ids, start in zip(parts.wholes, parts.starts, strict=True)] == [
        one for one, _ in pairs
    ]
    assert [list(ids[start:]) for ids, start in zip(parts.wholes, parts.starts, strict=True)] == [
        one for _, one in pairs
    ]
    assert "template" in source.name
    with pytest.raises(ModelError, match=r"model\.tokenizer: no tokenizer can be loaded from '.*nowhere'"):
        tokens.LocalTokens(str(tmp_path / "nowhere"), {})
