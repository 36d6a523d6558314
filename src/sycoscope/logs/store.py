"""A comparison of two logs on disk: `comparison.json` (what was compared and found) and `data/pairs.parquet`.

It is no run: nothing was asked here, and the logs stay where they are.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sycoscope.core.digests import file_digest
from sycoscope.core.errors import ConfigError, MissingError, StoreError
from sycoscope.core.files import digest_of, user_path, write_atomic
from sycoscope.core.manifest import Made
from sycoscope.logs.comparison import Comparison
from sycoscope.logs.log import Log
from sycoscope.logs.pairs import Pair, frame, read_pairs

# Raised where what a key means changes.
LAYOUT = 1
RECORD, PAIRS = "comparison.json", Path("data", "pairs.parquet")
# What is found, and no part of what was compared.
FOUND = ("verdicts", "findings")


def record_of(
    comparison: Comparison, *, cluster: str, metrics: Collection[str], made: Made, versions: Mapping[str, str]
) -> dict[str, Any]:
    """What `comparison.json` holds, as plain values.

    `hash` is that of the pairs: two comparisons of the same outcomes have the same.
    """
    return {
        "layout": LAYOUT,
        "hash": digest_of([asdict(pair) for pair in comparison.pairs])[:12],
        "format": comparison.format,
        "made": asdict(made),
        "versions": dict(versions),
        "cluster": cluster,
        "grouped": dict(comparison.grouped),
        "metrics": sorted(metrics),
        "before": {task: _log(log) for task, log in comparison.before.items()},
        "after": {task: _log(log) for task, log in comparison.after.items()},
        "verdicts": [asdict(one.verdict) for one in comparison.results],
        "findings": [asdict(one) for one in comparison.findings],
    }


def _log(log: Log) -> dict[str, Any]:
    return {
        "path": str(log.path),
        "sha256": file_digest(log.path),
        "model": log.model,
        "tool": log.tool,
        "made": log.made,
        "settings": dict(log.settings),
        "notes": list(log.notes),
    }


def keep_other(folder: Path, record: Mapping[str, Any], *, force: bool) -> None:
    """Refuse a folder that holds a run, or the comparison of something else.

    Args:
        force: Write over another comparison; a run is never written over.

    Raises:
        ConfigError: with the next step.
    """
    if (folder / "manifest.json").exists():
        raise ConfigError(
            f"'{folder}' holds a run, which a comparison of logs would mix with; choose another --out"
        )
    try:
        held = read_record(folder).get("hash")
    except (MissingError, StoreError):
        return
    if held != record["hash"] and not force:
        raise ConfigError(
            f"'{folder}' holds the comparison of other logs; give --out FOLDER to keep both, or --force to write over "
            "it"
        )


def write(comparison: Comparison, record: Mapping[str, Any], folder: Path) -> None:
    """Write the pairs, then the record: a folder that has one is finished.

    Raises:
        StoreError: it cannot be written.
    """
    (folder / RECORD).unlink(missing_ok=True)
    buffer = io.BytesIO()
    frame(comparison.pairs).write_parquet(buffer, compression="zstd", statistics=False)
    write_atomic(folder / PAIRS, buffer.getvalue())
    text = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=False, default=str)
    write_atomic(folder / RECORD, text.encode("utf-8", "backslashreplace") + b"\n")


def read_record(folder: str | Path) -> dict[str, Any]:
    """What `comparison.json` of a folder holds.

    Raises:
        MissingError: no comparison there. StoreError: damaged, or of another layout.
    """
    path = user_path(folder) / RECORD
    if not path.is_file():
        raise MissingError(
            f"no comparison of logs at '{folder}'; give a folder that `sycoscope compare A B` wrote"
        )
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise StoreError(f"'{path}' cannot be read ({fault}); compare the logs again") from fault
    if not isinstance(record, dict) or record.get("layout") != LAYOUT:
        raise StoreError(f"'{path}' has another layout than {LAYOUT}; compare the logs again")
    return record


def read(folder: str | Path) -> tuple[dict[str, Any], list[Pair]]:
    """The record of a comparison, and its pairs.

    Raises:
        MissingError, StoreError: as `read_record`; the same for the pairs.
    """
    record, place = read_record(folder), user_path(folder)
    return record, read_pairs(place / PAIRS)
