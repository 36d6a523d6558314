"""What a run reports while it goes on."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Where a run reports what it does. Weights are those of `costs.Cost`."""

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
        """Work that the model did, in the weight of `costs.Cost`."""
        step = min(weight, self._left)
        if step > 0:
            self._left -= step
            self._progress.advance(step)

    def finish(self, *, skipped: bool = False) -> None:
        """The unit is done: what is left of it."""
        self._progress.advance(self._left, skipped=skipped)
        self._left = 0.0
