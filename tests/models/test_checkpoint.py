"""A model's files before anything is measured: what is missing, cut, foreign or impossible is one line with its name."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.torch import load_file, save_file

from sycoscope.core.errors import ModelError
from sycoscope.core.types import Decoding, GenerateRequest, Message
from sycoscope.models.checkpoint import check_folder, check_loaded, is_part, positions
from sycoscope.models.finite import check_network
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel

from .families import make_image_text

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345678\n"
PARTS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


def load(folder: Path) -> TorchModel:
    return TorchModel(TorchSettings(name=str(folder), device="cpu", dtype="float32", engine="plain"))


@pytest.fixture
def copy(tiny_chat: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_chat, tmp_path / "copy")


def configure(folder: Path, name: str = "config.json", **changed: Any) -> Path:
    config = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(config | changed))
    return folder


def reweigh(folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def split(folder: Path, second: str = PARTS[1]) -> Path:
    """The weights in two files, of which the index calls the second by another name, where one is given."""
    weights = load_file(folder / "model.safetensors")
    names = sorted(weights)
    halves = names[: len(names) // 2], names[len(names) // 2 :]
    for part, half in zip(PARTS, halves, strict=True):
        save_file({name: weights[name] for name in half}, folder / part, metadata={"format": "pt"})
    (folder / "model.safetensors").unlink()
    places = dict.fromkeys(halves[0], PARTS[0]) | dict.fromkeys(halves[1], second)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(ModelError) as fault:
        check_folder(folder)
    text = str(fault.value)
    assert "\n" not in text
    return text


def test_a_sound_folder_is_not_refused(copy):
    check_folder(copy)
    check_folder(split(copy))


@pytest.mark.parametrize(
    "name", ["model.safetensors", "tokenizer.json", "config.json", "chat_template.jinja"]
)
def test_a_pointer_in_place_of_a_file(copy, name):
    (copy / name).write_text(POINTER)
    assert (
        f"'{name}' is a pointer of {len(POINTER)} bytes that stands for the real file of 12,345,678"
        in refused(copy)
    )
    (copy / name).write_text("/annex/objects/SHA256E-s123--abc\n")
    assert f"'{name}' is a pointer" in refused(copy)


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html>", None], ids=["empty", "page", "cut"])
def test_weights_that_are_not_whole(copy, content):
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-9] if content is None else content)
    assert "'model.safetensors' is no whole safetensors file" in refused(copy)


def test_folders_and_links_named_like_weights(copy):
    (copy / "x.safetensors").mkdir()
    assert "'x.safetensors' is a folder, and no file" in refused(copy)
    (copy / "x.safetensors").rmdir()
    (copy / "model.safetensors").unlink()
    (copy / "model.safetensors").symlink_to("/no/such/weights")
    assert "is a link to '/no/such/weights', which is not there" in refused(copy)


def test_split_weights(copy):
    folder = split(copy)
    (folder / PARTS[1]).unlink()
    assert f"lie in 2 files, of which 1 is missing: {PARTS[1]}; fetch" in refused(folder)
    (folder / "model.safetensors.index.json").unlink()
    assert f"it holds {PARTS[0]}, but neither 'model.safetensors' nor" in refused(folder)
    for broken in ("", "[]", "{}", '{"weight_map": {}}', '{"weight_map": {"a": 3}}'):
        (folder / "model.safetensors.index.json").write_text(broken)
        assert "model.safetensors.index.json" in refused(folder)


@pytest.mark.parametrize(
    "name", ["../out.safetensors", "/out.safetensors", "deeper/out.safetensors", "..", "a\\b"]
)
def test_an_index_that_names_a_file_elsewhere(copy, name):
    assert f"names {name!r} as a file of weights, which does not lie in" in refused(split(copy, second=name))


def test_a_configuration_that_names_its_weights(copy):
    (copy / "model.safetensors").rename(copy / "own.safetensors")
    check_folder(configure(copy, transformers_weights="own.safetensors"))
    assert "does not lie in the model's folder" in refused(
        configure(copy, transformers_weights="../own.safetensors")
    )
    assert "only safetensors are loaded" in refused(configure(copy, transformers_weights="own.bin"))


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_an_adapter_inside_a_model(copy, name):
    (copy / name).write_text("{}")
    assert f"files of an adapter beside the model ({name})" in refused(copy)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_hidden_layers", -1),
        ("num_hidden_layers", 0),
        ("num_hidden_layers", 10**9),
        ("num_attention_heads", 0),
        ("num_key_value_heads", [2, -2]),
        ("vocab_size", -5),
        ("max_position_embeddings", -4),
        ("rms_norm_eps", float("nan")),
        ("eos_token_id", "</s>"),
        ("text_config", {"hidden_size": 0}),
    ],
)
def test_numbers_of_which_no_model_can_be_made(copy, key, value):
    assert "config.json" in refused(configure(copy, **{key: value}))


@pytest.mark.parametrize("text", ["", '{"model_type"', "[]", "null", "[" * 100_000, '{"a": "\udcff"}'])
@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer_config.json"])
def test_files_that_are_no_objects(copy, name, text):
    (copy / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert f"'{name}'" in refused(copy)


def test_heads_that_write_no_text(copy):
    assert "whose head does not write text" in refused(
        configure(copy, architectures=["LlamaForTokenClassification"])
    )
    check_folder(configure(copy, architectures=["LlamaModel"]))
    check_folder(configure(copy, architectures=["SomeForConditionalGeneration"]))


def test_weights_that_the_files_lack(copy):
    def lose(weights: dict[str, Any]) -> None:
        for name in [name for name in weights if "layers.1.mlp" in name]:
            del weights[name]

    with pytest.raises(
        ModelError, match=r"cannot load the model in '.*copy': its files lack 3 of \d+ weights.*down_proj"
    ):
        load(reweigh(copy, lose))
    with pytest.raises(ModelError, match="whose head does not write text"):
        load(configure(copy, architectures=["LlamaForSequenceClassification"]))


def test_weights_that_the_model_does_not_take(copy):
    folder = reweigh(copy, lambda weights: weights.update({"model.layers.0.router.weight": torch.ones(3)}))
    with pytest.raises(
        ModelError, match=r"hold 1 weight that a LlamaForCausalLM .* not take: model\.layers\.0\.router"
    ):
        load(folder)
    reweigh(folder, lambda weights: weights.pop("model.layers.0.router.weight"))
    reweigh(folder, lambda weights: weights.update({"model.norm.weight": torch.ones(7)}))
    with pytest.raises(
        ModelError, match=r"1 of \d+ weights has another shape .*norm\.weight \(7,\) for \(32,\)"
    ):
        load(folder)


def test_what_may_be_absent_or_left(copy, tiny_chat):
    answers = answer(load(tiny_chat))
    old = {f"model.layers.{i}.self_attn.rotary_emb.inv_freq": torch.ones(4) for i in range(2)}
    assert answer(load(reweigh(copy, lambda weights: weights.update(old)))) == answers
    reweigh(copy, lambda weights: weights.pop("lm_head.weight"))
    load(configure(copy, tie_word_embeddings=True))
    network = torch.nn.Linear(2, 2)
    info = {"missing_keys": set(), "mismatched_keys": set(), "unexpected_keys": {"vision_tower.a.weight"}}
    with pytest.raises(ModelError, match="vision_tower"):
        check_loaded(network, info, {})
    check_loaded(network, info, {"text_config": {}})


def answer(model: TorchModel) -> str:
    request = GenerateRequest(messages=(Message("user", "Why?"),), decoding=Decoding(max_tokens=8))
    return model.generate([request])[0].text


@pytest.mark.parametrize("kept", [(), ("tokenizer_config.json",)])
@pytest.mark.parametrize("named", ["PreTrainedTokenizerFast", "LlamaTokenizer", "Qwen2Tokenizer"])
def test_a_missing_tokenizer(copy, kept, named):
    configure(copy, "tokenizer_config.json", tokenizer_class=named)
    for path in copy.glob("*token*"):
        if path.name not in kept:
            path.unlink()
    with pytest.raises(ModelError, match=r"it has no tokenizer: .*; put tokenizer\.json"):
        load(copy)


def test_a_tokenizer_of_another_model(copy):
    def cut(weights: dict[str, Any]) -> None:
        for name in ("model.embed_tokens.weight", "lm_head.weight"):
            weights[name] = weights[name][:100].clone()

    with pytest.raises(ModelError, match=r"tokens up to number \d+, and its weights only 100"):
        load(configure(reweigh(copy, cut), vocab_size=100))


@pytest.mark.parametrize(
    "changed",
    [
        {"rope_scaling": 3},
        {"model_type": "no-such-type"},
        {"hidden_act": "none"},
        {"num_hidden_layers": "two"},
    ],
)
def test_a_configuration_that_transformers_refuses(copy, changed):
    with pytest.raises(
        ModelError, match=r"cannot make a model of config\.json \(.*\); correct the file"
    ) as fault:
        load(configure(copy, **changed))
    assert "\n" not in str(fault.value)
    assert "<class" not in str(fault.value)


# --- weights that are no numbers ---


@pytest.mark.parametrize(("value", "what"), [("nan", "NaN"), ("inf", "infinite"), ("-inf", "infinite")])
def test_weights_that_are_no_numbers(copy, value, what):
    def spoil(weights: dict[str, Any]) -> None:
        weights["model.layers.1.mlp.up_proj.weight"][3, 5] = float(value)

    said = rf"'.*copy': 1 of \d+ weights holds what is no number in float32: model.layers.1.mlp.up_proj.weight \({what}\)"
    with pytest.raises(ModelError, match=said):
        load(reweigh(copy, spoil))


def test_weights_beyond_the_range_of_the_dtype(copy):
    def grow(weights: dict[str, Any]) -> None:
        weights["model.norm.weight"][:2] = 1e6

    load(reweigh(copy, grow))
    with pytest.raises(
        ModelError, match=r"norm.weight \(infinite\); fetch .* dtype of a larger range \(float32"
    ):
        TorchModel(TorchSettings(name=str(copy), device="cpu", dtype="float16", engine="plain"))


def test_logits_that_are_no_numbers(copy):
    def grow(weights: dict[str, Any]) -> None:
        weights["model.norm.weight"][:] = 1e38
        weights["lm_head.weight"][:] = torch.tensor([1.0, -1.0]).repeat(16) * 1e38

    with pytest.raises(ModelError, match=r"the model: .* in float32 its logits for a short text are none"):
        load(reweigh(copy, grow))


def test_an_infinite_buffer_may_be_a_mask():
    network = torch.nn.Module()
    network.dtype = torch.float32
    network.register_buffer("mask", torch.full((2,), float("-inf")))
    check_network(network)
    network.mask[0] = float("nan")
    with pytest.raises(ModelError, match=r"1 of 1 weights holds what is no number in float32: mask \(NaN\)"):
        check_network(network)


# --- models of images and text ---


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Gemma3", "Llava", "Qwen3VL"])
def test_the_text_model_of_an_image_text_model_is_measured(kind, tmp_path, tiny):
    model = load(make_image_text(kind, tmp_path / "both", tiny.tokenizer(tiny.CHATML, adds_bos=False)))
    assert model.record()["max_length"] == model.max_length == 96
    ids = model.template.encode(model.chat_text([Message("user", "Why?")]))
    expected: list[int] = []
    for _ in range(6):
        with torch.no_grad():
            token = int(model.network(input_ids=torch.tensor([ids + expected])).logits[0, -1].argmax())
        if token in model.record()["stop_token_ids"]:
            break
        expected.append(token)
    questions = ("Why?", "What is the capital of Peru, and are you sure?")
    requests = [
        GenerateRequest(messages=(Message("user", text),), decoding=Decoding(max_tokens=6))
        for text in questions
    ]
    assert (
        model.generate(requests)[0].text == model.tokenizer.decode(expected, skip_special_tokens=True).strip()
    )


@pytest.mark.slow
def test_an_image_text_model_that_reads_its_prompt_in_both_directions(tmp_path, tiny):
    with pytest.raises(ModelError, match="does not read text as a language model does"):
        load(make_image_text("PaliGemma", tmp_path / "both", tiny.tokenizer(tiny.CHATML, adds_bos=False)))


def test_positions_of_configurations():
    from transformers import BloomConfig, GPT2Config, LlamaConfig

    assert positions(LlamaConfig(max_position_embeddings=77)) == 77
    assert positions(GPT2Config(n_positions=33)) == 33
    assert positions(BloomConfig()) is None


def test_every_vocabulary_that_transformers_reads_is_part_of_a_model():
    import transformers

    names = set()
    for path in Path(transformers.__file__).parent.glob("models/*/tokenization_*.py"):
        for table in re.findall(
            r"^VOCAB_FILES_NAMES = \{(.*?)\}", path.read_text(encoding="utf-8"), re.M | re.S
        ):
            names |= set(re.findall(r':\s*"([^"]+)"', table))
    assert {"vocab.json", "merges.txt", "tokenizer.model", "bpe.codes"} <= names
    assert {name for name in names if not is_part(name)} == set()
    assert [is_part(name) for name in ("tokenizer.model.v3", "README.md", "pytorch_model.bin")] == [
        True,
        False,
        False,
    ]
