"""Benchmarks of a study: every layout of public rows from a study file to its scores."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

pytest.importorskip("lm_eval")
pytest.importorskip("torch")

from sycoscope import api
from sycoscope.config import StudyConfig, parse_study
from sycoscope.core.errors import ConfigError, DataError, MissingError
from sycoscope.items import BENCHMARKS
from sycoscope.study.inputs import Materials

from .study_files import public_folder


def study(model: Path | str, data: Path, *capability: dict[str, Any], **changes: Any) -> StudyConfig:
    raw: dict[str, Any] = {
        "study": "rows",
        "data": str(data),
        "model": {"name": str(model), "dtype": "float32", "device": "cpu"},
        "capability": list(capability),
    }
    return parse_study(raw | changes)


def parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows).write_parquet(path)


def gsm8k(numbers: range) -> list[dict[str, Any]]:
    return [{"question": f"How many are {n} and {n}?", "answer": f"#### {2 * n}"} for n in numbers]


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """MMLU with one folder per subject, GSM8K in two shards, HellaSwag's validation split as `val`."""
    for subject in ("abstract_algebra", "anatomy", "virology"):
        rows = [
            {"question": f"{subject} {n}?", "subject": subject, "choices": list("wxyz"), "answer": n}
            for n in range(2)
        ]
        parquet(tmp_path / "mmlu" / subject / "test-00000-of-00001.parquet", rows)
    for shard in range(2):
        path = tmp_path / "gsm8k" / "main" / f"test-0000{shard}-of-00002.parquet"
        parquet(path, gsm8k(range(2 * shard, 2 * shard + 2)))
    swag = {
        "activity_label": "Cooking",
        "ctx_a": "A cook stirs.",
        "ctx_b": "he",
        "endings": list("abcd"),
        "label": "1",
    }
    (tmp_path / "hellaswag").mkdir()
    (tmp_path / "hellaswag" / "val.jsonl").write_text(json.dumps(swag) + "\n")
    return tmp_path


def test_every_subject_shard_and_name_of_a_split_is_asked(
    snapshot: Path, tmp_path: Path, tiny: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny.model(tmp_path / "tiny", tiny.CHATML, adds_bos=False, positions=2048)
    config = study(
        model,
        snapshot,
        {"benchmark": "mmlu"},
        {"benchmark": "gsm8k", "num_fewshot": 0, "max_tokens": 4},
        {"benchmark": "hellaswag"},
    )
    run = api.run_study(config, out=tmp_path / "runs" / "rows").directory
    trials, items = run.trials(), dict.fromkeys(("mmlu", "gsm8k", "hellaswag"), 0)
    for task, item in run.items():
        items[task] += 1
        assert any(trial.item_id == item.id and trial.task == task for trial in trials)
    assert items == {"mmlu": 6, "gsm8k": 4, "hellaswag": 1}
    subjects = {item.metadata["subject"] for task, item in run.items() if task == "mmlu"}
    assert subjects == {"abstract_algebra", "anatomy", "virology"}
    assert {task.benchmark for task in run.manifest().tasks.values()} == set(items)

    # a changed reading scores what was kept again and asks nothing
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("asked again")

    before = run.scores()
    monkeypatch.setattr("sycoscope.study.evaluate.ask_capability", never)
    monkeypatch.setattr("sycoscope.study.keys.READING", "sycoscope/number@9")
    monkeypatch.setattr("sycoscope.capability.scoring.READING", "sycoscope/number@9")
    again = api.run_study(config, out=tmp_path / "runs" / "rows").directory.scores()
    assert [score.value for score in again] == [score.value for score in before]
    assert {score.scorer for score in again} - {score.scorer for score in before} == {"sycoscope/number@9"}


def test_a_cut_split_is_trained_and_asked_on_different_rows(tmp_path: Path) -> None:
    path = tmp_path / "gsm8k" / "train.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(row) + "\n" for row in gsm8k(range(30))))
    config = study(
        "m",
        tmp_path,
        {"benchmark": "gsm8k"},
        partition={"gsm8k": {"split": "train", "train": 20, "test": 8}},
        adapters=[{"name": "sums", "recipe": "gsm8k"}],
    )
    inputs, again = Materials(config), Materials(config)
    (spec,) = inputs.capability
    assert spec.rows is not None
    trained = {row.item_id for row in inputs.training_rows(config.adapters[0], 42)}
    assert (len(spec.rows.ids()), len(trained)) == (8, 20)
    assert not trained & set(spec.rows.ids())
    assert again.capability[0].rows.ids() == spec.rows.ids()  # type: ignore[union-attr]
    # the rows that are trained are those that examples are drawn from
    assert set(spec.rows.ids("train")) == trained
    assert spec.place == f"{tmp_path}, split 'train' cut"


def test_few_shot_examples_of_a_cut_mmlu_stay_where_they_are(tmp_path: Path) -> None:
    root = public_folder(tmp_path)
    config = study(
        "m", root, {"benchmark": "mmlu"}, partition={"mmlu": {"split": "test", "train": 10, "test": 5}}
    )
    (spec,) = Materials(config).capability
    assert spec.rows is not None
    assert (len(spec.rows.rows()), len(spec.rows.rows("dev"))) == (5, 12)


def test_a_source_with_both_sides_is_not_cut(tmp_path: Path) -> None:
    root = public_folder(tmp_path)
    config = study(
        "m", root, {"benchmark": "gsm8k"}, partition={"gsm8k": {"split": "train", "train": 2, "test": 2}}
    )
    (spec,) = Materials(config).capability
    assert spec.rows is not None
    assert len(spec.rows.rows()) == 6


def test_bad_rows_are_an_error_before_anything_is_played(tmp_path: Path) -> None:
    root = public_folder(tmp_path)
    (root / "gsm8k" / "test.jsonl").write_text('{"question": "How many?", "answer": "12"}\n')
    inputs = Materials(study("m", root, {"benchmark": "gsm8k"}))
    with pytest.raises(DataError, match="no '#### number' line"):
        inputs.read()
    with pytest.raises(MissingError, match="no such folder"):
        Materials(study("m", tmp_path / "nowhere", {"benchmark": "gsm8k"}))
    short = {"gsm8k": {"split": "train", "train": 900, "test": 2}}
    (root / "gsm8k" / "test.jsonl").unlink()
    with pytest.raises(DataError, match=r"partition\.gsm8k: split 'train' has 16 rows, 902 are needed"):
        Materials(study("m", root, {"benchmark": "gsm8k"}, partition=short)).read()


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_forms_of_a_study_are_those_of_the_record(benchmark: str, tmp_path: Path) -> None:
    root, known = public_folder(tmp_path), BENCHMARKS[benchmark]
    for data, forms in (("bank", known.bank_forms), (root, known.forms)):
        for form, asked in forms.items():
            (spec,) = Materials(study("m", Path(data), {"benchmark": benchmark, "form": form})).capability
            assert (spec.task, spec.definition.of) == (asked.task, benchmark)
    other = "mc2" if benchmark != "truthfulqa" else "open"
    with pytest.raises(ConfigError, match=f"has no form '{other}'; allowed: ''"):
        Materials(study("m", root, {"benchmark": benchmark, "form": other}))


def test_a_bank_benchmark_in_a_form_of_another_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="mmlu from 'bank' has no form 'mc1'; allowed: '', 'open', 'letters'"
    ):
        Materials(study("m", Path("bank"), {"benchmark": "mmlu", "form": "mc1"}))


# --- the bank by letters ---


def test_misconceptions_are_asked_by_letters_shuffled_and_with_the_right_one_first() -> None:
    entries = [{"benchmark": "truthfulqa", "form": form} for form in ("letters", "letters_source_order")]
    raw = {"study": "s", "model": {"name": "m"}, "capability": entries}
    shuffled, ordered = Materials(parse_study(raw)).capability
    assert shuffled.task == "misconceptions_letters"
    assert ordered.task == "misconceptions_letters_source_order"
    assert shuffled.items
    assert ordered.items
    places = [item.choices.index(item.target) for item in shuffled.items]
    assert max(map(places.count, range(4))) - min(map(places.count, range(4))) <= 1
    assert {item.choices.index(item.target) for item in ordered.items} == {0}
    assert [item.id for item in shuffled.items] == [item.id for item in ordered.items]
    assert all(set(a.choices) == set(b.choices) for a, b in zip(shuffled.items, ordered.items, strict=True))
