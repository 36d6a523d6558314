"""Probes of two trials beside each other, in words."""

from __future__ import annotations

import math

from sycoscope.core.types import Probed, Trial
from sycoscope.report import labels


def probe_tables(before: Trial | None, after: Trial | None) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Of each probe its name, and (option, log-probability before, after) in words."""
    sides: list[dict[str, Probed]] = [
        {probe.name: probe for probe in trial.probes} if trial else {} for trial in (before, after)
    ]
    tables = []
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        probes = [side.get(name) for side in sides]
        options = dict.fromkeys(option for probe in probes if probe for option in probe.options)
        table = [(labels.shorten(o, 120), _logprob(probes[0], o), _logprob(probes[1], o)) for o in options]
        tables.append((name, table))
    return tables


def _logprob(probe: Probed | None, option: str) -> str:
    if probe is None or option not in probe.options:
        return labels.DASH
    if probe.result.chosen is not None:
        return "chosen" if probe.result.chosen == probe.options.index(option) else labels.DASH
    if probe.result.logprobs is None:
        return labels.DASH
    index = probe.options.index(option)
    value = probe.result.logprobs[index]
    if math.isnan(value) and probe.result.ceilings:
        return f"at most {labels.decimal(probe.result.ceilings[index], 2)}"
    return labels.decimal(value, 2)
