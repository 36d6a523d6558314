"""What a study asks beside its trials: the letters with empty options, and the judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sycoscope.config import JudgeConfig
from sycoscope.core.types import Decoding, Item, Model, Trial
from sycoscope.facets import FACETS, LetterPriorTask, Wordings
from sycoscope.facets.runner import play
from sycoscope.items import take
from sycoscope.judging import BUILT_IN, asked_of, cases_of, check_judge, judgements
from sycoscope.judging.check import read_rows
from sycoscope.run.store import ShardCache
from sycoscope.study import keys as units
from sycoscope.study.inputs import FacetMaterial

PRIOR_ITEMS = 12


def letter_prior(
    subject: str, material: FacetMaterial, wordings: Wordings, model: Model, cache: ShardCache, *, seed: int
) -> list[Trial]:
    """Ask a facet by letters once more, of a few items with empty options; nothing of other facets."""
    if not FACETS[material.task.name].letter_turn or material.config.form != "choice":
        return []
    task = LetterPriorTask(name=material.task.name, wordings=wordings)
    items = take(material.items, PRIOR_ITEMS, seed=seed)
    key = units.prior_key(task, items, model.digest)
    if not cache.has(key):
        cache.put_trials(key, play(task, items, model, subject=subject, decoding=Decoding(max_tokens=1)))
    return [replace(trial, subject=subject) for trial in cache.trials(key)]


def try_judge(config: JudgeConfig, model: Model, begin: Callable[[str], None]) -> dict[str, Any]:
    """The judge on labelled cases: for the manifest, without the places of its faults (`check-scorers --judge`)."""
    begin("judge: labelled cases")
    cases = cases_of(read_rows(config.labelled or BUILT_IN), config.kinds)
    standings = check_judge(cases, model, max_tokens=config.max_tokens)
    return {
        "labelled": config.labelled or "built-in",
        "standings": {kind: _brief(standing.as_dict()) for kind, standing in standings.items()},
    }


def _brief(standing: dict[str, Any]) -> dict[str, Any]:
    kept = [{k: v for k, v in one.items() if k != "missed"} for one in standing["agreement"]]
    return standing | {"agreement": kept}


def judged(
    trials: Sequence[Trial],
    items: Sequence[Item],
    shards: list[str],
    config: JudgeConfig,
    model: Model,
    cache: ShardCache,
) -> list[Trial]:
    """What the judge says of one subject's trials of one facet.

    Args:
        shards: Keys of the shards that hold the trials.
    """
    key = units.judge_key(shards, config, model.digest)
    if not cache.has(key):
        asked = asked_of(trials, {item.id: item for item in items}, config.kinds)
        cache.put_trials(key, judgements(asked, model, max_tokens=config.max_tokens))
    return [replace(one, subject=trials[0].subject) for one in cache.trials(key)] if trials else []
