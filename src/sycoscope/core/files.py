"""Files: the user's cache folder, digests of plain values, writes that are whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ConfigError, MissingError, StoreError


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


def user_path(path: str | Path) -> Path:
    """A path that a person gave: `~` is their home, every other character is itself.

    Raises:
        ConfigError: no file can have this name, or there is no such user.
    """
    if "\0" in str(path):
        raise ConfigError(f"{str(path)!r} is no path: it holds a null character")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ConfigError(
            f"'{path}': there is no such user; write ./{path} for a folder of this name"
        ) from None


def read_file(path: str | Path, what: str, step: str) -> bytes:
    """The bytes of a file that a person named.

    Args:
        what: The kind of file, as `study file`. step: What to do where there is none.

    Raises:
        MissingError: there is none (a folder, a device and a pipe are none), or it cannot be read.
    """
    file = user_path(path)
    try:
        if not file.is_file():
            raise MissingError(f"no {what} at '{path}'; {step}")
        return file.read_bytes()
    except OSError as fault:
        raise MissingError(
            f"the {what} at '{path}' cannot be read ({fault.strerror or fault}); {step}"
        ) from fault


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """What the system says of a write to `path` that failed, as an error that a user can act on.

    Raises:
        StoreError: the disk is full, the folder cannot be written, or the like.
    """
    try:
        yield
    except OSError as fault:
        raise StoreError(
            f"'{path}' cannot be written ({fault.strerror or fault}); free space there or make the folder writable, "
            "and run again: what is finished is not asked again"
        ) from fault


def write_atomic(path: Path, data: bytes) -> None:
    """Write to a temporary name, flush to the disk, rename: a reader sees all of it or nothing.

    Raises:
        StoreError: it cannot be written; nothing is left of it.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with scratch.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(scratch, path)
        except OSError:
            scratch.unlink(missing_ok=True)  # half a file takes up space that a full disk lacks
            raise
