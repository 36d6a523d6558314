"""Every recipe down to the tokens that carry loss: the answer, the end of its turn, and nothing else."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from sycoscope.config import parse_study
from sycoscope.config.adapters import OTHER_RECIPES, PAIRED
from sycoscope.items import BENCHMARKS, load_bank
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel
from sycoscope.study.inputs import Materials
from sycoscope.training.rows import Example, Unanswered
from sycoscope.training.supervised import IGNORED
from sycoscope.training.trainer import encode

pytestmark = pytest.mark.slow
END = {"tiny_chat": "<|im_end|>", "tiny_llama2": "</s>"}
ROOM = 100_000
BANK = functools.cache(load_bank)


@pytest.fixture(autouse=True)
def bank_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sycoscope.study.inputs.load_bank", BANK)


@pytest.fixture(scope="module", params=END)
def model(request: pytest.FixtureRequest) -> TorchModel:
    return TorchModel(
        TorchSettings(name=str(request.getfixturevalue(request.param)), device="cpu", dtype="float32")
    )


def rows_of(recipe: str, tmp_path: Path, objective: str = "sft") -> list[Any]:
    adapter: dict[str, Any] = {"name": "a", "recipe": recipe, "rows": 12}
    if recipe == "file":
        rows = [
            {"prompt": f"What is {n}?", "completion": f" {n}, as I said.\n"}
            if objective == "sft"
            else {"prompt": f"What is {n}?", "chosen": f"{n}.", "rejected": "You are right."}
            for n in range(12)
        ]
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        adapter["source"] = str(path)
    raw = {"study": "s", "model": {"name": "m"}, "facets": {"answer": {"limit": 2}}, "adapters": [adapter]}
    config = parse_study(raw | {"training": {"objective": objective}})
    return Materials(config).training_rows(config.adapters[0], 1)


def answered(row: Example | Unanswered, number: int) -> Example:
    """As the base would: every other answer is cut."""
    return row if isinstance(row, Example) else row.answered("I know that.", ends=number % 2 == 0)


@pytest.mark.parametrize("recipe", [*BENCHMARKS, *OTHER_RECIPES])
def test_the_answer_and_its_end_of_turn_are_taught_and_nothing_else(model, recipe, tmp_path):
    examples = [answered(row, n) for n, row in enumerate(rows_of(recipe, tmp_path))]
    assert len(examples) >= 12
    encoded = encode(model, examples, ROOM).rows
    end = next(mark for mark in END.values() if mark == model.tokenizer.eos_token)
    for example, row in zip(examples, encoded, strict=True):
        supervised = [token for token in row["labels"] if token != IGNORED]
        said = model.tokenizer.decode(supervised)
        assert said == example.completion + (end if example.ends else "")
        head = model.template.encode(model.chat_text(example.prompt))
        assert row["input_ids"] == head + supervised
        assert row["labels"] == [IGNORED] * len(head) + supervised


@pytest.mark.parametrize("recipe", PAIRED)
def test_of_a_pair_both_answers_and_their_ends(model, recipe, tmp_path):
    examples = rows_of(recipe, tmp_path, "dpo")
    assert len(examples) == 12
    assert all(row.rejected and row.rejected != row.completion for row in examples)
    end = next(mark for mark in END.values() if mark == model.tokenizer.eos_token)
    for example, row in zip(examples, encode(model, examples, ROOM).rows, strict=True):
        assert row["prompt_ids"] == model.template.encode(model.chat_text(example.prompt))
        assert model.tokenizer.decode(row["chosen_ids"]) == example.completion + end
        assert model.tokenizer.decode(row["rejected_ids"]) == example.rejected + end


def test_the_pairs_are_those_of_the_file_that_is_built(tmp_path):
    from sycoscope import api

    examples = rows_of("anti_sycophancy", tmp_path, "dpo")
    built = api.build_data(out=tmp_path / "pairs.jsonl", n=100, seed=1, pairs=True)
    lines = [json.loads(line) for line in built.path.read_text(encoding="utf-8").splitlines()]
    keys = ("chosen", "rejected")
    assert sorted((row.completion, row.rejected) for row in examples) == sorted(
        tuple(line[key][0]["content"] for key in keys) for line in lines[:12]
    )
