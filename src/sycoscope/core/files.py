"""Files: the user's cache folder, digests of plain values, writes that are whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ConfigError, MissingError, StoreError


def cache_dir() -> Path:
    """Folder for converted models, digests and the pace of runs: SYCOSCOPE_CACHE, else the user's cache folder."""
    named = os.environ.get("SYCOSCOPE_CACHE")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sycoscope"


def digest_of(value: Any) -> str:
    """Twenty-four hex digits over plain values (sorted keys)."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def ordered(value: Any) -> Any:
    """Plain values as they are hashed where the order of a mapping's keys counts; sorted ones stay as they are.

    Some mappings are read one key after another: the first pattern that fits decides, or a template writes them all.
    """
    if isinstance(value, Mapping):
        pairs = [(str(key), ordered(inner)) for key, inner in value.items()]
        return dict(pairs) if pairs == sorted(pairs, key=lambda pair: pair[0]) else {"in order": pairs}
    return [ordered(inner) for inner in value] if isinstance(value, list | tuple) else value


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


# What libraries that write through other languages say of a full disk, in errors that are no OSError.
_FULL = ("os error 28", "no space left", "os error 122", "quota exceeded", "file write failed")
_TOO_LARGE = ("os error 27", "file too large")  # a limit on the size of one file


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """What the system says of a write to `path` that failed, as an error that a user can act on.

    Raises:
        StoreError: the disk is full, the folder cannot be written, or the like.
    """
    try:
        yield
    except TimeoutError:  # a lock that another process holds
        raise
    except OSError as fault:
        raise StoreError(_cannot_write(path, fault.strerror or str(fault))) from fault
    except StoreError:
        raise
    except Exception as fault:
        for signs, reason in ((_FULL, "no space left on the device"), (_TOO_LARGE, "file too large")):
            if any(sign in str(fault).lower() for sign in signs):
                raise StoreError(_cannot_write(path, reason)) from fault
        raise


def _cannot_write(path: Path, reason: str) -> str:
    return (
        f"'{path}' cannot be written ({reason}); free space there or make the folder writable, "
        "and run again: what is finished is not asked again"
    )


def system_fault(fault: OSError) -> str:
    """What the system refused (a file that cannot be read, a full disk), where, and what to do."""
    where = f"'{fault.filename}'" if fault.filename is not None else "a file or standard output"
    reason = fault.strerror or str(fault) or type(fault).__name__
    return f"{where} cannot be read or written ({reason}); see to it and run again: what is finished is not asked again"


def check_writable(folder: Path, step: str) -> None:
    """Refuse a folder that cannot be made or written, before anything is worked out for it; nothing is left there.

    Args:
        step: What to do, as `choose another --out`.

    Raises:
        ConfigError: a file is in its place, the path is too long, or nothing can be written there.
    """
    try:
        there = folder
        while not os.path.lexists(there) and there != there.parent:
            there = there.parent
        if not there.is_dir():
            what = "a link that leads nowhere" if there.is_symlink() and not there.exists() else "no folder"
            raise ConfigError(f"'{folder}' cannot be written: '{there}' is {what}; {step}")
        with tempfile.TemporaryDirectory(prefix=".sycoscope-", dir=there) as probe:
            trial = Path(probe, *folder.relative_to(there).parts)
            trial.mkdir(parents=True, exist_ok=True)
            (trial / "probe").write_bytes(bytes(4096))
    except OSError as fault:
        raise ConfigError(f"'{folder}' cannot be written ({fault.strerror or fault}); {step}") from fault


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


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder's files to a temporary name beside the target, then rename: all of it or nothing.

    Raises:
        StoreError: it cannot be written; nothing is left of it.
    """
    target = Path(os.path.realpath(target))
    scratch = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with disk_errors(target):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, scratch)
            os.replace(scratch, target)  # also in the place of an empty folder
        except (OSError, shutil.Error) as fault:
            shutil.rmtree(scratch, ignore_errors=True)
            raise OSError(str(fault)) from fault
