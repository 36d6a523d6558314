"""What a study asks beside its trials: the letters with empty options, and the judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sycoscope.config import JudgeConfig
from sycoscope.core.protocols import Model
from sycoscope.core.types import Decoding, Item, Trial
from sycoscope.facets import FACETS, LetterPriorTask, Wordings
from sycoscope.facets.runner import play
from sycoscope.items import take
from sycoscope.judging import BUILT_IN, asked_of, cases_of, check_judge, judgements
from sycoscope.judging.check import read_rows
from sycoscope.study.cache import ShardCache
from sycoscope.study.inputs import FacetMaterial
from sycoscope.study.keys import judge_key, prior_key
from sycoscope.study.progress import Progress
from sycoscope.study.response_log import ask_once
from sycoscope.study.results import RunResults
from sycoscope.study.session import record_of

PRIOR_ITEMS = 12


def has_letters(material: FacetMaterial) -> bool:
    """Whether the letters of a facet are asked once more, of a few items with empty options."""
    return bool(FACETS[material.task.name].letter_turn) and material.config.form == "choice"


def letters_key(
    subject: str,
    material: FacetMaterial,
    wordings: Wordings,
    model: Model,
    cache: ShardCache,
    *,
    seed: int,
    system: str,
) -> str:
    """Ask a facet by letters once more, of a few items with empty options: the key under which the cache has it."""
    task = LetterPriorTask(name=material.task.name, wordings=wordings)
    items = take(material.items, PRIOR_ITEMS, seed=seed)

    def ask(model: Model) -> list[Trial]:
        return play(task, items, model, subject=subject, decoding=Decoding(max_tokens=1), system=system)

    key = prior_key(task, items, model.digest, system)
    ask_once(cache, key, model, ask)
    return key


def kept_letters(subject: str, key: str, cache: ShardCache) -> list[Trial]:
    """The trials of the letters out of the cache."""
    return [replace(trial, subject=subject) for trial in cache.trials(key)]


# --- the judge ---


def ask_judge(
    config: JudgeConfig,
    judge: Model,
    facets: Mapping[str, FacetMaterial],
    results: RunResults,
    cache: ShardCache,
    progress: Progress,
) -> None:
    """Try the judge on labelled cases, and ask it about every trial in `results` that it has a say about."""
    started = time.monotonic()
    results.judge = {"model": record_of(judge)} | _try_judge(config, judge, progress.begin)
    for name, material in facets.items():
        by_subject: dict[str, list[Trial]] = {subject: [] for subject in results.shards}
        for trial in results.trials.get(name, ()):
            by_subject[trial.subject].append(trial)
        for subject, trials in by_subject.items():
            progress.begin(f"judge: {subject}: {name}")
            key = judge_key(results.shards[subject].get(name, ()), config, judge.digest)
            results.judgements += _judged(trials, material.items, key, config, judge, cache)
    results.timed("judge", "all", started)


def _try_judge(config: JudgeConfig, judge: Model, begin: Callable[[str], None]) -> dict[str, Any]:
    """The judge on labelled cases: for the manifest, without the places of its faults (`check-scorers --judge`)."""
    begin("judge: labelled cases")
    cases = cases_of(read_rows(config.labelled or BUILT_IN), config.kinds)
    standings = check_judge(cases, judge, max_tokens=config.max_tokens)
    return {
        "labelled": config.labelled or "built-in",
        "standings": {kind: _brief(standing.as_dict()) for kind, standing in standings.items()},
    }


def _brief(standing: dict[str, Any]) -> dict[str, Any]:
    kept = [{k: v for k, v in row.items() if k != "missed"} for row in standing["agreement"]]
    return standing | {"agreement": kept}


def _judged(
    trials: Sequence[Trial],
    items: Sequence[Item],
    key: str,
    config: JudgeConfig,
    judge: Model,
    cache: ShardCache,
) -> list[Trial]:
    """The judge's replies on one subject's trials of one facet."""
    if not trials:
        return []

    def ask(judge: Model) -> list[Trial]:
        asked = asked_of(trials, {item.id: item for item in items}, config.kinds)
        return judgements(asked, judge, max_tokens=config.max_tokens)

    ask_once(cache, key, judge, ask)
    subject = trials[0].subject
    return [replace(trial, subject=subject) for trial in cache.trials(key)]
