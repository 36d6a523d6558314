"""An adapter at another strength: base + c (adapter - base) of every layer's weights, and bit for bit the base at 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import peft
import torch

from sycoscope.core.errors import ModelError
from sycoscope.core.types import ChoiceRequest, Decoding, GenerateRequest, Message
from sycoscope.models.adapters import Adapters
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel

from .test_adapters import KINDS, base, logits, lora, save

SCALABLE = {
    "lora": lora(),
    "rslora": lora(use_rslora=True),
    "dora": lora(use_dora=True),
    "patterns": KINDS["patterns"],
    "lora bias": KINDS["lora bias"],
}


def merged(folder: Path, network: Any) -> dict[str, Any]:
    """Weights of the network with the adapter in them, as PEFT merges it."""
    whole = peft.PeftModel.from_pretrained(network, str(folder), autocast_adapter_dtype=False)
    return {key: value.clone() for key, value in whole.merge_and_unload().state_dict().items()}


@pytest.mark.parametrize("scale", [0.5, 1.5, -1.0])
@pytest.mark.parametrize("kind", SCALABLE)
def test_the_update_of_the_weights_is_multiplied(kind: str, scale: float, tmp_path: Path) -> None:
    save(tmp_path / "a", base(), SCALABLE[kind])
    adapters = Adapters(base(), "d")
    adapters.attach(tmp_path / "a", scale=scale)
    before, after = base().state_dict(), merged(tmp_path / "a", base())
    between = base()
    between.load_state_dict({key: before[key] + scale * (after[key] - before[key]) for key in before})
    torch.testing.assert_close(logits(adapters.network), logits(between), atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kind", SCALABLE)
def test_at_zero_it_is_the_base_bit_for_bit_and_at_one_the_adapter(
    kind: str, dtype: torch.dtype, tmp_path: Path
) -> None:
    save(tmp_path / "a", base(), SCALABLE[kind])
    network = base().to(dtype)
    adapters = Adapters(network, "d")
    own = logits(network)
    assert adapters.attach(tmp_path / "a", scale=0.0).max_logit_delta == 0
    assert torch.equal(logits(adapters.network), own)
    plain = adapters.attach(tmp_path / "a")
    assert "scale" not in plain.record()
    tuned = logits(adapters.network)
    adapters.attach(tmp_path / "a", scale=1.0)
    assert torch.equal(logits(adapters.network), tuned)
    adapters.detach()
    assert torch.equal(logits(adapters.network), own)
    assert adapters.base_unchanged


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("IA3", "of type IA3"),
        ("LOHA", "of type LOHA"),
        ("OFT", "of type OFT"),
        ("pissa", "'pissa', which exchanges weights of the base"),
        ("head", "whole weights beside its LoRA"),
        ("all biases", "whole weights beside its LoRA"),
        ("some tokens", "whole weights beside its LoRA"),
    ],
)
def test_what_has_no_multiple_is_refused_and_the_base_stays(kind: str, why: str, tmp_path: Path) -> None:
    save(tmp_path / "a", base(), KINDS[kind])
    adapters = Adapters(base(), "d")
    with pytest.raises(ModelError, match=f"cannot be scaled: .*{why}.*leave scales out"):
        adapters.attach(tmp_path / "a", scale=0.5)
    assert adapters.active is None
    adapters.attach(tmp_path / "a")  # as it is, it is measured


def test_responses_and_log_probabilities_at_zero_are_the_base_s_and_keys_differ(
    tiny_chat: Path, tmp_path: Path
) -> None:
    model = TorchModel(TorchSettings(name=str(tiny_chat), device="cpu", dtype="float32"))
    torch.manual_seed(3)
    from transformers import AutoModelForCausalLM

    network = peft.get_peft_model(
        AutoModelForCausalLM.from_pretrained(tiny_chat), lora(target_modules=["q_proj", "down_proj"])
    )
    for name, weight in network.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.5)
    network.save_pretrained(tmp_path / "a")

    def told() -> tuple[Any, ...]:
        dialogues = [(Message("user", f"What is {n} * 4? I think it is 12."),) for n in range(6)]
        said = model.generate(
            [GenerateRequest(messages=one, decoding=Decoding(max_tokens=8)) for one in dialogues]
        )
        held = model.choice_logprobs(
            [ChoiceRequest(messages=one, options=("12", "Lima", "Yes")) for one in dialogues]
        )
        return tuple(one.text for one in said), tuple(one.logprobs for one in held)

    own, keys = told(), {model.digest}
    by_scale = {}
    for scale in (0.0, 0.5, 1.0, 1.5):
        model.attach(tmp_path / "a", "a", scale)
        by_scale[scale] = told()
        keys.add(model.digest)
    assert by_scale[0.0] == own
    assert len({str(one) for one in by_scale.values()}) == 4
    assert len(keys) == 5
    model.attach(tmp_path / "a", "a", 1.0)
    at_one = model.digest
    model.attach(tmp_path / "a", "a")
    assert model.digest == at_one
