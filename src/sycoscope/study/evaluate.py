"""Evaluates one subject: the facets by shards, the letter priors, the benchmarks. What the cache has is not asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from sycoscope.capability import CapabilityRecord, CapabilitySpec, ask_capability, score_records
from sycoscope.config import StudyConfig
from sycoscope.core.protocols import Model
from sycoscope.core.types import Decoding, Item, Score, Trial
from sycoscope.facets.runner import play
from sycoscope.facets.scoring import score_trials
from sycoscope.study.cache import ShardCache
from sycoscope.study.costs import capability_cost, facet_cost
from sycoscope.study.extra_trials import letter_prior
from sycoscope.study.inputs import FacetMaterial
from sycoscope.study.keys import capability_key, capability_score_key, score_key, shard_key, shards
from sycoscope.study.prepare import PreparedStudy
from sycoscope.study.response_log import kept_or_asked
from sycoscope.study.results import RunResults
from sycoscope.study.session import Session, record_of, timed, with_raw_text
from sycoscope.study.subjects import Subject


def evaluate(subject: Subject, study: PreparedStudy, session: Session, results: RunResults) -> None:
    """Ask the session's model, as it is now, everything that the study asks, and add it to `results`."""
    results.subjects.append(
        {
            "name": subject.name,
            "kind": subject.kind,
            "recipe": subject.recipe,
            "seed": subject.seed,
            "model": record_of(session.model),
        }
    )
    for facet in study.inputs.facets.values():
        ask_facet(subject.name, facet, study.config, session, results)
        results.priors += letter_prior(
            subject.name,
            facet,
            study.inputs.wordings,
            session.model,
            session.cache,
            seed=study.config.seed,
            system=study.config.system,
        )
    for spec in study.inputs.capability:
        _benchmark(subject.name, spec, study.config, session, results)


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
    items = {item.id: item for item in facet.items}
    name = facet.task.name
    for part in shards(facet):
        key = shard_key(facet, part, config, session.model.digest)
        done = session.cache.has(key)
        session.progress.begin(f"{subject}: {name}")
        with session.metered(item_weight * len(part), done=done):
            if not done:
                with _alone(session, key, "trials", subject, name, results) as missing:
                    if missing:
                        _play(subject, facet, part, key, config, session)
        trials = [replace(trial, subject=subject) for trial in session.cache.trials(key)]
        results.keep(subject, name, key, trials, _scores(subject, key, trials, items, session.cache))


def _play(
    subject: str,
    facet: FacetMaterial,
    part: tuple[Item, ...],
    key: str,
    config: StudyConfig,
    session: Session,
) -> None:
    """Play one shard, which this process has claimed, into the cache."""
    decoding = Decoding(
        max_tokens=1,
        temperature=config.decoding.temperature,
        top_p=config.decoding.top_p,
        seed=config.seed,
    )

    def ask(model: Model) -> list[Trial]:
        return play(
            facet.task,
            part,
            model,
            subject=subject,
            decoding=decoding,
            draws=config.decoding.draws,
            system=config.system,
        )

    kept_or_asked(session.cache, key, session.model, ask)


def _scores(
    subject: str, shard: str, trials: list[Trial], items: Mapping[str, Item], cache: ShardCache
) -> list[Score]:
    key = score_key(shard)
    if not cache.has(key, "scores"):
        cache.put_scores(key, score_trials(trials, items))
    return [replace(score, subject=subject) for score in cache.scores(key)]


# --- benchmarks ---


def _benchmark(
    subject: str, spec: CapabilitySpec, config: StudyConfig, session: Session, results: RunResults
) -> None:
    key = capability_key(spec, config, session.model.digest)
    session.progress.begin(f"{subject}: {spec.task}")
    done = session.cache.has(key, "records")
    with session.metered(capability_cost(spec).weight, done=done):
        if not done:
            with _alone(session, key, "records", subject, spec.task, results) as missing:
                if missing:
                    session.cache.put_records(key, _asked(subject, spec, config, session))
    records = [replace(record, subject=subject) for record in session.cache.records(key)]
    trials = [record.trial() for record in records]
    results.keep(subject, spec.task, key, trials, _benchmark_scores(subject, key, records, session.cache))


def _asked(
    subject: str, spec: CapabilitySpec, config: StudyConfig, session: Session
) -> list[CapabilityRecord]:
    model = with_raw_text(session.model)
    return ask_capability(
        model, [spec], subject=subject, seed=config.seed, chat=config.chat, system=config.system
    )


def _benchmark_scores(
    subject: str, answers: str, records: list[CapabilityRecord], cache: ShardCache
) -> list[Score]:
    """Scores have a key of their own: a changed reading scores again without asking again."""
    key = capability_score_key(answers)
    if not cache.has(key, "scores"):
        cache.put_scores(key, score_records(records))
    return [replace(score, subject=subject) for score in cache.scores(key)]
