"""Model folders that cannot be used: configuration, weights, tokenizer, chat template."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .case import DAMAGE, Case, Maker, Rng, World, copied, damaged, read_json, shown, write_json

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"


def asking(model: Path | str, folder: Path, *more: str) -> list[str]:
    return [
        "eval", str(model), "--facets", "answer", "--benchmarks", "none", "--limit", "2", "--device", "cpu",
        "--dtype", "float32", "--out", str(folder / "out"), *more,
    ]  # fmt: skip


def model_case(
    name: str, world: World, change: Callable[[Path], None], *says: str, code: int = 2, loads: bool = False
) -> Case:
    def make(folder: Path) -> list[str]:
        model = copied(world.model, folder / "mine")
        change(model)
        return asking(model, folder)

    return Case(name, make, says, code, loads)


def _key(rng: Rng, world: World) -> Case:
    """Values of the configuration that are wrong whatever the weights are."""
    changes: tuple[tuple[str, Any], ...] = (
        ("num_hidden_layers", -1), ("num_hidden_layers", 0), ("num_hidden_layers", 10**9), ("num_hidden_layers", "two"),
        ("num_hidden_layers", 2.5), ("num_hidden_layers", None), ("num_attention_heads", 0), ("num_attention_heads", "4"),
        ("num_attention_heads", 3), ("num_attention_heads", [4]), ("num_key_value_heads", -2), ("num_key_value_heads", 3),
        ("hidden_size", -32), ("hidden_size", 0), ("hidden_size", 10**12), ("hidden_size", {"a": 1}), ("hidden_size", 33),
        ("intermediate_size", -1), ("intermediate_size", "x"), ("vocab_size", -5), ("vocab_size", 10**13), ("vocab_size", "x"),
        ("max_position_embeddings", -4), ("max_position_embeddings", 0), ("max_position_embeddings", "many"),
        ("rms_norm_eps", float("nan")), ("rms_norm_eps", "x"), ("rms_norm_eps", None), ("eos_token_id", "</s>"), ("eos_token_id", [None, 2]),
        ("eos_token_id", 2.5), ("pad_token_id", "x"), ("model_type", "no-such-type"), ("model_type", 3), ("model_type", None),
        ("model_type", "bert"), ("hidden_act", "none"), ("hidden_act", 3), ("dtype", "float7"), ("dtype", 3), 
        ("rope_scaling", 3), ("rope_parameters", "x"), ("rope_parameters", {"rope_type": "novel", "rope_theta": 1e4}),
        ("head_dim", -8), ("head_dim", 7), ("head_dim", "x"), ("tie_word_embeddings", "maybe"), ("attention_bias", 3),
        ("architectures", ["LlamaForSequenceClassification"]), ("architectures", 3),
        ("quantization_config", 3), ("quantization_config", {"quant_method": "novel"}), ("transformers_weights", "../x.safetensors"),
        ("transformers_weights", 3), ("text_config", {"hidden_size": 0}), ("auto_map", {"AutoConfig": "own.Own"}), ("initializer_range", "x"),
        ("sliding_window", "x"), ("attention_dropout", "x"), ("attn_implementation", "novel"), ("is_encoder_decoder", True),
    )  # fmt: skip
    key, value = rng.choice(changes)

    def change(model: Path) -> None:
        write_json(model / CONFIG, read_json(model / CONFIG) | {key: value})

    return model_case(f"{key}: {shown(value)}", world, change, "mine", loads=False)


def _misfit(rng: Rng, world: World) -> Case:
    """A configuration of another model than the weights are of."""
    key, value = rng.choice((
        ("num_hidden_layers", 3), ("hidden_size", 64), ("intermediate_size", 32), ("vocab_size", 1000), ("num_key_value_heads", 4),
        ("head_dim", 16), ("vocab_size", 90), ("attention_bias", True), ("mlp_bias", True),
    ))  # fmt: skip

    def change(model: Path) -> None:
        write_json(model / CONFIG, read_json(model / CONFIG) | {key: value})

    return model_case(f"the weights have another {key}: {value}", world, change, "mine", loads=True)


def _file(rng: Rng, world: World) -> Case:
    name = rng.choice(
        (CONFIG, WEIGHTS, TOKENIZER, TOKENIZER_CONFIG, "generation_config.json", "chat_template.jinja")
    )
    how, seed = rng.choice([*DAMAGE]), rng.randrange(10**6)
    # without these a folder is still a model, or a template is merely another one
    spare = {("generation_config.json", "gone"), (TOKENIZER_CONFIG, "gone")}
    if (name, how) in spare or (name == "chat_template.jinja" and how in ("cut", "UTF-16")):
        how = "garbage"

    def change(model: Path) -> None:
        damaged(model / name, how, seed)

    says = name if name != "chat_template.jinja" or how in ("garbage", "a pointer") else "template"
    return model_case(f"{name} is {how}", world, change, says if name != TOKENIZER else "tokenizer")


def _no_object(rng: Rng, world: World) -> Case:
    name = rng.choice((CONFIG, TOKENIZER, TOKENIZER_CONFIG, "generation_config.json"))
    text = rng.choice(
        (
            "[]",
            "null",
            "3",
            '"a"',
            "[" * 50_000,
            '{"a": ' + "1" * 5_000 + "}",
            '{"a": "\\ud800"}',
            "{}",
            '{"a": NaN}',
        )
    )
    if name in (TOKENIZER_CONFIG, "generation_config.json") and text[:2] in ("{}", '{"'):
        text = "[1]"

    def change(model: Path) -> None:
        (model / name).write_text(text)

    return model_case(
        f"{name} holds {shown(text)}", world, change, name if name != TOKENIZER else "tokenizer"
    )


def _weights(rng: Rng, world: World) -> Case:
    how = rng.choice(
        (
            "lost",
            "more",
            "another shape",
            "another type",
            "none",
            "pickle",
            "an adapter beside",
            "not numbers",
        )
    )

    def change(model: Path) -> None:
        import torch
        from safetensors.torch import load_file, save_file

        weights = load_file(model / WEIGHTS)
        name = "model.layers.0.self_attn.q_proj.weight"
        if how == "lost":
            del weights[name]
        elif how == "more":
            weights["model.layers.0.router.weight"] = torch.ones(3)
        elif how == "another shape":
            weights[name] = torch.ones(7, 5)
        elif how == "another type":
            weights[name] = torch.ones_like(weights[name], dtype=torch.int64)
        elif how == "none":
            weights = {}
        elif how == "not numbers":
            weights[name][:] = float("nan")
        save_file(weights, model / WEIGHTS, metadata={"format": "pt"})
        if how == "pickle":
            (model / WEIGHTS).rename(model / "pytorch_model.bin")
        elif how == "an adapter beside":
            (model / "adapter_config.json").write_text("{}")

    early = how in ("pickle", "an adapter beside")
    return model_case(f"weights: {how}", world, change, "mine", loads=not early)


def _index(rng: Rng, world: World) -> Case:
    """An index of split weights that names what is not there, or is none."""
    texts: dict[str, Any] = {
        "a part that is missing": {"weight_map": {"a": "model-00001-of-00002.safetensors"}},
        "a file elsewhere": {"weight_map": {"a": "../x.safetensors"}},
        "a file of the system": {"weight_map": {"a": "/etc/passwd"}},
        "a pickle": {"weight_map": {"a": "pytorch_model.bin"}},
        "a number": {"weight_map": {"a": 3}},
        "nothing": {"weight_map": {}},
        "no map": {},
        "a list": [],
        "a map that is a list": {"weight_map": ["a"]},
    }
    name = rng.choice(tuple(texts))

    def change(model: Path) -> None:
        (model / WEIGHTS).rename(model / "model-00002-of-00002.safetensors")
        write_json(model / INDEX, texts[name])

    return model_case(
        f"an index with {name}",
        world,
        change,
        INDEX if name != "a part that is missing" else "model-00001-of",
    )


TEMPLATES = {
    "a loop": "{% for a in range(10**9) %}{% for b in range(10**9) %}x{% endfor %}{% endfor %}",
    "no end": "{% for m in messages %}{{ m['content'] }}",
    "an unknown filter": "{{ messages | novel }}",
    "an unknown name": "{{ nothing.more.of.it }}",
    "an attribute of Python": "{{ messages.__class__.__mro__[1].__subclasses__() }}",
    "a lost turn": "{{ messages[0]['content'] }}",
    "nothing": "{# nothing #}",
    "a refusal": "{{ raise_exception('not today') }}",
    "a text without end": "{{ 'x' * 10**10 }}",
    "a division": "{{ 1 // 0 }}",
    "an import": "{% import 'os' as os %}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "half a character": "{{ '\\ud800' }}{% for m in messages %}{{ m['content'] }}{% endfor %}",
}


def _template(rng: Rng, world: World) -> Case:
    name = rng.choice(tuple(TEMPLATES))
    where = rng.choice(("chat_template.jinja", "given"))

    def make(folder: Path) -> list[str]:
        model = copied(world.model, folder / "mine")
        path = model / "chat_template.jinja" if where != "given" else folder / "given.jinja"
        path.write_text(TEMPLATES[name], encoding="utf-8", errors="surrogatepass")
        return asking(model, folder, *(("--chat-template", str(path)) if where == "given" else ()))

    return Case(f"a template with {name}, {where}", make, ("template",), loads=True)


def _option(rng: Rng, world: World) -> Case:
    options, says = rng.choice((
        (("--template-option", "enable_thinking=false"), "enable_thinking"),
        (("--template-option", "messages=[]"), "messages"),
        (("--template-option", "novel=1"), "novel"),
        (("--dtype", "float7"), "dtype"),
        (("--device", "cuda:99"), "cuda:99"),
        (("--device", "tpu"), "tpu"),
        (("--revision", "main"), "revision"),
        (("--device", ""), "device"),
    ))  # fmt: skip

    def make(folder: Path) -> list[str]:
        return asking(copied(world.model, folder / "mine"), folder, *options)

    return Case(f"options {' '.join(options)}", make, (says,), loads=options[0] == "--template-option")


def _place(rng: Rng, world: World) -> Case:
    how = rng.choice(
        (
            "nowhere",
            "a file",
            "empty",
            "an adapter",
            "a link to itself",
            "no GGUF",
            "a GGUF of garbage",
            "a folder called x.gguf",
            "an empty name",
            "a long name",
        )
    )

    def make(folder: Path) -> list[str]:
        path = folder / "mine"
        if how == "a file":
            path.write_text("{}")
        elif how == "empty":
            path.mkdir()
        elif how == "an adapter":
            copied(world.adapter, path)
        elif how == "a link to itself":
            path.symlink_to(path.name)
        elif how == "no GGUF":
            path = folder / "mine.gguf"
        elif how == "a GGUF of garbage":
            path = folder / "mine.gguf"
            path.write_bytes(b"GGUF" + bytes(range(200)))
        elif how == "a folder called x.gguf":
            path = folder / "mine.gguf"
            path.mkdir()
        elif how == "a long name":
            path = folder / ("mine" * 100)
        return asking(path if how != "an empty name" else "", folder)

    return Case(f"the model: {how}", make, ("mine",) if how != "an empty name" else ("model",))


def _words(rng: Rng, world: World) -> Case:
    """A tokenizer that is none, or another model's."""
    changes: dict[str, Callable[[Any], Any]] = {
        "no model": lambda raw: {key: value for key, value in raw.items() if key != "model"},
        "no vocabulary": lambda raw: raw | {"model": raw["model"] | {"vocab": {}}},
        "a vocabulary that is a list": lambda raw: raw | {"model": raw["model"] | {"vocab": [1, 2]}},
        "another type": lambda raw: raw | {"model": raw["model"] | {"type": "Novel"}},
        "negative ids": lambda raw: raw | {"model": raw["model"] | {"vocab": dict.fromkeys(raw["model"]["vocab"], -1)}},
        "merges of nothing": lambda raw: raw | {"model": raw["model"] | {"merges": [["zz", "qq"]]}},
        "added tokens that are none": lambda raw: raw | {"added_tokens": [3]},
        "a decoder that is none": lambda raw: raw | {"decoder": {"type": "Novel"}},
        "ids far beyond": lambda raw: raw | {"model": raw["model"] | {"vocab": {k: v + (v > 100) * 5000 for k, v in raw["model"]["vocab"].items()}}},
    }  # fmt: skip
    name = rng.choice(tuple(changes))

    def change(model: Path) -> None:
        write_json(model / TOKENIZER, changes[name](read_json(model / TOKENIZER)))

    return model_case(f"a tokenizer with {name}", world, change, "tokenizer", loads=name == "ids far beyond")


def _sound(_rng: Rng, world: World) -> Case:
    return model_case("sound", world, lambda _: None, code=0, loads=True)


MAKERS: tuple[Maker, ...] = (
    _key, _file, _no_object, _key, _weights, _index, _file, _template, _key, _words, _misfit, _place, _option, _key, _file,
    _index, _words, _sound,
)  # fmt: skip
