"""Rows from the Hugging Face hub, through `datasets`, or `huggingface_hub` for sets that are plain files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sycoscope.core.errors import MissingError, require
from sycoscope.core.rows import Faults, Row, given_rows, jsonl_rows

_HUB_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*(@[\w./-]+)?")
_FILE_ENDINGS = (".jsonl", ".ndjson", ".json", ".parquet", ".csv")


@dataclass(frozen=True, slots=True)
class HubSet:
    """How the hub names a set.

    Attributes:
        repo: Its usual id.
        config: Configuration, where it has several.
        splits: Our split -> the hub's.
        file: A JSON Lines file in the repository that is read as it is: its rows differ in shape, which
            tables of one schema cannot hold.
    """

    repo: str
    splits: Mapping[str, str]
    config: str | None = None
    file: str = ""


def is_hub_id(source: str) -> bool:
    """Whether `source` has the form OWNER/NAME or OWNER/NAME@REVISION and no ending of a data file."""
    return bool(_HUB_ID.fullmatch(source)) and not source.split("@")[0].endswith(_FILE_ENDINGS)


def hub_rows(benchmark: str, known: HubSet, source: str, split: str, faults: Faults) -> Iterator[Row]:
    """Rows of one split.

    Args:
        benchmark: For the message.
        known: Configuration, splits and file of the set.
        source: OWNER/NAME or OWNER/NAME@REVISION.
        split: Ours.
        faults: Collects unreadable lines.

    Raises:
        MissingError: The set has no such split, or the hub cannot be reached or does not have it.
        DependencyError: The package that reads the hub is not installed.
    """
    if split not in known.splits:
        raise MissingError(
            f"{benchmark} on the hub has no split '{split}'; it has: {', '.join(known.splits)}"
        )
    repo, _, revision = source.partition("@")
    require("huggingface_hub" if known.file else "datasets", "data")
    try:
        if known.file:
            from huggingface_hub import hf_hub_download

            file = hf_hub_download(repo, known.file, repo_type="dataset", revision=revision or None)
            return jsonl_rows(Path(file), faults)
        import datasets

        table = datasets.load_dataset(
            repo, known.config, split=known.splits[split], revision=revision or None
        )
    # The hub's clients raise errors of many kinds (network, offline mode, unknown name, no such split).
    except Exception as error:
        example = f"{benchmark}:PATH/{known.file or f'{split}.jsonl'}"
        raise MissingError(
            f"cannot read '{source}' from the hub ({_told(error)}); it is not a local path "
            f"either. Check the name and the network, or name a local file or folder, as {example}"
        ) from error
    return given_rows(table, source, faults)


def hub_fault(name: str, known: HubSet) -> str:
    """Why a set cannot be had from the hub, as far as its address or what was fetched before tells; empty where it can.

    Args:
        name: Of the set, for the message.
    """
    try:
        require("huggingface_hub" if known.file else "datasets", "data")
        if known.file:
            from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache

            if not isinstance(try_to_load_from_cache(known.repo, known.file, repo_type="dataset"), str):
                get_hf_file_metadata(hf_hub_url(known.repo, known.file, repo_type="dataset"), timeout=10)
        else:
            import datasets

            datasets.load_dataset_builder(known.repo, known.config)
    # The hub's clients raise errors of many kinds.
    except Exception as error:
        return f"{name}: '{known.repo}' cannot be had from the hub ({_told(error)})"
    return ""


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
