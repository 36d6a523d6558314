"""A study of a served model: the same line as for weights here, killed and gone on with, served adapters beside it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer, Sent, completion
from sycoscope import api
from sycoscope.core.errors import ConfigError, EndpointError, MissingError, ModelError

FACETS = {"answer": {"limit": 8, "shard_items": 4}}


def study(folder: Path, server: EndpointServer, **more: Any) -> Path:
    plain = {
        "study": "served",
        "model": {"name": "base", "backend": "openai", "base_url": server.url, "retries": 1}
        | more.pop("model", {}),
        "facets": FACETS,
        "adapters": [{"name": "mine", "served": "yielder"}],
    } | more
    path = folder / "study.json"
    path.write_text(json.dumps(plain))  # JSON is YAML
    return path


def tables(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((run / "tables").glob("*.csv"))}


def test_a_served_adapter_is_measured_beside_its_base(tmp_path: Path) -> None:
    with EndpointServer() as server:
        done = api.run_study(study(tmp_path, server), out=tmp_path / "run", cache=tmp_path / "cache")
        asked = len(server.chats)
        again = api.run_study(study(tmp_path, server), out=tmp_path / "again", cache=tmp_path / "cache")
        assert {"base", "yielder"} < {body["model"] for body in server.chats}
        assert len(server.chats) - asked == 1  # whether it takes any name
    found = {one.subject: one for one in done.summary().verdicts if one.task == "answer"}
    assert found["mine"].estimate.value > 0.1
    assert tables(tmp_path / "run") == tables(tmp_path / "again")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    base, mine = (one["model"] for one in manifest["subjects"])
    assert (base["scoring"], base["endpoint"]["kind"]) == ("sequence", "vllm")
    assert mine["adapter"] == {"name": "mine", "served": "yielder"}
    assert mine["endpoint"]["card"]["root"] == "/weights/yielder"
    assert again.summary().verdicts == done.summary().verdicts


@pytest.mark.parametrize(
    "after", [40, pytest.param(3, marks=pytest.mark.slow), pytest.param(150, marks=pytest.mark.slow)]
)
def test_what_was_answered_is_never_asked_again(tmp_path: Path, after: int) -> None:
    """The endpoint goes away after so many requests; the same command goes on, to the same tables."""
    gone = True

    def fault(path: str, _: dict[str, Any], count: int) -> Sent | None:
        return Sent(404, "{}") if gone and count >= after else None

    def spoken(server: EndpointServer) -> list[str]:
        # without what tries the rungs: more of them where the endpoint goes away meanwhile
        return [said for body in server.chats if "say nothing else" not in (said := json.dumps(body))]

    with EndpointServer() as whole:
        api.run_study(study(tmp_path, whole), out=tmp_path / "whole", cache=tmp_path / "c1")
    with EndpointServer(fault) as server:
        with pytest.raises(EndpointError, match="status 404"):
            api.run_study(
                study(tmp_path, server, model={"retries": 0}), out=tmp_path / "run", cache=tmp_path / "c2"
            )
        gone = False
        api.run_study(
            study(tmp_path, server, model={"retries": 2}), out=tmp_path / "run", cache=tmp_path / "c2"
        )
        counted = spoken(server)
        assert set(counted) == set(spoken(whole))
        # those under way when it went away got no answer
        assert 0 <= len(counted) - len(spoken(whole)) <= 16
    assert tables(tmp_path / "run") == tables(tmp_path / "whole")


def test_faults_that_pass_change_no_table(tmp_path: Path) -> None:
    """Each kind in turn, at every third request; what was answered is asked once."""
    faults = [
        Sent(429, "{}", {"Retry-After": "0"}),
        Sent(503, "busy", {"retry-after-ms": "1"}),
        Sent(200, "<html>a gateway's page</html>", {"Content-Type": "text/html"}),
        Sent(200, json.dumps({"choices": []})),
        Sent(200, '{"choices": [{"mess', cut=True),
    ]
    struck: dict[str, Sent] = {}

    def fault(path: str, body: dict[str, Any], _: int) -> Sent | None:
        key = json.dumps([path, body])
        if not path.endswith("/chat/completions") or key in struck or crc32(key.encode()) % 3:
            return None
        struck[key] = faults[len(struck) % len(faults)]
        return struck[key]

    few = {"facets": {"answer": {"limit": 6, "probe": False}}, "adapters": []}
    with EndpointServer() as whole:
        api.run_study(study(tmp_path, whole, **few), out=tmp_path / "whole", cache=tmp_path / "c1")
    with EndpointServer(fault) as server:
        patient = study(tmp_path, server, model={"retries": 4}, **few)
        api.run_study(patient, out=tmp_path / "run", cache=tmp_path / "c2")
    assert len(struck) >= len(faults)  # each was sent
    assert tables(tmp_path / "run") == tables(tmp_path / "whole")
    asked = Counter(json.dumps(["/v1/chat/completions", body]) for body in server.chats)
    whole_asked = Counter(json.dumps(["/v1/chat/completions", body]) for body in whole.chats)
    assert asked == whole_asked + Counter(struck.keys())


def test_how_answers_are_got_is_no_other_study(tmp_path: Path) -> None:
    with EndpointServer() as server:
        plans = [
            api.plan(study(tmp_path, server, model=more))[0].hash
            for more in (
                {},
                {"concurrency": 3, "timeout": 9, "max_requests": 7},
                {"revision": "b"},
                {"body": {"a": 1}},
            )
        ]
    assert plans[0] == plans[1]
    assert len(set(plans)) == 3


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"adapters": [{"name": "a", "path": "here"}]}, "whose adapters are served beside it; give served"),
        (
            {"adapters": [{"name": "a", "recipe": "placebo"}]},
            "whose adapters are served beside it; give served",
        ),
        ({"adapters": [{"name": "a", "served": "x", "path": "here"}]}, "one of them"),
        ({"adapters": [{"name": "a", "served": "x", "rows": 3}]}, "rows: of training, and 'a' is finished"),
        (
            {"capability": [{"benchmark": "mmlu"}]},
            "is a served model: it answers the facets; leave out capability",
        ),
        ({"model": {"base_url": "127.0.0.1:8000"}}, "give an address as http://127.0.0.1:8000/v1"),
        (
            {"model": {"base_url": "http://me:pw@host/v1"}},
            "give the bare address, and the key in the environment",
        ),
        ({"model": {"max_cost": 1}}, "max_cost needs price"),
    ],
)
def test_what_cannot_be_is_refused_before_any_request(
    tmp_path: Path, more: dict[str, Any], told: str
) -> None:
    with EndpointServer() as server:
        with pytest.raises(ConfigError, match=told):
            api.run_study(study(tmp_path, server, **more), out=tmp_path / "run", cache=tmp_path / "cache")
        assert not server.asked


def test_an_adapter_that_is_not_served_is_named_before_anything_is_measured(tmp_path: Path) -> None:
    more = {"adapters": [{"name": "a", "served": "nobody"}]}
    with EndpointServer() as server:
        with pytest.raises(MissingError, match="serves no 'nobody'; it serves: base, yielder"):
            api.run_study(study(tmp_path, server, **more), out=tmp_path / "run", cache=tmp_path / "cache")
        assert not server.chats
    more = {"adapters": [{"name": "a", "served": 0}]}
    with EndpointServer() as server, pytest.raises(MissingError, match="takes no adapter 0 by request"):
        api.run_study(study(tmp_path, server, **more), out=tmp_path / "run", cache=tmp_path / "cache")


def test_two_names_at_an_endpoint_are_compared_by_one_command(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the base asked once more as the server's noise, and an adapter that is passed over found out."""

    def passed_over(path: str, body: dict[str, Any], _: int) -> Sent | None:
        if body.get("model") != "deaf" or not path.endswith("/chat/completions"):
            return None
        return Sent(200, json.dumps(completion(body | {"model": "base"}) | {"model": "deaf"}))

    with EndpointServer(passed_over, models=("base", "yielder", "deaf")) as server:
        done = api.compare(
            "base", adapter_model={"mine": "yielder", "lost": "deaf"}, settings={"backend": "openai", "base_url": server.url},
            facets=["answer"], benchmarks=[], limit=8, out=tmp_path / "run", cache=tmp_path / "cache", difficulty=["easy"],
        )  # fmt: skip
        names = {body["model"] for body in server.chats}
    assert any("no-such-adapter" in name for name in names)
    assert (
        "lost ('deaf'): 0 of 16 answers differ from the base's, 0 of 16 where the base is asked twice"
        in caplog.text
    )
    records = {
        one["name"]: one for one in json.loads((tmp_path / "run" / "manifest.json").read_text())["subjects"]
    }
    assert records["base-again"]["kind"] == "again"
    proof = records["mine"]["model"]["proof"]
    assert (proof["n"], proof["differing_again"], proof["fault"]) == (16, 0, "")
    assert proof["differing"] == 2
    assert {one.subject for one in done.summary().verdicts} == {"mine", "lost", "base-again"}
    withheld = {
        e.subject for e in done.estimates() if e.state == "withheld" and "[served_adapter]" in e.reason
    }
    assert withheld == {"lost"}
    again = [e for e in done.estimates() if e.subject == "base-again" and e.primary and e.value is not None]
    assert again
    assert {e.value for e in again} == {0.0}


def test_a_server_that_takes_any_name_for_the_base_ends_it(tmp_path: Path) -> None:
    def any_name(path: str, body: dict[str, Any], _: int) -> Sent | None:
        if not path.endswith("/chat/completions"):
            return None
        return Sent(200, json.dumps(completion(body | {"model": "base"}) | {"model": body["model"]}))

    with (
        EndpointServer(any_name) as server,
        pytest.raises(ModelError, match="takes no notice of it: nothing shows"),
    ):
        api.run_study(study(tmp_path, server), out=tmp_path / "run", cache=tmp_path / "cache")


def test_the_plan_counts_the_requests_that_are_made(tmp_path: Path) -> None:
    more = {"adapters": [], "facets": {"answer": {"limit": 6, "probe": False}}}
    with EndpointServer() as server:
        path = study(tmp_path, server, model={"price": [1.0, 2.0]}, **more)
        config, units = api.plan(path)
        foretold = api.forecast(config, units)
        assert not server.asked
        api.run_study(path, out=tmp_path / "run", cache=tmp_path / "cache")
        assert foretold.requests == len(server.chats)
    assert foretold.cost == pytest.approx(sum(one.prompt_tokens + 2 * one.new_tokens for one in units) / 1e6)


def test_folders_and_names_of_adapters_are_not_taken_for_each_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'base' is asked at none; give --base-url"):
        api.compare("base", adapter_model=["mine"], out=tmp_path / "run")
    with EndpointServer() as server:
        served = {"backend": "openai", "base_url": server.url}
        with pytest.raises(ConfigError, match="give --adapter-model and what the endpoint calls"):
            api.compare("base", adapter=str(tmp_path), settings=served, out=tmp_path / "run")
        assert not server.asked


def test_the_options_of_a_served_model_keep_its_revision() -> None:
    from sycoscope.cli.options import Measure

    given = Measure(base_url="http://h/v1", revision="two").settings()
    assert (given["backend"], given["revision"]) == ("openai", "two")
