"""What a run could have seen of a published finding, and how much it would take to see it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from sycoscope.published.evidence import ALPHA, Evidence
from sycoscope.published.layout import published_figures
from sycoscope.published.recompute import associations, changes, mean_change
from sycoscope.stats import minimum_detectable_effect
from sycoscope.stats.association import DESCRIPTIVE_BELOW
from sycoscope.stats.interval import z_of
from sycoscope.stats.power import normal_quantiles

POWER = 0.8
LEVEL = 0.95
# An r this near 1 needs fewer adapters than an r can be taken over.
MOST_R = 0.99


def power_text(evidence: Sequence[Evidence], published: Sequence[float | None]) -> str:
    """What each number could have shown, in one line.

    Args:
        evidence: The numbers against the base, or correlations. published: the study's own value of each, in the
            same unit; None where it has none.
    """
    texts = [_text(one, size) for one, size in zip(evidence, published, strict=True)]
    if len(texts) == 1:
        return texts[0]
    return "; ".join(f"{_of(one)}: {text}" for one, text in zip(evidence, texts, strict=True))


def _of(one: Evidence) -> str:
    return ", ".join(filter(None, (one.subject, one.task if one.unit != "r" else one.name)))


def _text(one: Evidence, published: float | None) -> str:
    if one.unit == "r":
        return _of_correlation(published)
    if one.low is None or one.high is None or not one.n:
        return "no number, so no power"
    seen = minimum_detectable_effect((one.high - one.low) / 2 / z_of(LEVEL), alpha=ALPHA, power=POWER)
    rate = one.unit == "proportion"
    shown = f"{seen * 100:.0f} points" if rate else f"{seen:.2f}"
    text = f"a change of {shown} would be seen (power {POWER:.0%}, n {one.n})"
    if published and rate:
        needed = math.ceil(one.n * (seen / published) ** 2)
        text += f"; seeing the published {published * 100:+.0f} takes n {needed}"
    return text


def _of_correlation(published: float | None) -> str:
    """Fisher 1915: atanh r has a standard error of 1 / sqrt(n - 3)."""
    if published is None:
        return ""
    needed = adapters_needed(published)
    floor = f", {DESCRIPTIVE_BELOW} to be more than a description" if needed < DESCRIPTIVE_BELOW else ""
    return f"seeing the published r = {published:+.2f} takes {needed} adapters (power {POWER:.0%}){floor}"


def adapters_needed(r: float) -> int:
    """Points over which a correlation of `r` is told from 0 with `POWER`; by Fisher's transformation."""
    least = math.atanh(min(max(abs(r), 0.01), MOST_R))
    return math.ceil((sum(normal_quantiles(ALPHA, POWER)) / least) ** 2 + 3)


@cache
def published_sizes() -> dict[tuple[str, str], float]:
    """Changes by (adapter, measure), their means by (adapter, kind), correlations by ("r BENCHMARK", facet)."""
    figures = published_figures()
    found = {(one.subject, one.measure): one.value for one in changes(figures)}
    for name in figures.adapters:
        for kind in ("facet", "benchmark"):
            mean = mean_change(figures, name, kind)
            found |= {} if mean is None else {(name, kind): mean.value}
    return found | {(f"r {a.benchmark}", a.facet): a.r for a in associations(figures) if a.r is not None}
