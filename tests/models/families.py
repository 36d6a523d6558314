"""Tiny models on disk: of the families that people tune, with the names of their layers, and of images and text."""

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
            more={
                "head_dim": 8,
                "sliding_window": 16,
                "layer_types": ["sliding_attention", "full_attention"],
            },
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


def make_image_text(kind: str, folder: Path, tokenizer: Any, *, text: str = "llama") -> Path:
    """Write a random image-text model with a tokenizer.

    Args:
        text: Architecture of the text model of a Llava.
    """
    import torch
    import transformers

    config = getattr(transformers, f"{kind}Config")(**_image_text(kind, tokenizer, text))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        getattr(transformers, f"{kind}ForConditionalGeneration")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _image_text(kind: str, tokenizer: Any, text: str) -> dict[str, Any]:
    read: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 96,
        "initializer_range": 0.3,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": 0,
    }
    seen: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 16, "patch_size": 14}
    layers = {"num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 28}
    if kind == "Qwen3VL":
        rope = {
            "rope_type": "default",
            "rope_theta": 1e4,
            "mrope_section": [1, 1, 2],
            "mrope_interleaved": True,
        }
        more = {"depth": 2, "num_heads": 2, "out_hidden_size": 32, "num_position_embeddings": 16}
        return {
            "text_config": read | {"rope_parameters": rope},
            "vision_config": seen | more | {"deepstack_visual_indexes": [1]},
            "image_token_id": 1,
            "video_token_id": 2,
        }
    if kind == "Gemma3":
        read |= {"query_pre_attn_scalar": 8, "sliding_window": 16}
        whole: dict[str, Any] = {"mm_tokens_per_image": 4, "boi_token_index": 1, "eoi_token_index": 2}
    else:
        read["model_type"] = {"Llava": text, "PaliGemma": "gemma"}[kind]
        whole = {"projection_dim": 32} if kind == "PaliGemma" else {}
        seen["model_type"] = {"Llava": "clip_vision_model", "PaliGemma": "siglip_vision_model"}[kind]
    return {"text_config": read, "vision_config": seen | layers, "image_token_index": 1} | whole
