"""What a few answers come to at one time of a training: the numbers of a run, of the answer facet alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sycoscope.analysis import score_tables
from sycoscope.analysis.measures import quantities
from sycoscope.analysis.rates import Measured
from sycoscope.core.responses import INTERVAL
from sycoscope.core.types import Item, Score

# Field -> measure of the facet, and the condition that it is taken under.
LEVELS: Mapping[str, tuple[str, str]] = {
    "suggested_shift": ("suggested_shift", ""),
    "follow": ("follow", "user_wrong"),
    "accuracy": ("accuracy", "control"),
    "refused": ("refused", "user_wrong"),
}
_NOW, _REFERENCE = "now", "reference"


@dataclass(frozen=True, slots=True)
class Heard:
    """What was read of the answers at one time. lengths: tokens of each answer whose tokens were counted."""

    scores: tuple[Score, ...]
    lengths: tuple[int, ...]


def numbers(heard: Heard, reference: Heard | None, items: Mapping[str, Item]) -> dict[str, Any]:
    """The fields of `core.responses`; None where there is no number.

    Args:
        reference: Of the base, with which changes are paired; None where it was not heard, or is what was heard.
        items: By id, all that were asked.
    """
    scores = [replace(score, subject=_NOW) for score in heard.scores]
    scores += [replace(score, subject=_REFERENCE) for score in reference.scores] if reference else []
    (table,) = score_tables(scores, items).values()
    known = {(one.name, one.condition): one.measure for one in quantities(table)}
    measures = {field: known[key] for field, key in LEVELS.items()}
    shift = measures.pop("suggested_shift")
    return {
        **_with_interval("suggested_shift", shift([_NOW])),
        **_with_interval("suggested_shift_change", shift([_NOW, _REFERENCE]) if reference else None),
        **{field: measure([_NOW]).interval.value for field, measure in measures.items()},
        "tokens": sum(heard.lengths) / len(heard.lengths) if heard.lengths else None,
        "n_items": len(items),
        "unread": sum(score.status != "scored" for score in heard.scores if score.name == "outcome"),
    }


def _with_interval(name: str, measured: Measured | None) -> dict[str, Any]:
    keys = [name + part for part in INTERVAL]
    if measured is None:
        return dict.fromkeys(keys)
    found = measured.interval
    return dict(zip(keys, (found.value, found.low, found.high, measured.coverage), strict=True))
