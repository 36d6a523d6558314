"""Adapters of every kind that is read: applied as PEFT applies them, taken off without a trace; the others refused."""

from __future__ import annotations

import json
import re
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
from sycoscope.models.adapter_text import read_template, template_in
from sycoscope.models.adapters import Adapters
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel

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


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(
    "config",
    [
        peft.TrainableTokensConfig(token_indices=[40, 47], target_modules=["embed_tokens"]),
        lora(trainable_token_indices=[40]),
    ],
)
def test_an_adapter_of_single_tokens_is_seen_where_they_are(config, tied, tmp_path):
    """None of them stands in the fixed row: the proof of an effect must ask these too."""
    torch.manual_seed(1)
    wrapped = peft.get_peft_model(base(tie_word_embeddings=tied), config, autocast_adapter_dtype=False).eval()
    for name, weight in wrapped.named_parameters():
        if "trainable_tokens_delta" in name:
            weight.data.add_(torch.randn_like(weight) * 0.1)
    wrapped.save_pretrained(tmp_path / "a")
    assert Adapters(base(tie_word_embeddings=tied), "d").attach(tmp_path / "a").max_logit_delta > 1e-4


def test_an_adapter_that_its_precision_rounds_away_has_no_effect(tmp_path):
    """Weights that are not zero, and a base in bfloat16 that answers bit for bit as before."""
    wrapped = peft.get_peft_model(base(), lora(), autocast_adapter_dtype=False).eval()
    for name, weight in wrapped.named_parameters():
        if "lora_B" in name:
            weight.data.fill_(1e-9)
    wrapped.save_pretrained(tmp_path / "a")
    assert Adapters(base().bfloat16(), "d").attach(tmp_path / "a").max_logit_delta == 0.0


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


# --- refused, in one line ---


def refused(folder: Path, network: Any = None) -> str:
    """What is said of an adapter that is refused; the base is as it was."""
    network = base() if network is None else network
    before = logits(network)
    adapters = Adapters(network, "d")
    with pytest.raises((ModelError, MissingError)) as fault:
        adapters.attach(folder)
    assert adapters.active is None
    assert torch.equal(logits(adapters.network), before)
    assert "\n" not in str(fault.value)
    return str(fault.value)


@pytest.mark.parametrize(
    "config",
    [
        peft.PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3),
        peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3),
        peft.PromptEncoderConfig(task_type="CAUSAL_LM", num_virtual_tokens=3),
    ],
    ids=lambda config: config.peft_type.value,
)
def test_types_that_are_not_read_are_refused_with_those_that_are(config, tmp_path):
    save(tmp_path / "a", base(), config)
    said = refused(tmp_path / "a")
    assert f"is of type '{config.peft_type.value}', which is not read; read are: LORA" in said


@pytest.mark.parametrize("kind", [None, "NOVEL", 3, ["LORA"], {}])
def test_a_type_that_nobody_knows_is_refused(own, kind):
    assert "which is not read; read are" in refused(change(own, peft_type=kind))


def test_what_acts_on_some_tokens_only_is_refused(own):
    said = refused(change(own, alora_invocation_tokens=[5, 6]))
    assert "sets alora_invocation_tokens (activated LoRA, which acts only after certain tokens)" in said


def test_layers_that_are_not_there_are_named_beside_those_that_are(own):
    said = refused(own, make_gpt2())
    assert "it wants the layers q_proj, v_proj, and the base (gpt2) has c_attn, c_proj, c_fc" in said.replace(
        "v_proj, q_proj", "q_proj, v_proj"
    )


def test_other_shapes_are_told_as_such(own):
    said = refused(own, make_llama(attention_bias=True, hidden_size=96))
    assert (
        "12 of its 12 weights have another shape: model.layers.0.self_attn.q_proj.lora_A.weight 4 x 48, here 4 x 96"
        in said
    )


@pytest.mark.parametrize(
    ("renamed", "said"),
    [
        (
            ("self_attn.q_proj", "attention.q_proj"),
            r"6 of 12 weights are missing in adapter_model.safetensors \(.*q_proj.lora_A.weight, .* and 3 more\); "
            r"6 of its 12 weights belong to no layer here \(model.layers.0.attention.q_proj",
        ),
        (
            ("layers.2.", "layers.9."),
            "4 of 12 weights are missing .* 4 of its 12 weights belong to no layer here",
        ),
    ],
)
def test_weights_that_are_missing_or_too_many_are_named(own, renamed, said):
    weights = load_file(own / WEIGHTS)
    save_file({key.replace(*renamed): value for key, value in weights.items()}, own / WEIGHTS)
    assert re.search(said, refused(own))


def test_half_of_the_weights(own):
    weights = load_file(own / WEIGHTS)
    save_file({key: value for key, value in weights.items() if "lora_A" in key}, own / WEIGHTS)
    assert "6 of 12 weights are missing in adapter_model.safetensors" in refused(own)


def test_a_trained_copy_that_the_file_lacks(tmp_path):
    save(tmp_path / "a", base(), lora(modules_to_save=["lm_head"]))
    weights = load_file(tmp_path / "a" / WEIGHTS)
    save_file(
        {key: value for key, value in weights.items() if "lm_head" not in key}, tmp_path / "a" / WEIGHTS
    )
    assert "1 of 13 weights are missing in adapter_model.safetensors (lm_head.weight)" in refused(
        tmp_path / "a"
    )


@pytest.mark.parametrize(
    "changed", [{"r": 10**9}, {"rank_pattern": {"q_proj": 10**8}}, {"r": "four"}, {"r": True}]
)
def test_a_rank_that_the_file_cannot_hold_is_not_allocated(own, changed):
    assert "no weight in adapter_model.safetensors has more than 48 rows or columns" in refused(
        change(own, **changed)
    )


def test_a_pattern_of_ranks_that_is_none(own):
    assert "rank_pattern is [3] in adapter_config.json; expected: a mapping of names to ranks" in refused(
        change(own, rank_pattern=[3])
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"lora_alpha": "much"}, "a finite number"),
        ({"lora_alpha": float("inf")}, "a finite number"),
        ({"alpha_pattern": {"q_proj": "x"}}, "a mapping of names to finite numbers"),
        ({"lora_dropout": 7}, "a number from 0 to 1"),
        ({"fan_in_fan_out": "x"}, "true or false"),
        ({"modules_to_save": "a"}, "a list of names of layers"),
        ({"layers_to_transform": "x"}, "whole numbers from 0"),
        ({"trainable_token_indices": [-1]}, "whole numbers from 0"),
        ({"bias": "some"}, "none, all or lora_only"),
        ({"task_type": "NOVEL"}, "null, CAUSAL_LM"),
        ({"r": 0}, "a whole number from 1"),
        ({"rank_pattern": {"q_proj": 0}}, "a whole number from 1"),
    ],
)
def test_a_value_that_peft_would_take_unseen_is_told_by_its_key_without_a_base(own, changed, expected):
    with pytest.raises(
        ModelError, match=rf"{next(iter(changed))}.* is .* in adapter_config.json; expected: {expected}"
    ):
        read_adapter(change(own, **changed))


EVIL = r"(([a-z0-9_]+\.?)+)+!"


@pytest.mark.parametrize(
    "changed",
    [
        {"target_modules": EVIL},
        {"exclude_modules": EVIL},
        {"rank_pattern": {EVIL: 2}},
        {"alpha_pattern": {EVIL: 2}},
        {"modules_to_save": [EVIL]},
        {"layers_to_transform": [0], "layers_pattern": EVIL},
    ],
    ids=lambda changed: list(changed)[-1],
)
def test_a_regular_expression_that_backtracks_is_given_up(own, changed, monkeypatch):
    monkeypatch.setattr(adapter_patterns, "SECONDS", 1.0)
    said = refused(change(own, **changed))
    assert (
        f"{list(changed)[-1]} {EVIL!r} is not matched within 1 s (it backtracks); name the layers in a list"
        in said
    )


@pytest.mark.parametrize("pattern", ["(q_proj", "*", "a{3,1}"])
def test_a_regular_expression_that_is_none(own, pattern):
    assert f"target_modules {pattern!r} is no regular expression" in refused(
        change(own, target_modules=pattern)
    )


@pytest.mark.parametrize(
    "changed", [{"target_modules": [3]}, {"modules_to_save": [["a"]]}, {"exclude_modules": 5}]
)
def test_names_that_are_none(own, changed):
    assert re.search(
        "expected: (a list of names of layers|names of layers, or one)", refused(change(own, **changed))
    )


BROKEN = {
    "empty": b"",
    "cut": b'{"a": [1, 2',
    "a list": b"[1]",
    "null": b"null",
    "not UTF-8": '{"a": "\xe9"}'.encode("latin-1"),
    "nested": b'{"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "nested less": b'{"a": ' + b"[" * 400 + b"]" * 400 + b"}",
    "half a character": rb'{"a": "\ud800"}',
    "digits": b'{"a": ' + b"1" * 5_000 + b"}",
}


@pytest.mark.parametrize("name", [RECORD, CONFIG])
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_one_line(own, name, kind):
    (own / name).write_bytes(BROKEN[kind])
    said = refused(own)
    assert f"{name}' cannot be read: " in said
    assert "expected: a JSON object" in said


def test_links_to_nowhere(own):
    (own / RECORD).symlink_to(own / "gone")
    assert f"{RECORD}' cannot be read: No such file" in refused(own)
    (own / RECORD).unlink()
    (own / CONFIG).unlink()
    (own / CONFIG).symlink_to(own / "gone")
    assert "adapter_config.json is missing" in refused(own)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
            "a pointer of Git LFS (run: git lfs pull)",
        ),
        (b"", "0 bytes"),
        (b"\xff" * 100, "100 bytes"),
    ],
)
def test_weights_that_are_none(own, data, said):
    (own / WEIGHTS).write_bytes(data)
    assert said in refused(own)


@pytest.mark.parametrize(("value", "what"), [("nan", "NaN"), ("inf", "infinite")])
def test_weights_that_are_no_numbers(own, value, what):
    weights = load_file(own / WEIGHTS)
    for key in sorted(weights)[:5]:
        weights[key][0, 1] = float(value)
    save_file(weights, own / WEIGHTS)
    said = refused(own)
    assert f"{WEIGHTS}' cannot be used: 5 of 12 weights hold what is no number in float32: " in said
    assert f"q_proj.lora_A.weight ({what})" in said
    assert "and 1 more; copy the file again" in said


def test_weights_beyond_the_range_of_the_base_s_dtype(own):
    weights = load_file(own / WEIGHTS)
    next(iter(weights.values()))[0, 1] = 1e6
    save_file(weights, own / WEIGHTS)
    assert "dtype of a larger range (float32, bfloat16)" in refused(own, base().half())
    Adapters(base(), "d").attach(own)


def test_an_adapter_that_makes_logits_no_numbers(own):
    weights = load_file(own / WEIGHTS)
    save_file({key: value * 0 + 1e38 for key, value in weights.items()}, own / WEIGHTS)
    assert "own' the model: its weights are numbers, and in float32 its logits for a short text" in refused(
        own
    )


# --- which base an adapter names ---


@pytest.mark.parametrize(
    ("named", "given", "is_hub", "agrees"),
    [
        ("org/model-7b", "org/model-7b", True, True),
        ("Org/Model-7B", "org/model-7b", True, True),
        ("org/model-7b", "org/other-7b", True, False),
        ("org/model-7b", "mirror/model-7b", True, False),
        ("org/model-7b", "/here/model-7b", False, True),
        ("org/model-7b", "/here/llama", False, False),
        ("org/model-7b", "/c/models--org--model-7b/snapshots/0f", False, True),
        ("/c/models--org--model-7b/snapshots/0f", "org/model-7b", True, True),
        ("unsloth/model-7b-bnb-4bit", "/here/model-7b", False, True),
        ("org/Model-7B", "/here/model-7b-Q8_0.gguf", False, True),
        ("/elsewhere/checkpoints/final", "/here/llama", False, None),
        ("C:\\models\\llama", "/here/llama", False, True),
        ("out/base", "org/model-7b", True, None),
        ("", "org/model-7b", True, None),
        (None, "org/model-7b", True, None),
    ],
)
def test_the_base_that_an_adapter_names_is_compared_by_what_can_be_known(named, given, is_hub, agrees):
    found = compare_bases({"base_model_name_or_path": named}, given, is_hub=is_hub)
    assert found == {"named": named or "", "given": given, "agrees": agrees}


def test_a_folder_whose_config_says_what_it_is():
    named = {"base_model_name_or_path": "org/model-7b"}
    assert compare_bases(named, "/here/llama", is_hub=False, origin="org/model-7b")["agrees"] is True


# --- further tokens ---


def longer(
    tmp_path: Path, tiny: SimpleNamespace, *, config: Any = None, tokens: int = 2
) -> tuple[Path, Path]:
    """A model, and an adapter that was trained after two tokens were added; its folder holds the tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = tiny.model(tmp_path / "model", tiny.CHATML, adds_bos=False)
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    words = AutoTokenizer.from_pretrained(model)
    words.add_tokens(["<note>", "</note>"][:tokens])
    network.resize_token_embeddings(len(words), mean_resizing=False)
    save(tmp_path / "a", network, config or lora(modules_to_save=["embed_tokens", "lm_head"]))
    words.save_pretrained(tmp_path / "a")
    return model, tmp_path / "a"


def load(folder: Path, **settings: Any) -> TorchModel:
    return TorchModel(TorchSettings(name=str(folder), device="cpu", dtype="float32", **settings))


def test_an_adapter_with_further_tokens_is_asked_with_its_own_tokenizer(tiny, tmp_path):
    model_folder, adapter = longer(tmp_path, tiny)
    model = load(model_folder)
    n = len(model.tokenizer)
    before, words, digest = logits(model.network), model.tokenizer, model.digest
    model.try_adapter(adapter)
    model.attach(adapter)
    assert logits(model.network).shape[-1] == n + 2
    assert model.template.encode("<note>") == [n]
    assert model.record()["adapter"]["tokens"] | {"tokenizer": ""} == {
        "rows": n + 2,
        "base_rows": n,
        "tokenizer": "",
    }
    assert model.digest != digest
    model.detach()
    assert model.tokenizer is words
    assert torch.equal(logits(model.network), before)
    assert model.network.config.vocab_size == n
    assert (model.digest, model.base_unchanged) == (digest, True)


def test_rows_that_nobody_can_name_are_refused_with_both_sizes(tiny, tmp_path):
    model_folder, adapter = longer(tmp_path, tiny)
    (adapter / "tokenizer.json").unlink()
    model = load(model_folder)
    n = len(model.tokenizer)
    said = rf"rows for another vocabulary: .*embed_tokens {n + 2}.*; the base has {n} rows. Its folder holds no tokenizer"
    with pytest.raises(ModelError, match=said):
        model.try_adapter(adapter)


def test_a_tokenizer_with_other_ids_is_refused(tiny, tmp_path):
    model_folder, adapter = longer(tmp_path, tiny)
    raw = json.loads((adapter / "tokenizer.json").read_text())
    vocabulary = raw["model"]["vocab"]
    (one, first), (two, second) = list(vocabulary.items())[10:12]
    vocabulary |= {one: second, two: first}
    (adapter / "tokenizer.json").write_text(json.dumps(raw))
    with pytest.raises(ModelError, match=r"which gives 2 of the base's \d+ tokens other ids or none"):
        load(model_folder).try_adapter(adapter)


# --- its own template ---

OTHER = "{% for m in messages %}## {{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}## assistant\n"


def templated(own: Path, text: str, *, where: str = "chat_template.jinja") -> Path:
    if where == "chat_template.jinja":
        (own / where).write_text(text)
    else:
        (own / "tokenizer_config.json").write_text(json.dumps({"chat_template": text}))
    return own


@pytest.mark.parametrize("where", ["chat_template.jinja", "tokenizer_config.json"])
def test_the_template_of_an_adapter_s_folder_stands_in_its_record(tiny, tmp_path, where):
    folder = tiny.model(tmp_path / "model", tiny.CHATML, adds_bos=False)
    from transformers import AutoModelForCausalLM

    save(tmp_path / "a", AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), lora())
    for text, same in (
        (tiny.CHATML, True),
        ("{# as trained #}" + tiny.CHATML.replace("{{ m['content'] }}", "{% generation %}{{ m['content'] }}{% endgeneration %}"), True),
        (OTHER, False),
        ("{{ raise_exception('no') }}", False),
    ):  # fmt: skip
        model = load(folder)
        model.attach(templated(tmp_path / "a", text, where=where))
        assert read_template(tmp_path / "a") == text
        record = model.record()
        assert record["adapter"]["template"]["same"] is same
        assert (record["adapter"]["template"]["hash"] == record["template_hash"]) is same
        assert record["template_given"] is False
    given = load(folder, chat_template=OTHER)
    given.attach(templated(tmp_path / "a", OTHER, where=where))
    record = given.record()
    assert (record["adapter"]["template"]["same"], record["template_given"]) == (True, True)


def test_a_template_that_is_none_is_told(own):
    (own / "tokenizer_config.json").write_text('{"chat_template": 3}')
    with pytest.raises(ModelError, match="chat_template is 3; expected: a text, or a list of named ones"):
        template_in(own)


def test_a_base_without_a_template_names_that_of_the_adapter(tiny, tmp_path):
    folder = tiny.model(tmp_path / "model", tiny.CHATML, adds_bos=False)
    for path in (*folder.glob("chat_template*"), *folder.glob("tokenizer_config.json")):
        path.unlink() if path.suffix == ".jinja" else path.write_text(
            path.read_text().replace("chat_template", "x")
        )
    from transformers import AutoModelForCausalLM

    save(tmp_path / "a", AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), lora())
    with pytest.raises(
        ModelError, match=r"has no chat template, and the adapter's folder holds one: .*--chat-template"
    ):
        load(folder).try_adapter(templated(tmp_path / "a", OTHER))
