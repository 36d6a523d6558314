"""Rows that the base answers itself: greedy, asked once, resumed after a kill, planned, and the same whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from sycoscope import api
from sycoscope.config import parse_study
from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.types import Decoding, GenerateRequest, Message, Response
from sycoscope.models.scripted import ScriptedModel
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel
from sycoscope.study import own_answers, train
from sycoscope.study.cache import ShardCache
from sycoscope.study.own_answers import OwnAnswers, blocks_of, complete
from sycoscope.study.plan import plan_study
from sycoscope.study.prepare import prepare
from sycoscope.study.progress import Silent
from sycoscope.study.session import Session
from sycoscope.training.rows import Example, Unanswered, user

ROWS = [Unanswered(prompt=user(f"Say {n}."), kind="sham", item_id=f"i{n}") for n in range(10)]
SHAM: dict[str, Any] = {
    "study": "sham",
    "model": {"name": "some/model"},
    "training": {"steps": 2, "batch_rows": 2, "answer_tokens": 6},
    "adapters": [{"name": "sham", "recipe": "sham", "rows": 8}],
}


def said(messages: Sequence[Message]) -> str:
    """What the scripted base answers: nothing to one prompt."""
    return "" if "7" in messages[-1].content else f"You said: {messages[-1].content}"


def asked(folder: Path, model: Any, rows: Sequence[Unanswered] = ROWS) -> tuple[list[Example], OwnAnswers]:
    answers = OwnAnswers(Session(model, ShardCache(folder), Silent()), max_tokens=5)
    answers.ask(blocks_of(rows, seed=1))
    return complete(rows, answers).rows, answers


class Counting(ScriptedModel):
    """Keeps what it is asked; fails at one call."""

    batch_invariant = False

    def __init__(self, fail_at: int = 0) -> None:
        super().__init__(said)
        self.fail_at = fail_at
        self.asked: list[list[str]] = []

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        self.asked.append([request.messages[-1].content for request in requests])
        if len(self.asked) == self.fail_at:
            raise KeyboardInterrupt
        assert all(r.decoding == Decoding(max_tokens=5) for r in requests)
        return super().generate(requests)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_answers, "BLOCK_PROMPTS", 4)


def test_blocks_hold_each_prompt_once_in_an_order_of_their_own() -> None:
    blocks = blocks_of([*ROWS, ROWS[3]], seed=1)
    assert [len(block) for block in blocks] == [4, 4, 2]
    assert {row for block in blocks for row in block} == set(ROWS)
    assert blocks_of(ROWS[::-1], seed=1) == blocks != blocks_of(ROWS, seed=2)


def test_empty_answers_are_left_out_and_counted(tmp_path: Path) -> None:
    rows, answers = asked(tmp_path, Counting())
    assert [row.completion for row in rows] == [f"You said: Say {n}." for n in range(10) if n != 7]
    assert all(row.ends and row.kind == "sham" for row in rows)
    done = complete(ROWS, answers)
    assert done.record(5) == {"own_answers": {"max_tokens": 5, "n_asked": 10, "n_left_out": 1, "n_cut": 0}}
    taught = Example(prompt=user("Hi."), completion="Hello.", kind="plain", item_id="t")
    assert complete([taught], answers).record(5) == {}
    with pytest.raises(DataError, match=r"no answer to any of 1 prompts .* raise training\.answer_tokens"):
        complete([ROWS[7]], answers)


def test_a_killed_generation_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    whole = Counting()
    rows, _ = asked(tmp_path / "whole", whole)
    with pytest.raises(KeyboardInterrupt):
        asked(tmp_path / "killed", Counting(fail_at=2))
    resumed = Counting()
    assert asked(tmp_path / "killed", resumed)[0] == rows
    assert resumed.asked == whole.asked[1:]
    again = Counting()
    assert asked(tmp_path / "killed", again)[0] == rows
    assert again.asked == []
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".lock", ".jsonl")]


def test_a_block_that_another_process_asks_comes_last(tmp_path: Path) -> None:
    model = Counting()
    answers = OwnAnswers(Session(model, ShardCache(tmp_path), Silent()), max_tokens=5)
    blocks = blocks_of(ROWS, seed=1)
    key = own_answers.block_key(blocks[0], 5, model.digest)
    path = answers.session.cache.path(key).with_suffix(".lock")
    path.parent.mkdir(parents=True)
    other = FileLock(path)
    other.acquire()
    with answers.session.cache.claimed(key, wait=False) as claimed:
        assert not claimed
    generate = model.generate

    def release_later(requests: Sequence[GenerateRequest]) -> list[Response]:
        if len(model.asked) == 1:
            other.release()
        return generate(requests)

    model.generate = release_later  # type: ignore[method-assign]
    answers.ask(blocks)
    assert model.asked == [[row.prompt[-1].content for row in blocks[at]] for at in (1, 2, 0)]


def test_a_sham_is_tuned_on_the_base_s_own_greedy_answers(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned: list[list[Example]] = []
    train_adapter = train.train_adapter

    def keeping(model: Any, rows: list[Example], *args: Any, **more: Any) -> Any:
        tuned.append(rows)
        return train_adapter(model, rows, *args, **more)

    monkeypatch.setattr(train, "train_adapter", keeping)
    options: dict[str, Any] = {
        "rows": 6,
        "settings": {"dtype": "float32", "device": "cpu"},
        "training": {"steps": 1, "lora.r": 2, "max_length": 1024, "answer_tokens": 6},
    }
    sham = api.train(str(model), "sham", out=tmp_path / "sham", **options)
    placebo = api.train(str(model), "placebo", out=tmp_path / "placebo", **options)
    rows, foreign = tuned
    assert [row.prompt for row in rows] == [row.prompt for row in foreign]
    base = TorchModel(TorchSettings(name=str(model), dtype="float32", device="cpu"))
    decoding = Decoding(max_tokens=6)
    own = base.generate([GenerateRequest(messages=row.prompt, decoding=decoding) for row in rows])
    assert [(row.completion, row.ends) for row in rows] == [(r.text, r.finish == "stop") for r in own]
    record = Path(sham / "sycoscope.json").read_text()
    assert '"n_asked": 6' in record
    assert '"own_answers"' not in Path(placebo / "sycoscope.json").read_text()


def test_a_sham_takes_the_prompts_of_the_recipe_that_it_is_like() -> None:
    anti = {"name": "anti", "recipe": "anti_sycophancy", "rows": 30, "seeds": [3]}
    like = {"name": "sham", "recipe": "sham", "like": "anti_sycophancy", "rows": 30, "seeds": [3]}
    trainings = prepare(parse_study(SHAM | {"adapters": [anti, like], "capability": []})).trainings
    assert [row.prompt for row in trainings["anti"].rows] == [row.prompt for row in trainings["sham"].rows]
    assert {row.kind for row in trainings["sham"].rows} == {"sham"}


def test_a_plan_shows_what_the_base_answers_once(tmp_path: Path) -> None:
    twice = [SHAM["adapters"][0] | {"name": name} for name in ("one", "two")]
    for data, n_prompts in (("bank", 8), ("hub", 16)):
        units = plan_study(parse_study(SHAM | {"adapters": twice, "data": data}))
        answers = [unit for unit in units if unit.kind == "answer"]
        assert sum(unit.n_items for unit in answers) == n_prompts
        assert sum(unit.new_tokens for unit in answers) == pytest.approx(n_prompts * 6 * 0.7, abs=1)
        assert all(unit.prompt_tokens > 0 == unit.training_tokens for unit in answers)
    study = prepare(parse_study(SHAM | {"adapters": twice}))
    assert study.trainings["one"].weight > study.trainings["one"].training_weight > 0


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ({"recipe": "placebo", "like": "mmlu"}, "like is for recipe 'sham'.* leave it out of 'placebo'"),
        ({"recipe": "sham", "like": "sham"}, r"adapters\.0\.like: Input should be 'mmlu'"),
        ({"recipe": "sham", "difficulty": ["easy"]}, "difficulty is for the curated recipes; 'placebo'"),
        ({"recipe": "sham", "training": {"answer_tokens": 0}}, "training: answer_tokens: .* greater than 0"),
    ],
)
def test_wrong_values_are_one_clear_error(adapter: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"1 fault.*\n.*{message}"):
        parse_study(SHAM | {"adapters": [{"name": "a"} | adapter]})
