"""p-values adjusted for how many there are: after the audit, so that a withheld number costs the others nothing.

What withholds a number (coverage, n, a fault of the run) does not look at the change itself, so leaving such numbers
out beforehand keeps the level. Source: Bourgon, Gentleman and Huber 2010, PNAS 107, 9546-9551 (independent filtering).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from sycoscope.analysis.roles import Roles
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.stats import benjamini_hochberg, holm

Family = Literal["facet", "study"]


def adjusted(estimates: Sequence[Estimate], roles: Roles, *, family: Family = "facet") -> list[Estimate]:
    """Holm over the primaries of real adapters against base, Benjamini-Hochberg over all other changes.

    Args:
        estimates: After the audit, each with its state; what is withheld or missing gets no adjusted p.
        family: `facet`: one family for each facet, each at 0.05; `study`: one for all of them. The second channel of a
            facet (`Decision.confirming`) has families of its own, so that it costs the first nothing.
    """
    families: dict[tuple[str, ...], list[int]] = {}
    for index, estimate in enumerate(estimates):
        # points of a series are read together, and make no family larger
        if estimate.reference and estimate.shown and estimate.subject not in roles.points:
            families.setdefault(_family_of(estimate, roles, family), []).append(index)
    out = [replace(e, p_adjusted=None, adjustment="") for e in estimates]
    for key, indices in families.items():
        adjust, name = (holm, "holm") if key else (benjamini_hochberg, "bh")
        for index, p in zip(indices, adjust([estimates[i].p_value for i in indices]), strict=True):
            if p is not None:
                out[index] = replace(out[index], p_adjusted=p, adjustment=name)
    return out


def _family_of(estimate: Estimate, roles: Roles, family: Family) -> tuple[str, ...]:
    """Empty for a change that no claim rests on."""
    facet = FACETS.get(estimate.task)
    if (
        facet is None
        or estimate.subject not in roles.real
        or estimate.reference != roles.before(estimate.subject)
    ):
        return ()
    if estimate.condition:
        return ()
    channel = "primary" if estimate.primary else ""
    if estimate.name == facet.decision.confirming:
        channel = "confirming"
    if not channel:
        return ()
    return (channel, estimate.task) if family == "facet" else (channel,)
