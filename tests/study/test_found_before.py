"""What cannot be done with a model or an adapter is found before anything is measured."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trl")

import peft
import torch
from safetensors.torch import load_file, save_file

from sycoscope import api
from sycoscope.config import parse_study
from sycoscope.core.errors import ConfigError, MissingError, ModelError, StoreError, SycoscopeError
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
    refuse_to_ask(monkeypatch)


def refuse_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
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


# --- of two models, the second is looked at before the first is asked ---


def copied(model: Path, folder: Path) -> Path:
    return shutil.copytree(model, folder)


def lose_a_weight(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.self_attn.q_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def add_another_head(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors") | {"score.weight": torch.zeros(2, 32)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def change(folder: Path, name: str, **more: Any) -> None:
    (folder / name).write_text(json.dumps(json.loads((folder / name).read_text()) | more))


FAULTY: dict[str, tuple[Any, str]] = {
    "a weight is missing": (lose_a_weight, r"lack 1 of 21 weights, which would be random: model\.layers\.1"),
    "weights of another head": (
        add_another_head,
        r"hold 1 weight that a LlamaForCausalLM .* does not take: score",
    ),
    "another shape": (
        lambda folder: change(folder, "config.json", intermediate_size=48),
        r"weights have another shape than config\.json says",
    ),
    "more layers": (
        lambda folder: change(folder, "config.json", num_hidden_layers=4),
        r"lack 18 of 39 weights",
    ),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), r"it has no tokenizer"),
    "a small vocabulary": (
        lambda folder: change(folder, "config.json", vocab_size=100),
        r"another shape than config\.json says",
    ),
    "no template": (
        lambda folder: (folder / "chat_template.jinja").unlink(),
        r"the tokenizer has no chat template",
    ),
    "a template that loses a turn": (
        lambda folder: (folder / "chat_template.jinja").write_text("{{ messages[0]['content'] }}"),
        r"the chat template of",
    ),
    "a type that writes no text": (
        lambda folder: change(folder, "config.json", model_type="vit"),
        r"is none that transformers loads to write text from text",
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_second_model_that_cannot_be_loaded_is_refused_before_the_first_is_asked(
    model, tmp_path, unasked, fault
):
    spoil, said = FAULTY[fault]
    second = copied(model, tmp_path / "second")
    spoil(second)
    with pytest.raises(ModelError, match=said):
        api.compare(str(model), str(second), out=tmp_path / "runs" / "c", **FEW)
    assert not (tmp_path / "runs").exists()


def test_the_second_side_is_looked_at_whatever_it_is(model, tmp_path, monkeypatch):
    run = api.evaluate("null:ideal", out=tmp_path / "run", **FEW).directory.path
    refuse_to_ask(monkeypatch)
    with pytest.raises(MissingError, match="no null model 'nobody'"):
        api.compare("null:ideal", "null:nobody", out=tmp_path / "runs" / "c", **FEW)
    with pytest.raises(ConfigError, match="it takes no benchmarks"):
        api.compare(str(model), "null:ideal", out=tmp_path / "runs" / "c", **FEW | {"benchmarks": ["mmlu"]})
    (run / "data" / "scores.parquet").write_bytes(b"cut")
    with pytest.raises(StoreError, match=r"scores\.parquet"):
        api.compare(str(model), str(run), out=tmp_path / "runs" / "c", **FEW)
    assert not (tmp_path / "runs").exists()


def test_a_look_holds_no_weights_in_memory(model, monkeypatch):
    from sycoscope.models import network
    from sycoscope.models.load import prepare_model
    from sycoscope.models.settings import TorchSettings

    seen = []
    check = network.check_loaded
    monkeypatch.setattr(network, "check_loaded", lambda *args: (seen.append(args[0]), check(*args)))
    prepare_model(TorchSettings(name=str(model), **FEW["settings"]))
    assert {weight.device.type for weight in seen[0].parameters()} == {"meta"}


def test_every_adapter_is_looked_at_before_the_base_is_asked(model, tmp_path, unasked):
    lora = peft.LoraConfig(r=4, target_modules=["q_proj"], task_type="CAUSAL_LM")
    sound = adapter(tmp_path / "sound", model, lora)
    broken = adapter(tmp_path / "broken", model, lora)
    weights = load_file(broken / "adapter_model.safetensors")
    save_file(dict(list(weights.items())[1:]), broken / "adapter_model.safetensors")
    config = parse_study(
        {
            "study": "s",
            "model": {"name": str(model), **FEW["settings"]},
            "facets": {"answer": {"limit": 4}},
            "adapters": [{"name": path.name, "path": str(path)} for path in (sound, broken)],
        }
    )
    with pytest.raises(ModelError, match=r"the adapter '.*broken' does not fit this base"):
        api.run_study(config, out=tmp_path / "runs" / "r")
    assert not (tmp_path / "runs").exists()
