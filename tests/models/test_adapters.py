"""Adapters of every kind that is read: applied as PEFT applies them, taken off without a trace; the others refused."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import peft
import torch
from safetensors.torch import load_file, save_file

from sycoscope.core.errors import MissingError, ModelError
from sycoscope.models import adapter_patterns
from sycoscope.models.adapter_base import compare_bases
from sycoscope.models.adapter_files import CONFIG, READ, RECORD, WEIGHTS, read_adapter
from sycoscope.models.adapters import Adapters

from .tiny import VOCABULARY, make_gpt2, make_llama

pytestmark = pytest.mark.slow

IDS = torch.arange(3, 30)[None] % VOCABULARY
ATTENTION = ["q_proj", "v_proj"]


def lora(**more: Any) -> peft.LoraConfig:
    return peft.LoraConfig(
        **{"r": 4, "lora_alpha": 8, "target_modules": ATTENTION, "task_type": "CAUSAL_LM"} | more
    )


KINDS = {
    "lora": lora(),
    "no task type": lora(task_type=None),
    "rslora": lora(use_rslora=True),
    "dora": lora(use_dora=True),
    "all-linear": lora(target_modules="all-linear"),
    "regular expression": lora(target_modules=r".*\.layers\.[01]\.(self_attn\.(q|k)_proj|mlp\.down_proj)"),
    "excluded": lora(exclude_modules=r".*\.0\..*"),
    "patterns": lora(rank_pattern={r"layers\.1\..*q_proj": 2, "v_proj": 8}, alpha_pattern={r".*\.2\.self_attn\.v_proj": 3}),
    "some layers": lora(layers_to_transform=[1], layers_pattern="layers"),
    "head": lora(modules_to_save=["lm_head"]),
    "embeddings": lora(modules_to_save=["embed_tokens"]),
    "both": lora(modules_to_save=["embed_tokens", "lm_head"]),
    "norms": lora(modules_to_save=["norm", "input_layernorm"]),
    "layers of the vocabulary": lora(target_modules=["embed_tokens", "q_proj", "lm_head"]),
    "all biases": lora(bias="all"),
    "some tokens": lora(trainable_token_indices=[5, 9]),
    "pissa": lora(init_lora_weights="pissa"),
    "olora": lora(init_lora_weights="olora"),
    "lora bias": lora(lora_bias=True),
    "ADALORA": peft.AdaLoraConfig(init_r=4, target_modules=ATTENTION, task_type="CAUSAL_LM", total_step=10),
    "LOHA": peft.LoHaConfig(r=4, target_modules=ATTENTION),
    "LOKR": peft.LoKrConfig(r=4, target_modules=ATTENTION),
    "IA3": peft.IA3Config(target_modules=["k_proj", "down_proj"], feedforward_modules=["down_proj"]),
    "OFT": peft.OFTConfig(r=0, oft_block_size=4, target_modules=ATTENTION),
    "VERA": peft.VeraConfig(r=4, target_modules=["q_proj"]),
    "LN_TUNING": peft.LNTuningConfig(target_modules=["input_layernorm"]),
    "TRAINABLE_TOKENS": peft.TrainableTokensConfig(token_indices=[4, 7], target_modules=["embed_tokens"]),
}  # fmt: skip


def base(**more: Any) -> Any:
    return make_llama(**{"attention_bias": True} | more)


def logits(network: Any) -> Any:
    with torch.no_grad():
        return network(input_ids=IDS, use_cache=False).logits


def save(folder: Path, network: Any, config: Any, *, seed: int = 1) -> Any:
    """Write an adapter with random weights for a network, which is used up; its logits."""
    torch.manual_seed(seed)
    wrapped = peft.get_peft_model(network, config, autocast_adapter_dtype=False).eval()
    for weight in wrapped.parameters():
        if weight.requires_grad:
            weight.data.add_(torch.randn_like(weight) * 0.1)
    wrapped.save_pretrained(folder)
    return logits(wrapped)


def change(folder: Path, **changes: Any) -> Path:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | changes))
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain LoRA adapter; tests that change it copy it."""
    folder = tmp_path_factory.mktemp("adapters") / "plain"
    save(folder, base(), lora())
    return folder


@pytest.fixture
def own(plain: Path, tmp_path: Path) -> Path:
    """A plain LoRA adapter to be changed."""
    folder = tmp_path / "own"
    folder.mkdir()
    for path in plain.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


# Kinds that touch the vocabulary's weights, which many bases have once for both ends.
VOCABULARY_KINDS = (
    "head", "embeddings", "both", "layers of the vocabulary", "some tokens", "TRAINABLE_TOKENS", "olora",
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "tied"), [*((kind, False) for kind in KINDS), *((kind, True) for kind in VOCABULARY_KINDS)]
)
def test_an_adapter_does_what_it_did_and_leaves_nothing(kind, tied, plain, tmp_path):
    expected = save(tmp_path / "a", base(tie_word_embeddings=tied), KINDS[kind])
    network = base(tie_word_embeddings=tied)
    before, keys = logits(network), dict(network.state_dict())
    values = {key: value.clone() for key, value in keys.items()}
    modules = {name: type(module) for name, module in network.named_modules()}
    adapters = Adapters(network, "d")
    assert adapters.attach(tmp_path / "a").max_logit_delta > 1e-4
    assert torch.allclose(logits(adapters.network), expected, atol=1e-5)
    other = logits(adapters.attach(plain) and adapters.network)  # another follows at once
    adapters.detach()
    assert torch.equal(logits(adapters.network), before)
    adapters.attach(plain)
    assert torch.equal(logits(adapters.network), other)  # the first left nothing in it
    adapters.detach()
    assert adapters.base_unchanged is True
    assert {name: type(module) for name, module in network.named_modules()} == modules
    after = network.state_dict()
    assert list(after) == list(keys)
    assert all(torch.equal(after[key], value) for key, value in values.items())
    assert not any(weight.requires_grad for weight in network.parameters())
    assert not hasattr(network, "peft_config")


def test_every_kind_that_is_read_is_tried_here():
    assert READ.keys() == {config.peft_type.value for config in KINDS.values()}
