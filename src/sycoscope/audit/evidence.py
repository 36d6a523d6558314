"""What the audit looks at, with the indices that its checks share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sycoscope.analysis import Roles, ScoreTable, score_tables
from sycoscope.core.manifest import Manifest
from sycoscope.core.types import Estimate, Item, Score, Trial
from sycoscope.facets import FACETS

SUMMARY = "summary"


def dig(value: Any, *keys: str) -> Any:
    """A nested value; None where any step is missing."""
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def number(value: Any) -> float | None:
    """A number; None for anything else."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


@dataclass(frozen=True)
class Evidence:
    """A run as the audit sees it.

    Attributes:
        manifest: A check whose part of it is empty says `not_run`.
        items: By (task, item id).
        judgements: What a judge was asked and said (`judging.trials`). priors: The letter probe.
        laid_out: The facets' scores by item and draw, where somebody laid them out already.
        clean: (Adapter, task) -> the change of the primary, or of the accuracy, over the items that no training row
            touches, where rows touch some.
    """

    manifest: Manifest
    items: Mapping[tuple[str, str], Item]
    trials: Sequence[Trial]
    scores: Sequence[Score]
    estimates: Sequence[Estimate]
    roles: Roles
    judgements: Sequence[Trial] = ()
    priors: Sequence[Trial] = ()
    laid_out: Mapping[str, ScoreTable] | None = None
    clean: Mapping[tuple[str, str], Estimate] = field(default_factory=dict)

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Those that were asked anything, base first."""
        seen = {trial.subject for trial in self.trials} | {score.subject for score in self.scores}
        listed = [name for name in self.roles.subjects if name in seen]
        return (*listed, *sorted(seen - set(listed)))

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Those that were asked, facets first."""
        seen = {trial.task for trial in self.trials} | {score.task for score in self.scores}
        return tuple(sorted(seen, key=lambda name: (name not in FACETS, name)))

    @cached_property
    def estimated(self) -> tuple[str, ...]:
        """Tasks of the estimates: those asked, then what is put together from them."""
        return (*self.tasks, *sorted({estimate.task for estimate in self.estimates} - set(self.tasks)))

    @cached_property
    def facets(self) -> tuple[str, ...]:
        """The facets among the tasks."""
        return tuple(task for task in self.tasks if task in FACETS)

    @cached_property
    def models(self) -> dict[str, Mapping[str, Any]]:
        """Subject -> its model's record, as far as there is one."""
        return {subject.name: subject.model for subject in self.manifest.subjects if subject.model}

    def training_record(self, adapter: str) -> Mapping[str, Any]:
        """What the trainer wrote beside the adapter; empty where nothing is known."""
        training = self.manifest.training.get(adapter)
        if training is not None and training.record:
            return training.record
        beside = dig(self.models, adapter, "adapter", "training")
        return beside if isinstance(beside, Mapping) else {}

    def headline(self, task: str) -> str:
        """Name of the score that stands for a benchmark."""
        return self.manifest.headlines.get(task, "acc")

    @cached_property
    def statuses(self) -> dict[tuple[str, str, str, str], Counter[str]]:
        """(subject, task, condition, score name) -> how many scores of each status."""
        counts: dict[tuple[str, str, str, str], Counter[str]] = {}
        for score in self.scores:
            key = (score.subject, score.task, score.condition, score.name)
            counts.setdefault(key, Counter())[score.status] += 1
        return counts

    @cached_property
    def _estimates(self) -> dict[tuple[str, str, str, str, str], Estimate]:
        return {(e.subject, e.reference, e.task, e.name, e.condition): e for e in self.estimates}

    def estimate(
        self, subject: str, task: str, name: str, condition: str = "", *, reference: str = ""
    ) -> Estimate | None:
        """One estimate; None where there is none."""
        return self._estimates.get((subject, reference, task, name, condition))

    @cached_property
    def tables(self) -> Mapping[str, ScoreTable]:
        """Task -> its scores laid out by item and draw."""
        if self.laid_out is not None:
            return self.laid_out
        return score_tables(self.scores, {item_id: item for (_, item_id), item in self.items.items()})

    def of_task(self, task: str) -> Iterator[tuple[Trial, Item]]:
        """Trials of a task whose item is known."""
        for trial in self.trials:
            item = self.items.get((trial.task, trial.item_id)) if trial.task == task else None
            if item is not None:
                yield trial, item
