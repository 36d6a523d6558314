"""What a training leaves on the disk, and whether it is whole: its checkpoints, and the adapter's folder.

Both have `digests.json` (`core/digests.py`), written after everything else. A checkpoint without it was not finished;
one whose files do not fit it was damaged since. No training goes on from either: it does from the one before, or from
its start.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sycoscope.core.digests import DIGESTS, misfits, read_digests, seal
from sycoscope.core.errors import StoreError
from sycoscope.models.adapter_files import CONFIG, RECORD, WEIGHTS

# What transformers writes as a checkpoint's last file.
STATE = "trainer_state.json"
FILES = (CONFIG, WEIGHTS, RECORD)
_log = logging.getLogger("sycoscope.training")


# --- adapters ---


def seal_adapter(folder: Path, *, name: str) -> None:
    """Write the digests of a finished adapter.

    Args:
        name: Of the folder that it will be renamed to.
    """
    seal(folder, FILES, of=name)


def step_folder(folder: Path, step: int) -> Path:
    """Where an adapter lies as it was after a step, beside the finished one."""
    return folder.with_name(f"{folder.name}-step{step}")


def adapter_state(folder: Path) -> tuple[bool, str]:
    """Whether an adapter is there as its training wrote it, and what there is to tell of it: empty where nothing is."""
    if not folder.is_dir():
        return False, ""
    try:
        digests = read_digests(folder, of=folder.name)
    except StoreError as fault:
        return False, str(fault)
    if digests is None:
        return _unsealed(folder)
    faults = [f"'{folder / name}' {fault}" for name, fault in misfits(folder, digests).items()]
    return not faults, "; ".join(faults)


def _unsealed(folder: Path) -> tuple[bool, str]:
    """An adapter that was kept before adapters had digests, if all of its files are there."""
    missing = [f"'{folder / name}' is missing" for name in FILES if not (folder / name).is_file()]
    if missing:
        return False, "; ".join(missing)
    return True, f"'{folder}' has no {DIGESTS}: the adapter is taken as it is, damage would not be seen"


def check_files(folder: Path) -> None:
    """Refuse an adapter of ours that is not as its training wrote it; one of other tools has no digests.

    Raises:
        StoreError: a file was changed, cut or taken away since, or the digests cannot be read.
    """
    try:
        faults = misfits(folder, read_digests(folder) or {})
    except StoreError as fault:
        raise StoreError(f"{fault}: give the adapter as it was trained, or delete this file") from fault
    if faults:
        told = "; ".join(f"'{folder / name}' {fault}" for name, fault in faults.items())
        raise StoreError(
            f"{told}: give the adapter as it was trained; if it was changed on purpose, delete its {DIGESTS}"
        )


# --- checkpoints ---


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint of transformers, with its trainer's state."""

    path: Path
    state: dict[str, Any]

    @property
    def is_final(self) -> bool:
        """Whether nothing is left to be trained."""
        return int(self.state["global_step"]) >= int(self.state["max_steps"])

    @property
    def best(self) -> Path | None:
        """The checkpoint that the trainer goes back to at its end, where it is to keep the best one."""
        named = self.state.get("best_model_checkpoint")
        return Path(named) if named else None


def seal_checkpoint(path: Path) -> None:
    """Write the digests of all files of a checkpoint that is complete."""
    names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
    seal(path, [name for name in names if name != DIGESTS])


def last_checkpoint(work: Path) -> Checkpoint | None:
    """The newest whole checkpoint of a folder of work. Those that are not whole are taken away.

    Of one that was damaged a warning names the file; one that a kill left unfinished is nothing to tell of.
    """
    whole = []
    for _, path in sorted(_steps(work), reverse=True):
        if _is_whole_checkpoint(path):
            whole.append(Checkpoint(path, json.loads((path / STATE).read_text(encoding="utf-8"))))
        else:
            shutil.rmtree(path, ignore_errors=True)
    paths = [checkpoint.path.name for checkpoint in whole]
    return next((one for one in whole if one.best is None or one.best.name in paths), None)


def _steps(work: Path) -> Iterator[tuple[int, Path]]:
    for path in work.glob("checkpoint-*"):
        if (found := re.fullmatch(r"checkpoint-(\d+)", path.name)) and path.is_dir():
            yield int(found[1]), path


def _is_whole_checkpoint(path: Path) -> bool:
    try:
        digests = read_digests(path)
    except StoreError as fault:
        _log.warning("%s; the training goes on from an earlier checkpoint or from its start", fault)
        return False
    faults = misfits(path, digests or {})
    for name, wrong in faults.items():
        _log.warning(
            "'%s' %s; the training goes on from an earlier checkpoint or from its start", path / name, wrong
        )
    return bool(digests) and STATE in (digests or {}) and not faults
