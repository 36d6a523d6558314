"""Which units a study consists of."""

from __future__ import annotations

from collections.abc import Iterator

from sycoscope.core.types import Item
from sycoscope.study.costs import capability_cost, facet_cost
from sycoscope.study.extra_trials import has_letters
from sycoscope.study.inputs import FacetMaterial, Materials
from sycoscope.study.keys import shards
from sycoscope.study.prepare import PreparedStudy
from sycoscope.study.subjects import Subject
from sycoscope.study.units import Kind, Unit


def units_of(study: PreparedStudy) -> tuple[Unit, ...]:
    """All units, each after those that it needs: the base, then each adapter tuned and evaluated."""
    asked = tuple(_asked(study.inputs))
    units: list[Unit] = []
    tuned: set[str] = set()

    def tune(subject: Subject) -> None:
        if subject.name in tuned or subject.name not in study.trainings:
            return
        tuned.add(subject.name)
        if subject.start:
            tune(study.subject(subject.start))
        needs = subject.start if subject.start in study.trainings else ""
        weight = study.trainings[subject.name].weight
        units.append(Unit("training", subject.name, weight=weight, needs=needs))

    for subject in study.subjects:
        trained = subject.of or subject.name
        tune(study.subject(trained))
        needs = trained if trained in study.trainings else ""
        units += [Unit(kind, subject.name, what, part, weight, needs) for kind, what, part, weight in asked]
    return tuple(units)


def _asked(inputs: Materials) -> Iterator[tuple[Kind, str, int, float]]:
    """What every subject is asked: kind, name, shard, weight."""
    for name, facet in inputs.facets.items():
        item_weight = facet_cost(facet).weight / max(1, len(facet.items))
        for part, items in enumerate(shards(facet)):
            yield "facet", name, part, item_weight * len(items)
        if has_letters(facet):
            yield "letters", name, 0, 0.0
    for spec in inputs.capability:
        yield "benchmark", spec.task, 0, capability_cost(spec).weight


def items_of(unit: Unit, facet: FacetMaterial) -> tuple[Item, ...]:
    """The items of a shard."""
    return tuple(shards(facet))[unit.part]
