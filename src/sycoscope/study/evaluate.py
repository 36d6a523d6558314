"""Asks a subject one shard of a facet, or one benchmark; what the cache has is not asked. And reads the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sycoscope.capability import CapabilityRecord, CapabilitySpec, ask_capability, score_records
from sycoscope.config import StudyConfig
from sycoscope.core.protocols import Model
from sycoscope.core.types import Decoding, Item, Score, Trial
from sycoscope.facets.runner import play
from sycoscope.facets.scoring import score_trials
from sycoscope.study.cache import ShardCache
from sycoscope.study.costs import facet_cost
from sycoscope.study.inputs import FacetMaterial
from sycoscope.study.keys import capability_key, capability_score_key, score_key, shard_key, shards
from sycoscope.study.response_log import keep
from sycoscope.study.results import RunResults
from sycoscope.study.session import Session, timed, with_raw_text


@contextmanager
def _alone(
    session: Session, key: str, kind: str, subject: str, unit: str, results: RunResults
) -> Iterator[bool]:
    """Whether a shard has still to be made when this process has it for itself: another run may have made it by then.

    What it takes is noted; waiting for the other run is not.
    """
    with session.cache.claimed(key, kind):
        if session.cache.has(key, kind):
            yield False
            return
        with timed(results, subject, unit):
            yield True


# --- facets ---


def ask_facet(
    subject: str, facet: FacetMaterial, config: StudyConfig, session: Session, results: RunResults
) -> None:
    """Ask the session's model, as it is now, the items of one facet, and add trials and scores to `results`."""
    item_weight = facet_cost(facet).weight / max(1, len(facet.items))
    for part in shards(facet):
        key = ask_shard(subject, facet, part, item_weight * len(part), config, session, results)
        results.keep(subject, facet.task.name, key, *kept_facet(subject, key, part, session.cache))


def ask_shard(
    subject: str,
    facet: FacetMaterial,
    part: tuple[Item, ...],
    weight: float,
    config: StudyConfig,
    session: Session,
    results: RunResults,
) -> str:
    """Ask the session's model, as it is now, one shard, and score it: the key under which the cache has both.

    Args:
        weight: Of the shard. results: where the time that it took is noted.
    """
    name, cache = facet.task.name, session.cache
    session.progress.begin(f"{subject}: {name}")
    key = shard_key(facet, part, config, session.model.digest)
    done = cache.has(key)
    with session.metered(weight, done=done):
        if not done:
            with _alone(session, key, "trials", subject, name, results) as missing:
                if missing:
                    keep(cache, key, session.model, lambda model: played(subject, facet, part, config, model))
    if not cache.has(score_key(key), "scores"):
        items = {item.id: item for item in part}
        cache.put_scores(score_key(key), score_trials(cache.trials(key), items))
    return key


def played(
    subject: str, facet: FacetMaterial, part: Sequence[Item], config: StudyConfig, model: Model
) -> list[Trial]:
    """The trials of one shard, asked of a model."""
    decoding = Decoding(
        max_tokens=1,
        temperature=config.decoding.temperature,
        top_p=config.decoding.top_p,
        seed=config.seed,
    )
    return play(
        facet.task,
        part,
        model,
        subject=subject,
        decoding=decoding,
        draws=config.decoding.draws,
        system=config.system,
    )


def kept_facet(
    subject: str, key: str, part: Sequence[Item], cache: ShardCache
) -> tuple[list[Trial], list[Score]]:
    """Trials and scores of a shard out of the cache, under the subject's name."""
    return _named(subject, cache.trials(key), cache.scores(score_key(key)))


def _named(subject: str, trials: Sequence[Trial], scores: Sequence[Score]) -> tuple[list[Trial], list[Score]]:
    """What the cache has is nobody's: equal models share it under several names."""
    return [replace(one, subject=subject) for one in trials], [
        replace(one, subject=subject) for one in scores
    ]


# --- benchmarks ---


def ask_benchmark(
    subject: str,
    spec: CapabilitySpec,
    weight: float,
    config: StudyConfig,
    session: Session,
    results: RunResults,
) -> str:
    """Ask the session's model, as it is now, one benchmark, and score it: the key under which the cache has both.

    Args:
        weight: Of the benchmark. results: where the time that it took is noted.
    """
    cache = session.cache
    key = capability_key(spec, config, session.model.digest)
    session.progress.begin(f"{subject}: {spec.task}")
    done = cache.has(key, "records")
    with session.metered(weight, done=done):
        if not done:
            with _alone(session, key, "records", subject, spec.task, results) as missing:
                if missing:
                    cache.put_records(key, _asked(subject, spec, config, session))
    if not cache.has(capability_score_key(key), "scores"):
        cache.put_scores(capability_score_key(key), score_records(cache.records(key)))
    return key


def kept_benchmark(subject: str, key: str, cache: ShardCache) -> tuple[list[Trial], list[Score]]:
    """Trials and scores of a benchmark out of the cache, under the subject's name."""
    trials = [record.trial() for record in cache.records(key)]
    return _named(subject, trials, cache.scores(capability_score_key(key)))


def _asked(
    subject: str, spec: CapabilitySpec, config: StudyConfig, session: Session
) -> list[CapabilityRecord]:
    model = with_raw_text(session.model)
    return ask_capability(
        model, [spec], subject=subject, seed=config.seed, chat=config.chat, system=config.system
    )
