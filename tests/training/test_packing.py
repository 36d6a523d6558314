"""Packed rows give what separate rows give, in values and in gradients; networks that mix rows are found out."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import torch
import transformers

from sycoscope.models.hardware import Hardware
from sycoscope.training.packing import hidden_states, why_not
from sycoscope.training.supervised import IGNORED, give_supervised_head, supervised_logits

HERE = Hardware("cpu", "", "float32", 1, 1.0, "")
SIZES = {
    "vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "initializer_range": 0.3,
}  # fmt: skip
ROWS = [[5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [20, 21], [30, 31, 32, 33], [40]]
# attention through a window too, and one with a state that runs on from row to row
KEPT_APART = {"Llama": {}, "Mistral": {"sliding_window": 3}, "Gemma2": {"head_dim": 8, "sliding_window": 3}}


def network(name: str, **more: Any) -> Any:
    torch.manual_seed(1)
    config = getattr(transformers, f"{name}Config")(**(SIZES | more))
    return getattr(transformers, f"{name}ForCausalLM")(config).eval()


def batch(rows: list[list[int]], *, left: bool) -> tuple[dict[str, Any], Any]:
    """Inputs and labels; of each row of several tokens the second half is supervised."""
    longest = max(map(len, rows))

    def padded(values: list[int], with_: int) -> list[int]:
        rest = [with_] * (longest - len(values))
        return rest + values if left else values + rest

    labels = [[IGNORED] * max(1, len(row) // 2) + row[max(1, len(row) // 2) :] for row in rows]
    inputs = {
        "input_ids": torch.tensor([padded(row, 0) for row in rows]),
        "attention_mask": torch.tensor([padded([1] * len(row), 0) for row in rows]),
    }
    return inputs, torch.tensor([padded(row, IGNORED) for row in labels])


def loss_and_gradient(one: Any, inputs: dict[str, Any], labels: Any, *, packed: bool) -> tuple[Any, Any]:
    give_supervised_head(one, packed=packed)
    logits, wanted = supervised_logits(one, inputs, labels, HERE)
    vars(one).pop("forward")
    one.zero_grad()
    torch.nn.functional.cross_entropy(logits, wanted, reduction="sum").backward()
    return logits.detach(), torch.cat(
        [weight.grad.flatten() for weight in one.parameters() if weight.grad is not None]
    )


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("name", KEPT_APART)
def test_packed_rows_are_those_that_are_padded(name: str, left: bool) -> None:
    one = network(name, **KEPT_APART[name])
    inputs, labels = batch(ROWS, left=left)
    lengths: list[int] = []
    one.get_decoder().register_forward_pre_hook(
        lambda _module, _args, given: lengths.append(given["input_ids"].numel()), with_kwargs=True
    )
    padded, packed = (loss_and_gradient(one, inputs, labels, packed=each) for each in (False, True))
    assert lengths == [48, 19]  # else nothing was packed
    assert torch.allclose(padded[0], packed[0], atol=1e-4)
    assert torch.allclose(padded[1], packed[1], atol=1e-4 * float(padded[1].abs().max()))
    assert why_not(one, ROWS) == ""


@pytest.mark.parametrize("rows", [[[1, 2, 3, 4]] * 3, [list(range(1, 3000)), list(range(1, 2999))]])
def test_rows_are_packed_only_where_that_is_less_work(rows: list[list[int]]) -> None:
    seen: list[tuple[int, ...]] = []

    class Decoder:
        config = network("Llama").config

        def __call__(self, *, input_ids: Any, **_: Any) -> Any:
            seen.append(tuple(input_ids.shape))
            return transformers.modeling_outputs.BaseModelOutput(torch.zeros(*input_ids.shape, 2))

    inputs, _ = batch(rows, left=False)
    hidden_states(Decoder(), inputs, inputs["attention_mask"].bool(), packed=True)
    assert seen == [(len(rows), len(rows[0]))]


def test_a_state_that_runs_on_is_found_out() -> None:
    mixing = transformers.MambaForCausalLM(
        transformers.MambaConfig(vocab_size=97, hidden_size=32, state_size=4, num_hidden_layers=2)
    ).eval()
    assert why_not(mixing, ROWS)


def test_a_network_that_takes_no_notice_of_positions_is_found_out() -> None:
    one = network("Llama")
    plain = one.get_decoder().forward
    one.get_decoder().forward = lambda *, input_ids, position_ids=None, **given: plain(
        input_ids=input_ids, **given
    )
    assert "hidden states lay" in why_not(one, ROWS)


def test_a_pass_that_fails_is_found_out() -> None:
    one = network("Llama")

    def forward(*, input_ids: Any, attention_mask: Any, use_cache: bool) -> None:
        raise ValueError("no such thing\nmore")

    one.get_decoder().forward = forward
    one.train()
    assert why_not(one, ROWS) == "a trial pass failed (ValueError: no such thing)"
    assert one.training
