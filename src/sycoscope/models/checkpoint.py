"""Whether a model's files are all there and fit each other, before anything is measured with them (no torch here)."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any

from sycoscope.core.errors import ModelError
from sycoscope.core.texts import listed

CONFIG = "config.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin")
# Files beside the weights that decide what a model answers: fetched, looked at here, and hashed as its identity.
SMALL_PARTS = (
    "*.json", "*.jinja", "*.py",
    "*.model", "*.model.*", "*.txt", "*.tiktoken", "*.bpe", "*.codes", "*.spm", "*.tokenizer",
)  # fmt: skip

# A file under version control that stands for a large one (git-lfs allows it 1,024 bytes at most).
_POINTER_BYTES = 1024
_POINTERS = (
    b"version https://git-lfs.github.com/spec/",
    b"version https://hawser.github.com/spec/",
    b"/annex/objects/",
)
_SIZE = re.compile(rb"^size (\d+)$", re.MULTILINE)

# Keys of a configuration that are counts, as the architectures spell them.
_POSITIONS = (
    "max_position_embeddings",
    "n_positions",
    "n_ctx",
    "max_seq_len",
    "seq_length",
    "max_sequence_length",
)
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_COUNTS = (
    *_POSITIONS, *_LAYERS, "vocab_size", "hidden_size", "n_embd", "d_model", "intermediate_size", "head_dim",
    "num_attention_heads", "n_head", "n_heads", "num_heads", "num_key_value_heads",
)  # fmt: skip
# Transformers builds the layers one by one before it looks at the weights; no model comes near this.
_MOST_LAYERS = 10_000

# A head that is no language model's, as `LlamaForSequenceClassification`.
_OTHER_HEAD = re.compile(r"For(?!CausalLM|ConditionalGeneration|ImageTextToText|Vision2Seq)[A-Z]\w*$")
# Buffers that are computed from the configuration: older checkpoints carry them, newer ones do not.
_COMPUTED = re.compile(
    r"(^|\.)(inv_freq|original_inv_freq|masked_bias|position_ids|attn\.bias|attention\.bias)$"
)
# What a quantised checkpoint keeps for a cache of 8 bits, which is not used here.
_CACHE_SCALES = re.compile(r"(^|\.)[kqv]_scale$")
# Where an image-text model keeps what is not text.
_NOT_TEXT = re.compile(
    r"(^|[._])(vision|visual|image|img|audio|video|multi_?modal|mm|projector|connector)([._]|$)"
)
_SHOWN = 4
# How Python writes a class: of it the name is told.
_CLASS = re.compile(r"<class '(?:[\w.]*\.)?(\w+)'>")


def is_part(name: str) -> bool:
    """Whether a file of this name in a model's folder decides what the model answers."""
    return name.endswith(".safetensors") or any(fnmatchcase(name, pattern) for pattern in SMALL_PARTS)


@contextmanager
def loading(where: str) -> Iterator[None]:
    """Faults met inside begin with what could not be loaded."""
    try:
        yield
    except ModelError as fault:
        raise ModelError(f"cannot load {where}: {fault}") from fault
    except OSError as fault:
        raise ModelError(
            f"cannot load {where}: a file cannot be read ({said(fault)}); make it readable"
        ) from fault


def said(fault: BaseException, most: int = 300) -> str:
    """What an exception of another library says, on one line of at most `most` characters."""
    text = _CLASS.sub(r"\1", " ".join(str(fault).split()))
    if not text or isinstance(fault, KeyError):
        text = f"{type(fault).__name__} {text}".strip()
    return text if len(text) <= most else text[: most - 4] + " ..."


def check_folder(folder: Path) -> None:
    """Look at a model's files: all there, whole, its own, and the configuration of a language model.

    Raises:
        ModelError: the first fault, with the file's name and the next step.
    """
    _check_entries(folder)
    config = read_object(folder / CONFIG)
    _check_counts(config, CONFIG)
    _check_head(config)
    if os.path.lexists(folder / "generation_config.json"):
        _check_ends(read_object(folder / "generation_config.json"), "generation_config.json")
    if os.path.lexists(folder / "tokenizer_config.json"):
        read_object(folder / "tokenizer_config.json")
    for name in weight_files(folder):
        _check_whole(folder / name)


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object of a model's folder.

    Raises:
        ModelError: no such file, or none that holds one.
    """
    if not os.path.isfile(path):
        raise ModelError(f"{_absent(path)}; fetch the file again")
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError, OSError) as fault:
        raise ModelError(
            f"'{path.name}' cannot be read as JSON ({said(fault)}); fetch the file again"
        ) from fault
    if not isinstance(found, dict):
        raise ModelError(
            f"'{path.name}' holds a JSON {type(found).__name__} where an object belongs; fetch the file again"
        )
    return found


def weight_files(folder: Path) -> list[str]:
    """Names of the files that hold the weights, in order; each lies in the folder itself.

    Raises:
        ModelError: there is none, the index is none, or it names a file that is not in the folder.
    """
    entry = first_file(folder)
    if not entry.endswith(".index.json"):
        return [entry]
    places = read_object(folder / entry).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise ModelError(f"'{entry}' names no weights (its key 'weight_map'); fetch the file again")
    names = sorted({_own(name, entry) for name in places.values()})
    lost = [name for name in names if not os.path.isfile(folder / name)]
    if lost:
        raise ModelError(
            f"its weights lie in {len(names)} files, of which {len(lost)} {_verb(lost)} missing: {_some(lost)}; "
            "fetch what is missing, or the whole checkpoint again"
        )
    return names


def first_file(folder: Path) -> str:
    """The file that loading begins with: weights, or the index of a split checkpoint.

    Raises:
        ModelError: there is none.
    """
    named = read_object(folder / CONFIG).get("transformers_weights")
    if named is not None:
        return _own(named, f"{CONFIG} (transformers_weights)")
    for name in (WEIGHTS, INDEX):
        if os.path.isfile(folder / name):
            return name
    if os.path.lexists(folder / WEIGHTS):
        raise ModelError(f"{_absent(folder / WEIGHTS)}; fetch the file again")
    others = sorted(path.name for path in folder.glob("*.safetensors"))
    held = f"holds {_some(others)}, but neither" if others else "holds neither"
    raise ModelError(
        f"it {held} '{WEIGHTS}' nor '{INDEX}', which says where each weight lies; fetch it, or the whole "
        "checkpoint again"
    )


def check_loaded(network: Any, info: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Refuse a network of which some weights are random, or whose files hold weights that it does not take.

    Args:
        info: What transformers says with `output_loading_info`, loaded with `ignore_mismatched_sizes`.
        config: The checkpoint's configuration, as its file says.

    Raises:
        ModelError: names and number of such weights, and the next step.
    """
    buffers = {name for name, _ in network.named_buffers()}
    total = len(network.state_dict())
    missing = sorted(
        name for name in info["missing_keys"] if not (name in buffers and _COMPUTED.search(name))
    )
    if missing:
        raise ModelError(
            f"its files lack {len(missing)} of {total} weights, which would be random: {_some(missing)}; fetch the "
            "whole checkpoint again, or give it the configuration that belongs to it"
        )
    other = [f"{name} {tuple(held)} for {tuple(wanted)}" for name, held, wanted in info["mismatched_keys"]]
    if other:
        raise ModelError(
            f"{len(other)} of {total} weights {_have(other)} another shape than {CONFIG} says: {_some(sorted(other))}; "
            "give weights and configuration of one checkpoint"
        )
    extra = sorted(name for name in info["unexpected_keys"] if not _is_spare(name, buffers, config))
    if extra:
        raise ModelError(
            f"its files hold {len(extra)} {_weights(extra)} that a {type(network).__name__} of {CONFIG} does not take: "
            f"{_some(extra)}; give weights and configuration of one checkpoint, with a head for text"
        )
    if info.get("error_msgs"):
        raise ModelError("; ".join(map(str, info["error_msgs"])))


def positions(config: Any) -> int | None:
    """Most tokens that the text model of a transformers configuration covers; None where it says nothing."""
    text = config.get_text_config(decoder=True)
    found = (getattr(text, key, None) for key in _POSITIONS)
    return next((int(limit) for limit in found if limit), None)


# --- inside ---


def _check_entries(folder: Path) -> None:
    """What lies in the folder: no adapter, no folder in place of a file, nothing that only points at a file."""
    adapter = [name for name in ADAPTER_FILES if os.path.lexists(folder / name)]
    if adapter:
        raise ModelError(
            f"it holds files of an adapter beside the model ({_some(adapter)}), which would be applied to the base; "
            "move them to a folder of their own and give it with --adapter, or delete them if they are merged already"
        )
    for path in sorted(folder.iterdir()):
        if is_part(path.name) and os.path.lexists(path):
            if not os.path.isfile(path) and path.suffix == ".safetensors":
                raise ModelError(f"{_absent(path)}; move it away, or fetch the weights again")
            if os.path.isfile(path):
                _check_no_pointer(path)


def _check_no_pointer(path: Path) -> None:
    size = path.stat().st_size
    if size > _POINTER_BYTES:
        return
    head = path.read_bytes()
    if head.startswith(_POINTERS[:2]) or (_POINTERS[2] in head and head.count(b"\n") <= 1):
        real = _SIZE.search(head)
        of = f" of {int(real[1]):,} bytes" if real else ""
        raise ModelError(
            f"'{path.name}' is a pointer of {size} bytes that stands for the real file{of}, as a checkout without its "
            "large files has; fetch the real file (`git lfs pull`, or download it)"
        )


def _absent(path: Path) -> str:
    """Why there is no file of this name."""
    if os.path.isdir(path):
        return f"'{path.name}' is a folder, and no file"
    if os.path.islink(path):
        return f"'{path.name}' is a link to '{os.readlink(path)}', which is not there"
    return f"'{path.name}' is missing"


def _own(name: Any, where: str) -> str:
    """The name of a file in the folder itself, as the files of a model name it: what lies elsewhere is not its own."""
    if not isinstance(name, str) or name != PurePath(name).name or "\\" in name or name in ("", ".", ".."):
        raise ModelError(
            f"{where} names {name!r:.120} as a file of weights, which does not lie in the model's folder; put all "
            "files of the model into one folder, and their plain names into the index"
        )
    if not name.endswith((".safetensors", ".safetensors.index.json")):
        raise ModelError(
            f"{where} names '{name}' as a file of weights; only safetensors are loaded (pickles can run code)"
        )
    return name


def _check_whole(path: Path) -> None:
    """Whether the head of a safetensors file can be read, and covers the file."""
    from safetensors import SafetensorError, safe_open

    if not os.path.isfile(path):
        raise ModelError(f"{_absent(path)}; fetch the file again")
    try:
        with safe_open(path, framework="numpy"):
            pass
    except (SafetensorError, OSError, ValueError) as fault:
        raise ModelError(
            f"'{path.name}' is no whole safetensors file ({said(fault)}; {path.stat().st_size:,} bytes); fetch it again"
        ) from fault


def _check_counts(config: Mapping[str, Any], where: str) -> None:
    """Numbers of which no model can be built, also in the parts of a model of several."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            _check_counts(value, f"{where} ({key})")
        elif isinstance(value, float) and math.isnan(value):
            raise ModelError(f"{where}: {key} is no number (NaN); correct the file or fetch it again")
        elif key in _COUNTS:
            most = _MOST_LAYERS if key in _LAYERS else math.inf
            for number in value if isinstance(value, list) else [value]:
                if (
                    isinstance(number, int | float)
                    and not isinstance(number, bool)
                    and not 1 <= number <= most
                ):
                    allowed = "at least 1" if most == math.inf else f"1 to {most:,}"
                    raise ModelError(
                        f"{where}: {key} is {number}, allowed: {allowed}; correct the file or fetch it again"
                    )
    _check_ends(config, where)


def _check_ends(config: Mapping[str, Any], where: str) -> None:
    ends = config.get("eos_token_id")
    for end in ends if isinstance(ends, list) else [ends]:
        if end is not None and (not isinstance(end, int) or isinstance(end, bool)):
            raise ModelError(
                f"{where}: eos_token_id is {ends!r:.80}, allowed: a token's number, or a list of them"
            )


def _check_head(config: Mapping[str, Any]) -> None:
    named = config.get("architectures") or []
    own_code = config.get("auto_map")
    if isinstance(own_code, Mapping) and "AutoModelForCausalLM" in own_code:
        return
    if (
        isinstance(named, list)
        and named
        and all(isinstance(one, str) and _OTHER_HEAD.search(one) for one in named)
    ):
        raise ModelError(
            f"it is a {', '.join(named)}, whose head does not write text; give a model that answers "
            "(its architecture is called ...ForCausalLM)"
        )


def _is_spare(name: str, buffers: set[str], config: Mapping[str, Any]) -> bool:
    """Whether a stored weight is rightly left: a computed buffer, or another sense's than that which is measured."""
    if _COMPUTED.search(name) or any(name == own or own.endswith(f".{name}") for own in buffers):
        return True
    if config.get("quantization_config") and _CACHE_SCALES.search(name):
        return True
    return "text_config" in config and bool(_NOT_TEXT.search(name))


def _weights(names: list[str]) -> str:
    return "weight" if len(names) == 1 else "weights"


def _have(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _some(names: Iterable[str]) -> str:
    return listed(names, _SHOWN)
