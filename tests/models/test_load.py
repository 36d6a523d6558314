"""One place chooses a backend: by name or by key, with faults in a study's style, and a new one is two files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

import sycoscope
from sycoscope import api
from sycoscope.config import parse_judge, parse_study
from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.core.protocols import ChoiceModel, Model, Recorded, ReportsProgress, TakesAdapters, TextModel
from sycoscope.core.types import GenerateRequest, Response
from sycoscope.models.load import BACKENDS, Backend, backend_of, check_settings, load_model, prepare_model
from sycoscope.models.null import null_model
from sycoscope.models.settings import ModelSettings, NullSettings, TorchSettings
from sycoscope.training.trainer import Trainable

FACETS = {"answer": {"limit": 40, "conditions": ["control", "padded", "user_wrong"], "max_tokens": 24}}


def study(model: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"study": "backends", "model": model, "facets": FACETS} | more


def faults_of(raw: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as fault:
        parse_study(raw)
    return [line.strip() for line in str(fault.value).splitlines()[1:]]


# --- which backend ---


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"name": "owner/name"}, TorchSettings(name="owner/name")),
        ({"name": "owner/name", "backend": None, "threads": 1}, TorchSettings(name="owner/name", threads=1)),
        ({"name": "owner/name", "backend": "torch"}, TorchSettings(name="owner/name")),
        ({"name": "null:ideal"}, NullSettings(name="null:ideal")),
        ({"name": "null:ideal", "backend": "null_model"}, NullSettings(name="null:ideal")),
        ({"name": "ideal", "backend": "null_model"}, NullSettings(name="null:ideal")),
        ({"name": "null:ideal", "backend": "torch"}, TorchSettings(name="null:ideal")),
    ],
)
def test_a_backend_follows_from_the_name_or_the_key(raw, expected):
    assert check_settings(raw) == expected == check_settings(expected)
    assert parse_study(study(raw)).model == expected


def test_null_models_are_loaded_by_name_and_by_key():
    for raw in ({"name": "null:yield?p=0.4"}, {"name": "yield?p=0.4", "backend": "null_model"}):
        assert load_model(check_settings(raw), seed=3).digest == null_model("null:yield?p=0.4", 3).digest
    prepare_model(NullSettings(name="null:ideal"))  # nothing to prepare
    with pytest.raises(MissingError, match="no null model 'nobody'"):
        load_model(NullSettings(name="nobody"))


def test_torch_models_are_loaded_by_name_and_by_key(tiny_chat):
    pytest.importorskip("torch")
    options = {"name": str(tiny_chat), "device": "cpu", "dtype": "float32", "engine": "plain"}
    first, second = (load_model(check_settings(options | more)) for more in ({}, {"backend": "torch"}))
    assert first.digest == second.digest
    prepare_model(TorchSettings(**options))
    with pytest.raises(MissingError, match="unknown model 'no-such-model'"):
        prepare_model(TorchSettings(name="no-such-model"))


# --- faults ---


def test_every_fault_of_a_model_is_reported_with_what_its_backend_takes():
    model = {"name": "m", "dtype": "float8", "threads": 0, "dtyp": "float32"}
    lines = faults_of(study(model, sead=1, judge={"model": {"name": "null:ideal", "dtype": "float32"}}))
    places = {line.partition(":")[0]: line for line in lines}
    assert set(places) == {"model.dtype", "model.threads", "model.dtyp", "judge.model.dtype", "sead"}
    assert "'bfloat16' or 'float16' (got 'float8')" in places["model.dtype"]
    assert "greater than 0 (got 0)" in places["model.threads"]
    assert places["model.dtyp"].endswith(
        f"unknown key; backend 'torch' takes: {', '.join(sorted(TorchSettings.model_fields))}"
    )
    assert places["judge.model.dtype"].endswith("unknown key; backend 'null_model' takes: backend, name")


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (
            {"name": "m", "backend": "vllm"},
            "model.backend: unknown backend 'vllm'; allowed: torch, openai, null_model",
        ),
        ({"name": "m", "backend": 3}, "model.backend: unknown backend 3; allowed: torch, openai, null_model"),
        ({}, "model.name: Field required"),
        ({"name": 3}, "model.name: Input should be a valid string (got 3)"),
        ("m", "model: a model is a mapping with the key 'name', as {name: smollm2-135m-instruct} (got 'm')"),
    ],
)
def test_a_model_that_no_backend_takes(model, line):
    assert faults_of(study(model)) == [line]


def test_what_a_backend_cannot_do_is_refused_before_anything_runs(tmp_path):
    null = {"name": "null:ideal"}
    adapters = [{"name": "a", "recipe": "placebo"}]
    (line,) = faults_of(study(null, capability=[{"benchmark": "mmlu"}], adapters=adapters))
    assert "'null:ideal' is a null model" in line
    assert line.endswith("it answers the facets; leave out capability and adapters")
    with pytest.raises(ConfigError, match=r"--judge null:ideal: 1 fault(?s:.*)it cannot judge"):
        parse_judge({"model": null}, "--judge null:ideal")
    finished = [{"name": "a", "path": str(tmp_path)}]
    (line,) = faults_of(study(null, adapters=finished))
    assert line.endswith("it answers the facets; leave out adapters")


# --- the hash ---


def test_a_backend_that_follows_from_the_name_leaves_the_hash_as_it_was():
    # of a study that was written before there were backends
    assert parse_study(study({"name": "smollm2-135m-instruct"})).hash == "313039b75a78"
    judged = study({"name": "smollm2-135m-instruct"}, judge={"model": {"name": "some/judge"}})
    assert parse_study(judged).hash == "95da5cc27c8c"
    named = study({"name": "smollm2-135m-instruct", "backend": "torch"})
    assert parse_study(named).hash == "313039b75a78"
    other = {parse_study(study({"name": "null:ideal", **more})).hash for more in ({}, {"backend": "torch"})}
    assert len(other) == 2


# --- protocols ---


@pytest.mark.parametrize(
    "protocol", [Model, ChoiceModel, TextModel, Recorded, TakesAdapters, ReportsProgress]
)
def test_models_have_the_protocols_that_their_backend_declares(protocol, tiny_chat):
    pytest.importorskip("torch")
    null = load_model(NullSettings(name="null:ideal"))
    assert isinstance(null, protocol) == (protocol in (Model, ChoiceModel))
    options = TorchSettings(name=str(tiny_chat), device="cpu", dtype="float32", engine="plain")
    torch_model = load_model(options)
    assert isinstance(torch_model, protocol)
    for settings, model in ((options, torch_model), (NullSettings(name="null:ideal"), null)):
        backend = backend_of(settings)
        assert backend.runs_benchmarks == isinstance(model, TextModel)
        assert backend.takes_adapters == isinstance(model, TakesAdapters) == isinstance(model, Trainable)


# --- a new backend: its settings class, its model class, one entry of `BACKENDS` ---


class EchoSettings(ModelSettings):
    backend: Literal["echo"] = "echo"
    words: str = "I do not know"


class EchoModel:
    """Says the same to everybody, as an endpoint without log-probabilities."""

    def __init__(self, settings: EchoSettings) -> None:
        self.name = settings.name
        self.digest = hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:16]
        self._words = settings.words

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        return [Response(text=self._words, n_tokens=4) for _ in requests]


ECHO = Backend(settings=EchoSettings, load=lambda settings, _: EchoModel(settings), kind="an echo")


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "echo", ECHO)


def test_a_new_backend_is_a_settings_class_a_model_class_and_one_entry(echo, tmp_path: Path):
    model = {"name": "parrot", "backend": "echo", "words": "The answer is 7."}
    feedback = {"limit": 10, "max_tokens": 24}
    run = api.run_study(
        parse_study(study(model, facets=FACETS | {"feedback": feedback})), out=tmp_path / "run"
    )
    (subject,) = run.directory.manifest().subjects
    assert subject.model["name"] == "parrot"
    texts = {turn.response.text for trial in run.directory.trials() for turn in trial.asked}
    assert texts == {"The answer is 7."}
    assert {estimate.task for estimate in run.estimates()} >= {"answer"}
    assert run.report.is_file()


def test_a_new_backend_is_checked_like_the_others(echo):
    assert faults_of(study({"name": "parrot", "backend": "echo", "dtype": "float32"})) == [
        "model.dtype: unknown key; backend 'echo' takes: backend, name, words"
    ]
    (line,) = faults_of(study({"name": "parrot", "backend": "echo"}, capability=[{"benchmark": "mmlu"}]))
    assert "'parrot' is an echo: it answers the facets; leave out capability" in line
    assert parse_judge({"model": {"name": "parrot", "backend": "echo"}}).model == EchoSettings(name="parrot")
    # the key chose it, not the name, so it is part of what is measured
    assert (
        parse_study(study({"name": "parrot", "backend": "echo"})).hash
        != parse_study(study({"name": "parrot"})).hash
    )


def test_nobody_else_tells_models_apart_by_name_or_class():
    package = Path(sycoscope.__file__).parent
    telling = re.compile(r"startswith\(\"null:|startswith\(PREFIX|isinstance\([^)]*TorchModel\b")
    others = [path for path in package.rglob("*.py") if package / "models" not in path.parents]
    assert len(others) > 100
    assert [path.name for path in others if telling.search(path.read_text(encoding="utf-8"))] == []
