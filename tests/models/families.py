"""Tiny models of the families that people tune, in float32 and on disk, and the names of their layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Family:
    """Names as transformers has them: of the class, and of layers of a block.

    `runs_fast`: whether the fast engine runs it, as `auto` decides.
    """

    name: str
    attention: tuple[str, ...] = ("q_proj", "v_proj")
    mlp: tuple[str, ...] = ("up_proj", "down_proj")
    runs_fast: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)


FAMILIES = {
    family.name: family
    for family in (
        Family("Llama", more={"attention_bias": True}),
        Family(
            "Gemma3",
            runs_fast=False,  # it attends within windows
            more={"head_dim": 8, "sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"]},
        ),
        Family("Qwen3", more={"head_dim": 8}),
        Family("Mistral", more={"head_dim": 8, "sliding_window": None}),
        Family("Phi", mlp=("fc1", "fc2"), more={"num_key_value_heads": 4}),
        Family("Phi3", attention=("qkv_proj",), mlp=("gate_up_proj", "down_proj")),
        Family(
            "GPTNeoX",
            attention=("query_key_value",),
            mlp=("dense_h_to_4h", "dense_4h_to_h"),
        ),
    )
}


def make_family(family: Family, folder: Path, tokenizer: Any, *, tied: bool, **more: Any) -> Path:
    """Write a random model of two layers with a tokenizer."""
    import torch
    import transformers

    kind = "Gemma3Text" if family.name == "Gemma3" else family.name
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.3,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": tied,
    }
    config = getattr(transformers, f"{kind}Config")(**shape | family.more | more)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        getattr(transformers, f"{family.name}ForCausalLM")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
