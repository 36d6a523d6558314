"""Every number of a study again, from its counts: levels, changes, means, correlations, and their doubt.

A result table holds no single items. Base and adapters answered the same ones, but which items changed is
not known. So each change has three intervals: `independent` (as if the items were others), and the
`narrowest` and `widest` over all ways in which the items could pair; and the range of McNemar's exact p over
all pairings. What holds at the wide end holds however the items pair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np

from sycoscope.published.figures import Figure, Figures, Kind
from sycoscope.stats import Interval, mcnemar, newcombe_paired, wilson
from sycoscope.stats.association import correlation
from sycoscope.stats.missing import Bounds, manski_difference, manski_rate
from sycoscope.stats.multiplicity import benjamini_hochberg, holm

ALPHA = 0.05
Limits = tuple[float, float]
Paired = Literal["beyond chance however paired", "within chance however paired", "depends on the pairing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Rate of an adapter minus rate of the base, on one measure.

    Attributes:
        value: In [-1, 1], from counts. relative: ratio of the rates - 1; None over a base of 0.
        independent: Newcombe's interval for independent proportions.
        narrowest, widest: Newcombe's paired interval (method 10) where the items agree as often, and as
            seldom, as the counts allow.
        p_low, p_high: Least and greatest McNemar exact p over all pairings.
        unread: Worst- and best-case bounds where outcomes are missing; None where none are.
    """

    subject: str
    measure: str
    kind: Kind
    before: Figure
    after: Figure
    value: float
    independent: Limits
    narrowest: Limits
    widest: Limits
    p_low: float
    p_high: float
    relative: float | None
    relative_limits: Limits | None
    unread: Bounds | None

    @property
    def paired(self) -> Paired:
        """What the test says when the pairing is not known."""
        return _paired(self.p_low < ALPHA, self.p_high < ALPHA)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanChange:
    """Mean of an adapter's changes over measures of one kind, each with the same weight.

    Limits combine those of the single changes by squares (measures have different items).
    """

    subject: str
    kind: Kind
    measures: tuple[str, ...]
    value: float
    independent: Limits
    narrowest: Limits
    widest: Limits

    @property
    def paired(self) -> Paired:
        """Whether 0 lies outside the interval, at both ends of the pairings."""
        return _paired(_excludes(self.narrowest, 0.0), _excludes(self.widest, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """Correlation of a benchmark with a facet across the subjects, the base among them.

    Attributes:
        rounded: r from the rates as printed. r: from the counts; None where one side does not vary.
        p_value: Exact permutation, two-sided, of `r`. p_holm, p_bh: over all pairs of the table.
        left_out: Least and greatest r when one subject is left out.
    """

    benchmark: str
    facet: str
    n: int
    rounded: float | None
    r: float | None
    limits: Limits | None
    p_value: float | None
    p_holm: float | None
    p_bh: float | None
    left_out: Limits | None


def _paired(at_best: bool, at_worst: bool) -> Paired:
    if at_worst:
        return "beyond chance however paired"
    return "depends on the pairing" if at_best else "within chance however paired"


def _excludes(limits: Limits, point: float) -> bool:
    return not limits[0] <= point <= limits[1]


def limits_of(interval: Interval) -> Limits:
    """The limits of an interval that has them."""
    if interval.low is None or interval.high is None:
        raise ValueError(f"an interval without limits: {interval.note}")
    return interval.low, interval.high


def level(figure: Figure) -> Interval:
    """A rate with Wilson's interval."""
    return wilson(figure.successes, figure.n)


def newcombe_independent(successes_a: int, n_a: int, successes_b: int, n_b: int) -> Limits:
    """Limits of p_a - p_b for independent proportions, Newcombe's square-and-add method.

    Source: Newcombe 1998, Stat. Med. 17, 873-890, method 10; computed by statsmodels.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        successes_a, n_a, successes_b, n_b, method="newcomb", compare="diff"
    )
    return float(low), float(high)


def _ratio_limits(a: Figure, b: Figure) -> Limits | None:
    """Score interval (Miettinen and Nurminen 1985) of the ratio of independent rates, minus 1."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    if b.successes == 0 or a.successes == 0:
        return None
    low, high = confint_proportions_2indep(
        a.successes, a.n, b.successes, b.n, method="score", compare="ratio", correction=True
    )
    return float(low) - 1.0, float(high) - 1.0


def pairings(after: int, before: int, n: int) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]]:
    """The tables of pairs (both, only after, only before, neither) that agree most and least often.

    Args:
        after, before: Successes of the same n items under the two subjects.
    """
    most = (min(after, before), max(after - before, 0), max(before - after, 0), n - max(after, before))
    both = max(0, after + before - n)
    least = (both, after - both, before - both, n - after - before + both)
    return most, least


def _bounds(figure: Figure) -> Bounds:
    """Bounds of a rate whose unread trials could have gone either way."""
    if figure.unread is None or figure.readable is None or figure.successes_if_read is None:
        return manski_rate(figure.successes, figure.n, 0)
    least, most = figure.successes_if_read
    low = manski_rate(least, figure.readable, figure.unread)
    high = manski_rate(most, figure.readable, figure.unread)
    return replace(high, value=None, low=low.low, outer_low=low.outer_low, sign="sign not fixed")


def change(figures: Figures, subject: str, measure: str) -> Change:
    """One change against the base.

    Raises:
        MissingError: The table lacks a cell.
    """
    return _change(figures.get(figures.base, measure), figures.get(subject, measure))


@cache
def _change(before: Figure, after: Figure) -> Change:
    independent = newcombe_independent(after.successes, after.n, before.successes, before.n)
    narrowest = widest = independent
    # Other numbers of trials are not the same items: the comparison of independent samples is all there is.
    p_low = p_high = _fisher(after, before)
    if after.n == before.n:
        most, least = pairings(after.successes, before.successes, after.n)
        narrowest, widest = limits_of(newcombe_paired(*most)), limits_of(newcombe_paired(*least))
        ends = [float(mcnemar(table[1], table[2]).p_value or 0.0) for table in (most, least)]
        p_low, p_high = min(ends), max(ends)
    missing = "missing" in (before.unread_as, after.unread_as)
    return Change(
        subject=after.subject,
        measure=after.measure,
        kind=after.kind,
        before=before,
        after=after,
        value=after.rate - before.rate,
        independent=independent,
        narrowest=narrowest,
        widest=widest,
        p_low=p_low,
        p_high=p_high,
        relative=after.rate / before.rate - 1.0 if before.successes else None,
        relative_limits=_ratio_limits(after, before),
        unread=manski_difference(_bounds(after), _bounds(before)) if missing else None,
    )


def _fisher(a: Figure, b: Figure) -> float:
    from scipy.stats import fisher_exact

    table = [[a.successes, a.n - a.successes], [b.successes, b.n - b.successes]]
    return float(fisher_exact(table)[1])


def holm_ranges(found: Sequence[Change]) -> dict[tuple[str, str], Limits]:
    """(subject, measure) -> McNemar's p after Holm over all changes of the same kind, at both ends of pairing."""
    ranges: dict[tuple[str, str], Limits] = {}
    for kind in ("benchmark", "facet"):
        own = [one for one in found if one.kind == kind]
        ends = zip(own, holm([o.p_low for o in own]), holm([o.p_high for o in own]), strict=True)
        ranges |= {(one.subject, one.measure): (low or 0.0, high or 0.0) for one, low, high in ends}
    return ranges


def among_readable(before: Figure, after: Figure) -> tuple[float, float, Limits, Limits] | None:
    """Least and greatest change among readable trials alone, each with its independent interval.

    None where the table does not say what was read, or nothing was. The readable trials of two subjects
    are different items, so this compares like with like only if readability is unrelated to the outcome.
    """
    if not (before.readable and after.readable and before.successes_if_read and after.successes_if_read):
        return None
    (b_low, b_high), (a_low, a_high) = before.successes_if_read, after.successes_if_read
    low = a_low / after.readable - b_high / before.readable
    high = a_high / after.readable - b_low / before.readable
    return (
        low,
        high,
        newcombe_independent(a_low, after.readable, b_high, before.readable),
        newcombe_independent(a_high, after.readable, b_low, before.readable),
    )


def changes(figures: Figures) -> list[Change]:
    """All changes, in the order of the table."""
    return [
        change(figures, subject, measure)
        for subject in figures.adapters
        for kind in ("benchmark", "facet")
        for measure in figures.measures(kind)
        if (subject, measure) in figures.cells
    ]


def mean_change(figures: Figures, subject: str, kind: Kind, without: Sequence[str] = ()) -> MeanChange | None:
    """Mean change over the measures of one kind; None where no measure is left, or a cell is missing."""
    measures = tuple(name for name in figures.measures(kind) if name not in without)
    if not measures or any((subject, name) not in figures.cells for name in measures):
        return None
    parts = [change(figures, subject, name) for name in measures]
    value = math.fsum(part.value for part in parts) / len(parts)

    def add(of: Sequence[Limits]) -> Limits:
        low = math.hypot(*(part.value - limits[0] for part, limits in zip(parts, of, strict=True)))
        high = math.hypot(*(limits[1] - part.value for part, limits in zip(parts, of, strict=True)))
        return value - low / len(parts), value + high / len(parts)

    return MeanChange(
        subject=subject,
        kind=kind,
        measures=measures,
        value=value,
        independent=add([part.independent for part in parts]),
        narrowest=add([part.narrowest for part in parts]),
        widest=add([part.widest for part in parts]),
    )


def _r(x: Sequence[float], y: Sequence[float]) -> float | None:
    # With 8 points or fewer all orders are enumerated, and the generator is not used.
    return correlation(x, y, rng=np.random.default_rng(0)).interval.value


def _association(figures: Figures, benchmark: str, facet: str) -> Association:
    subjects = [
        name
        for name in figures.subjects
        if (name, benchmark) in figures.cells and (name, facet) in figures.cells
    ]
    pairs = [(figures.get(name, benchmark), figures.get(name, facet)) for name in subjects]
    x, y = [pair[0].rate for pair in pairs], [pair[1].rate for pair in pairs]
    found = correlation(x, y, rng=np.random.default_rng(0))
    low, high = found.interval.low, found.interval.high
    others = [_r(x[:i] + x[i + 1 :], y[:i] + y[i + 1 :]) for i in range(len(x))] if len(x) > 2 else []
    left = [r for r in others if r is not None]
    return Association(
        benchmark=benchmark,
        facet=facet,
        n=len(pairs),
        rounded=_r([pair[0].rounded for pair in pairs], [pair[1].rounded for pair in pairs]),
        r=found.interval.value,
        limits=None if low is None or high is None else (low, high),
        p_value=found.p_value,
        p_holm=None,
        p_bh=None,
        left_out=(min(left), max(left)) if left else None,
    )


def associations(figures: Figures) -> list[Association]:
    """All benchmark-facet correlations, with p adjusted over them."""
    found = [
        _association(figures, benchmark, facet)
        for benchmark in figures.measures("benchmark")
        for facet in figures.measures("facet")
    ]
    p = [one.p_value for one in found]
    return [
        replace(one, p_holm=by_holm, p_bh=by_bh)
        for one, by_holm, by_bh in zip(found, holm(p), benjamini_hochberg(p), strict=True)
    ]
