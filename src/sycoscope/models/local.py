"""What is known of a model's files on this machine before it is loaded: which they are, how many weights they hold."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

from sycoscope.core.errors import SycoscopeError
from sycoscope.core.files import cache_dir
from sycoscope.models.resolve import (
    EMBEDDED,
    embedded_gguf,
    file_sha256,
    resolve,
    weights_digest,
)

# Of the names of types in safetensors headers and in torch: bytes of one weight.
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_LARGEST_HEADER = 2**27


def local_folder(name: str) -> Path | None:
    """The folder of a model whose weights lie here as safetensors; None where they do not, or not yet."""
    try:
        if name == EMBEDDED or name.endswith(".gguf"):
            gguf = embedded_gguf() if name == EMBEDDED else Path(name).expanduser()
            stem = name if name == EMBEDDED else gguf.stem
            folder = cache_dir() / "models" / f"{stem}-{file_sha256(gguf)[:12]}"
            return folder if (folder / "done").is_file() else None
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


def n_weights(folder: Path) -> int:
    """How many weights the safetensors files of a folder hold; 0 where they cannot be read."""
    try:
        return sum(_of_file(path) for path in folder.glob("*.safetensors"))
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return 0


def _of_file(path: Path) -> int:
    with path.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(min(length, _LARGEST_HEADER)))
    return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
