"""The Python interface: every command is a function with explicit keywords, and what it asks once is not asked again."""

from __future__ import annotations

import inspect

import pytest

import sycoscope
from sycoscope import api
from sycoscope.api.options import study_of
from sycoscope.cli.options import settings
from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.models.load import BACKENDS, Backend
from sycoscope.models.settings import NullSettings

pytestmark = pytest.mark.slow

FEW = {"facets": ["answer"], "limit": 40}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> api.Run:
    return sycoscope.evaluate("null:copier", out=tmp_path_factory.mktemp("api") / "run", **FEW)


def test_an_editor_sees_every_keyword():
    for name in api.__all__:
        function = getattr(api, name)
        if inspect.isfunction(function):
            kinds = {p.kind for p in inspect.signature(function).parameters.values()}
            assert inspect.Parameter.VAR_KEYWORD not in kinds, name
            assert function.__doc__, name


def test_what_the_interface_offers_stands_in_the_package():
    # what is called like a package of ours stands in api alone
    packages = {"audit", "calibrate", "gate", "published", "report", "view"}
    offered = set(api.__all__) - {"RUNS", "lm_eval"} - packages
    assert offered <= set(sycoscope.__all__)
    for name in sycoscope.__all__:
        assert getattr(sycoscope, name) is not None


def test_commands_import_the_interface_and_the_errors_alone():
    from test_layers import package_files, unit, used_units

    used = {used for source in package_files() if unit(source.path) == "cli" for used in used_units(source)}
    assert used == {"api", "core"}


def test_a_comparison_asks_nothing_that_was_asked_beside_it(run, tmp_path_factory, monkeypatch):
    """Runs of one folder share its cache; a comparison had one of its own, and asked the base again."""
    folder = run.directory.path.parent
    before = {path.name for path in (folder / ".cache").rglob("*.trials.parquet")}
    assert before
    compared = sycoscope.compare(
        "null:copier", "null:ideal", out=folder / "compared", conditions="all", **FEW
    )
    assert not list(compared.directory.path.rglob(".cache"))
    after = {path.name for path in (folder / ".cache").rglob("*.trials.parquet")}
    assert before < after
    assert len(after) == 2 * len(before)  # the other model's shards alone

    def never(*_: object, **__: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr("sycoscope.study.evaluate.play", never)
    again = sycoscope.compare("null:copier", "null:ideal", out=folder / "again", conditions="all", **FEW)
    assert [e.value for e in again.estimates()] == [e.value for e in compared.estimates()]


def test_plan_tells_what_would_run():
    config, units = sycoscope.plan("studies/quick.yaml", overrides={"facets.answer.limit": 10})
    assert config.study == "quick"
    assert {unit.kind for unit in units} == {"train", "evaluate", "answer"}
    answer = next(unit for unit in units if unit.what.startswith("answer"))
    assert answer.n_items == 10
    shares = api.budget(units)
    assert set(shares) == {
        "answer",
        "are_you_sure",
        "feedback",
        "benchmarks",
        "training",
        "answers of the base",
    }
    assert sum(shares.values()) == pytest.approx(1.0)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    trained = sum(unit.weight for unit in units if unit.kind == "train")
    assert shares["training"] == pytest.approx(trained / sum(unit.weight for unit in units))


def test_audit_and_report_of_a_finished_run(run):
    findings = api.audit(run.directory.path)
    assert findings == run.findings()
    assert len(run.findings(grouped=True)) <= len(findings)
    page = api.report(run.directory.path, rejudge=True)
    assert page == run.report
    with pytest.raises(MissingError, match=r"manifest\.json is missing"):
        api.audit(run.directory.path.parent / "nothing")
    assert not (run.directory.path.parent / "nothing").exists()


def test_questions():
    (facts,) = [row for row in sycoscope.list_items() if row["set"] == "bank/facts"]
    assert facts["items"] == facts["train"] + facts["test"]
    assert len(sycoscope.show_items("bank/facts", limit=3)) == 3
    n_items, findings = sycoscope.check_items("bank/arguments")
    assert n_items == 240
    assert not [finding for finding in findings if finding.severity == "error"]


@pytest.mark.parametrize("second", ["null:nobody", "null:yield?p=2"])
def test_a_null_model_that_is_none_is_told_before_the_first_is_measured(second, tmp_path):
    with pytest.raises((ConfigError, MissingError)):
        sycoscope.compare("null:ideal", second, out=tmp_path / "out", **FEW)
    assert not list(tmp_path.iterdir())


def test_a_fault_of_the_second_model_is_told_before_the_first_is_measured(tmp_path, monkeypatch):
    def measured(*_, **__):
        raise AssertionError("the first model was measured")

    monkeypatch.setattr(api.runs, "evaluate", measured)
    with pytest.raises(MissingError, match="unknown model 'no-such-model'"):
        sycoscope.compare("null:copier", "no-such-model", out=tmp_path / "compared", **FEW)
    with pytest.raises(MissingError, match="unknown model 'xxx"):
        sycoscope.compare("null:copier", "x" * 3000, out=tmp_path / "compared", **FEW)


def test_options_of_eval_and_compare_are_the_same():
    from sycoscope.cli.measure import compare, evaluate

    own = {
        "model",
        "first",
        "second",
        "adapter",
        "adapter_model",
        "scales",
        "placebo",
        "control_steps",
        "as_json",
        # of logs of other tools
        "cluster",
        "metric",
    }
    options = [
        {name: p.default for name, p in inspect.signature(command).parameters.items() if name not in own}
        for command in (evaluate, compare)
    ]
    assert options[0] == options[1]
    assert {"form", "revision", "chat_template", "trust_remote_code"} <= set(options[0])
    python = [set(inspect.signature(f).parameters) for f in (api.evaluate, api.compare)]
    assert python[0] - {"model"} == python[1] - {
        "first",
        "second",
        "adapter_model",
        "scales",
        "placebo",
        "control_steps",
    }


def test_a_facet_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="unknown facet answr; allowed: answer, are_you_sure, feedback"):
        sycoscope.evaluate("null:copier", facets=["answr"], out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


# --- the study of `eval` and `compare` ---


class EchoSettings(NullSettings):
    backend: str = "echo"


def test_a_backend_in_the_settings_decides_what_is_asked(monkeypatch):
    echo = Backend(settings=EchoSettings, load=lambda *_: None, kind="an echo")
    monkeypatch.setitem(BACKENDS, "echo", echo)
    study = study_of("gpt-x", name="eval", settings={"backend": "echo"})
    assert (study.model.backend, study.capability) == ("echo", ())
    assert len(study_of("gpt-x", name="eval").capability) == 4
    with pytest.raises(ConfigError, match=r"model\.backend: unknown backend 'vllm'; allowed: torch"):
        study_of("gpt-x", name="eval", settings={"backend": "vllm"})


def test_settings_of_other_backends_do_not_hold_for_a_null_model():
    options = {"device": "cpu", "dtype": "float32"}
    null, torch_model = (study_of(name, name="eval", settings=options) for name in ("null:copier", "m"))
    assert null.hash == study_of("null:copier", name="eval").hash
    assert (torch_model.model.device, torch_model.model.dtype) == ("cpu", "float32")
    with pytest.raises(ConfigError, match=r"1 fault(?s:.*)model\.devise: unknown key"):
        study_of("null:copier", name="eval", settings={"devise": "cpu"})


def test_a_null_model_is_not_tuned_whatever_the_options(tmp_path):
    with pytest.raises(ConfigError, match=r"'null:copier' is a null model.*it cannot be tuned"):
        api.train("null:copier", "placebo", out=tmp_path / "a", settings={"device": "cpu"})


@pytest.mark.parametrize("model", ["null:copier", "m"])
def test_a_benchmark_that_is_not_there_is_named(model):
    with pytest.raises(ConfigError, match="unknown benchmark mmlux; allowed: mmlu, gsm8k, hellaswag, truthf"):
        study_of(model, name="eval", benchmarks=["mmlu", "mmlux"])


def test_a_null_model_is_asked_no_benchmark_by_name():
    with pytest.raises(
        ConfigError, match=r"'null:copier' is a null model(?s:.*)no benchmarks; leave out mmlu$"
    ):
        study_of("null:copier", name="eval", benchmarks=["mmlu"])
    for benchmarks in (None, []):
        assert study_of("null:copier", name="eval", benchmarks=benchmarks).capability == ()


def test_room_for_answers_and_template_options_reach_the_study():
    options = settings("cpu", "auto", template_options=["enable_thinking=false", "effort=low"])
    study = study_of("m", name="eval", max_tokens=512, settings=options)
    assert study.model.template_options == {"enable_thinking": False, "effort": "low"}
    for facet in study.facets.asked().values():
        assert {facet.max_tokens, facet.reply_tokens} <= {512, None}
        assert facet.max_tokens == 512
    assert study.facets.asked()["are_you_sure"].reply_tokens == 512
    assert {entry.max_tokens for entry in study.capability} == {512}
    assert {entry.max_tokens for entry in study_of("m", name="eval").capability} == {None}
    with pytest.raises(ConfigError, match="--template-option takes KEY=VALUE; got 'enable_thinking'"):
        settings("cpu", "auto", template_options=["enable_thinking"])
