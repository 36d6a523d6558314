"""Steps that are kept, and a training that starts from another adapter's weights, on tiny weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from safetensors.torch import load_file
from test_trainer import ROWS, Killed, load, logits, settings

from sycoscope.core.errors import ConfigError, ModelError
from sycoscope.models.adapter_files import WEIGHTS
from sycoscope.training.kept import adapter_state, step_folder
from sycoscope.training.trainer import train_adapter

pytestmark = pytest.mark.slow

CONSTANT = {"schedule": "constant", "lora": {"r": 4, "alpha": 8, "dropout": 0.1}}


def train(model: Any, folder: Path, *, at_steps: tuple[int, ...] = (), **more: Any) -> Any:
    given = {key: more.pop(key) for key in ("progress", "start") if key in more}
    return train_adapter(
        model, ROWS, settings(**CONSTANT | more), seed=3, folder=folder, record={}, at_steps=at_steps, **given
    )


def weights(folder: Path) -> bytes:
    return (folder / WEIGHTS).read_bytes()


def test_a_kept_step_is_the_adapter_of_a_training_that_ends_there(tiny_chat: Path, tmp_path: Path) -> None:
    model = load(tiny_chat)
    train(model, tmp_path / "plain")
    train(model, tmp_path / "kept", at_steps=(5, 3))
    assert weights(tmp_path / "kept") == weights(tmp_path / "plain")
    for steps in (3, 5):
        train(model, tmp_path / f"only{steps}", steps=steps)
        folder = step_folder(tmp_path / "kept", steps)
        assert weights(folder) == weights(tmp_path / f"only{steps}")
        assert adapter_state(folder) == (True, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "kept", "kept-step3", "kept-step5", "only3", "only5", "plain",
    ]  # fmt: skip


@pytest.mark.parametrize("hurt", [False, True])
def test_a_stopped_training_goes_on_to_the_same_steps_and_one_that_lost_a_step_begins_again(
    tiny_chat: Path, tmp_path: Path, hurt: bool
) -> None:
    model = load(tiny_chat)
    train(model, tmp_path / "whole", at_steps=(1, 5))

    def stop(step: int, _: int) -> None:
        if step == 5:
            raise Killed

    with pytest.raises(Killed):
        train(model, tmp_path / "stopped", at_steps=(1, 5), progress=stop)
    if hurt:
        (tmp_path / "stopped.part" / "step-1" / WEIGHTS).write_bytes(b"")
    seen: list[int] = []
    train(model, tmp_path / "stopped", at_steps=(1, 5), progress=lambda step, _: seen.append(step))
    assert seen[0] == (0 if hurt else 4)
    for step in (1, 5):
        folders = [step_folder(tmp_path / name, step) for name in ("whole", "stopped")]
        assert weights(folders[0]) == weights(folders[1])
    assert weights(tmp_path / "whole") == weights(tmp_path / "stopped")


def test_a_step_beyond_the_last_is_refused_before_the_first(tiny_chat: Path, tmp_path: Path) -> None:
    model = load(tiny_chat)
    before = logits(model)
    with pytest.raises(ConfigError, match="at_steps names 9, and the training has 4 steps; name none beyond"):
        train(model, tmp_path / "a", steps=None, epochs=1.0, at_steps=(2, 9))
    assert torch.equal(logits(model), before)
    assert not (tmp_path / "a").exists()


def test_a_training_starts_from_the_weights_of_another(tiny_chat: Path, tmp_path: Path) -> None:
    model = load(tiny_chat)
    train(model, tmp_path / "first")
    train(model, tmp_path / "still", start=tmp_path / "first", steps=1, learning_rate=1e-12)
    own, start = load_file(tmp_path / "still" / WEIGHTS), load_file(tmp_path / "first" / WEIGHTS)
    assert own.keys() == start.keys()
    for name, weight in own.items():
        torch.testing.assert_close(weight, start[name], atol=1e-9, rtol=1e-6)
    curve = train(model, tmp_path / "on", start=tmp_path / "first")
    fresh = train(model, tmp_path / "fresh")
    assert curve[0]["loss"] < fresh[0]["loss"]
    again = train(model, tmp_path / "again", start=tmp_path / "first")
    assert again == curve
    assert weights(tmp_path / "on") == weights(tmp_path / "again") != weights(tmp_path / "fresh")


@pytest.mark.parametrize(
    ("lora", "said"),
    [
        ({"r": 2, "alpha": 8}, "r 4 there, r 2 in the study"),
        ({"r": 4, "alpha": 4}, "lora_alpha 8 there, lora_alpha 4 in the study"),
        ({"r": 4, "alpha": 8, "target_modules": ["q_proj"]}, "the layers differ: .* and .* more"),
    ],
)
def test_a_start_of_another_shape_is_refused_and_the_base_stays(
    tiny_chat: Path, tmp_path: Path, lora: dict[str, Any], said: str
) -> None:
    model = load(tiny_chat)
    before = logits(model)
    train(model, tmp_path / "first", steps=1)
    with pytest.raises(ModelError, match=said):
        train(model, tmp_path / "a", start=tmp_path / "first", lora=lora)
    assert torch.equal(logits(model), before)
