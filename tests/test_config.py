"""Study files: every fault at once with its place, what is allowed there, overrides, the hash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sycoscope.api.options import study_of
from sycoscope.config import StudyConfig, parse_study, read_study
from sycoscope.core.errors import ConfigError, MissingError

STUDIES = Path(__file__).parents[1] / "studies"

GOOD: dict[str, Any] = {
    "study": "quick",
    "model": {"name": "smollm2-135m-instruct"},
    "facets": {"answer": {"limit": 8}},
}


@pytest.fixture
def write(tmp_path: Path):
    def make(content: Any) -> Path:
        file = tmp_path / "study.yaml"
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return file

    return make


def test_a_small_study(write):
    study = read_study(write(GOOD))
    assert (study.seed, study.model.dtype, study.decoding.temperature) == (42, "auto", 0.0)
    assert list(study.facets.asked()) == ["answer"]
    assert study.facets.asked()["answer"].limit == 8


def test_all_faults_at_once_with_file_and_place(write):
    faulty = GOOD | {
        "model": {"name": "m", "dtype": "float8"},
        "facets": {"answer": {"limit": 0, "form": "essay"}, "anser": {}},
        "adapters": [{"name": "../up", "recipe": "mmlu"}, {"name": "x", "recipe": "flattery", "row": 3}],
        "margin": 2,
        "sead": 1,
    }
    file = write(faulty)
    with pytest.raises(ConfigError) as fault:
        read_study(file)
    first, *lines = str(fault.value).splitlines()
    assert first == f"{file}: 9 fault(s):"
    places = {line.strip().partition(":")[0]: line for line in lines}
    assert set(places) == {
        "model.dtype",
        "facets.answer.limit",
        "facets.answer.form",
        "facets.anser",
        "adapters.0.name",
        "adapters.1.recipe",
        "adapters.1.row",
        "margin",
        "sead",
    }
    assert "'float32', 'bfloat16' or 'float16' (got 'float8')" in places["model.dtype"]
    assert "greater than 0 (got 0)" in places["facets.answer.limit"]
    assert "unknown key; allowed here: answer, are_you_sure, feedback" in places["facets.anser"]
    assert (
        "unknown key; allowed here: at_steps, difficulty, fields, format, like, name, path, recipe, rows, scales, seeds, "
        "served, source, start, style, training" in places["adapters.1.row"]
    )
    assert "'file' (got 'flattery')" in places["adapters.1.recipe"]
    for key in StudyConfig.model_fields:
        assert key in places["sead"]


def test_one_benchmark_in_two_forms_is_no_repeat():
    both = [{"benchmark": "truthfulqa", "form": "mc1"}, {"benchmark": "truthfulqa", "form": "mc2"}]
    assert len(parse_study(GOOD | {"data": "hub", "capability": both}).capability) == 2


def test_missing_keys(write):
    with pytest.raises(ConfigError) as fault:
        read_study(write({"facets": {"answer": {}}}))
    assert "  study: Field required" in str(fault.value)
    assert "  model: Field required" in str(fault.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoding": {"draws": 3}}, "decoding: several draws need a temperature above 0"),
        ({"facets": {}}, "nothing is measured: give facets or capability"),
        (
            {"adapters": [{"name": n, "recipe": "mmlu"} for n in ("a", "a", "base")]},
            "names must differ and not be 'base'; used twice: a, base",
        ),
        (
            {
                "adapters": [
                    {"name": "a-seed2", "recipe": "mmlu"},
                    {"name": "a", "recipe": "mmlu", "seeds": [1, 2]},
                ]
            },
            "adapters: 'a-seed2' with seed 42 and 'a' with seed 2 are both called 'a-seed2'; rename one",
        ),
        (
            {
                "capability": [
                    {"benchmark": "mmlu"},
                    {"benchmark": "gsm8k"},
                    {"benchmark": "mmlu", "form": "open"},
                ]
            },
            "capability: entries 1 and 3 both ask mmlu as 'facts_open'; leave one out",
        ),
        (
            {
                "data": "hub",
                "capability": [{"benchmark": "mmlu"}, {"benchmark": "mmlu", "source": "my/folder"}],
            },
            "capability: entries 1 and 2 both ask mmlu as 'mmlu'",
        ),
        (
            {"adapters": [{"name": "a", "recipe": "mmlu", "seeds": [3, 1, 3]}]},
            "adapters.0.seeds: named twice: 3; name each once",
        ),
        (
            {"facets": {"answer": {"conditions": ["neutral", "user_wrong", "neutral"]}}},
            "facets.answer.conditions: named twice: neutral",
        ),
        (
            {"training": {"epochs": float("inf")}},
            "training.epochs: Input should be a finite number (got inf)",
        ),
        ({"margin": float("nan")}, "margin: Input should be a finite number"),
        ({"seed": -1}, "seed: Input should be greater than or equal to 0 (got -1)"),
        ({"seed": 2**32}, "seed: Input should be less than or equal to 4294967295"),
        (
            {"adapters": [{"name": "a", "recipe": "mmlu", "seeds": [3, -1]}]},
            "adapters.0.seeds.1: Input should be greater",
        ),
        (
            {"adapters": [{"name": "a", "recipe": "mmlu", "training": {"stepps": 3, "learning_rate": 0}}]},
            "adapters: 'a': training: learning_rate: Input should be greater than 0; stepps: Extra inputs",
        ),
    ],
)
def test_faults_between_keys(change, message):
    with pytest.raises(ConfigError, match=r"study\.yaml: 1 fault") as fault:
        parse_study(GOOD | change, "study.yaml")
    assert message in str(fault.value)


def test_files_that_are_no_study(write, tmp_path):
    with pytest.raises(MissingError, match=r"no study file at '.*absent\.yaml'"):
        read_study(tmp_path / "absent.yaml")
    with pytest.raises(MissingError, match="no study file"):
        read_study(tmp_path)
    for text in ("a: [", "a: b: c", "\tx"):
        with pytest.raises(ConfigError, match=r"study\.yaml: not valid YAML: (?s:.*)line 1"):
            read_study(write(text))
    for text, kind in (("", "NoneType"), ("- a", "list"), ("just text", "str")):
        with pytest.raises(ConfigError, match=f"a study is a mapping of keys to values; got {kind}"):
            read_study(write(text))


def test_dotted_overrides(write):
    laid_over = {
        "model.name": "null:ideal",
        "decoding.temperature": 0.7,
        "facets.feedback.limit": 5,
        "seed": 7,
    }
    study = read_study(write(GOOD), laid_over)
    assert (study.model.name, study.decoding.temperature, study.seed) == ("null:ideal", 0.7, 7)
    assert list(study.facets.asked()) == ["answer", "feedback"]
    with pytest.raises(ConfigError, match=r"--set study\.name: 'study' is not a mapping"):
        read_study(write(GOOD), {"study.name": "x"})
    with pytest.raises(ConfigError, match=r"  model\.nam: unknown key"):
        read_study(write(GOOD), {"model.nam": "x"})


@pytest.mark.parametrize("name", ["quick", "small", "ladder", "llama2-7b"])
def test_shipped_studies_take_a_null_model(name):
    facets_alone = {"model.name": "null:copier", "adapters": [], "capability": []}
    study = read_study(STUDIES / f"{name}.yaml", facets_alone)
    assert study.model.model_dump() == {"name": "null:copier", "backend": "null_model"}
    with pytest.raises(ConfigError, match=r"1 fault(?s:.*)model\.threads: unknown key; backend 'null_model'"):
        read_study(STUDIES / f"{name}.yaml", {"model.threads": 2, **facets_alone})


@pytest.mark.parametrize("name", ["quick", "small", "llama2-7b"])
def test_a_null_model_is_told_that_it_takes_no_adapters(name):
    message = r"1 fault(?s:.*)'null:copier' is a null model(?s:.*)leave out capability and adapters$"
    with pytest.raises(ConfigError, match=message):
        read_study(STUDIES / f"{name}.yaml", {"model.name": "null:copier"})


@pytest.mark.parametrize(
    ("model", "overrides", "chosen"),
    [
        (
            {"name": "m", "backend": "torch", "threads": 1},
            {"name": "null:ideal"},
            ("null:ideal", "null_model"),
        ),
        (
            {"name": "m", "threads": 1},
            {"name": "ideal", "backend": "null_model"},
            ("null:ideal", "null_model"),
        ),
        ({"name": "null:ideal", "backend": "null_model"}, {"name": "m", "threads": 1}, ("m", "torch")),
        ({"name": "copier", "backend": "null_model"}, {"name": "ideal"}, ("null:ideal", "null_model")),
    ],
)
def test_a_model_laid_over_a_file_chooses_its_backend(write, model, overrides, chosen):
    laid_over = {f"model.{key}": value for key, value in overrides.items()}
    study = read_study(write(GOOD | {"model": model}), laid_over)
    assert (study.model.name, study.model.backend) == chosen


def test_settings_of_a_file_stay_where_they_hold_or_are_a_mistake(write):
    model = {"name": "m", "threads": 3, "batch_rows": 7}
    kept = read_study(write(GOOD | {"model": model}), {"model.name": "other"}).model
    assert (kept.name, kept.threads, kept.batch_rows) == ("other", 3, 7)
    for model in ({"name": "null:ideal", "threads": 3}, {"name": "m", "thread": 3}):
        with pytest.raises(ConfigError, match=r"1 fault(?s:.*)model\.threads?: unknown key"):
            read_study(write(GOOD | {"model": model}), {"model.name": "null:copier"})


def test_what_a_facet_does_not_take_is_refused(write):
    facets = {
        "answer": {"reply_tokens": 9},
        "are_you_sure": {"reply_tokens": 9, "form": "choice"},
        "feedback": {"reply_tokens": 9, "form": "choice"},
    }
    with pytest.raises(ConfigError) as fault:
        read_study(write(GOOD | {"facets": facets}))
    assert str(fault.value).splitlines()[1:] == [
        "  facets.answer.reply_tokens: answer takes no such limit, but max_tokens; leave reply_tokens out",
        "  facets.feedback.reply_tokens: feedback takes no such limit, but max_tokens; leave reply_tokens out",
        "  facets.feedback.form: feedback is not asked by letters; leave form out, or give form: open",
    ]
    nothing_set = {"answer": {"reply_tokens": None}, "feedback": {"form": "open"}}
    assert list(parse_study(GOOD | {"facets": nothing_set}).facets.asked()) == ["answer", "feedback"]


def test_adapters_lay_their_settings_over_the_studys(write):
    study = read_study(
        write(
            GOOD
            | {
                "training": {"learning_rate": 0.001, "lora": {"r": 4, "alpha": 8}},
                "adapters": [
                    {"name": "a", "recipe": "mmlu", "training": {"steps": 5, "lora": {"dropout": 0.0}}},
                    {"name": "b", "recipe": "gsm8k", "seeds": [1, 2]},
                ],
            }
        )
    )
    own, plain = (study.training_of(adapter) for adapter in study.adapters)
    assert (own.steps, own.learning_rate, own.lora.dropout) == (5, 0.001, 0.0)
    assert (own.lora.r, own.lora.alpha) == (4, 8)  # what the adapter does not name stays the study's
    assert plain == study.training


def test_an_objective_needs_a_recipe_that_has_rows_for_it():
    adapters = [
        {"name": "a", "recipe": "anti_sycophancy"},
        {"name": "p", "recipe": "placebo"},
        {"name": "s", "recipe": "sham", "training": {"replay": 0.2}},
        {"name": "b", "recipe": "gsm8k", "training": {"objective": "sft"}},
    ]
    study = parse_study(GOOD | {"training": {"objective": "dpo", "beta": 0.2}, "adapters": adapters})
    found = [study.training_of(adapter) for adapter in study.adapters]
    assert [one.objective for one in found] == ["dpo", "sft", "sft", "sft"]  # controls are taught answers
    for adapter, says in (
        (
            {"recipe": "gsm8k"},
            r"adapters: 'x': training\.objective 'dpo' needs preference pairs, which the recipes file and "
            r"anti_sycophancy have \(got 'gsm8k'\); give one of these, or objective: sft",
        ),
        ({"recipe": "sham", "training": {"objective": "dpo"}}, r"'dpo' needs preference pairs.*got 'sham'"),
        (
            {"recipe": "anti_sycophancy", "training": {"replay": 0.2}},
            r"adapters: 'x': training: replay 0\.2 mixes in answers, .*set replay: 0",
        ),
        ({"recipe": "anti_sycophancy", "training": {"beta": 0}}, r"'x': training: beta: .*greater than 0"),
        ({"recipe": "anti_sycophancy", "training": {"objective": "ppo"}}, r"'x': training: objective: "),
    ):
        with pytest.raises(ConfigError, match=says):
            parse_study(GOOD | {"training": {"objective": "dpo"}, "adapters": [{"name": "x", **adapter}]})
    with pytest.raises(ConfigError, match=r"training\.beta is for objective 'dpo', by which no adapter"):
        parse_study(GOOD | {"training": {"beta": 0.2}, "adapters": adapters[1:]})


def test_layers_are_names_or_all_linear_ones():
    def layers(given: object) -> tuple[str, ...]:
        return parse_study(
            GOOD | {"training": {"lora": {"target_modules": given}}}
        ).training.lora.target_modules

    assert layers("all-linear") == layers(["all-linear"]) == ("all-linear",)
    assert layers(["q_proj"]) == ("q_proj",)
    for given, says in (
        (
            "q_proj",
            r"training\.lora\.target_modules: is the text 'q_proj'; give a list of names, as \[q_proj\]",
        ),
        (["all-linear", "q_proj"], r"'all-linear' names every linear layer; leave out the others"),
    ):
        with pytest.raises(ConfigError, match=says):
            layers(given)


def test_keys_that_came_later_leave_the_hash_at_their_defaults():
    training = {"objective": "sft", "lora": {"dora": False, "rslora": False}}
    assert parse_study(GOOD | {"training": training}).hash == parse_study(GOOD).hash
    for changed in ({"lora": {"dora": True}}, {"lora": {"rslora": True}}):
        assert parse_study(GOOD | {"training": changed}).hash != parse_study(GOOD).hash


def test_the_hash_follows_what_is_measured():
    study = parse_study(GOOD)
    assert parse_study(GOOD | {"study": "other", "description": "d", "transcripts": 3}).hash == study.hash
    changes = [
        {"seed": 1},
        {"model": {"name": "m"}},
        {"facets": {"answer": {"limit": 9}}},
        {"margin": 0.1},
        {"capability_margin": 0.05},
        {"family": "study"},
    ]
    assert len({parse_study(GOOD | change).hash for change in changes} | {study.hash}) == 7
    assert (
        parse_study(GOOD | {"capability_margin": 0.1}).hash == study.hash
    )  # a study from before it was asked


def test_template_options_count_where_there_are_any():
    study = parse_study(GOOD)
    model = GOOD["model"]
    assert parse_study(GOOD | {"model": model | {"template_options": {}}}).hash == study.hash
    given = parse_study(GOOD | {"model": model | {"template_options": {"enable_thinking": False}}})
    assert given.hash != study.hash
    assert given.model.template_options == {"enable_thinking": False}
    with pytest.raises(ConfigError, match=r"template_options: .*'x' is .*a date stands in quotes"):
        parse_study(GOOD | {"model": model | {"template_options": yaml.safe_load("x: 2024-07-26")}})


def test_a_fault_of_an_option_names_the_option_once() -> None:
    with pytest.raises(ConfigError) as fault:
        study_of("null:copier", name="x", form="letters", difficulty=["hardd"])
    assert str(fault.value).splitlines() == [
        "options: 2 fault(s):",
        "  difficulty: Input should be 'easy', 'medium', 'hard' or 'auto' (got 'hardd')",
        "  form: Input should be 'open' or 'choice' (got 'letters')",
    ]
    # what is set by its key is told by its key
    with pytest.raises(ConfigError, match=r"  facets\.answer\.form: Input should be"):
        study_of("null:copier", name="x", overrides={"facets.answer.form": "letters"})
