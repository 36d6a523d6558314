"""Each claim against the recomputed numbers: in the data, not in the data, or in the data and not supported.

The rule: a claim is `not in the data` when its number (at the stated decimals) or its pattern differs from
the table. Otherwise it is `in the data, not supported` when any of these holds: a measure that it rests on
has a known fault; unread outcomes leave the sign of a change open; the change is not beyond chance however
the items pair; a correlation has fewer than 10 points, or a p after Holm of 0.05 or more. Otherwise it is
`in the data`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sycoscope.errors import MissingError
from sycoscope.published import claims as c
from sycoscope.published.figures import Figures
from sycoscope.published.numerals import (
    agrees,
    listed,
    other_rule_text,
    outside,
    p_range,
    p_text,
    percents,
    sign_open,
    signed,
    span,
    unread_text,
)
from sycoscope.published.recompute import (
    ALPHA,
    Association,
    Change,
    Limits,
    MeanChange,
    associations,
    change,
    mean_change,
)
from sycoscope.stats.association import DESCRIPTIVE_BELOW

Verdict = Literal["in the data", "not in the data", "in the data, not supported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One claim and what the table says to it.

    Attributes:
        recomputed: The number again, from counts. interval: 95 %. test: p-value with its kind.
        values: The same as numbers, for machines.
    """

    id: str
    says: str
    verdict: Verdict
    recomputed: str
    interval: str
    test: str
    reason: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Found:
    """What a check brings together before the verdict."""

    recomputed: str = ""
    interval: str = ""
    test: str = ""
    differs: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)


def judge_claims(figures: Figures, claims: c.Claims) -> list[Judged]:
    """Every claim judged, in the order of the claims.

    Raises:
        MissingError: A claim names a subject or measure that the table does not hold.
    """
    judge = _Judge(figures, claims)
    return [judge.of(claim) for claim in claims.claims]


class _Judge:
    def __init__(self, figures: Figures, claims: c.Claims) -> None:
        self.figures, self.claims = figures, claims
        self.associations = associations(figures)
        self.checks: dict[str, Callable[[Any, _Found], None]] = {
            "mean_change": self.mean,
            "levels": self.levels,
            "relative_change": self.relative,
            "relative_range": self.relative_range,
            "all_facets": self.all_facets,
            "only_adapter": self.only_adapter,
            "correlation": self.correlation,
            "no_correlation": self.no_correlation,
        }

    def of(self, claim: c.Claim) -> Judged:
        found = _Found()
        self.checks[claim.asks](claim, found)
        verdict: Verdict = "in the data"
        reasons = found.beside
        if found.differs:
            verdict, reasons = "not in the data", found.differs
        elif found.against:
            verdict, reasons = "in the data, not supported", found.against + found.beside
        return Judged(
            id=claim.id,
            says=claim.says,
            verdict=verdict,
            recomputed=found.recomputed,
            interval=found.interval,
            test=found.test,
            reason="; ".join(reasons)
            or "the number is the table's, and beyond chance however the items pair",
            values=found.values,
        )

    # --- changes ---

    def mean(self, claim: c.MeanChangeClaim, found: _Found) -> None:
        mean = self._mean(claim.subject, claim.kind)
        found.recomputed, found.interval = signed(mean.value), span(mean.independent)
        found.test = f"interval {outside(mean)}"
        found.values = _numbers(mean.value, mean.independent, mean.narrowest, mean.widest)
        if not agrees(mean.value, claim.value, claim.decimals):
            found.differs.append(f"the table gives {signed(mean.value)}")
            return
        parts = [change(self.figures, claim.subject, name) for name in mean.measures]
        faulty = [part for part in parts if self._weak(part)]
        if faulty:
            shares = listed(f"{signed(part.value / len(parts))} from {part.measure}" for part in faulty)
            found.against.append(f"of it, {shares}")
            most = max(faulty, key=lambda part: abs(part.value))
            rest = mean_change(self.figures, claim.subject, claim.kind, [most.measure])
            if rest is not None:
                told = f"{signed(rest.value)} ({span(rest.independent)})"
                found.against.append(f"without {most.measure}: {told}")
        for part in parts:
            self._measure(part, found)
        if mean.paired != "beyond chance however paired":
            found.against.append(f"its interval {outside(mean)}")
        ways = {part.value > 0 for part in parts if part.value}
        if claim.kind == "facet" and len(ways) > 1:
            told = ", ".join(f"{part.measure} {signed(part.value)}" for part in parts)
            found.beside.append(f"it averages a rise and a fall ({told})")

    def levels(self, claim: c.LevelsClaim, found: _Found) -> None:
        one = change(self.figures, claim.subject, claim.measure)
        before, after = one.before, one.after
        found.recomputed = (
            f"{before.rate:.3f} to {after.rate:.3f} "
            f"({before.successes} of {before.n} to {after.successes} of {after.n})"
        )
        self._interval(one, found)
        for told, figure in ((claim.before, before), (claim.after, after)):
            if not agrees(figure.rate, told, claim.decimals):
                found.differs.append(
                    f"the table gives {figure.rate:.{claim.decimals}f} for {figure.subject}, not {told}"
                )
        self._measure(one, found)

    def relative(self, claim: c.RelativeChangeClaim, found: _Found) -> None:
        one = change(self.figures, claim.subject, claim.measure)
        self._interval(one, found)
        found.values |= {"relative": one.relative, "relative_interval": one.relative_limits}
        if one.relative is None:
            found.recomputed = "not defined"
            found.differs.append("the base's rate is 0, so no relative change exists")
            return
        found.recomputed = f"{signed(100 * one.relative, 1)} % of the base's rate ({signed(one.value)})"
        if one.relative_limits:
            found.interval += f"; relative {percents(one.relative_limits)}"
        if not agrees(one.relative, claim.value, claim.decimals):
            found.differs.append(f"the table gives {signed(100 * one.relative, 1)} %")
        self._measure(one, found)

    def relative_range(self, claim: c.RelativeRangeClaim, found: _Found) -> None:
        ones = [change(self.figures, name, claim.measure) for name in self.figures.adapters]
        told = {one.subject: one.relative for one in ones}
        found.values = {"relative": told, "p_high": {one.subject: one.p_high for one in ones}}
        found.recomputed = ", ".join(
            f"{name} {'none' if share is None else signed(100 * share, 1) + ' %'}"
            for name, share in told.items()
        )
        limits = [one.relative_limits for one in ones if one.relative_limits]
        found.interval = "; ".join(percents(one) for one in limits)
        found.test = f"p {p_text(min(o.p_low for o in ones))} to {p_text(max(o.p_high for o in ones))}"
        low, high = round(claim.low, claim.decimals), round(claim.high, claim.decimals)
        out = [n for n, r in told.items() if r is None or not low <= round(r, claim.decimals) <= high]
        if out:
            found.differs.append(f"outside the range: {listed(out)}")
        open_ones = [one.subject for one in ones if one.paired != "beyond chance however paired"]
        if open_ones:
            found.against.append(f"not beyond chance however the items pair: {listed(open_ones)}")
        self._measure(ones[0], found, chance=False)
        if len({one.value > 0 for one in ones}) == 1 and len(ones) > 1:
            found.beside.append("it goes the same way for every adapter, whatever it was tuned on")

    # --- patterns ---

    def all_facets(self, claim: c.AllFacetsClaim, found: _Found) -> None:
        sign = 1.0 if claim.direction == "up" else -1.0
        parts = [
            change(self.figures, claim.subject, name)
            for name in self.figures.measures("facet")
            if (claim.subject, name) in self.figures.cells
        ]
        found.recomputed = ", ".join(f"{part.measure} {signed(part.value)}" for part in parts)
        found.interval = "; ".join(span(part.independent) for part in parts)
        found.test = "; ".join(p_range(part) for part in parts)
        found.values = {"changes": {part.measure: part.value for part in parts}}
        against = [part for part in parts if sign * part.value < 0]
        if against:
            found.differs.append(
                f"not all facets go {claim.direction}: "
                + ", ".join(f"{part.measure} {signed(part.value)}" for part in against)
            )
        unsure = [part.measure for part in parts if part.paired != "beyond chance however paired"]
        if unsure:
            found.against.append(f"not beyond chance however the items pair: {listed(unsure)}")
        for part in parts:
            self._measure(part, found)

    def only_adapter(self, claim: c.OnlyAdapterClaim, found: _Found) -> None:
        sign = 1.0 if claim.direction == "up" else -1.0
        means = [self._mean(name, "facet") for name in self.figures.adapters]
        found.recomputed = ", ".join(f"{mean.subject} {signed(mean.value)}" for mean in means)
        own = self._mean(claim.subject, "facet")
        found.interval, found.test = span(own.independent), f"interval {outside(own)}"
        found.values = {"mean_changes": {mean.subject: mean.value for mean in means}}
        if sign * own.value <= 0:
            found.differs.append(f"its own mean change is {signed(own.value)}")
        same = [m.subject for m in means if sign * m.value > 0 and m.subject != claim.subject]
        if same:
            found.differs.append(f"the mean change goes {claim.direction} for {listed(same)} too")
            for facet in self.figures.measures("facet"):
                self._no_exception(claim, facet, sign, found)
        if own.paired != "beyond chance however paired":
            found.against.append(f"its interval {outside(own)}")

    def _no_exception(self, claim: c.OnlyAdapterClaim, facet: str, sign: float, found: _Found) -> None:
        """A facet that goes the same way for every adapter, and how far the named one goes in it."""
        moves = {n: sign * change(self.figures, n, facet).value for n in self.figures.adapters}
        if all(move > 0 for move in moves.values()):
            further = [name for name, move in moves.items() if move > moves[claim.subject]]
            told = listed(further) or "none"
            found.differs.append(f"{facet} goes {claim.direction} for every adapter, and further for {told}")

    # --- correlations ---

    def correlation(self, claim: c.CorrelationClaim, found: _Found) -> None:
        one = self._association(claim.benchmark, claim.facet)
        self._told([one], found)
        if one.r is None or one.rounded is None:
            found.differs.append("no correlation: one side does not vary")
            return
        if not agrees(one.rounded, claim.value, claim.decimals):
            found.differs.append(f"{one.benchmark} and {one.facet} correlate at {signed(one.rounded)}")
            owners = [
                f"{other.benchmark} and {other.facet}"
                for other in self.associations
                if other.rounded is not None and agrees(other.rounded, claim.value, claim.decimals)
            ]
            found.differs.append(
                f"{signed(claim.value)} belongs to {listed(owners)}" if owners else "no pair has that number"
            )
            return
        self._few(one, found)
        for name in (one.benchmark, one.facet):
            if name in self.claims.limits:
                found.against.append(f"{name}: {self.claims.limits[name]}")

    def no_correlation(self, claim: c.NoCorrelationClaim, found: _Found) -> None:
        ones = [one for one in self.associations if one.benchmark == claim.benchmark]
        if not ones:
            self.figures.get(self.figures.base, claim.benchmark)
        self._told(ones, found)
        large = [one for one in ones if one.rounded is None or abs(one.rounded) >= claim.margin]
        if large:
            found.differs.append("; ".join(f"{one.facet}: r = {signed(one.rounded or 0.0)}" for one in large))
        wide = [one for one in ones if one.limits is None or max(map(abs, one.limits)) >= claim.margin]
        if wide:
            found.against.append(
                f"an r near 0 over {ones[0].n} points shows no absence: the intervals reach "
                f"|r| = {max(max(map(abs, one.limits)) for one in wide if one.limits):.2f}"
            )

    def _told(self, ones: Sequence[Association], found: _Found) -> None:
        found.recomputed = ", ".join(
            f"{one.facet}: r = {'none' if one.r is None else signed(one.r)} (n = {one.n})" for one in ones
        )
        found.interval = "; ".join(span(one.limits) for one in ones)
        found.test = "; ".join(
            f"p {p_text(one.p_value)}, Holm {p_text(one.p_holm)}, BH {p_text(one.p_bh)}" for one in ones
        )
        found.values = {
            one.facet: {
                "r": one.r, "r_rounded": one.rounded, "n": one.n, "interval": one.limits,
                "p": one.p_value, "p_holm": one.p_holm, "p_bh": one.p_bh,
            }
            for one in ones
        }  # fmt: skip

    def _few(self, one: Association, found: _Found) -> None:
        if one.n < DESCRIPTIVE_BELOW:
            left = f"; leaving one out moves r from {span(one.left_out)}" if one.left_out else ""
            found.against.append(f"{one.n} points describe themselves and no more{left}")
        if one.p_holm is None or one.p_holm >= ALPHA:
            found.against.append(
                f"exact p {p_text(one.p_value)}, after Holm over {len(self.associations)} pairs "
                f"{p_text(one.p_holm)}"
            )

    # --- parts ---

    def _mean(self, subject: str, kind: Literal["facet", "benchmark"]) -> MeanChange:
        mean = mean_change(self.figures, subject, kind)
        if mean is None:
            for name in self.figures.measures(kind):
                self.figures.get(subject, name)
            raise MissingError(f"{self.figures.where}: no {kind} at all, so no mean change")
        return mean

    def _association(self, benchmark: str, facet: str) -> Association:
        for one in self.associations:
            if (one.benchmark, one.facet) == (benchmark, facet):
                return one
        pairs = ", ".join(f"{one.benchmark}-{one.facet}" for one in self.associations)
        raise MissingError(
            f"{self.figures.where}: no benchmark '{benchmark}' with a facet '{facet}'; there are: {pairs}"
        )

    def _interval(self, one: Change, found: _Found) -> None:
        found.interval = span(one.independent)
        found.test = p_range(one)
        found.values = {
            **_numbers(one.value, one.independent, one.narrowest, one.widest),
            "before": one.before.rate, "after": one.after.rate, "p": (one.p_low, one.p_high),
        }  # fmt: skip

    def _weak(self, one: Change) -> bool:
        return one.measure in self.claims.limits or sign_open(one)

    def _measure(self, one: Change, found: _Found, *, chance: bool = True) -> None:
        """What is known about the measure of a change, and whether unread outcomes and chance allow it."""
        if sign_open(one) and one.unread is not None:
            found.against.append(unread_text(one))
            found.values |= {"unread_bounds": (one.unread.low, one.unread.high), "sign": one.unread.sign}
        if one.measure in self.claims.limits:
            found.against.append(f"{one.measure}: {self.claims.limits[one.measure]}")
        if chance and one.paired != "beyond chance however paired" and found.values.get("p"):
            found.against.append(one.paired)
        if "other_rule" in (one.before.unread_as, one.after.unread_as):
            remark = self.claims.remarks.get(one.measure, "")
            found.beside.append(other_rule_text(one) + (f": {remark}" if remark else ""))


def _numbers(value: float, independent: Limits, narrowest: Limits, widest: Limits) -> dict[str, Any]:
    return {"value": value, "interval": independent, "narrowest": narrowest, "widest": widest}
