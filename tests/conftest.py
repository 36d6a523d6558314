"""Tiny random chat models on disk, made once per session, and a test environment that reaches nothing outside."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

# Before torch and the hub are imported: threads only slow models of this size, and nothing is fetched.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Writes a BOS before every user turn, a space before every assistant turn, and knows no system role.
INST = (
    "{% for m in messages %}"
    "{% if m['role'] == 'system' %}{{ raise_exception('there is no system role') }}"
    "{% elif m['role'] == 'user' %}{{ bos_token + '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + ' ' + eos_token }}{% endif %}"
    "{% endfor %}"
)
CORPUS = [
    "The capital of Peru is Lima. What is the capital of France? I think the answer is Paris.",
    "Please take another look at the question. Are you sure? The answer is (A). Answer in a few words.",
    "Tom has 3 boxes of 4 pens. How many pens are there? 3 * 4 = 12. #### 12\nQuestion: Answer: Yes No",
]


def make_tokenizer(template: str, *, adds_bos: bool) -> Any:
    """A byte-level BPE tokenizer, which reads any text, with the template's tokens as special ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    specials = ["<pad>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=380,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(CORPUS, trainer)
    if adds_bos:
        raw.post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", raw.token_to_id("<s>"))]
        )
    marks: dict[str, Any] = (
        {"bos_token": "<s>", "eos_token": "</s>"} if adds_bos else {"eos_token": "<|im_end|>"}
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="<pad>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
        **marks,
    )
    fast.chat_template = template
    return fast


def make_model(folder: Path, template: str, *, adds_bos: bool, seed: int = 5, positions: int = 512) -> Path:
    """Write a random Llama of some ten thousand weights; its generation config asks for odd decoding."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer(template, adds_bos=adds_bos)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=positions,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.3,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = LlamaForCausalLM(config).eval()
    network.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    decoding = json.loads((folder / "generation_config.json").read_text())
    decoding |= {"repetition_penalty": 5.0, "do_sample": True, "temperature": 3.0, "max_length": 20}
    (folder / "generation_config.json").write_text(json.dumps(decoding))
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests go first, or one worker would still be at them when the other has nothing left."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The package's cache lies in a temporary folder, never in the user's."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("SYCOSCOPE_CACHE")
    os.environ["SYCOSCOPE_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["SYCOSCOPE_CACHE"]
    else:
        os.environ["SYCOSCOPE_CACHE"] = before


@pytest.fixture(scope="session")
def tiny_chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny chat model in the ChatML manner: no BOS anywhere."""
    pytest.importorskip("transformers")
    return make_model(tmp_path_factory.mktemp("tiny") / "chat", CHATML, adds_bos=False)


@pytest.fixture(scope="session")
def tiny_llama2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny chat model in Llama 2's manner: template and tokenizer both add a BOS."""
    pytest.importorskip("transformers")
    return make_model(tmp_path_factory.mktemp("tiny") / "llama2", INST, adds_bos=True, seed=6)


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The makers of tiny models, for tests that want another one."""
    return SimpleNamespace(CHATML=CHATML, INST=INST, tokenizer=make_tokenizer, model=make_model)


@pytest.fixture
def call() -> Callable[..., int]:
    """Runs one command in this process and gives its exit code."""
    from sycoscope.cli import main

    def called(*arguments: object) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["sycoscope", *map(str, arguments)])
            try:
                main()
            except SystemExit as stop:
                return int(stop.code or 0)
        return 0

    return called
