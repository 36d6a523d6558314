"""rsLoRA, DoRA and all linear layers: tuned by our trainer, measured as PEFT would; what a record says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import peft
import torch
from safetensors.torch import load_file
from tiny_training import load

from sycoscope.config import TrainingConfig
from sycoscope.core.types import ChoiceRequest, Message
from sycoscope.models.torch_model import TorchModel
from sycoscope.training.rows import Example, user
from sycoscope.training.trainer import LIBRARIES, encode, train_adapter

pytestmark = pytest.mark.slow

ROWS = [
    Example(prompt=user(f"Where is town {n}?"), completion="In Peru.", kind="plain", item_id=f"i{n}")
    for n in range(8)
]
LAYERS = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
VARIANTS: dict[str, dict[str, Any]] = {
    "lora": {},
    "rslora": {"rslora": True},
    "dora": {"dora": True},
    "both": {"dora": True, "rslora": True, "target_modules": ["q_proj", "down_proj"]},
    "all-linear": {"target_modules": "all-linear"},
}
ASKED = (Message("user", "Where is town 3?"),)
OPTIONS = ("In Peru.", "Nowhere at all, I think.", "12")


def train(model: TorchModel, folder: Path, lora: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {
        "steps": 3, "batch_rows": 4, "checkpoint_steps": 3, "validation_share": 0.0, "learning_rate": 0.05,
        "lora": {"r": 4, "alpha": 6, "dropout": 0.0} | lora,
    }  # fmt: skip
    settings = TrainingConfig.model_validate(given | more)
    train_adapter(model, ROWS, settings, seed=3, folder=folder, record={})
    record: dict[str, Any] = json.loads((folder / "sycoscope.json").read_text())
    return record


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_measured_as_peft_applies_it(name, tiny_chat, tmp_path):
    from transformers import AutoModelForCausalLM

    model, lora = load(tiny_chat), VARIANTS[name]
    record = train(model, tmp_path / "a", lora)
    assert record["layers"] == sorted(lora["target_modules"] if name == "both" else LAYERS)
    written = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert written["target_modules"] == record["layers"]
    assert (written["use_dora"], written["use_rslora"]) == (
        lora.get("dora", False),
        lora.get("rslora", False),
    )
    magnitudes = [
        key for key in load_file(tmp_path / "a" / "adapter_model.safetensors") if "magnitude" in key
    ]
    assert bool(magnitudes) is lora.get("dora", False)
    base = AutoModelForCausalLM.from_pretrained(tiny_chat, dtype=torch.float32)
    network = peft.PeftModel.from_pretrained(base, tmp_path / "a").eval()
    expected = []
    for option in OPTIONS:
        head, answer = map(list, model.template.encode_pair(model.chat_text(ASKED), option))
        ids = head + answer
        with torch.no_grad():
            read = network(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        expected.append(sum(float(read[at - 1, ids[at]]) for at in range(len(head), len(ids))))
    request = ChoiceRequest(messages=ASKED, options=OPTIONS)
    (plain,) = model.choice_logprobs([request])
    model.attach(tmp_path / "a")
    (found,) = model.choice_logprobs([request])
    assert found.logprobs == pytest.approx(expected, abs=1e-4)
    assert found.logprobs != pytest.approx(plain.logprobs, abs=1e-2)


def test_the_scale_of_rslora_is_alpha_over_the_root_of_the_rank(tiny_chat, tmp_path):
    """The same start at r 4: alpha 6 by the root is alpha 12 by the rank, so the same training."""
    model = load(tiny_chat)
    train(model, tmp_path / "a", {"alpha": 6, "rslora": True})
    train(model, tmp_path / "b", {"alpha": 12})
    first, second = (load_file(tmp_path / name / "adapter_model.safetensors") for name in "ab")
    assert all(torch.allclose(first[key], second[key], atol=1e-6) for key in first)


def test_a_record_names_the_rows_and_the_libraries(tiny_chat, tmp_path):
    import hashlib
    from importlib.metadata import version

    model = load(tiny_chat)
    record = train(model, tmp_path / "a", {})
    rows = json.dumps(encode(model, ROWS, 512).rows).encode()
    assert record["data_sha256"] == hashlib.sha256(rows).hexdigest()
    assert record["versions"] == {name: version(name) for name in LIBRARIES}
    assert record["settings"]["objective"] == "sft"
    assert record["template_hash"] == model.template.hash
