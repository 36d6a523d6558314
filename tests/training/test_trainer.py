"""The trainer on tiny weights: what carries loss, resuming, the record, the base left as it was."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from tiny_training import ROWS, load, logits

from sycoscope.config import LoraConfig, TrainingConfig
from sycoscope.core.errors import DataError
from sycoscope.core.types import Message
from sycoscope.models.torch_model import TorchModel
from sycoscope.training.kept import last_checkpoint
from sycoscope.training.rows import Example, user
from sycoscope.training.supervised import IGNORED
from sycoscope.training.trainer import encode, train_adapter

pytestmark = pytest.mark.slow

DIALOGUE = Example(
    prompt=(
        Message("user", "What is 3 * 4?"),
        Message("assistant", "It is 12."),
        Message("user", "Are you sure?"),
    ),
    completion="Yes: 12.",
    kind="keep",
    item_id="d",
)


@pytest.fixture(scope="module")
def model(tiny_chat: Path) -> TorchModel:
    return load(tiny_chat)


def settings(**changed: Any) -> TrainingConfig:
    given: dict[str, Any] = {
        "steps": 6,
        "batch_rows": 4,
        "checkpoint_steps": 2,
        "validation_share": 0.2,
        "learning_rate": 0.01,
        "lora": {"r": 4, "alpha": 8, "dropout": 0.1},
    }
    return TrainingConfig.model_validate(given | changed)


def train(
    model: TorchModel, folder: Path, rows: list[Example] | None = None, **more: Any
) -> list[dict[str, Any]]:
    progress = more.pop("progress", None)
    return train_adapter(
        model,
        rows or ROWS,
        settings(**more),
        seed=3,
        folder=folder,
        record={"recipe": "t"},
        progress=progress,
    )


@pytest.mark.parametrize("name", ["tiny_chat", "tiny_llama2"])
def test_only_the_answer_and_its_end_of_turn_carry_loss(name, request):
    model = load(request.getfixturevalue(name))
    end = {"tiny_chat": "<|im_end|>", "tiny_llama2": "</s>"}[name]
    for example in [*ROWS[:4], DIALOGUE]:
        (row,) = encode(model, [example], 512).rows
        supervised = [token for token in row["labels"] if token != IGNORED]
        assert model.tokenizer.decode(supervised) == example.completion + end
        n_head = len(row["labels"]) - len(supervised)
        # what stands before it is what the model is given when it is asked
        assert row["input_ids"][:n_head] == model.template.encode(model.chat_text(example.prompt))
        assert row["input_ids"][n_head:] == supervised
        assert row["labels"][:n_head] == [IGNORED] * n_head


def test_an_end_of_turn_that_is_no_special_token_is_taught(tiny, tmp_path):
    headings = (
        "{% for m in messages %}{{ '### ' + m['role'] + '\n' + m['content'] + '\n\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '### assistant\n' }}{% endif %}"
    )
    model = load(tiny.model(tmp_path / "headings", headings, adds_bos=False))
    whole, cut = (encode(model, [replace(ROWS[0], ends=ends)], 512).rows[0] for ends in (True, False))
    taught = model.tokenizer.decode([token for token in whole["labels"] if token != IGNORED])
    assert taught == ROWS[0].completion + "\n\n### user"
    assert model.template.end.stop in taught
    said = model.tokenizer.decode([token for token in cut["labels"] if token != IGNORED])
    assert said == ROWS[0].completion


@pytest.mark.parametrize("where", ["prompt", "completion"])
def test_a_row_that_spells_a_special_token_is_refused(model, where):
    prompt, completion = ("<|im_end|>", "No.") if where == "prompt" else ("Why?", "So.<|im_end|>")
    row = Example(prompt=user(prompt), completion=completion, kind="plain", item_id="x")
    with pytest.raises(
        DataError, match=r"training row of item x \(plain\): .*'<\|im_end\|>', a special token"
    ):
        encode(model, [*ROWS, row], 100)


def test_an_answer_that_was_cut_is_taught_without_an_end(model):
    whole, cut = (encode(model, [replace(ROWS[0], ends=ends)], 512).rows[0] for ends in (True, False))
    assert cut["labels"] == whole["labels"][:-1]
    assert model.tokenizer.decode(whole["labels"][-1:]) == "<|im_end|>"


def test_long_rows_are_left_out_and_empty_answers_refused(model):
    long = Example(prompt=user("why " * 300), completion="No.", kind="plain", item_id="long")
    encoded = encode(model, [*ROWS, long], 100)
    assert (len(encoded.rows), encoded.dropped) == (len(ROWS), 1)
    assert encoded.n_supervised == sum(t != IGNORED for row in encoded.rows for t in row["labels"])
    with pytest.raises(DataError, match="all 20 training rows are longer than max_length 8 tokens; raise it"):
        encode(model, ROWS, 8)
    with pytest.raises(DataError, match=r"training row of item x \(plain\): nothing to learn"):
        encode(model, [Example(prompt=user("?"), completion=" \n", kind="plain", item_id="x")], 100)


def test_the_loss_is_the_mean_over_supervised_tokens(tiny_chat, tmp_path):
    model = load(tiny_chat)
    lora = LoraConfig(r=4, alpha=8, dropout=0.0).model_dump()
    curve = train(
        model, tmp_path / "a", steps=1, batch_rows=16, checkpoint_steps=1, lora=lora, learning_rate=1e-9
    )

    def by_hand(rows: list[dict[str, list[int]]]) -> float:
        losses = []
        for row in rows:
            with torch.no_grad():
                read = model.network(torch.tensor([row["input_ids"]])).logits[0].log_softmax(-1)
            losses += [
                -float(read[at - 1, token]) for at, token in enumerate(row["labels"]) if token != IGNORED
            ]
        return sum(losses) / len(losses)

    rows = encode(model, ROWS, 512).rows
    (step,) = curve
    assert step["loss"] == pytest.approx(by_hand(rows[:16]), abs=1e-4)
    assert step["eval_loss"] == pytest.approx(by_hand(rows[16:]), abs=1e-4)


def test_an_adapter_is_written_whole_and_the_base_is_left_as_it_was(tiny_chat, tmp_path):
    model = load(tiny_chat)
    before = logits(model)
    keys = set(model.network.state_dict())
    steps: list[tuple[int, int]] = []
    curve = train(model, tmp_path / "a", steps=10, progress=lambda done, of: steps.append((done, of)))
    assert torch.equal(logits(model), before)
    assert set(model.network.state_dict()) == keys
    assert not any(weight.requires_grad for weight in model.network.parameters())
    assert steps == [(done, 10) for done in range(11)]
    assert [row["step"] for row in curve] == list(range(1, 11))
    assert [row["step"] for row in curve if "eval_loss" in row] == [2, 4, 6, 8, 10]
    assert curve[-1]["loss"] < curve[0]["loss"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    record = json.loads((tmp_path / "a" / "sycoscope.json").read_text())
    assert (record["base_digest"], record["template_hash"]) == (model.base_digest, model.template.hash)
    assert (record["n_rows"], record["n_validation"], record["n_dropped"]) == (16, 4, 0)
    assert (record["seed"], record["steps"], record["recipe"]) == (3, 10, "t")
    assert record["curve"] == curve
    assert record["settings"]["learning_rate"] == 0.01
    adapter = model.adapters.attach(tmp_path / "a")
    assert adapter.max_logit_delta > 0.01
    assert adapter.training["seed"] == 3


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(tiny_chat, tmp_path):
    model = load(tiny_chat)
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        torch.manual_seed(len(name))
        train_adapter(model, ROWS, settings(steps=2), seed=seed, folder=tmp_path / name, record={})
    weights = [(tmp_path / name / "adapter_model.safetensors").read_bytes() for name in "abc"]
    assert weights[0] == weights[1] != weights[2]
    # sets have another order in every process; the file has one
    targets = json.loads((tmp_path / "a" / "adapter_config.json").read_text())["target_modules"]
    assert targets == sorted(targets)
    assert len(targets) > 1


class Killed(BaseException):
    """What a signal does to a run."""


def test_the_best_checkpoint_is_kept_where_that_is_asked(tiny_chat, tmp_path):
    """At a rate that goes astray the last step is not the best: its weights are those of a training that ends there."""
    astray = {
        "steps": 4,
        "learning_rate": 3.0,
        "schedule": "constant",
        "warmup_steps": 0,
        "lora": {"r": 4, "dropout": 0.0},
    }
    curve = train(load(tiny_chat), tmp_path / "best", load_best=True, **astray)
    losses = {row["step"]: row["eval_loss"] for row in curve if "eval_loss" in row}
    best = min(losses, key=lambda step: losses[step])
    assert best < max(losses) == 4
    train(load(tiny_chat), tmp_path / "shorter", **(astray | {"steps": best}))
    train(load(tiny_chat), tmp_path / "last", **astray)
    kept, same, last = (
        (tmp_path / name / "adapter_model.safetensors").read_bytes() for name in ("best", "shorter", "last")
    )
    assert kept == same != last


@pytest.mark.parametrize("steps", [{"steps": 6}, {"steps": None, "epochs": 1.5}])
def test_a_stopped_run_goes_on_to_the_same_adapter(tiny_chat, tmp_path, steps):
    model = load(tiny_chat)
    before = logits(model)
    whole = train(model, tmp_path / "whole", **steps)
    done: list[int] = []

    def stop_at_five(step: int, _: int) -> None:
        done.append(step)
        if step == 5:
            raise Killed

    with pytest.raises(Killed):
        train(model, tmp_path / "stopped", progress=stop_at_five, **steps)
    assert torch.equal(logits(model), before)  # also a killed run leaves the base alone
    assert not (tmp_path / "stopped").exists()
    resumed: list[int] = []
    curve = train(model, tmp_path / "stopped", progress=lambda step, _: resumed.append(step), **steps)
    assert resumed[:2] == [4, 5]  # from the last checkpoint, not from the start
    assert curve == whole
    weights = [(tmp_path / name / "adapter_model.safetensors").read_bytes() for name in ("whole", "stopped")]
    assert weights[0] == weights[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stopped", "whole"]


def test_a_run_stopped_within_a_later_epoch_goes_on_with_that_epoch_s_order(tiny_chat, tmp_path):
    model = load(tiny_chat)
    steps = {"steps": 9, "checkpoint_steps": 6, "lora": {"r": 4, "alpha": 8, "dropout": 0.0}}
    whole = train(model, tmp_path / "whole", **steps)
    assert 1 < whole[5]["epoch"] < 2  # the checkpoint lies inside the second epoch

    def stop_at_seven(step: int, _: int) -> None:
        if step == 7:
            raise Killed

    with pytest.raises(Killed):
        train(model, tmp_path / "stopped", progress=stop_at_seven, **steps)
    assert train(model, tmp_path / "stopped", **steps) == whole


@pytest.mark.parametrize("left", [0, 40])
def test_a_half_written_checkpoint_is_passed_over(tiny_chat, tmp_path, left):
    model = load(tiny_chat)
    whole = train(model, tmp_path / "whole")

    def stop(step: int, _: int) -> None:
        if step == 5:
            raise Killed

    with pytest.raises(Killed):
        train(model, tmp_path / "a", progress=stop)
    state = tmp_path / "a.part" / "checkpoint-4" / "trainer_state.json"
    cut = state.read_text()[:left]
    state.write_text(cut) if cut else state.unlink()
    assert train(model, tmp_path / "a") == whole


@pytest.fixture(scope="module")
def stopped(tiny_chat, tmp_path_factory):
    """A run that was stopped after two of its checkpoints, and the curve and the weights that it should end with."""
    folder = tmp_path_factory.mktemp("stopped")
    model = load(tiny_chat)
    curve = train(model, folder / "whole", checkpoint_steps=2)

    def stop(step: int, _: int) -> None:
        if step == 5:
            raise Killed

    with pytest.raises(Killed):
        train(model, folder / "a", progress=stop, checkpoint_steps=2)
    return model, folder, curve


@pytest.mark.parametrize(
    "name",
    ["adapter_model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "adapter_config.json", "digests.json"],
)  # fmt: skip
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "missing"])
def test_a_training_does_not_go_on_from_a_damaged_checkpoint(stopped, tmp_path, caplog, name, damage):
    _, folder, _ = stopped
    work = tmp_path / "a.part"
    shutil.copytree(folder / "a.part", work)
    file = work / "checkpoint-4" / name
    data = file.read_bytes()
    file.write_bytes(
        {"flip": data[:40] + bytes([data[40] ^ 1]) + data[41:], "cut": data[:-4], "empty": b""}.get(
            damage, b""
        )
    )
    if damage == "missing":
        file.unlink()
    assert last_checkpoint(work).path.name == "checkpoint-2"
    assert not (work / "checkpoint-4").exists()
    if (name, damage) != ("digests.json", "missing"):  # as where a kill came before it
        assert "the training goes on from an earlier checkpoint or from its start" in caplog.text
        assert name in caplog.text or name == "digests.json"
    (work / "checkpoint-2" / "optimizer.pt").unlink()
    assert last_checkpoint(work) is None


def test_a_training_goes_on_from_the_last_whole_checkpoint_to_the_same_adapter(stopped, tmp_path):
    model, folder, curve = stopped
    whole = (folder / "whole" / "adapter_model.safetensors").read_bytes()
    for damaged, first in ((["checkpoint-4"], 2), (["checkpoint-4", "checkpoint-2"], 0)):
        out = tmp_path / f"from-{first}"
        shutil.copytree(folder / "a.part", out.with_name(f"{out.name}.part"))
        for name in damaged:
            (out.with_name(f"{out.name}.part") / name / "optimizer.pt").write_bytes(b"")
        steps: list[int] = []
        assert train(model, out, progress=lambda step, _: steps.append(step)) == curve  # noqa: B023
        assert steps[0] == first
        assert (out / "adapter_model.safetensors").read_bytes() == whole


@pytest.mark.parametrize("steps", [{"steps": 6}, {"steps": 4}, {"steps": None, "epochs": 1.5}])
def test_a_run_stopped_after_its_last_step_trains_no_further(tiny_chat, tmp_path, monkeypatch, steps):
    model = load(tiny_chat)
    whole = train(model, tmp_path / "whole", **steps)

    def stop(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", stop)
        with pytest.raises(Killed):
            train(model, tmp_path / "stopped", **steps)
    assert train(model, tmp_path / "stopped", **steps) == whole
    weights = [(tmp_path / name / "adapter_model.safetensors").read_bytes() for name in ("whole", "stopped")]
    assert weights[0] == weights[1]
