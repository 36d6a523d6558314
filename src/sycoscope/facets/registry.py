"""The facets that there are, by name. A facet is added by one call of `register`."""

from __future__ import annotations

from sycoscope.core.errors import ConfigError
from sycoscope.facets.spec import Facet

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
    conditions = set(facet.condition_names)
    measures = {(measure.name, measure.condition) for measure in facet.measures}
    crossed = {score.name for score in facet.crossed}
    needed = {
        "needed": set(facet.needed),
        "published": set(facet.published),
        "ladder": set(facet.ladder),
        "cue": {facet.cue},
        "flips": {facet.flips.cue, facet.flips.control},
        "measures": {condition for measure in facet.measures for condition, _ in measure.cells},
    }
    faults = [
        f"{where} names no condition of it: {', '.join(sorted(names - conditions))}"
        for where, names in needed.items()
        if names - conditions
    ]
    if not facet.controls or facet.conditions[0].name != facet.controls[0]:
        faults.append("its first condition must be a control")
    keys = {
        "primaries": {(primary.measure, "") for primary in facet.primaries},
        "watched": set(facet.watched),
        "broken_down": set(facet.broken_down),
        "first_shown": set(facet.first_shown),
    }
    for where, wanted in keys.items():
        if lacking := sorted(wanted - measures):
            faults.append(f"{where} names no measure of it: {', '.join(' '.join(key) for key in lacking)}")
    if facet.channels is not None and facet.channels.crossed not in crossed:
        faults.append(f"channels: no crossed score '{facet.channels.crossed}'")
    return faults
