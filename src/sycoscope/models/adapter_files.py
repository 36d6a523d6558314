"""An adapter's folder, read and checked without torch: which kinds are read, its config, its record, its shapes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sycoscope.core.errors import MissingError, ModelError

RECORD = "sycoscope.json"
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# Of an adapter's record, what was logged step by step: a table of a run (`training`) and no part of its manifest.
HISTORY = ("curve", "responses")

# What is read, by PEFT's name: adapters that act on layers, token by token, so that every engine can run them.
READ: Mapping[str, str] = {
    "LORA": "LoRA (rsLoRA, DoRA)",
    "ADALORA": "AdaLoRA",
    "LOHA": "LoHa",
    "LOKR": "LoKr",
    "IA3": "IA3",
    "OFT": "OFT",
    "VERA": "VeRA",
    "LN_TUNING": "tuned layer norms",
    "TRAINABLE_TOKENS": "trained tokens",
}
# What PEFT can have an adapter for; all of it can be put on a language model.
TASKS = ("CAUSAL_LM", "SEQ_2_SEQ_LM", "SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS", "FEATURE_EXTRACTION")
# Keys that make an adapter of these kinds something else, where they are set.
NOT_READ: Mapping[str, str] = {
    "alora_invocation_tokens": "activated LoRA, which acts only after certain tokens",
    "arrow_config": "Arrow, which needs further adapters",
    "layer_replication": "replicated layers, which is another base",
    "kasa_config": "KaSA, which takes parts out of the base's weights",
    "megatron_config": "layers of Megatron",
    "monteclora_config": "MonteCLoRA, which draws at random",
    "use_qalora": "QALoRA, which needs a base quantized with GPTQ",
}
MAX_DEPTH = 40


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_places(value: Any) -> bool:
    """Layers or tokens by number, the tokens also by layer."""
    if isinstance(value, Mapping):
        return all(map(_are_places, value.values()))
    return isinstance(value, list) and all(type(one) is int and one >= 0 for one in value)


# Form of a value -> whether it is one, and what is expected, in words.
_FORMS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "number": (_is_number, "a finite number"),
    "share": (lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "flag": (lambda value: value is None or isinstance(value, bool), "true or false"),
    "numbers": (
        lambda value: not value or (isinstance(value, Mapping) and all(map(_is_number, value.values()))),
        "a mapping of names to finite numbers",
    ),
    "pattern": (lambda value: not value or isinstance(value, Mapping), "a mapping of names to ranks"),
    "names": (lambda value: value is None or _are_texts(value), "a list of names of layers"),
    "layers": (
        lambda value: value is None or isinstance(value, str) or _are_texts(value),
        "names of layers, or one regular expression",
    ),
    "places": (
        lambda value: value is None or type(value) is int or _are_places(value),
        "whole numbers from 0",
    ),
    "bias": (lambda value: value in (None, "none", "all", "lora_only"), "none, all or lora_only"),
    "task": (lambda value: value in (None, *TASKS), f"null, {', '.join(TASKS)}"),
    "text": (lambda value: value is None or isinstance(value, str), "a text"),
}
# Keys whose values PEFT takes as they are and computes with, or asks another library for.
_KEYS: Mapping[str, str] = {
    "lora_alpha": "number", "alpha": "number", "alpha_pattern": "numbers", "rank_pattern": "pattern",
    "lora_dropout": "share", "rank_dropout": "share", "module_dropout": "share",
    "use_rslora": "flag", "use_dora": "flag", "fan_in_fan_out": "flag", "lora_bias": "flag", "inference_mode": "flag",
    "target_modules": "layers", "exclude_modules": "layers", "feedforward_modules": "layers",
    "layers_pattern": "layers", "modules_to_save": "names", "target_parameters": "names",
    "layers_to_transform": "places", "trainable_token_indices": "places",
    "bias": "bias", "task_type": "task", "base_model_name_or_path": "text", "revision": "text",
}  # fmt: skip
# Kinds whose rank is a number of rows in every case; another kind has 0 where something else says it.
_RANKED = ("LORA", "LOHA", "VERA")
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """An adapter's folder as it was read.

    Attributes:
        config: `adapter_config.json`. training: what its trainer recorded (`sycoscope.json`), if ours.
        shapes: Name of each saved weight -> its shape.
    """

    folder: Path
    config: Mapping[str, Any]
    training: Mapping[str, Any]
    shapes: Shapes


def read_adapter(folder: str | Path) -> AdapterFiles:
    """Read a PEFT adapter's folder; its weights are not loaded.

    Raises:
        MissingError: no adapter there. ModelError: of a kind that is not read, a broken file, or a pickle.
    """
    path = Path(folder)
    if not (path / CONFIG).is_file():
        raise MissingError(
            f"no adapter at '{path}': {CONFIG} is missing; give a PEFT adapter folder ({CONFIG} and {WEIGHTS})"
        )
    config = read_object(path / CONFIG)
    _check_kind(path, config)
    _check_values(path, config)
    if not (path / WEIGHTS).is_file():
        raise ModelError(f"'{path}' holds no {WEIGHTS}; only safetensors are loaded (pickles can run code)")
    shapes = _shapes(path / WEIGHTS)
    _check_ranks(path, config, shapes)
    return AdapterFiles(path, config, read_record(path), shapes)


def read_record(folder: Path) -> dict[str, Any]:
    """What the trainer wrote beside the adapter; empty for adapters of other tools.

    Raises:
        ModelError: the record is broken.
    """
    path = folder / RECORD
    # a link to nowhere is no adapter of another tool
    return read_object(path) if path.is_symlink() or path.exists() else {}


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object of a file that somebody else may have written.

    Raises:
        ModelError: it cannot be read, is no JSON, no object, deeply nested, or holds what is no text.
    """
    try:
        value = json.loads(path.read_bytes().decode("utf-8"))
        fault = _fault_of(value)
    except OSError as error:
        fault = error.strerror or str(error)
    except UnicodeDecodeError as error:
        fault = f"not UTF-8 (byte {error.start})"
    except json.JSONDecodeError as error:
        fault = "empty" if not error.doc.strip() else f"not JSON (line {error.lineno}: {error.msg})"
    except RecursionError:
        fault = f"nested more than {MAX_DEPTH} deep"
    except ValueError as error:  # a number of thousands of digits
        fault = str(error)
    if fault:
        raise ModelError(
            f"'{path}' cannot be read: {fault}; expected: a JSON object. Copy the folder again, or train again"
        )
    object_: dict[str, Any] = value
    return object_


def _fault_of(value: Any) -> str:
    if not isinstance(value, dict):
        return {list: "a list", type(None): "null"}.get(type(value), f"a {type(value).__name__}")
    level, depth = [value], 0
    while level:
        depth += 1
        level = [inner for outer in level for inner in _inside(outer)]
        if depth > MAX_DEPTH:
            return f"nested more than {MAX_DEPTH} deep"
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "a text in it has half a character (a lone surrogate)"
    return ""


def _inside(value: Any) -> Iterator[Any]:
    parts = value.values() if isinstance(value, dict) else value
    return (part for part in parts if isinstance(part, dict | list))


def _check_kind(path: Path, config: Mapping[str, Any]) -> None:
    kind = config.get("peft_type")
    if not isinstance(kind, str) or kind not in READ:
        raise ModelError(
            f"the adapter '{path}' is of type {kind!r:.60}, which is not read; read are: "
            f"{', '.join(f'{key} ({what})' if what != key else key for key, what in READ.items())} "
            f"(peft_type in {CONFIG}). "
            "Merge it into its base with PEFT, where that can be done, and compare the two models"
        )
    for key, what in NOT_READ.items():
        if config.get(key):
            raise ModelError(
                f"the adapter '{path}' sets {key} ({what}), which is not read; train it without, or merge it into "
                "its base with PEFT and compare the two models"
            )


def _check_values(path: Path, config: Mapping[str, Any]) -> None:
    """Values that PEFT would take unseen: told by their keys, before a base is loaded."""
    for key, form in _KEYS.items():
        fits, expected = _FORMS[form]
        if key in config and not fits(config[key]):
            raise ModelError(
                f"the adapter '{path}': {key} is {config[key]!r:.60} in {CONFIG}; expected: {expected}. Correct it, or "
                "copy the folder again"
            )


def _shapes(path: Path) -> Shapes:
    """Shapes from the file's header."""
    from safetensors import safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except Exception as fault:  # the library raises a kind of its own
        with path.open("rb") as stream:
            pointer = stream.read(40).startswith(b"version https://git-lfs")
        cause = "it is a pointer of Git LFS (run: git lfs pull)" if pointer else str(fault)
        raise ModelError(
            f"'{path}' cannot be read ({path.stat().st_size:,} bytes): {cause}; copy the adapter's folder again"
        ) from fault


def _check_ranks(path: Path, config: Mapping[str, Any], shapes: Shapes) -> None:
    """No rank beyond what the file holds: it would be allocated before a shape is compared."""
    if config["peft_type"] == "LOKR":
        return  # a rank beyond the layer's size stands for a whole matrix there
    pattern = config.get("rank_pattern") or {}
    ranks = {"r": config.get("r", 1)}
    if config["peft_type"] != "ADALORA":  # its pattern holds masks
        ranks |= {f"rank_pattern.{key}": rank for key, rank in pattern.items()}
    largest = max((size for shape in shapes.values() for size in shape), default=0)
    for key, rank in ranks.items():
        if config["peft_type"] in _RANKED and (rank is None or (type(rank) is int and rank < 1)):
            raise ModelError(
                f"the adapter '{path}': {key} is {rank!r} in {CONFIG}; expected: a whole number from 1"
            )
        if rank is not None and (not isinstance(rank, int) or isinstance(rank, bool) or rank > largest):
            raise ModelError(
                f"the adapter '{path}': {key} is {rank!r} in {CONFIG}, and no weight in {WEIGHTS} has more than "
                f"{largest} rows or columns; the two files do not belong together: copy the folder again"
            )
