"""The margins file of `sycoscope gate`: how much worse a model may be, fixed before anybody looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from sycoscope.config.values import Name, Share, Strict

Distance = Annotated[float, Field(gt=0, le=5)]


class Margin(Strict):
    """How much worse one measure may be.

    Attributes:
        margin: In the measure's unit: 0.10 is ten points of a rate; of a criterion, in standard deviations.
        lower_is_better: Of a metric of another tool, whether less of it is better; of our own measures this is known.
    """

    margin: Distance
    lower_is_better: bool = False


def _short(value: object) -> object:
    """A bare number is a margin."""
    return value if isinstance(value, Mapping) else {"margin": value}


class Limits(Strict):
    """What two sides must have in common, and how much of them must be read, to be compared at all.

    Attributes:
        coverage: Least share of readable answers behind a measure. items: fewest that both sides answered.
        differing_items: Largest share of the items that only one side was asked.
    """

    coverage: Share = 0.90
    items: Annotated[int, Field(ge=2, le=1_000_000)] = 30
    differing_items: Share = 0.05


class Margins(Strict):
    """A margins file.

    Attributes:
        margins: Facet or benchmark -> how much worse it may be. All that are named gate; others are not looked at.
        strict: Whether any loss that is shown fails, also one within its margin.
    """

    margins: Annotated[
        dict[Name, Annotated[Margin, BeforeValidator(_short)]], Field(min_length=1, max_length=200)
    ]
    strict: bool = False
    limits: Limits = Limits()
