"""What a run tells while it goes on, and what it has found or made."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from sycoscope.core.types import Score, Trial


class Progress(Protocol):
    """Where a run tells what it does. Weights are those of `units.Cost`."""

    def start(self, total: float) -> None:
        """Total weight of the study."""
        ...

    def begin(self, what: str) -> None:
        """A unit begins."""
        ...

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        """Work done, or found done already."""
        ...


class Silent:
    """Says nothing."""

    def start(self, total: float) -> None:
        """Nothing."""

    def begin(self, what: str) -> None:
        """Nothing."""

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        """Nothing."""


class Meter:
    """A unit's progress while its model answers: never more than the unit weighs, and all of it at its end.

    What a model still has to do is known only as an estimate, since a dialogue's next turn depends on the last reply.
    """

    def __init__(self, progress: Progress, weight: float) -> None:
        self._progress = progress
        self._left = weight

    def __call__(self, weight: float) -> None:
        """Work that the model did, in the weight of `units.Cost`."""
        step = min(weight, self._left)
        if step > 0:
            self._left -= step
            self._progress.advance(step)

    def finish(self, *, skipped: bool = False) -> None:
        """The unit is done: what is left of it."""
        self._progress.advance(self._left, skipped=skipped)
        self._left = 0.0


@dataclass
class Ledger:
    """What a run has found or made, for the manifest and the tables."""

    trials: dict[str, list[Trial]] = field(default_factory=dict)
    scores: dict[str, list[Score]] = field(default_factory=dict)
    subjects: list[dict[str, Any]] = field(default_factory=list)
    training: dict[str, dict[str, Any]] = field(default_factory=dict)
    training_texts: dict[str, list[str]] = field(default_factory=dict)
    shards: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    timings: list[dict[str, Any]] = field(default_factory=list)
    adapters: dict[str, str] = field(default_factory=dict)
    judge: dict[str, Any] | None = None
    judgements: list[Trial] = field(default_factory=list)
    priors: list[Trial] = field(default_factory=list)

    def timed(self, subject: str, what: str, started: float) -> None:
        """Note how long a unit took."""
        self.timings.append(
            {"subject": subject, "unit": what, "seconds": round(time.monotonic() - started, 2)}
        )
