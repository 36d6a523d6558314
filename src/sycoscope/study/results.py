"""What a run has found or made, for the manifest and the tables."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sycoscope.core.types import Score, Trial

Timing = dict[str, Any]  # subject, unit, seconds


@dataclass
class RunResults:
    """What a run, or one subject of it, has found or made.

    Attributes:
        trials, scores: By facet or benchmark.
        subjects: Name, kind, recipe, seed and the model's record.
        training: Name of a tuned subject -> what it was trained on. training_texts: name -> text of each row.
        shards: Subject -> facet or benchmark -> keys of its shards.
        timings: Seconds by unit, of what was not there already.
        judge: The judge's record and standings; None without a judge. judgements: what it was asked and said.
        priors: Letter probes with empty options.
    """

    trials: dict[str, list[Trial]] = field(default_factory=dict)
    scores: dict[str, list[Score]] = field(default_factory=dict)
    subjects: list[dict[str, Any]] = field(default_factory=list)
    training: dict[str, dict[str, Any]] = field(default_factory=dict)
    training_texts: dict[str, list[str]] = field(default_factory=dict)
    shards: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    timings: list[Timing] = field(default_factory=list)
    judge: dict[str, Any] | None = None
    judgements: list[Trial] = field(default_factory=list)
    priors: list[Trial] = field(default_factory=list)

    def keep(
        self, subject: str, task: str, key: str, trials: Sequence[Trial], scores: Sequence[Score]
    ) -> None:
        """Add the trials and scores of one shard."""
        self.trials.setdefault(task, []).extend(trials)
        self.scores.setdefault(task, []).extend(scores)
        self.shards.setdefault(subject, {}).setdefault(task, []).append(key)

    def timed(self, subject: str, unit: str, started: float) -> None:
        """Note how long a unit took; `started` is of `time.monotonic`."""
        seconds = round(time.monotonic() - started, 2)
        self.timings.append({"subject": subject, "unit": unit, "seconds": seconds})
