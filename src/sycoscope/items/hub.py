"""Rows from the Hugging Face hub: which files of a repository are a split, fetched alone and at one commit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sycoscope.core.errors import MissingError, SycoscopeError
from sycoscope.core.hub import Repository

_HUB_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*(@[\w./-]+)?")
_FILE_ENDINGS = (".jsonl", ".ndjson", ".json", ".parquet", ".csv")
# Names of the files of a split, behind its stem.
_ENDINGS = ("-*-of-*.parquet", ".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class HubSet:
    """How the hub names a set.

    Attributes:
        repo: Its usual id.
        config: Configuration, where it has several.
        splits: Our split -> the hub's.
        file: A JSON Lines file in the repository that holds the set.
    """

    repo: str
    splits: Mapping[str, str]
    config: str | None = None
    file: str = ""

    def stem(self, split: str) -> str:
        """What the names of the files of one of our splits begin with."""
        return Path(self.file).stem if self.file else self.splits[split]


def is_hub_id(source: str) -> bool:
    """Whether `source` has the form OWNER/NAME or OWNER/NAME@REVISION and no ending of a data file."""
    return bool(_HUB_ID.fullmatch(source)) and not source.split("@")[0].endswith(_FILE_ENDINGS)


def at_commit(source: str) -> str:
    """A hub id as OWNER/NAME@COMMIT: what its revision means now, or meant last where the hub cannot be reached.

    Raises:
        MissingError: Neither the hub nor its cache knows.
    """
    repo, _, revision = source.partition("@")
    try:
        return f"{repo}@{Repository(repo, revision, kind='dataset').pin()}"
    except MissingError as fault:
        raise _unread(source, fault, "BENCHMARK:PATH") from fault


def hub_folder(benchmark: str, known: HubSet, within: Sequence[str], source: str, split: str) -> Path:
    """Fetch the files of one split and no others, into the hub's cache.

    Args:
        benchmark: For the message.
        known: Splits and file of the set.
        within: Folders that may hold the files.
        source: OWNER/NAME or OWNER/NAME@REVISION.
        split: Ours.

    Returns:
        The folder of the commit, where other splits may lie too.

    Raises:
        MissingError: The set has no such split, or the hub cannot be reached or does not have it.
        DependencyError: The package that reads the hub is not installed.
    """
    if split not in known.splits:
        raise MissingError(
            f"{benchmark} on the hub has no split '{split}'; it has: {', '.join(known.splits)}"
        )
    repo, _, revision = source.partition("@")
    try:
        return Repository(repo, revision, kind="dataset").fetch(_patterns(known, within, split))
    except MissingError as fault:
        raise _unread(source, fault, f"{benchmark}:PATH/{known.file or f'{split}.jsonl'}") from fault


def hub_fault(name: str, known: HubSet, within: Sequence[str]) -> str:
    """Why a set cannot be had from the hub, as far as its list of files or the cache tells; empty where it can.

    Args:
        name: Of the set, for the message. within: folders that may hold its files.
    """
    split = next(iter(known.splits))
    names = _patterns(known, within, split)
    try:
        repository = Repository(known.repo, kind="dataset")
        if not repository.holds(names):
            return f"{name}: '{known.repo}' on the hub holds none of {', '.join(names)} (split '{split}')"
        if repository.names is None:
            repository.fetch(names)
    except SycoscopeError as fault:
        return f"{name}: '{known.repo}' cannot be had from the hub ({fault})"
    return ""


def _patterns(known: HubSet, within: Sequence[str], split: str) -> tuple[str, ...]:
    """Names of the files of a split, with the folders that may hold them."""
    names = [known.file] if known.file else [f"{known.stem(split)}{ending}" for ending in _ENDINGS]
    return tuple(f"{folder}/{name}".lstrip("/") for folder in within for name in names)


def _unread(source: str, fault: MissingError, example: str) -> MissingError:
    return MissingError(
        f"cannot read '{source}' from the hub: {fault}; it is not a local path either. Check the name and the network, "
        f"or name a local file or folder, as {example}"
    )
