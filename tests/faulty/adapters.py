"""Adapter folders that cannot be used: configurations, weights, records, digests, files of other kinds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .case import DAMAGE, Case, Maker, Rng, World, copied, damaged, read_json, shown, write_json

CONFIG, WEIGHTS, RECORD, DIGESTS = (
    "adapter_config.json",
    "adapter_model.safetensors",
    "sycoscope.json",
    "digests.json",
)


def sound_adapter(base: Path, folder: Path) -> Path:
    """A small LoRA of a model, with a trainer's record."""
    import peft
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = peft.LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    peft.get_peft_model(network, config).save_pretrained(str(folder))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        weights = {
            name: torch.randn_like(value) * 0.01 for name, value in load_file(folder / WEIGHTS).items()
        }
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / "README.md").unlink(missing_ok=True)
    return folder


def asking(model: Path, adapter: Path, folder: Path) -> list[str]:
    return [
        "eval", str(model), "--adapter", str(adapter), "--facets", "answer", "--benchmarks", "none", "--limit", "2",
        "--device", "cpu", "--dtype", "float32", "--out", str(folder / "out"),
    ]  # fmt: skip


def adapter_case(
    name: str, world: World, change: Callable[[Path], None], *says: str, code: int = 2, loads: bool = False
) -> Case:
    def make(folder: Path) -> list[str]:
        adapter = copied(world.adapter, folder / "mine")
        change(adapter)
        return asking(world.model, adapter, folder)

    return Case(name, make, says, code, loads)


def _field(rng: Rng, world: World) -> Case:
    """A key of the configuration with another value; those that only the base can refute load it."""
    early: tuple[tuple[str, Any], ...] = (
        ("peft_type", None), ("peft_type", "NOVEL"), ("peft_type", 3), ("peft_type", ["LORA"]), ("peft_type", "PREFIX_TUNING"),
        ("r", 10**9), ("r", "four"), ("r", True), ("r", 0), ("r", -2), ("r", 2.5), ("r", None), ("r", []), ("rank_pattern", [3]),
        ("rank_pattern", {"q_proj": 10**8}), ("rank_pattern", {"q_proj": "x"}), ("rank_pattern", {"q_proj": 0}), ("rank_pattern", "q"),
        ("alora_invocation_tokens", [1]), ("layer_replication", [[0, 1]]), ("lora_alpha", "much"), ("lora_alpha", None),
        ("lora_alpha", [1]), ("lora_alpha", float("nan")), ("lora_alpha", float("inf")), ("lora_alpha", 1e400),
        ("alpha_pattern", [1]), ("alpha_pattern", {"q_proj": "x"}), ("lora_dropout", "x"), ("lora_dropout", 7),
        ("lora_dropout", -1), ("use_rslora", "yes"), ("use_dora", 3), ("bias", "some"), ("bias", 3),
        ("fan_in_fan_out", "x"), ("task_type", 5), ("task_type", "NOVEL"), ("target_modules", 5), ("target_modules", [3]),
        ("modules_to_save", "a"), ("modules_to_save", [["a"]]), ("exclude_modules", 5), ("layers_to_transform", "x"),
        ("layers_to_transform", [0.5]), ("layers_pattern", 3), ("target_parameters", 3), ("trainable_token_indices", "x"), ("trainable_token_indices", 2.5),
        ("trainable_token_indices", [-1]), ("base_model_name_or_path", 3),
        ("revision", 3), ("inference_mode", 3), ("lora_bias", 3),
    )  # fmt: skip
    key, value = rng.choice(early)

    def change(adapter: Path) -> None:
        config = read_json(adapter / CONFIG)
        write_json(adapter / CONFIG, config | {key: value})

    return adapter_case(f"{key}: {shown(value)}", world, change, key, loads=False)


def _layers(rng: Rng, world: World) -> Case:
    """What only the base can refute."""
    changes: tuple[tuple[str, Any, str], ...] = (
        ("target_modules", ["c_attn"], "c_attn"), ("target_modules", "(q_proj", "target_modules"), ("target_modules", "*", "target_modules"),
        ("target_modules", ["q_proj"], "adapter_model.safetensors"), ("target_modules", [], "target_modules"),
        ("modules_to_save", ["lm_head"], "adapter_model.safetensors"), ("modules_to_save", ["nothing"], "nothing"),
        ("layers_to_transform", [99], "layers_to_transform"), ("r", 4, "adapter_model.safetensors"),
        ("exclude_modules", ["q_proj", "v_proj"], "exclude_modules"), ("use_dora", True, "adapter_model.safetensors"),
        ("rank_pattern", {"q_proj": 1}, "adapter_model.safetensors"), ("init_lora_weights", "novel", "init"), ("trainable_token_indices", [10**9], "token"),
    )  # fmt: skip
    key, value, _says = rng.choice(changes)

    def change(adapter: Path) -> None:
        config = read_json(adapter / CONFIG)
        write_json(adapter / CONFIG, config | {key: value})

    return adapter_case(f"{key} does not fit: {shown(value)}", world, change, "mine", loads=True)


def _weights(rng: Rng, world: World) -> Case:
    how = rng.choice(
        (
            "half",
            "renamed",
            "another shape",
            "not numbers",
            "infinite",
            "more",
            "none",
            "transposed",
        )
    )
    seed = rng.randrange(10**6)

    def change(adapter: Path) -> None:
        import torch
        from safetensors.torch import load_file, save_file

        weights = load_file(adapter / WEIGHTS)
        names = sorted(weights)
        one = names[seed % len(names)]
        if how == "half":
            weights = {name: weights[name] for name in names[::2]}
        elif how == "renamed":
            weights = {name.replace("self_attn", "attention"): value for name, value in weights.items()}
        elif how == "another shape":
            weights[one] = torch.zeros(5, 7)
        elif how == "not numbers":
            weights[one][0, 0] = float("nan")
        elif how == "infinite":
            weights[one][0, 0] = float("inf")
        elif how == "more":
            weights["base_model.model.model.layers.0.router.lora_A.weight"] = torch.zeros(2, 32)
        elif how == "none":
            weights = {}
        else:
            weights[one] = weights[one].T.contiguous()
        save_file(weights, adapter / WEIGHTS, metadata={"format": "pt"})

    return adapter_case(f"weights: {how} ({seed % 4})", world, change, "mine", loads=how != "none")


def _file(rng: Rng, world: World) -> Case:
    name = rng.choice((CONFIG, WEIGHTS))
    how, seed = rng.choice([*DAMAGE]), rng.randrange(10**6)

    def change(adapter: Path) -> None:
        damaged(adapter / name, how, seed)

    says = (
        name
        if not (name == CONFIG and how in ("gone", "a folder", "a link to nowhere", "a link to itself"))
        else CONFIG
    )
    return adapter_case(f"{name} is {how}", world, change, says)


def _record(rng: Rng, world: World) -> Case:
    """The trainer's record or the digests are there and are none."""
    name = rng.choice((RECORD, DIGESTS))
    texts: dict[str, bytes] = {
        "empty": b"", "cut": b'{"base_digest": "a', "a list": b"[1]", "null": b"null", "bytes": b"\xff\xfe\x00",
        "deep": b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "half a character": b'{"a": "\\ud800"}',
        "digits": b'{"a": ' + b"1" * 5_000 + b"}",
    }  # fmt: skip
    how = rng.choice((*texts, "a folder", "a link to nowhere", "of other files"))

    def change(adapter: Path) -> None:
        path = adapter / name
        if how == "a folder":
            path.mkdir()
        elif how == "a link to nowhere":
            path.symlink_to("/no/such/file")
        elif how == "of other files":
            if name == DIGESTS:
                write_json(path, {"files": {WEIGHTS: "0" * 64}})
            else:
                write_json(path, {"base_digest": "0" * 16, "recipe": "placebo"})
        else:
            path.write_bytes(texts[how])

    loads = name == RECORD and how == "of other files"
    return adapter_case(f"{name} is {how}", world, change, name if not loads else "mine", loads=loads)


def _place(rng: Rng, world: World) -> Case:
    how = rng.choice(
        (
            "nowhere",
            "a file",
            "empty",
            "called base",
            "the model",
            "a link to itself",
            "null model",
            "pickle",
            "a name that is too long",
        )
    )

    def make(folder: Path) -> list[str]:
        path = folder / ("base" if how == "called base" else "mine")
        model: Any = world.model
        if how == "a file":
            path.write_text("{}")
        elif how == "empty":
            path.mkdir()
        elif how == "called base":
            copied(world.adapter, path)
        elif how == "the model":
            copied(world.model, path)
        elif how == "a link to itself":
            path.symlink_to(path.name)
        elif how == "null model":
            copied(world.adapter, path)
            model = "null:ideal"
        elif how == "pickle":
            copied(world.adapter, path)
            shutil.move(path / WEIGHTS, path / "adapter_model.bin")
        elif how == "a name that is too long":
            path = folder / ("a" * 300)
        return asking(model, path, folder)

    says = {"called base": "base", "null model": "null:ideal"}.get(
        how, "mine" if how != "a name that is too long" else "aaa"
    )
    return Case(f"the folder: {how}", make, (says,))


def _tokens(rng: Rng, world: World) -> Case:
    """A template or a tokenizer in the folder that cannot be read."""
    name, data, says = rng.choice((
        ("tokenizer_config.json", b'{"chat_template": 3}', "chat_template"),
        ("tokenizer_config.json", b"{", "tokenizer_config.json"),
        ("tokenizer_config.json", b"[]", "tokenizer_config.json"),
        ("chat_template.jinja", b"\xff\xfe", "chat_template.jinja"),
    ))  # fmt: skip

    def change(adapter: Path) -> None:
        (adapter / name).write_bytes(data)

    return adapter_case(f"{name}: {data!r}", world, change, says)


def _sound(_rng: Rng, world: World) -> Case:
    return adapter_case("sound", world, lambda _: None, code=0, loads=True)


MAKERS: tuple[Maker, ...] = (
    _field, _file, _field, _weights, _record, _field, _place, _layers, _field, _file, _record, _weights, _tokens, _field,
    _layers, _sound,
)  # fmt: skip
