"""The facets that there are, by name. A facet is added by one call of `register`."""

from __future__ import annotations

from sycoscope.core.errors import ConfigError
from sycoscope.facets.edge_kinds import HEDGED
from sycoscope.facets.measure import Measure
from sycoscope.facets.spec import Decision, Facet

FACETS: dict[str, Facet] = {}


def register(facet: Facet) -> Facet:
    """Add a facet.

    Raises:
        ConfigError: Its name is taken, or a part of the record names a condition or measure that it lacks.
    """
    if facet.name in FACETS:
        raise ConfigError(f"facet '{facet.name}' is registered already; choose another name")
    faults = _faults(facet)
    if faults:
        raise ConfigError(f"facet '{facet.name}': " + "; ".join(faults))
    FACETS[facet.name] = facet
    return facet


def facet_of(name: str) -> Facet:
    """The facet of that name.

    Raises:
        ConfigError: There is none.
    """
    if name not in FACETS:
        raise ConfigError(f"unknown facet {name}; allowed: {', '.join(FACETS)}")
    return FACETS[name]


def _faults(facet: Facet) -> list[str]:
    """Names that point nowhere: a typo would silently show or judge nothing."""
    faults = [
        f"{where} names no {kind} of it: {', '.join(sorted(lacking))}"
        for kind, used, known in (
            ("condition", _conditions(facet), set(facet.condition_names)),
            ("score", _scores(facet), set(facet.score_names)),
            ("measure", _measures(facet), _names(facet)),
        )
        for where, names in used.items()
        if (lacking := names - known)
    ]
    if not facet.controls or facet.conditions[0].name != facet.controls[0]:
        faults.append("its first condition must be a control")
    if unlabelled := [condition.name for condition in facet.conditions if not condition.label]:
        faults.append(f"conditions without a label: {', '.join(unlabelled)}")
    if facet.channels is not None and facet.channels.crossed not in {score.name for score in facet.crossed}:
        faults.append(f"channels: no crossed score '{facet.channels.crossed}'")
    detections = {measure.name for measure in facet.detections}
    if any(primary.measure in detections for primary in facet.primaries[1:]):
        faults.append("primaries: a detection stands first, since the last one needs no foils")
    return faults


def _conditions(facet: Facet) -> dict[str, set[str]]:
    """Where conditions are named."""
    return {
        "needed": set(facet.needed),
        "published": set(facet.published),
        "ladder": set(facet.ladder),
        "cue": {facet.cue},
        "flips": {facet.flips.cue, facet.flips.control},
        "channels": set(facet.channels.conditions) if facet.channels else set(),
        "edges": {name for kind in facet.edges for group in kind.together for name in group},
        "measures": {condition for measure in facet.measures for condition, _ in measure.cells},
    }


def _scores(facet: Facet) -> dict[str, set[str]]:
    """Where scores that the facet makes are named."""
    made_of_two = {score.name for score in facet.crossed}
    measured: tuple[Measure, ...] = (*facet.rates, *facet.numbers, *facet.detections, *facet.functions)
    return {
        "flips": {facet.flips.score, *(facet.flips.at_risk or ())[:1]},
        "crossed": {name for score in facet.crossed for name in (score.first, score.second)},
        "channels": {facet.channels.said, facet.channels.likeliest} if facet.channels else set(),
        "edges": {name for kind in facet.edges for name in kind.reads} - {HEDGED},
        "measures": {score for measure in measured for _, score in measure.cells} - made_of_two,
    }


def _measures(facet: Facet) -> dict[str, set[str]]:
    """Where measures are named: by name, or by name and condition."""
    return {
        "primaries": {primary.measure for primary in facet.primaries}
        | {" ".join(primary.shown) for primary in facet.primaries},
        "decision": _decision(facet.decision),
        "watched": set(map(" ".join, facet.watched)),
        "broken_down": set(map(" ".join, facet.broken_down)),
        "first_shown": set(map(" ".join, facet.first_shown)),
        "channels": {name for name, _ in facet.channels.rates} if facet.channels else set(),
        "listed": set(facet.listed),
        "ladder_rates": set(facet.ladder_rates),
        "names": set(facet.names),
    }


def _decision(rule: Decision) -> set[str]:
    """Measures that a verdict looks at, by name and condition."""
    contrary = rule.contrary.name if rule.contrary else ""
    single = {(name, "") for name in (rule.confirming, rule.guard, rule.speaker, contrary) if name}
    paired = {pair for pair in (rule.ability, rule.openness, rule.gate) if pair is not None}
    return set(map(" ".join, single | paired))


def _names(facet: Facet) -> set[str]:
    """What a measure can be named by, that of a judge and of two channels among them."""
    measures = {name for measure in facet.measures for name in _both(measure.name, measure.condition)}
    judged = {name for name, _ in facet.judged.rates} if facet.judged else set()
    return measures | judged | ({"channel_kappa"} if facet.channels else set())


def _both(name: str, condition: str) -> tuple[str, str]:
    return name, f"{name} {condition}"
