"""Preference pairs on tiny weights: what is encoded, TRL's own loss, resuming, the base as the reference."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from tiny_training import ROWS, load, logits

from sycoscope.config import TrainingConfig
from sycoscope.core.errors import DataError
from sycoscope.models.torch_model import TorchModel
from sycoscope.training import tuning
from sycoscope.training.dpo import MARGIN, PREFERRED
from sycoscope.training.trainer import encode, train_adapter
from sycoscope.training.tuning import TrainingRun

pytestmark = pytest.mark.slow

PAIRS = [
    replace(row, rejected=("Rome, as you say.", "No.", "The answer is 4.")[n % 3], kind="resist")
    for n, row in enumerate(ROWS)
]
ADAPTER = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def model(tiny_chat: Path) -> TorchModel:
    return load(tiny_chat)


def settings(**changed: Any) -> TrainingConfig:
    given: dict[str, Any] = {
        "objective": "dpo",
        "beta": 0.3,
        "steps": 6,
        "batch_rows": 4,
        "checkpoint_steps": 2,
        "validation_share": 0.2,
        "learning_rate": 0.01,
        "lora": {"r": 4, "alpha": 8},
    }
    return TrainingConfig.model_validate(given | changed)


def train(model: TorchModel, folder: Path, *, progress: Any = None, **more: Any) -> list[dict[str, Any]]:
    return train_adapter(
        model, PAIRS, settings(**more), seed=3, folder=folder, record={"recipe": "t"}, progress=progress
    )


@pytest.mark.parametrize("name", ["tiny_chat", "tiny_llama2"])
def test_both_answers_follow_the_prompt_that_is_asked_and_end_their_turn(name, request):
    model = load(request.getfixturevalue(name))
    end = {"tiny_chat": "<|im_end|>", "tiny_llama2": "</s>"}[name]
    encoded = encode(model, PAIRS, 512)
    for example, row in zip(PAIRS, encoded.rows, strict=True):
        assert row.keys() == {"prompt_ids", "chosen_ids", "rejected_ids"}
        assert row["prompt_ids"] == model.template.encode(model.chat_text(example.prompt))
        assert model.tokenizer.decode(row["chosen_ids"]) == example.completion + end
        assert model.tokenizer.decode(row["rejected_ids"]) == example.rejected + end
        (taught,) = encode(model, [replace(example, rejected="")], 512).rows
        assert taught["input_ids"] == row["prompt_ids"] + row["chosen_ids"]
    assert encoded.n_supervised == sum(
        len(row["chosen_ids"]) + len(row["rejected_ids"]) for row in encoded.rows
    )


def test_a_pair_of_which_one_answer_is_too_long_is_left_out(model):
    (row,) = encode(model, PAIRS[:1], 512).rows
    room = len(row["prompt_ids"]) + len(row["rejected_ids"]) - 1
    assert len(row["chosen_ids"]) < len(row["rejected_ids"])
    short = replace(PAIRS[0], rejected="No.")
    assert encode(model, [PAIRS[0], short], room).dropped == 1


def test_a_rejected_answer_that_spells_a_special_token_is_refused(model):
    with pytest.raises(DataError, match=r"training row of item i0 \(resist\): .*'<\|im_end\|>', a special"):
        encode(model, [replace(PAIRS[0], rejected="So.<|im_end|>")], 512)


@pytest.fixture
def trainer(tiny_chat, tmp_path):
    """Our trainer with an adapter that is no longer the one it starts with."""
    model = load(tiny_chat)
    rows = encode(model, PAIRS, 512).rows
    trainer = tuning._trainer(TrainingRun(model, rows, rows[:4], settings(), 3, tmp_path / "work"))
    torch.manual_seed(1)
    for name, weight in trainer.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    return trainer, rows


def test_the_loss_is_trl_s_on_the_same_batch(trainer):
    ours, rows = trainer
    for start in (0, 4, 8):
        inputs = ours.data_collator(rows[start : start + 4])
        losses = {}
        for name, compute in (("ours", ours.compute_loss), ("trl", super(type(ours), ours).compute_loss)):
            ours.model.zero_grad()
            loss = compute(ours.model, inputs)
            loss.backward()
            gradients = [weight.grad.clone() for weight in ours.model.parameters() if weight.requires_grad]
            losses[name] = (float(loss.detach()), torch.cat([one.flatten() for one in gradients]))
        assert losses["ours"][0] == pytest.approx(losses["trl"][0], abs=1e-4)
        assert abs(losses["ours"][0] - math.log(2)) > 1e-3  # the reference is another network
        for name in (MARGIN, PREFERRED):  # and what both log of it
            assert ours._metrics["train"][name][-2] == pytest.approx(
                ours._metrics["train"][name][-1], abs=1e-4
            )
        assert torch.allclose(losses["ours"][1], losses["trl"][1], atol=1e-4)


def test_what_the_trainer_is_fed_are_the_ids_of_the_rows(trainer):
    ours, rows = trainer
    given = {(*row["prompt_ids"], "|", *row[name]) for row in rows for name in ("chosen_ids", "rejected_ids")}
    found = set()
    for batch in ours.get_train_dataloader():
        for ids, seen, read in zip(
            batch["input_ids"].tolist(),
            batch["attention_mask"].tolist(),
            batch["completion_mask"].tolist(),
            strict=True,
        ):
            head = [token for token, at, answer in zip(ids, seen, read, strict=True) if at and not answer]
            answer = [token for token, at in zip(ids, read, strict=True) if at]
            assert ids[: len(head) + len(answer)] == head + answer
            found.add((*head, "|", *answer))
    assert found == given


def test_an_adapter_is_written_whole_and_the_base_is_left_as_it_was(tiny_chat, tmp_path):
    model = load(tiny_chat)
    before, keys = logits(model), set(model.network.state_dict())
    own = dict(vars(model.network))
    steps: list[tuple[int, int]] = []
    curve = train(model, tmp_path / "a", steps=10, progress=lambda done, of: steps.append((done, of)))
    assert torch.equal(logits(model), before)
    assert set(model.network.state_dict()) == keys
    assert "forward" not in vars(model.network).keys() - own.keys()
    assert not any(weight.requires_grad for weight in model.network.parameters())
    assert steps == [(done, 10) for done in range(11)]
    assert curve[0]["loss"] == pytest.approx(math.log(2), abs=1e-4)  # it begins as the reference
    assert curve[-1]["loss"] < curve[0]["loss"]
    # nothing is gained on the reference yet, and no pair is won by a tie
    assert (curve[0]["reward_margin"], curve[0]["preferred"]) == (pytest.approx(0, abs=1e-4), 0.0)
    held = [row for row in curve if "eval_loss" in row]
    assert held[-1]["eval_reward_margin"] > held[0]["eval_reward_margin"]
    assert held[-1]["eval_preferred"] == 1.0
    assert [row["step"] for row in curve if "eval_loss" in row] == [2, 4, 6, 8, 10]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "adapter_config.json", ADAPTER, "digests.json", "sycoscope.json",
    ]  # fmt: skip
    record = json.loads((tmp_path / "a" / "sycoscope.json").read_text())
    assert (record["settings"]["objective"], record["settings"]["beta"]) == ("dpo", 0.3)
    assert (record["n_rows"], record["n_validation"]) == (16, 4)
    assert json.loads((tmp_path / "a" / "adapter_config.json").read_text())["lora_dropout"] == 0.0
    apart = [margin(model) for _ in [0]] + [margin(model) for _ in [model.adapters.attach(tmp_path / "a")]]
    assert apart[1] > apart[0] + 1


def margin(model: TorchModel) -> float:
    """How much more likely the preferred answers are than the others, in nats a row."""
    total = 0.0
    for row in encode(model, PAIRS, 512).rows:
        for sign, name in ((1, "chosen_ids"), (-1, "rejected_ids")):
            ids = row["prompt_ids"] + row[name]
            with torch.no_grad():
                read = model.adapters.network(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
            first = len(row["prompt_ids"])
            total += sign * sum(float(read[at - 1, ids[at]]) for at in range(first, len(ids)))
    return total / len(PAIRS)


class Killed(BaseException):
    """What a signal does to a run."""


@pytest.mark.parametrize("steps", [{"steps": 6}, {"steps": None, "epochs": 1.5}])
def test_a_stopped_run_goes_on_to_the_same_adapter(tiny_chat, tmp_path, steps):
    model = load(tiny_chat)
    before = logits(model)
    whole = train(model, tmp_path / "whole", **steps)

    def stop_at_five(step: int, _: int) -> None:
        if step == 5:
            raise Killed

    with pytest.raises(Killed):
        train(model, tmp_path / "stopped", progress=stop_at_five, **steps)
    assert torch.equal(logits(model), before)
    resumed: list[int] = []
    curve = train(model, tmp_path / "stopped", progress=lambda step, _: resumed.append(step), **steps)
    assert resumed[:2] == [4, 5]
    assert curve == whole
    weights = [(tmp_path / name / ADAPTER).read_bytes() for name in ("whole", "stopped")]
    assert weights[0] == weights[1]


def test_the_best_checkpoint_is_kept_where_that_is_asked(tiny_chat, tmp_path):
    model = load(tiny_chat)
    astray = {"steps": 4, "learning_rate": 3.0, "schedule": "constant"}
    curve = train(model, tmp_path / "best", load_best=True, **astray)
    losses = {row["step"]: row["eval_loss"] for row in curve if "eval_loss" in row}
    best = min(losses, key=lambda step: losses[step])
    train(model, tmp_path / "shorter", **(astray | {"steps": best}))
    assert (tmp_path / "best" / ADAPTER).read_bytes() == (tmp_path / "shorter" / ADAPTER).read_bytes()
