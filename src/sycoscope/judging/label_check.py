"""The rules against what people said of a run's responses, which are read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sycoscope.core.errors import DataError
from sycoscope.core.types import Item, Trial
from sycoscope.facets import FACETS
from sycoscope.facets.scoring import score_trials
from sycoscope.judging.check import Judgement, agreements_of, entry_of
from sycoscope.judging.label_log import LabelLine


def check_labels(
    name: str, acts: Iterable[LabelLine], trials: Mapping[str, tuple[Trial, Item]]
) -> dict[str, Any]:
    """Read the responses again that a person labelled one by one, and say, JSON-able, how the rules agree, by facet.

    Args:
        name: Of the log. acts: what stands in it. trials: of the run that was labelled, by id.

    Returns:
        As one of the files of `report`; a response that the rules cannot read counts as read wrong.

    Raises:
        DataError: nothing is labelled.
    """
    judgements: list[Judgement] = []
    for act in acts:
        by_hand = FACETS[act.task].by_hand
        if act.act != "label" or by_hand is None:
            continue
        trial, item = trials[act.id]
        main = next(
            score
            for score in score_trials([trial], {item.id: item})
            if score.name == FACETS[act.task].main_score
        )
        found = by_hand.choice_of(main.label or "") if main.status == "scored" else main.status
        judgements.append(Judgement(act.task, act.subject, f"{name} {act.id}", act.value, found))
    if not judgements:
        raise DataError(f"{name}: holds no labels")
    targets = {task: facet.by_hand.accuracy for task, facet in FACETS.items() if facet.by_hand}
    return entry_of(name, agreements_of(judgements, targets))
