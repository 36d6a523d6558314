"""From the outcomes of a study's units to its results: read out of the cache, in the study's order, without a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sycoscope.core.errors import ModelError
from sycoscope.study.cache import ShardCache
from sycoscope.study.evaluate import kept_benchmark, kept_facet
from sycoscope.study.extra_trials import kept_letters
from sycoscope.study.lost import lost_benchmark, lost_facet
from sycoscope.study.prepare import PreparedStudy
from sycoscope.study.results import RunResults
from sycoscope.study.subjects import Subject
from sycoscope.study.unit_list import items_of
from sycoscope.study.units import Outcome, Unit


def gathered(
    study: PreparedStudy, outcomes: Mapping[Unit, Outcome], cache: ShardCache, *, base_unchanged: bool | None
) -> RunResults:
    """What the units left, subject after subject.

    Args:
        outcomes: In the order of the units.
        base_unchanged: Whether the base answers as before its adapters.

    Raises:
        ModelError: nothing of a subject was made, or its answers come from models that differ.
    """
    results = RunResults()
    for subject in study.subjects:
        own = {unit: outcome for unit, outcome in outcomes.items() if unit.subject == subject.name}
        results.subjects.append(_described(subject, own.values()))
        for unit, outcome in own.items():
            _add(unit, outcome, study, cache, results)
    if base_unchanged is not None:
        results.subjects[0]["model"]["base_bit_equal"] = base_unchanged
    return results


def _described(subject: Subject, outcomes: Iterable[Outcome]) -> dict[str, Any]:
    records = [outcome.model for outcome in outcomes if outcome.model]
    if not records:
        raise ModelError(
            f"nothing could be asked of '{subject.name}': each worker died at it; what was finished is kept: "
            "run again with fewer workers, or on a machine with more memory"
        )
    digests = sorted({str(record["digest"]) for record in records})
    if len(digests) > 1:
        raise ModelError(
            f"workers do not answer as one model: '{subject.name}' has the digests {', '.join(digests)}; give all of "
            "them the same files, device, precision and number of threads (model.device, dtype, threads)"
        )
    return {
        "name": subject.name,
        "kind": subject.kind,
        "recipe": subject.recipe,
        "seed": subject.seed,
        "model": dict(records[0]),
    }


def _add(unit: Unit, outcome: Outcome, study: PreparedStudy, cache: ShardCache, results: RunResults) -> None:
    """Add what a unit left."""
    results.timings += outcome.timings
    inputs, subject = study.inputs, unit.subject
    match unit.kind:
        case "training":
            results.training[subject] = outcome.training
            results.training_texts[subject] = list(outcome.texts)
        case "letters":
            results.priors += [] if outcome.lost else kept_letters(subject, outcome.key, cache)
        case "facet":
            facet = inputs.facets[unit.what]
            items = items_of(unit, facet)
            if outcome.lost:
                found = lost_facet(subject, facet, items, study.config, outcome.lost)
            else:
                found = kept_facet(subject, outcome.key, items, cache)
            results.keep(subject, unit.what, outcome.key, *found)
        case "benchmark":
            spec = next(spec for spec in inputs.capability if spec.task == unit.what)
            if outcome.lost:
                found = lost_benchmark(subject, spec, study.config, outcome.lost)
            else:
                found = kept_benchmark(subject, outcome.key, cache)
            results.keep(subject, unit.what, outcome.key, *found)


def lost_trainings(outcomes: Mapping[Unit, Outcome]) -> Sequence[str]:
    """Trainings that are lost, each with why."""
    return [
        f"{unit.label}: {found.lost}"
        for unit, found in outcomes.items()
        if found.lost and unit.kind == "training"
    ]
