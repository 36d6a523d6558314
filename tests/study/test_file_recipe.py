"""Adapters that are tuned on rows of one's own: which rows, what identifies them, and what of them is evaluated."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sycoscope import api
from sycoscope.api.options import study_of
from sycoscope.config import StudyConfig, TrainingConfig, parse_study
from sycoscope.core.errors import ConfigError, DataError, MissingError
from sycoscope.items import load_bank
from sycoscope.study import keys
from sycoscope.study.inputs import Materials
from sycoscope.study.plan import plan_study
from sycoscope.training.rows import TrainingRow

from .study_files import small_study, write_rows

PLAIN = [{"prompt": f"What is {n} and {n}?", "completion": f"It is {2 * n}."} for n in range(30)]
ASKED = [item for item in load_bank("facts") if item.split == "test"]
# Questions of the evaluation, as a person's file may hold them.
LEAKED = [{"prompt": item.question, "completion": item.target} for item in ASKED[:5]]


def study(path: str | Path, **adapter: Any) -> StudyConfig:
    """A study that only tunes: no item is read for it."""
    entry = {"name": "mine", "recipe": "file", "source": str(path), **adapter}
    return parse_study({"study": "s", "model": {"name": "m"}, "adapters": [entry]})


def rows_of(config: StudyConfig, seed: int = 42) -> list[TrainingRow]:
    return Materials(config).training_rows(config.adapters[0], seed)


def file_of(folder: Path, rows: list[dict[str, Any]], name: str = "mine.jsonl") -> Path:
    write_rows(folder / name, rows)
    return folder / name


def key_of(config: StudyConfig) -> str:
    record: Mapping[str, Any] = {
        "base_digest": "b", "template_hash": "t", "quantization": "none",
        "hardware": {"dtype": "float32", "device": "cpu", "threads": 1},
    }  # fmt: skip
    return keys.adapter_key(rows_of(config), TrainingConfig(), 42, record)  # type: ignore[arg-type]


# --- rows ---


def test_rows_are_a_sample_that_hangs_on_the_seed_alone(tmp_path):
    path = file_of(tmp_path, PLAIN)
    whole = rows_of(study(path))
    assert sorted(row.prompt[0].content for row in whole) == sorted(row["prompt"] for row in PLAIN)
    assert {row.kind for row in whole} == {"file"}
    for count in (7, 29):
        few = rows_of(study(path, rows=count))
        assert few == rows_of(study(path, rows=count)) == whole[:count]
    assert rows_of(study(path, rows=31)) == whole
    assert rows_of(study(path, rows=7), seed=1) != rows_of(study(path, rows=7))


def test_a_file_counts_by_its_content(tmp_path):
    path = file_of(tmp_path, PLAIN)
    other = tmp_path / "elsewhere" / "other.json"
    other.parent.mkdir()
    shutil.copy(path, other)
    here, there = study(path), study(other)
    assert (key_of(here), here.hash) == (key_of(there), there.hash)
    changed = study(file_of(tmp_path / "changed", [PLAIN[0] | {"completion": "No."}, *PLAIN[1:]]))
    assert key_of(changed) != key_of(here)
    assert changed.hash != here.hash


def test_what_the_recipe_needs_and_what_is_not_its_own(tmp_path):
    path = file_of(tmp_path, PLAIN)
    for changes, says in (
        ({"source": ""}, r"recipe 'file' needs source: a file of training rows .*\(got ''\)"),
        ({"source": "hub"}, "recipe 'file' needs source"),
        ({"rows": {"mmlu": 3}}, "rows by benchmark are for the recipe 'combined'"),
        ({"style": "lists"}, "style is for placebo rows"),
        (
            {"difficulty": ["easy"]},
            "difficulty is for the curated recipes; 'file' takes its rows as they are",
        ),
        ({"recipe": "sham", "like": "file"}, "like"),
    ):
        with pytest.raises(ConfigError, match=says):
            study(path, **changes)
    with pytest.raises(MissingError, match=r"no file of training rows at '.*nosuch\.jsonl'"):
        rows_of(study(tmp_path / "nosuch.jsonl"))
    with pytest.raises(DataError, match=r"mine\.jsonl:31: holds a preference"):
        rows_of(study(file_of(tmp_path, [*PLAIN, {"chosen": "a", "rejected": "b"}])))


def test_pairs_are_for_one_objective_and_answers_for_the_other(tmp_path):
    pairs = [{"prompt": f"Is it {n}?", "chosen": f"It is {n}.", "rejected": "No."} for n in range(6)]
    path, dpo = file_of(tmp_path, pairs), {"training": {"objective": "dpo"}}
    rows = rows_of(study(path, **dpo))
    assert sorted(row.completion for row in rows) == [f"It is {n}." for n in range(6)]
    assert {row.rejected for row in rows} == {"No."}
    assert "No." in rows[0].text.splitlines()
    assert [unit.n_items for unit in plan_study(study(path, **dpo))] == [6]
    with pytest.raises(DataError, match=r"mine\.jsonl:1: holds a preference .*--set objective=dpo"):
        rows_of(study(path))
    answers = file_of(tmp_path, PLAIN, "answers.jsonl")
    with pytest.raises(DataError, match=r"answers\.jsonl:1: holds no preference"):
        rows_of(study(answers, **dpo))
    (found,) = api.overlap(path, data="bank", facets=["answer"], benchmarks=[])
    assert not found.lines


def test_a_plan_counts_the_rows_and_names_the_file(tmp_path):
    path = file_of(tmp_path, PLAIN)
    config = study(path, training={"replay": 0.25})
    units = {unit.kind: unit for unit in plan_study(config)}
    assert units["train"].n_items == 40
    assert units["answer"].n_items >= 10
    assert units["train"].what == f"recipe file ({path}), seed 42"
    on_hub = config.model_copy(update={"data": "hub"})
    assert [unit.n_items for unit in plan_study(on_hub) if unit.kind == "train"] == [40]


# --- what of it is evaluated ---


def test_evaluation_items_in_a_file_are_found_with_their_lines(call, tmp_path, capsys):
    clean, leaky = file_of(tmp_path, PLAIN, "clean.jsonl"), file_of(tmp_path, [*PLAIN, *reversed(LEAKED)])
    found = {one.task: one for one in api.overlap(leaky)}
    answer = found["answer"]
    assert set(answer.exact) == {item.id for item in ASKED[:5]}
    assert {name: answer.lines[name] for name in answer.exact} == {
        item.id: 35 - number for number, item in enumerate(ASKED[:5])
    }
    assert answer.questions[ASKED[0].id] == ASKED[0].question
    assert answer.n_items == len([item for item in ASKED if item.suggestion])
    assert set(found["facts_open"].exact) == set(answer.exact)
    assert not found["arithmetic"].lines
    asked = ("--facets", "answer", "--benchmarks", "none")
    assert call("overlap", str(clean), *asked) == 0
    capsys.readouterr()
    assert call("overlap", str(leaky), *asked, "--json") == 1
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert (task["task"], len(task["exact"]), task["unit"]) == ("answer", 5, "line")
    assert call("overlap", str(leaky), *asked) == 1
    assert "line 31" in capsys.readouterr().out
    assert call("overlap", str(tmp_path / "nosuch.jsonl")) == 2
    assert "no file of training rows" in capsys.readouterr().err


def test_questions_of_ones_own_are_looked_for_too(tmp_path):
    question = "Which of the nine harbours of the coast was the first to have a lighthouse of its own?"
    mine = file_of(
        tmp_path, [{"question": question, "target": "Alpha", "suggestion": "Beta"}], "questions.jsonl"
    )
    row = {
        "messages": [
            {"role": "user", "content": f"Tell me: {question}"},
            {"role": "assistant", "content": "x"},
        ]
    }
    rows = file_of(tmp_path, [*PLAIN, row])
    (found,) = api.overlap(rows, data=mine, facets=["answer"], benchmarks=[])
    assert (found.n_items, list(found.lines.values()), len(found.exact)) == (1, [31], 1)


@pytest.mark.slow
def test_a_study_of_rows_of_ones_own_ends_in_a_report_and_names_what_it_was_taught(model, tmp_path):
    pytest.importorskip("trl")
    asked = (
        Materials(study_of("none", name="s", limit=4, facets=["answer"], benchmarks=[]))
        .facets["answer"]
        .items
    )
    leaked = [{"prompt": item.question, "completion": item.target} for item in asked]
    path = file_of(tmp_path, [*PLAIN[:8], *leaked])
    small = small_study(model)
    config = parse_study(
        small
        | {
            "facets": {"answer": small["facets"]["answer"]},
            "capability": [],
            "adapters": [
                {"name": "mine", "recipe": "file", "source": str(path), "seeds": [42]},
                {"name": "later", "recipe": "sham", "rows": 8, "start": "mine"},
            ],
            "training": small["training"] | {"steps": 2, "replay": 0.2},
        }
    )
    run = api.run_study(config, out=tmp_path / "run")
    assert run.report.is_file()
    manifest = run.directory.manifest()
    assert [(one.name, one.kind) for one in manifest.subjects] == [
        ("base", "base"), ("mine", "file"), ("later", "sham"),
    ]  # fmt: skip
    training = manifest.training["mine"]
    counts = {
        kind: training.kinds.get(kind, 0) + training.validation_kinds.get(kind, 0)
        for kind in ("file", "replay")
    }
    assert counts == {"file": 12, "replay": 3}
    assert training.overlap["answer"].exact == len(asked) == 4
    # what a training starts from has learned its rows before
    assert manifest.training["later"].overlap["answer"].exact == 4
    findings = [one for one in api.audit(run.directory.path) if one.check == "overlap"]
    assert {one.severity for one in findings} == {"invalid"}
    assert {
        f"{name}, answer: 100.0% of 4 items stand in its training rows" for name in ("mine", "later")
    } == {one.message.partition(" (")[0] for one in findings}


@pytest.mark.slow
def test_train_takes_a_file(call, model, tmp_path, capsys):
    pytest.importorskip("trl")
    path = file_of(tmp_path, PLAIN[:6])
    options = ["--device", "cpu", "--dtype", "float32", "--steps", "1", "--set", "lora={r: 2, alpha: 4}"]
    out = tmp_path / "adapter"
    assert call(
        "train", str(model), "--recipe", "file", "--data", str(path), "--out", str(out), *options, "--json"
    ) == 0  # fmt: skip
    record = json.loads(capsys.readouterr().out)
    assert (record["recipe"], record["n_rows"] + record["n_validation"]) == ("file", 6)
    assert (
        call("train", str(model), "--recipe", "mmlu", "--data", str(path), "--out", str(out) + "2", *options)
        == 2
    )
    assert "recipe 'file' for a file of training rows" in capsys.readouterr().err
