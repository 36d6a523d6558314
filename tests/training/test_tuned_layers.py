"""Which layers are tuned: of an image-text model those of its text model, and what then is written, read and asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import peft
import torch
from safetensors.torch import load_file

from sycoscope.config import LoraConfig, TrainingConfig
from sycoscope.core.errors import ConfigError
from sycoscope.core.types import Message
from sycoscope.models.adapter_fit import beside_text
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel
from sycoscope.training.layers import USUAL, left_alone, tuned_layers
from sycoscope.training.rows import Example, user
from sycoscope.training.trainer import train_adapter
from tests.models.families import FAMILIES, make_family, make_image_text

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*plain engine:RuntimeWarning"),
]
BESIDE = {
    "Gemma3": ["model.vision_tower", "model.multi_modal_projector"],
    "Llava": ["model.vision_tower", "model.multi_modal_projector"],
    "Qwen3VL": ["model.visual"],
}


def load(folder: Path) -> TorchModel:
    return TorchModel(TorchSettings(name=str(folder), device="cpu", dtype="float32"))


def image_text(kind: str, folder: Path, tiny: Any, **more: Any) -> TorchModel:
    return load(make_image_text(kind, folder, tiny.tokenizer(tiny.CHATML, adds_bos=False), **more))


def logits(model: TorchModel) -> Any:
    ids = model.template.encode(model.chat_text([Message("user", "Why?")]))
    with torch.no_grad():
        return model.network(input_ids=torch.tensor([ids]), use_cache=False).logits


@pytest.mark.parametrize("name", FAMILIES)
def test_of_a_language_model_nothing_is_left_alone(name, tiny, tmp_path):
    tokenizer = tiny.tokenizer(tiny.CHATML, adds_bos=False)
    network = load(make_family(FAMILIES[name], tmp_path / "m", tokenizer, tied=False)).network
    assert beside_text(network) == []
    assert left_alone(network) is None


@pytest.mark.parametrize("kind", BESIDE)
def test_of_an_image_text_model_the_text_model_is_tuned(kind, tiny, tmp_path):
    model = image_text(kind, tmp_path / "m", tiny)
    assert beside_text(model.network) == BESIDE[kind]
    assert tuned_layers(LoraConfig(), model.network) == sorted(USUAL)
    rows = [
        Example(prompt=user(f"What is {n}?"), completion="Lima.", kind="plain", item_id=str(n))
        for n in range(4)
    ]
    settings = TrainingConfig.model_validate(
        {
            "steps": 2,
            "batch_rows": 2,
            "checkpoint_steps": 2,
            "lora": {"r": 2, "alpha": 4},
            "validation_share": 0,
        }
    )
    before = logits(model)
    train_adapter(model, rows, settings, seed=3, folder=tmp_path / "a", record={})
    assert torch.equal(logits(model), before)
    weights = load_file(tmp_path / "a" / "adapter_model.safetensors")
    assert len(weights) == 2 * 7 * 2
    assert all(".language_model.layers." in key for key in weights)
    assert all(bool(value.any()) for value in weights.values())  # each of them learnt
    assert model.adapters.attach(tmp_path / "a").max_logit_delta > 0
    model.detach()
    assert torch.equal(logits(model), before)


def test_an_adapter_of_all_parts_is_read(tiny, tmp_path):
    from transformers import LlavaForConditionalGeneration

    model = image_text("Llava", tmp_path / "m", tiny)
    torch.manual_seed(1)
    network = peft.get_peft_model(
        LlavaForConditionalGeneration.from_pretrained(tmp_path / "m", dtype=torch.float32),
        peft.LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"),
    ).eval()
    network.save_pretrained(tmp_path / "a")
    assert "vision_tower" in str(load_file(tmp_path / "a" / "adapter_model.safetensors").keys())
    ids = model.template.encode(model.chat_text([Message("user", "Why?")]))
    with torch.no_grad():
        expected = network(input_ids=torch.tensor([ids]), use_cache=False).logits
    model.attach(tmp_path / "a")
    assert torch.allclose(logits(model), expected, atol=1e-5)


def test_names_of_layers_are_looked_for_in_the_text_model(tiny, tmp_path):
    network = image_text("Llava", tmp_path / "m", tiny, text="gpt_neox").network
    names = ["dense", "dense_4h_to_h", "dense_h_to_4h", "query_key_value"]
    assert tuned_layers(LoraConfig(), network) == names  # q_proj is only in the tower
    asked = LoraConfig.model_validate({"target_modules": ["query_key_value", "fc1"]})
    with pytest.raises(
        ConfigError, match=r"fc1 is no layer of the text part of this model \(llava\); its layers: query"
    ):
        tuned_layers(asked, network)
