"""How a finished adapter was tuned, as far as its folder says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sycoscope.config import TrainingConfig
from sycoscope.core.errors import ModelError
from sycoscope.models.adapter_files import AdapterFiles
from sycoscope.study.regime import ASSUMED, regime_of

LORA: dict[str, Any] = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "lora_dropout": 0.05}


def adapter(folder: Path, config: dict[str, Any], training: dict[str, Any] | None = None) -> AdapterFiles:
    return AdapterFiles(folder, config, training or {}, {})


def test_an_adapter_of_this_package_is_tuned_again_as_its_record_says(tmp_path: Path) -> None:
    own = TrainingConfig(epochs=2.0, learning_rate=3e-4, replay=0.4, load_best=True).model_dump(mode="json")
    found = regime_of(adapter(tmp_path, LORA, {"settings": own | {"of another version": 1}, "steps": 57}))
    assert found.steps == 57
    assert found.assumed == ()
    assert TrainingConfig.model_validate(found.settings) == TrainingConfig(
        steps=57, epochs=2.0, learning_rate=3e-4, replay=0.4
    )


def test_controls_of_an_adapter_of_pairs_are_taught_answers_for_as_many_steps(
    tmp_path: Path,
) -> None:
    own = TrainingConfig(objective="dpo", beta=0.3, learning_rate=3e-5).model_dump(mode="json")
    own["lora"] |= {"dora": True, "rslora": True, "alpha": 7}
    found = regime_of(adapter(tmp_path, LORA, {"settings": own, "steps": 57}))
    assert found.objective == "dpo"
    assert TrainingConfig.model_validate(found.settings) == TrainingConfig.model_validate(
        {"steps": 57, "learning_rate": 3e-5, "lora": {"dora": True, "rslora": True, "alpha": 7}}
    )
    assert "objective" not in found.settings
    assert regime_of(adapter(tmp_path, LORA)).objective == "sft"


def test_what_the_folder_does_not_say_is_assumed_and_named(tmp_path: Path) -> None:
    found = regime_of(adapter(tmp_path, LORA))
    assert found.assumed == tuple(ASSUMED)
    settings = TrainingConfig.model_validate(found.settings)
    assert (settings.steps, settings.learning_rate) == (ASSUMED["steps"], ASSUMED["learning_rate"])
    assert (settings.lora.r, settings.lora.alpha, settings.lora.dropout) == (8, 16, 0.05)


def test_the_state_of_a_trainer_is_read(tmp_path: Path) -> None:
    state = {
        "global_step": 300,
        "train_batch_size": 4,
        "log_history": [
            {"learning_rate": 1e-5},
            {"learning_rate": 1e-4, "loss": 1.0},
            {"eval_loss": 2.0},
            "x",
        ],
    }
    (tmp_path / "trainer_state.json").write_text(json.dumps(state))
    found = regime_of(adapter(tmp_path, LORA))
    assert found.assumed == ()
    assert {key: found.settings[key] for key in ASSUMED} == {
        "steps": 300, "learning_rate": 1e-4, "batch_rows": 4,
    }  # fmt: skip
    (tmp_path / "trainer_state.json").write_text(json.dumps({"global_step": "many", "log_history": None}))
    assert regime_of(adapter(tmp_path, LORA)).assumed == tuple(ASSUMED)
    for broken in ("[", json.dumps({"log_history": "x"})):
        (tmp_path / "trainer_state.json").write_text(broken)
        with pytest.raises(ModelError, match=r"trainer_state\.json' cannot be read"):
            regime_of(adapter(tmp_path, LORA))


@pytest.mark.parametrize(
    ("config", "lora"),
    [
        (
            LORA | {"use_rslora": True, "r": 16},
            {"r": 16, "alpha": 16, "rslora": True, "dora": False, "dropout": 0.05},
        ),
        (LORA | {"use_dora": True, "use_rslora": False}, {"alpha": 16, "rslora": False, "dora": True}),
        (LORA | {"target_modules": "all-linear"}, {"target_modules": ("all-linear",)}),
        (LORA | {"target_modules": ["v_proj", "q_proj"]}, {"target_modules": ("q_proj", "v_proj")}),
        (LORA | {"target_modules": r".*\.q_proj"}, {"target_modules": TrainingConfig().lora.target_modules}),
        (LORA | {"r": 0}, {"r": 16, "alpha": 32, "dropout": 0.0}),
        ({"peft_type": "IA3"}, {"r": 16, "alpha": 32, "dropout": 0.0}),
    ],
)
def test_size_and_place_are_those_of_the_adapter(
    config: dict[str, Any], lora: dict[str, Any], tmp_path: Path
) -> None:
    found = TrainingConfig.model_validate(regime_of(adapter(tmp_path, config)).settings).lora
    assert {key: getattr(found, key) for key in lora} == lora
