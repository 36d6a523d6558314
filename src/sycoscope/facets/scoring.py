"""From trials to scores: every trial goes to the scorer of its facet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sycoscope.core.errors import DataError
from sycoscope.core.types import Item, Score, Trial
from sycoscope.facets.registry import FACETS
from sycoscope.facets.trial_scorer import TrialScorer

VERSION = "scoring@2"


def score_trials(trials: Iterable[Trial], items: Mapping[str, Item]) -> list[Score]:
    """Score every trial of the facets.

    Args:
        items: By id; every trial's item must be there.

    Raises:
        DataError: a trial of an unknown facet, or of an item that is not given.
    """
    scores: list[Score] = []
    for trial in trials:
        if trial.task not in FACETS:
            raise DataError(f"task '{trial.task}' has no scorer; allowed: {', '.join(FACETS)}")
        if trial.item_id not in items:
            raise DataError(
                f"trial of item {trial.item_id} ({trial.task}): the item is not among those given"
            )
        scores += FACETS[trial.task].scores(TrialScorer(trial, items[trial.item_id]))
    return scores
