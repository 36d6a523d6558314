"""What lies at a path: logs of other tools, told from what the files hold; or nothing of the kind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sycoscope.core.errors import DataError
from sycoscope.core.files import user_path
from sycoscope.core.texts import listed
from sycoscope.logs.inspect_log import inspect_log, is_log
from sycoscope.logs.lm_eval_log import is_samples, samples_log
from sycoscope.logs.log import Format, Log

# Folders within each other that are searched: lm_eval writes OUT/MODEL/samples_*.jsonl.
MAX_LEVELS = 4
# A folder that has one of these is something else: a run of ours, a model, an adapter.
OTHERS = ("manifest.json", "config.json", "adapter_config.json")


def format_at(place: str | Path) -> Format | None:
    """Which tool's logs lie at a path, a file or a folder; None where none do, and for names that are no path."""
    return next((kind for _, kind in _files(place)), None)


def logs_at(place: str | Path) -> dict[str, Log]:
    """Task -> its log.

    Raises:
        DataError: there is none, there are logs of two tools, or two logs of one task.
        DependencyError: logs of Inspect, which is not installed.
    """
    files = list(_files(place))
    kinds = {kind for _, kind in files}
    if len(kinds) != 1:
        what = (
            "logs of Inspect and of lm-evaluation-harness"
            if kinds
            else "no log of Inspect or lm-evaluation-harness"
        )
        raise DataError(
            f"'{place}' holds {what}; give a file, or a folder with the logs of one model and one tool"
        )
    read = inspect_log if kinds == {"inspect"} else samples_log
    found: dict[str, list[Log]] = {}
    for path, _ in files:
        log = read(path)
        found.setdefault(log.task, []).append(log)
    for task, logs in found.items():
        if len(logs) > 1:
            paths = listed(
                (f"'{log.path}' ({log.model}{f', {log.made}' if log.made else ''})" for log in logs), 6
            )
            raise DataError(
                f"'{place}' holds {len(logs)} logs of the task '{task}': {paths}; name one of the files"
            )
    return {task: logs[0] for task, logs in found.items()}


def _files(place: str | Path) -> Iterator[tuple[Path, Format]]:
    """The logs at a path, in the order of their names."""
    try:
        root = user_path(place)
        if root.is_file():
            paths = [root]
        elif root.is_dir() and not any((root / name).exists() for name in OTHERS):
            paths = sorted(_within(root))
        else:
            return
    except (OSError, ValueError):  # a name that no file can have
        return
    for path in paths:
        if path.suffix in (".eval", ".json") and is_log(path):
            yield path, "inspect"
        elif path.suffix == ".jsonl" and is_samples(path):
            yield path, "lm_eval"


def _within(root: Path) -> Iterator[Path]:
    for folder, inner, names in os.walk(root):
        if len(Path(folder).relative_to(root).parts) >= MAX_LEVELS:
            inner.clear()
        for name in names:
            kind = name.startswith("samples_") and name.endswith(".jsonl")
            if kind or name.endswith((".eval", ".json")):
                yield Path(folder, name)
