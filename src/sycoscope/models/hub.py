"""The files of a hub id as they were at one commit, in the hub's cache on this machine."""

from __future__ import annotations

import glob
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from sycoscope.core.errors import MissingError, ModelError
from sycoscope.core.hub import Repository, cached_commits
from sycoscope.models.checkpoint import (
    ADAPTER_FILES,
    CONFIG,
    INDEX,
    SMALL_PARTS,
    WEIGHTS,
    first_file,
    loading,
    read_object,
)
from sycoscope.models.resolve import Weights

# All that decides what a model answers, but its weights; of folders inside it only templates and code.
_SMALL = list(SMALL_PARTS)
_ELSEWHERE = [f"*/{pattern}" for pattern in SMALL_PARTS if pattern not in ("*.jinja", "*.py")]
# `..` and `~` begin a path
_ADAPTER_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*(@[\w./-]+)?", re.ASCII)
_SNAPSHOT = re.compile(r"/models--([^/]+?)--([^/]+)/snapshots/([0-9a-f]{40})$")


def fetch(weights: Weights) -> Weights:
    """The weights with the folder of their files and, of a hub id, the commit that they are of.

    A name that moves (`main`, a branch, none at all) is looked up once, and everything is read from the commit found:
    weights and tokenizer cannot be of two. Without a connection the hub's cache says what the name meant last.

    Raises:
        ModelError: it cannot be had; the message says which commits are at hand.
    """
    if not weights.is_hub:
        return weights
    try:
        repository = Repository(weights.folder, weights.revision, kind="model")
        folder = repository.fetch(_SMALL, _ELSEWHERE)
        found = replace(weights, files=str(folder), commit=folder.name)
        with loading(found.where):
            _fetch_weights(repository, folder)
    except MissingError as fault:
        raise ModelError(_fault(weights, fault)) from fault
    return found


def fetch_adapter(name: str) -> Path:
    """The folder with an adapter's files, in the hub's cache; its name is their commit.

    Args:
        name: OWNER/NAME or OWNER/NAME@REVISION.

    Raises:
        MissingError: it cannot be had.
    """
    repo, _, revision = name.partition("@")
    return Repository(repo, revision, kind="model").fetch([*_SMALL, ADAPTER_FILES[1]], [*_ELSEWHERE, "*/*"])


def is_adapter_id(name: str) -> bool:
    """Whether a text has the form OWNER/NAME or OWNER/NAME@REVISION, and names nothing on this machine."""
    return bool(_ADAPTER_ID.fullmatch(name)) and not Path(name).exists()


def commit_in_cache(folder: Path) -> str:
    """OWNER/NAME@COMMIT, where a folder is that of a commit in the hub's cache; empty for all others."""
    found = _SNAPSHOT.search(folder.as_posix())
    return f"{found[1]}/{found[2]}@{found[3]}" if found else ""


def _fetch_weights(repository: Repository, folder: Path) -> None:
    """Fetch the file or files of weights that are not there yet, in the order in which transformers looks for them."""
    named = read_object(folder / CONFIG).get("transformers_weights")
    if named is None and not (folder / WEIGHTS).is_file():
        _fetch_first(repository, folder)
    entry = first_file(folder)
    if not entry.endswith(".index.json"):
        names: list[Any] = [entry]
    else:
        places = read_object(folder / entry).get("weight_map")
        names = sorted({str(name) for name in places.values()}) if isinstance(places, dict) else []
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        repository.fetch([glob.escape(name) for name in absent], bars=True)


def _fetch_first(repository: Repository, folder: Path) -> None:
    """Fetch the one file of weights; a commit that has none is a split checkpoint, or has no safetensors."""
    if repository.names is not None and WEIGHTS in repository.names:
        repository.fetch([WEIGHTS], bars=True)
    elif not (folder / INDEX).is_file():
        if repository.names is None:
            raise ModelError(
                f"its weights are not in the hub's cache, and {repository.fault}; connect and run again, or give a "
                "local folder"
            )
        raise ModelError(
            f"it holds neither '{WEIGHTS}' nor '{INDEX}'; only safetensors are loaded (pickles can run code)"
        )


def _fault(weights: Weights, fault: MissingError) -> str:
    commits = cached_commits(weights.folder, kind="model")
    asked = f" at revision '{weights.revision}'" if weights.revision else ""
    here = f"; in the cache are the commits {', '.join(commits)} (--revision)" if commits else ""
    return (
        f"cannot load '{weights.folder}' from the hub{asked}: {fault}{here}; check the id and the connection, or "
        "give a local folder in the same layout"
    )
