"""Logits at supervised positions are the network's own, also where it changes what its output layer gives."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import torch
import transformers

from sycoscope.models.hardware import Hardware
from sycoscope.training.supervised import IGNORED, give_supervised_head, logit_shape, supervised_logits

pytestmark = pytest.mark.slow
HERE = Hardware("cpu", "", "float32", 1, 1.0, "")
FAMILIES: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "Llama": ({}, {}),
    "Gemma2": ({"head_dim": 8, "final_logit_softcapping": 3.0}, {"cap": 3.0}),
    "Cohere": ({"logit_scale": 0.25}, {"scale": 0.25}),
    "Granite": ({"logits_scaling": 4.0}, {"scale": 0.25}),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_they_are_those_of_the_whole_network(name: str) -> None:
    more, shape = FAMILIES[name]
    config = getattr(transformers, f"{name}Config")(
        vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2, initializer_range=0.5, bos_token_id=1, eos_token_id=2, pad_token_id=0, **more,
    )  # fmt: skip
    torch.manual_seed(1)
    network = getattr(transformers, f"{name}ForCausalLM")(config).eval()
    assert logit_shape(network) == shape
    ids = torch.randint(3, 90, (2, 9))
    labels = ids.clone()
    labels[0, :5] = labels[1, :3] = labels[1, 7:] = IGNORED
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.no_grad():
        whole = network(**inputs).logits
        give_supervised_head(network, packed=False)
        logits, wanted = supervised_logits(network, inputs, labels, HERE)
        assert torch.equal(network(**inputs).logits, whole)
    assert torch.allclose(logits, torch.cat([whole[0, 4:8], whole[1, 2:6]]), atol=1e-5)
    assert wanted.tolist() == [*ids[0, 5:].tolist(), *ids[1, 3:7].tolist()]
