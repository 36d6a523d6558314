"""Where a run is written: a folder that can be written, and that holds no other run that nobody asked to replace."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sycoscope.core.errors import ConfigError, StoreError
from sycoscope.core.files import check_writable
from sycoscope.run.store import RunDirectory

STEP = "choose another --out"
# The link beside the runs of a folder that leads to the newest.
LATEST = "latest"


def check_places(out: Path, cache: Path | None) -> None:
    """Refuse a folder, or the cache beside it, that cannot be written.

    Raises:
        ConfigError: with what is in the way, and the next step.
    """
    check_writable(out, STEP)
    if cache is not None:
        check_writable(cache, f"it keeps what is finished; {STEP}, or make the folder writable")


@contextmanager
def new_directory(run: RunDirectory, cache: Path | None = None) -> Iterator[None]:
    """Hold a run's lock. A directory that was made for a run that failed at its input is taken away again.

    Args:
        cache: What the run keeps beside itself, which must be writable too.

    Raises:
        ConfigError: one of them cannot be written; told before anything is measured. BusyError: it is in use.
    """
    check_places(run.path, cache)
    created = [path for path in (run.path, *run.path.parents) if not path.exists()]
    try:
        with run.locked():
            yield
    except BaseException:
        if created and run.path.is_dir() and {path.name for path in run.path.iterdir()} <= {".lock"}:
            (run.path / ".lock").unlink(missing_ok=True)
            for path in created:
                if not any(path.iterdir()):
                    path.rmdir()
        raise


def dated_folder(root: Path, names: Sequence[str]) -> Path:
    """A folder that is not there yet, named by the models and adapters of a run and by the time.

    Args:
        names: A path counts by its last part; each is cut to 40 characters.
    """
    parts = [_part(name) for name in names]
    stem = f"{'+'.join(part for part in parts if part)}-{datetime.now():%Y%m%d-%H%M%S}"
    path, number = root / stem, 1
    while path.exists():
        number += 1
        path = root / f"{stem}-{number}"
    return path


def _part(name: str) -> str:
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._=-]+", "-", last).strip("-.")[:40]


def link_latest(run: Path) -> None:
    """Let `latest` beside a run lead to it; what is called so and is no link stays, and so do systems without links."""
    link = run.parent / LATEST
    with suppress(OSError, NotImplementedError):
        if link.is_symlink() or not link.exists():
            scratch = run.parent / f".{LATEST}.{os.getpid()}"
            scratch.unlink(missing_ok=True)
            scratch.symlink_to(run.name, target_is_directory=True)
            os.replace(scratch, link)


def keep_other_run(run: RunDirectory, hash_: str, adapters: Mapping[str, str]) -> None:
    """Refuse a folder that holds the finished run of something else.

    Args:
        hash_: Of what is to be measured. adapters: Finished adapters that are measured beside it: name -> digest.

    Raises:
        ConfigError: with the folder, what it holds, and the next step.
    """
    if not (run.manifest_path.is_file() and run.summary_path.is_file()):
        return
    with suppress(StoreError):  # a damaged run, or one of another layout, is no report that anybody reads
        manifest = run.manifest()
        records = {
            subject.name: subject.model.get("adapter") or {}
            for subject in manifest.subjects
            if subject.kind == "other" and manifest.compared is None
        }
        held = {name: record.get("digest", "") for name, record in records.items()}
        if (manifest.hash, held) != (hash_, dict(adapters)):
            raise ConfigError(
                f"'{run.path}' holds the finished run of something else ({manifest.description or manifest.study}); "
                "give --out FOLDER to keep both, or --force to write over it"
            )


def cache_beside(run: Path) -> Path:
    """The cache that the runs of one folder share.

    Raises:
        ConfigError: the folder is a link that leads to itself.
    """
    try:
        return run.resolve().parent / ".cache"
    except (OSError, RuntimeError) as fault:
        raise ConfigError(f"'{run}' cannot be written ({fault}); {STEP}") from fault
