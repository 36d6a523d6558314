"""Digests of files: whether what lies on the disk is what was written.

A folder that is kept (a run, an adapter, a checkpoint) has `digests.json`, which names its files with their SHA-256. A
file that was changed, cut, taken away or exchanged for another one no longer fits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sycoscope.core.errors import StoreError
from sycoscope.core.files import write_atomic

DIGESTS = "digests.json"
# What is wrong with a file, as the end of a sentence about it.
MISSING, CHANGED = "is missing", "is not as it was written"


def bytes_digest(*parts: bytes) -> str:
    """SHA-256 of the parts one after another: 64 hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file: 64 hex digits. Read anew each time: a digest that is remembered sees no damage."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_digests(folder: Path, digests: Mapping[str, str], *, of: str = "") -> None:
    """Write a folder's `digests.json`.

    Args:
        digests: Path within the folder -> digest.
        of: What the folder is, so that the whole of another one does not pass for it.

    Raises:
        StoreError: it cannot be written.
    """
    plain = ({"of": of} if of else {}) | {"files": dict(sorted(digests.items()))}
    write_atomic(folder / DIGESTS, json.dumps(plain, indent=1).encode() + b"\n")


def seal(folder: Path, names: Iterable[str], *, of: str = "") -> None:
    """Write the digests of these files of a folder, as they are now."""
    write_digests(folder, {name: file_digest(folder / name) for name in names}, of=of)


def read_digests(folder: Path, *, of: str | None = None) -> dict[str, str] | None:
    """Path within the folder -> digest; None where the folder has no `digests.json`.

    Args:
        of: What the folder should be; None where it may have another name by now.

    Raises:
        StoreError: the file is damaged, or is that of another folder than `of`.
    """
    path = folder / DIGESTS
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path.is_symlink():  # somebody meant it to have some
            raise StoreError(f"'{path}' is a link to '{path.readlink()}', which is not there") from None
        return None
    except OSError as fault:
        raise StoreError(f"'{path}' cannot be read ({fault.strerror or fault})") from fault
    except (ValueError, RecursionError) as fault:
        raise StoreError(f"'{path}' is damaged (no JSON)") from fault
    files = plain.get("files") if isinstance(plain, dict) else None
    if not _is_texts(files) or not files:
        raise StoreError(f"'{path}' is damaged (no digests of files)")
    if of is not None and plain.get("of") != of:
        raise StoreError(f"'{path}' is that of '{plain.get('of')}', not of '{of}'")
    return dict(files)


def _is_texts(files: Any) -> bool:
    return isinstance(files, dict) and all(isinstance(digest, str) for digest in files.values())


def misfits(folder: Path, digests: Mapping[str, str]) -> dict[str, str]:
    """Files of the folder that are not as their digests say: path within it -> what is wrong."""
    return {name: fault for name, digest in digests.items() if (fault := misfit(folder / name, digest))}


def misfit(path: Path, digest: str) -> str:
    """What is wrong with a file that should have this digest; empty where nothing is."""
    try:
        return "" if file_digest(path) == digest else CHANGED
    except FileNotFoundError:
        return MISSING
    except OSError as fault:
        return f"cannot be read ({fault.strerror or fault})"
