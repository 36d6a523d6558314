"""What cannot be done with a model or an adapter is found before anything is measured."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trl")

import peft
import torch

from sycoscope import api
from sycoscope.config import parse_study
from sycoscope.core.errors import ConfigError, ModelError, SycoscopeError
from sycoscope.study import evaluate as evaluation

pytestmark = pytest.mark.slow

FEW: dict[str, Any] = {
    "limit": 4,
    "facets": ["answer"],
    "benchmarks": [],
    "settings": {"device": "cpu", "dtype": "float32"},
}
STEPS: dict[str, Any] = {"steps": 1, "batch_rows": 2, "max_length": 1024, "checkpoint_steps": 1}


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be asked."""

    def played(*_: Any, **__: Any) -> None:
        raise AssertionError("something was asked")

    monkeypatch.setattr(evaluation, "play", played)


@pytest.fixture(scope="module")
def neox(tmp_path_factory: pytest.TempPathFactory, tiny: SimpleNamespace) -> Path:
    """A model whose layers have other names than Llama's."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    folder = tmp_path_factory.mktemp("neox") / "neox"
    words = tiny.tokenizer(tiny.CHATML, adds_bos=False)
    torch.manual_seed(0)
    config = GPTNeoXConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=2048,
        eos_token_id=words.eos_token_id,
        bos_token_id=None,
    )
    GPTNeoXForCausalLM(config).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def adapter(folder: Path, base: Path, config: Any) -> Path:
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    peft.get_peft_model(network, config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("fault", ["type", "record", "rank"])
def test_an_adapter_that_cannot_be_used_is_refused_before_the_base_is_asked(model, tmp_path, unasked, fault):
    config: Any = peft.LoraConfig(r=4, target_modules=["q_proj"], task_type="CAUSAL_LM")
    if fault == "type":
        config = peft.PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    folder = adapter(tmp_path / "a", model, config)
    if fault == "record":
        (folder / "sycoscope.json").write_text("[")
    if fault == "rank":
        raw = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps(raw | {"r": 2}))
    with pytest.raises(ModelError, match=r"is not read|cannot be read|have another shape"):
        api.evaluate(str(model), adapter=folder, out=tmp_path / "runs" / "r", **FEW)
    assert not (tmp_path / "runs").exists()


def test_layers_that_no_layer_is_called_are_found_before_the_base_is_asked(model, tmp_path, unasked):
    training = STEPS | {"lora": {"target_modules": ["q_proj", "query_key_value"]}}
    raw = {
        "study": "wrong",
        "model": {"name": str(model), "device": "cpu", "dtype": "float32"},
        "facets": {"answer": {"limit": 4}},
        "training": training,
        "adapters": [{"name": "placebo", "recipe": "placebo", "rows": 4}],
    }
    said = (
        r"training.lora.target_modules: query_key_value is no layer of this model \(llama\); its layers: "
        "q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj"
    )
    with pytest.raises(ConfigError, match=said):
        api.run_study(parse_study(raw), out=tmp_path / "runs" / "r")
    with pytest.raises(SycoscopeError, match=said):
        api.train(
            str(model),
            "placebo",
            rows=4,
            out=tmp_path / "a",
            settings=FEW["settings"],
            training=STEPS | {"lora.target_modules": ["q_proj", "query_key_value"]},
        )
    assert not (tmp_path / "a").exists()


def test_layers_of_another_architecture_are_chosen_and_recorded(neox, tmp_path):
    folder = api.train(
        str(neox), "placebo", rows=4, out=tmp_path / "a", settings=FEW["settings"], training=STEPS
    )
    layers = ["dense", "dense_4h_to_h", "dense_h_to_4h", "query_key_value"]
    assert json.loads((folder / "sycoscope.json").read_text())["layers"] == layers
    assert json.loads((folder / "adapter_config.json").read_text())["target_modules"] == layers
    run = api.evaluate(str(neox), adapter=folder, out=tmp_path / "r", **FEW)
    assert [finding.severity for finding in run.findings() if finding.check == "adapter_off"] == ["ok"]
