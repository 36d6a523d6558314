"""The files of a hub id as they were at one commit, in the hub's cache on this machine."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ModelError, require
from sycoscope.models.checkpoint import (
    CONFIG,
    INDEX,
    SMALL_PARTS,
    WEIGHTS,
    first_file,
    loading,
    read_object,
    said,
)
from sycoscope.models.resolve import Weights

# All that decides what a model answers, but its weights; of folders inside it only templates and code.
_SMALL = list(SMALL_PARTS)
_ELSEWHERE = [f"*/{pattern}" for pattern in SMALL_PARTS if pattern not in ("*.jinja", "*.py")]


def fetch(weights: Weights) -> Weights:
    """The weights with the folder of their files and, of a hub id, the commit that they are of.

    A name that moves (`main`, a branch, none at all) is looked up once, and everything is read from the commit found:
    weights and tokenizer cannot be of two. Without a connection the hub's cache says what the name meant last.

    Raises:
        ModelError: it cannot be had; the message says which commits are at hand.
    """
    if not weights.is_hub:
        return weights
    require("huggingface_hub", "models")
    try:
        with _no_bars():
            folder = Path(_snapshot(weights.folder, weights.revision or None, _SMALL, _ELSEWHERE))
        found = replace(weights, files=str(folder), commit=folder.name)
        with loading(found.where):
            _fetch_weights(found)
    except ModelError:
        raise
    except Exception as fault:  # the hub raises many kinds
        raise ModelError(_fault(weights, fault)) from fault
    return found


def _snapshot(repo: str, revision: str | None, names: list[str], without: list[str] | None = None) -> str:
    from huggingface_hub import snapshot_download

    return str(snapshot_download(repo, revision=revision, allow_patterns=names, ignore_patterns=without))


def _fetch_weights(weights: Weights) -> None:
    """Fetch the file or files of weights that are not there yet, in the order in which transformers looks for them."""
    folder = Path(weights.files)
    named = read_object(folder / CONFIG).get("transformers_weights")
    if named is None and not (folder / WEIGHTS).is_file():
        _fetch_first(weights)
    entry = first_file(folder)
    if not entry.endswith(".index.json"):
        names: list[Any] = [entry]
    else:
        places = read_object(folder / entry).get("weight_map")
        names = sorted({str(name) for name in places.values()}) if isinstance(places, dict) else []
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        _snapshot(weights.folder, weights.commit, [glob.escape(name) for name in absent])


def _fetch_first(weights: Weights) -> None:
    """Fetch the one file of weights; a commit that has none is a split checkpoint, or has no safetensors."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    try:
        hf_hub_download(weights.folder, WEIGHTS, revision=weights.commit)
    except EntryNotFoundError as fault:
        if (Path(weights.files) / INDEX).is_file():
            return
        if isinstance(fault, LocalEntryNotFoundError):
            raise ModelError(
                "its weights are not in the hub's cache, and the hub cannot be reached; connect and run again, or give "
                "a local folder"
            ) from fault
        raise ModelError(
            f"it holds neither '{WEIGHTS}' nor '{INDEX}'; only safetensors are loaded (pickles can run code)"
        ) from fault


@contextmanager
def _no_bars() -> Iterator[None]:
    """No progress of files that are small or there already."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()


def _fault(weights: Weights, fault: Exception) -> str:
    asked = f" at revision '{weights.revision}'" if weights.revision else ""
    held = _commits(weights.folder)
    here = f"; in the cache are the commits {', '.join(held)} (--revision)" if held else ""
    return (
        f"cannot load '{weights.folder}' from the hub{asked}: {said(fault)}{here}; check the id and the connection, "
        "or give a local folder in the same layout"
    )


def _commits(repo: str) -> list[str]:
    """Commits of which the cache holds files."""
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}" / "snapshots"
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []
