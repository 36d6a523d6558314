"""Files: the user's cache folder, digests of plain values, writes that are whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any


def cache_dir() -> Path:
    """Folder for converted models and digests: SYCOSCOPE_CACHE, else the user's cache folder."""
    named = os.environ.get("SYCOSCOPE_CACHE")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sycoscope"


def digest_of(value: Any) -> str:
    """Twenty-four hex digits over plain values (sorted keys)."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def write_atomic(path: Path, data: bytes) -> None:
    """Write to a temporary name, flush to the disk, rename: a reader sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with scratch.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(scratch, path)
