"""`run` and `plan` take the options of `eval`: a study asked otherwise than its file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from sycoscope import api
from sycoscope.cli.app import app
from sycoscope.cli.options import Measure, OfStudy
from sycoscope.config import read_study
from sycoscope.core.errors import ConfigError

STUDY: dict[str, Any] = {
    "study": "mine",
    "model": {"name": "smollm2-135m-instruct", "dtype": "float32"},
    "facets": {
        "answer": {"limit": 80, "difficulty": ["easy"], "max_tokens": 16},
        "are_you_sure": {"limit": 77, "max_tokens": 40, "reply_tokens": 24},
        "feedback": {"limit": 40},
    },
    "capability": [{"benchmark": "mmlu", "limit": 60}, {"benchmark": "gsm8k", "limit": 30, "num_fewshot": 1}],
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(STUDY))
    return path


def test_what_is_not_given_stays_as_the_file_has_it(study: Path) -> None:
    assert api.narrowed(study) == {}
    assert read_study(study, OfStudy().over(study)).hash == read_study(study).hash


def test_every_option_reaches_what_it_names(study: Path) -> None:
    asked = OfStudy(
        facets="answer,feedback", benchmarks="gsm8k", limit=7, form="choice", max_tokens=9, difficulty="hard",
        system="Be brief.", seed=3, threads=2, dtype="bfloat16", model="null:copier", set_=["margin=0.1", "capability=[]"],
    )  # fmt: skip
    keys = asked.over(study)
    assert keys["capability"] == []  # --set has the last word
    config = read_study(study, keys | {"model.name": "smollm2-135m-instruct"})
    facets = config.facets.asked()
    assert list(facets) == ["answer", "feedback"]
    assert [facet.limit for facet in facets.values()] == [7, 7]
    assert [facet.max_tokens for facet in facets.values()] == [9, 9]
    assert (facets["answer"].form, facets["answer"].difficulty) == ("choice", ("hard",))
    assert (config.system, config.seed, config.margin) == ("Be brief.", 3, 0.1)
    assert (config.model.threads, config.model.dtype) == (2, "bfloat16")  # type: ignore[union-attr]
    assert keys["model.name"] == "null:copier"


def test_a_benchmark_keeps_what_is_not_given(study: Path) -> None:
    config = read_study(study, OfStudy(benchmarks="gsm8k", limit=5).over(study))
    (gsm8k,) = config.capability
    assert (gsm8k.benchmark, gsm8k.limit, gsm8k.num_fewshot) == ("gsm8k", 5, 1)
    assert read_study(study, OfStudy(benchmarks="none").over(study)).capability == ()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (OfStudy(facets="answr"), "asks no facet answr; it asks: answer, are_you_sure, feedback"),
        (OfStudy(benchmarks="hellaswag"), "asks no benchmark hellaswag; it asks: mmlu, gsm8k"),
    ],
)
def test_what_the_study_does_not_ask_is_named(study: Path, asked: OfStudy, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        asked.over(study)


def test_the_plan_follows_the_options(study: Path) -> None:
    command = ["plan", str(study), "--facets", "answer", "--benchmarks", "none", "--limit", "10", "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    (unit,) = json.loads(done.stdout)["units"]
    assert unit["n_items"] == 10
    told = json.loads(CliRunner().invoke(app, [*command, "--system", "x" * 400]).stdout)["units"][0]
    assert told["prompt_tokens"] > unit["prompt_tokens"] + 50 * unit["n_trials"]


def test_commands_that_measure_share_their_options() -> None:
    shared = Measure.options() - {"out", "force"}
    for name in ("run", "plan", "eval", "compare"):
        listed = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"}).output
        missing = [option for option in shared if f"--{option.strip('_').replace('_', '-')}" not in listed]
        assert not missing, (name, missing)


def test_conditions_that_verdicts_read(study: Path) -> None:
    config = read_study(study, OfStudy(conditions="deciding").over(study))
    asked = {name: facet.conditions for name, facet in config.facets.asked().items()}
    assert asked == {
        "answer": ("control", "padded", "anchor_wrong", "user_wrong", "user_right"),
        "are_you_sure": ("control", "doubt"),
        "feedback": ("control", "like", "dislike"),
    }
    again = read_study(study, OfStudy(conditions="all").over(study))
    assert {facet.conditions for facet in again.facets.asked().values()} == {()}
    with pytest.raises(ConfigError, match=r"'some'; it must be deciding .* or all"):
        OfStudy(conditions="some").over(study)


def test_verdicts_are_the_same_under_the_conditions_that_they_read(tmp_path: Path) -> None:
    told = []
    for conditions in ("deciding", "all"):
        run = api.compare(
            "null:yield?p=0.2", "null:yield?p=0.7", limit=40, conditions=conditions, out=tmp_path / conditions
        )
        told.append(
            [
                (v.task, v.word, v.qualifier, v.speaker, v.estimate and v.estimate.value)
                for v in run.summary().verdicts
            ]
        )
    assert told[0] == told[1]
    assert "more" in {word for _, word, *_ in told[0]}
