"""What is known of a model's files on this machine before it is loaded: which they are, how many weights they hold."""

from __future__ import annotations

import math
from pathlib import Path

from sycoscope.core.errors import SycoscopeError
from sycoscope.models.resolve import (
    EMBEDDED,
    converted_folder,
    embedded_gguf,
    is_converted,
    resolve,
    weights_digest,
)

# Of the names of types in safetensors headers and in torch: bytes of one weight.
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


def local_folder(name: str) -> Path | None:
    """The folder of a model whose weights lie here as safetensors; None where they do not, or not yet."""
    try:
        if name == EMBEDDED or name.endswith(".gguf"):
            gguf = embedded_gguf() if name == EMBEDDED else Path(name).expanduser()
            stem = name if name == EMBEDDED else gguf.stem
            folder = converted_folder(gguf, stem)
            return folder if is_converted(folder) else None
        weights = resolve(name)
    except (SycoscopeError, OSError):
        return None
    return None if weights.is_hub else Path(weights.files)


def identity_of(name: str, revision: str = "") -> str:
    """A digest of a local model's files, else the hub id with its revision."""
    folder = local_folder(name)
    if folder is None:
        return f"{name}@{revision}"
    return weights_digest(resolve(name))


def n_weights(folder: Path) -> int | None:
    """How many weights the safetensors files of a folder hold; None where they cannot be read."""
    from safetensors import safe_open

    total = 0
    try:
        for path in folder.glob("*.safetensors"):
            with safe_open(path, framework="numpy") as file:
                names = file.keys()
                total += sum(math.prod(file.get_slice(name).get_shape()) for name in names)
    except Exception:  # the library raises a kind of its own
        return None
    return total
