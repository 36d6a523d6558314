"""How fast this machine was with a model: kept at the end of a run, and read by plans. Nothing is guessed.

A record is of one model's files, device, precision, threads and number of processes, in the user's cache folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sycoscope.config import StudyConfig
from sycoscope.core.errors import SycoscopeError
from sycoscope.core.files import cache_dir, digest_of, write_atomic
from sycoscope.models.local import identity_of
from sycoscope.study.progress import Progress

# A run that took less (s) says more about loading than about answering.
SHORTEST = 20.0


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a run did here.

    Attributes:
        weight: Of the work, as of `costs.Cost`. seconds: it took, all processes at once.
        tuned: Whether adapters were tuned in it. day: when, as 2026-01-31.
    """

    weight: float
    seconds: float
    tuned: bool
    day: str


class Counted:
    """A progress that is passed on, and how much of it was work."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.done = self.skipped = 0.0
        self.began = time.monotonic()

    def start(self, total: float) -> None:
        """Total weight."""
        self._progress.start(total)

    def begin(self, what: str) -> None:
        """A unit begins."""
        self._progress.begin(what)

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        """Work done, or found done already."""
        if skipped:
            self.skipped += weight
        else:
            self.done += weight
        self._progress.advance(weight, skipped=skipped)


def keep_throughput(config: StudyConfig, model: Mapping[str, Any], counted: Counted) -> None:
    """Keep how fast a run was, where it did all of its work itself and took long enough to tell.

    Args:
        model: Its record, as the manifest has it.
    """
    seconds = time.monotonic() - counted.began
    hardware = model.get("hardware")
    if not hardware or counted.skipped or counted.done <= 0 or seconds < SHORTEST or config.judge is not None:
        return
    kept = Throughput(counted.done, round(seconds, 1), bool(config.adapters), time.strftime("%Y-%m-%d"))
    with suppress(SycoscopeError, OSError):  # a cache that cannot be written costs a forecast alone
        write_atomic(_path(config, hardware), json.dumps(asdict(kept)).encode())


def throughput_of(config: StudyConfig, hardware: Mapping[str, Any]) -> Throughput | None:
    """What an earlier run of this model did on this machine, in the same way; None where there was none.

    Args:
        hardware: As the manifest has it: `device`, `dtype`, `threads`.
    """
    try:
        kept = Throughput(**json.loads(_path(config, hardware).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    # what tuning takes is not known from a run that tuned nothing
    return None if config.adapters and not kept.tuned else kept


def _path(config: StudyConfig, hardware: Mapping[str, Any]) -> Path:
    settings = config.model
    key = {
        "model": identity_of(settings.name, getattr(settings, "revision", "")),
        "processes": config.workers,
        "threads": hardware["threads"] if hardware["device"] == "cpu" else 0,
        "device": [hardware["device"], hardware.get("device_name", "")],
        "dtype": hardware["dtype"],
    }
    return cache_dir() / "throughput" / f"{digest_of(key)}.json"
