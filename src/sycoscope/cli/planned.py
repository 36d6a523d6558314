"""A plan in a few lines: what is asked of all subjects together, and what it takes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sycoscope.cli.closing import WIDTH
from sycoscope.cli.words import TOGETHER, table
from sycoscope.core.numerals import duration

if TYPE_CHECKING:
    from sycoscope.api import Forecast, Planned

COUNTED = ("n_trials", "prompt_tokens", "new_tokens", "training_tokens")
_KINDS = {"train": "tuning", "answer": "answers of the model itself, to tune on", "judge": "judge"}


def totals(units: Sequence[Planned]) -> dict[str, int]:
    """What all units take together, by field of a unit."""
    return {key: sum(getattr(unit, key) for unit in units) for key in COUNTED}


def plan_lines(
    title: str, units: Sequence[Planned], budget: Mapping[str, float], foretold: Forecast
) -> list[str]:
    """The plan as lines of at most 80 columns."""
    groups: dict[str, list[Planned]] = {}
    for unit in units:
        groups.setdefault(_KINDS.get(unit.kind) or _what(unit.what), []).append(unit)
    subjects = dict.fromkeys(unit.subject for unit in units if unit.kind == "evaluate")
    heads = ("", "times", "trials", "tokens read", "written", "tuned on")
    rows = [(what, f"{len(group)}", *_numbers(group)) for what, group in groups.items()]
    rows.append(("in all", f"{len(units)}", *_numbers(units)))
    models = f"{len(subjects)} model{'s' * (len(subjects) != 1)} measured"
    lines = [f"{title}: {models}", *table(heads, rows, WIDTH, numeric=(1, 2, 3, 4, 5), wraps=0)]
    shares = ", ".join(f"{what} {share * 100:.0f}{TOGETHER}%" for what, share in budget.items())
    told = [
        f"work: {shares}",
        *_requests(foretold),
        f"time: {_time(foretold)}",
        f"memory: {_memory(foretold)}",
    ]
    for text in told:
        lines += [line.replace(TOGETHER, " ") for line in textwrap.wrap(text, WIDTH, subsequent_indent="  ")]
    return lines


def _what(what: str) -> str:
    """A facet with how many conditions it asks, not which."""
    name, bracket, rest = what.partition(" (")
    return f"{name} ({rest.count(',') + 1} conditions)" if bracket and "," in rest else what


def _numbers(units: Sequence[Planned]) -> tuple[str, ...]:
    return tuple(_count(number) for number in totals(units).values())


def _count(number: int) -> str:
    if number < 100_000:
        return f"{number:,}" if number else "-"
    return f"{number / 1e6:,.1f} M" if number >= 1_000_000 else f"{number / 1e3:.0f} k"


def _time(foretold: Forecast) -> str:
    if foretold.seconds is not None:
        how = f"as a run of this model was on this machine ({foretold.measured})"
        return f"about {duration(foretold.seconds)}, {how}; tokens are estimates"
    if foretold.measured:
        return foretold.measured
    return "unknown: run a study of this model and these settings once on this machine; its pace is then kept"


def _requests(foretold: Forecast) -> list[str]:
    """What an endpoint is asked, and what that costs; nothing of other models."""
    if foretold.requests is None:
        return []
    cost = (
        "unknown: give model.price" if foretold.cost is None else f"about {foretold.cost:.3g}, at model.price"
    )
    more = "for texts and, where it gives log-probabilities, probes; a served adapter takes about 100 more to be proved"
    return [f"requests: about {foretold.requests:,}, {more}; cost: {cost}"]


def _memory(foretold: Forecast) -> str:
    if not foretold.has_model:
        return "next to none"
    times = f"{foretold.processes} processes, each " if foretold.processes > 1 else ""
    allowed = f"{foretold.allowance_gib:g} GiB for libraries and batches (an allowance, not measured)"
    if foretold.weights_gib is None:
        return f"{times}the weights (not on this machine, so their size is unknown) and {allowed}"
    return f"{times}{foretold.weights_gib:.1f} GiB of weights as {foretold.dtype} and {allowed}"
