"""Tiny random models in float32, made from their configurations, and random trees of ids."""

from __future__ import annotations

VOCABULARY = 97


def make_llama(**more):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {
        "vocab_size": VOCABULARY,
        "hidden_size": 48,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "initializer_range": 0.3,
        "attn_implementation": "sdpa",
        "eos_token_id": 1,
        "bos_token_id": 2,
        "pad_token_id": 0,
    }
    return LlamaForCausalLM(LlamaConfig(**{**shape, **more})).eval().requires_grad_(False)


def make_gpt2():
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(1)
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=512,
        n_embd=32,
        n_layer=2,
        n_head=4,
        initializer_range=0.3,
        attn_implementation="sdpa",
        eos_token_id=1,
        bos_token_id=2,
        pad_token_id=0,
    )
    return GPT2LMHeadModel(config).eval().requires_grad_(False)


def with_lora(network):
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(2)
    wrapped = get_peft_model(
        network, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"])
    )
    for name, weight in wrapped.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.2)
    return wrapped.eval().requires_grad_(False)


def random_pairs(rng, n):
    """Pairs whose rows share prefixes of random lengths, some of them repeated."""
    pairs = []
    while len(pairs) < n:
        if pairs and rng.random() < 0.7:
            context, target = pairs[int(rng.integers(len(pairs)))]
            whole = context + target
            head = whole[: int(rng.integers(1, len(whole) + 1))]
        else:
            head = rng.integers(3, 90, int(rng.integers(1, 20))).tolist()
        row = (head + rng.integers(3, 90, int(rng.integers(1, 12))).tolist())[:100]
        cut = int(rng.integers(1, len(row)))
        pairs.append((row[:cut], row[cut:]))
    return pairs
