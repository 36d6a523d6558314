"""Each claim against the recomputed numbers: in the data, not in the data, or in the data and not supported.

The rule: a claim is `not in the data` when its number (at the stated decimals) or its pattern differs from
the table. Otherwise it is `in the data, not supported` when any of these holds: a measure that it rests on
has a known fault; unread outcomes leave the sign of a change open; the change is not beyond chance however
the items pair; a correlation has fewer than 10 points, or a p after Holm of 0.05 or more. Otherwise it is
`in the data`. Claims on changes are assessed one at a time; their p after Holm stands beside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from sycoscope.core.errors import MissingError
from sycoscope.published import claims as c
from sycoscope.published.assess_correlations import assess_correlation, assess_no_correlation
from sycoscope.published.figures import Figures
from sycoscope.published.numerals import (
    agrees,
    listed,
    other_rule_text,
    outside,
    p_ends,
    p_range,
    p_text,
    percents,
    sign_open,
    signed,
    span,
    unread_text,
)
from sycoscope.published.recompute import (
    Change,
    Limits,
    MeanChange,
    associations,
    change,
    changes,
    holm_ranges,
    mean_change,
)
from sycoscope.published.verdicts import Assessed, Found


def assess_claims(figures: Figures, claims: c.Claims) -> list[Assessed]:
    """Every claim assessed, in the order of the claims.

    Raises:
        MissingError: A claim names a subject or measure that the table does not hold.
    """
    assessor = _Assessor(figures, claims)
    return [assessor.of(claim) for claim in claims.claims]


class _Assessor:
    def __init__(self, figures: Figures, claims: c.Claims) -> None:
        self.figures, self.claims = figures, claims
        pairs = associations(figures)
        self.changes = changes(figures)
        self.holm = holm_ranges(self.changes)
        self.checks: dict[str, Callable[[Any, Found], None]] = {
            "mean_change": self.mean,
            "levels": self.levels,
            "relative_change": self.relative,
            "relative_range": self.relative_range,
            "all_facets": self.all_facets,
            "only_adapter": self.only_adapter,
            "correlation": lambda claim, found: assess_correlation(claim, found, pairs, claims.limits),
            "no_correlation": lambda claim, found: assess_no_correlation(claim, found, pairs),
        }

    def of(self, claim: c.Claim) -> Assessed:
        found = Found()
        self.checks[claim.asks](claim, found)
        return found.assessed(claim.id, claim.says)

    # --- changes ---

    def mean(self, claim: c.MeanChangeClaim, found: Found) -> None:
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
            shares = listed(
                f"{part.measure} contributes {signed(part.value / len(parts))}" for part in faulty
            )
            found.against.append(shares)
            most = max(faulty, key=lambda part: abs(part.value))
            rest = mean_change(self.figures, claim.subject, claim.kind, [most.measure])
            if rest is not None:
                found.against.append(
                    f"without {most.measure}: {signed(rest.value)} ({span(rest.independent)})"
                )
        for part in parts:
            self._measure(part, found)
        if mean.paired != "beyond chance however paired":
            found.against.append(f"its interval {outside(mean)}")
        ways = {part.value > 0 for part in parts if part.value}
        if claim.kind == "facet" and len(ways) > 1:
            values = ", ".join(f"{part.measure} {signed(part.value)}" for part in parts)
            found.beside.append(f"it averages a rise and a fall ({values})")

    def levels(self, claim: c.LevelsClaim, found: Found) -> None:
        one = change(self.figures, claim.subject, claim.measure)
        before, after = one.before, one.after
        found.recomputed = (
            f"{before.rate:.3f} to {after.rate:.3f} "
            f"({before.successes} of {before.n} to {after.successes} of {after.n})"
        )
        self._interval(one, found)
        for stated, figure in ((claim.before, before), (claim.after, after)):
            if not agrees(figure.rate, stated, claim.decimals):
                found.differs.append(
                    f"the table gives {figure.rate:.{claim.decimals}f} for {figure.subject}, not {stated}"
                )
        self._measure(one, found)
        self._one_of(one, found)

    def relative(self, claim: c.RelativeChangeClaim, found: Found) -> None:
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
        self._one_of(one, found)

    def relative_range(self, claim: c.RelativeRangeClaim, found: Found) -> None:
        ones = [change(self.figures, name, claim.measure) for name in self.figures.adapters]
        relative = {one.subject: one.relative for one in ones}
        found.values = {"relative": relative, "p_high": {one.subject: one.p_high for one in ones}}
        found.recomputed = ", ".join(
            f"{name} {'none' if share is None else signed(100 * share, 1) + ' %'}"
            for name, share in relative.items()
        )
        limits = [one.relative_limits for one in ones if one.relative_limits]
        found.interval = "; ".join(percents(one) for one in limits)
        found.test = f"p {p_text(min(o.p_low for o in ones))} to {p_text(max(o.p_high for o in ones))}"
        low, high = round(claim.low, claim.decimals), round(claim.high, claim.decimals)
        out = [n for n, r in relative.items() if r is None or not low <= round(r, claim.decimals) <= high]
        if out:
            found.differs.append(f"outside the range: {listed(out)}")
        open_ones = [one.subject for one in ones if one.paired != "beyond chance however paired"]
        if open_ones:
            found.against.append(f"not beyond chance however the items pair: {listed(open_ones)}")
        self._measure(ones[0], found, chance=False)
        if len({one.value > 0 for one in ones}) == 1 and len(ones) > 1:
            found.beside.append("it goes the same way for every adapter, whatever it was tuned on")

    # --- patterns ---

    def all_facets(self, claim: c.AllFacetsClaim, found: Found) -> None:
        sign = 1.0 if claim.direction == "up" else -1.0
        parts = [
            change(self.figures, claim.subject, name)
            for name in self.figures.measures("facet")
            if (claim.subject, name) in self.figures.cells
        ]
        if not parts:
            self._mean(claim.subject, "facet")
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

    def only_adapter(self, claim: c.OnlyAdapterClaim, found: Found) -> None:
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

    def _no_exception(self, claim: c.OnlyAdapterClaim, facet: str, sign: float, found: Found) -> None:
        """A facet that goes the same way for every adapter, and how far the named one goes in it."""
        moves = {n: sign * change(self.figures, n, facet).value for n in self.figures.adapters}
        if all(move > 0 for move in moves.values()):
            further = [name for name, move in moves.items() if move > moves[claim.subject]]
            names = listed(further) or "none"
            found.differs.append(f"{facet} goes {claim.direction} for every adapter, and further for {names}")

    # --- parts ---

    def _mean(self, subject: str, kind: Literal["facet", "benchmark"]) -> MeanChange:
        mean = mean_change(self.figures, subject, kind)
        if mean is None:
            for name in self.figures.measures(kind):
                self.figures.get(subject, name)
            raise MissingError(f"{self.figures.where}: no {kind} at all, so no mean change")
        return mean

    def _interval(self, one: Change, found: Found) -> None:
        found.interval = span(one.independent)
        found.test = p_range(one)
        found.values = {
            **_numbers(one.value, one.independent, one.narrowest, one.widest),
            "before": one.before.rate, "after": one.after.rate, "p": (one.p_low, one.p_high),
        }  # fmt: skip

    def _one_of(self, one: Change, found: Found) -> None:
        """How many changes of its kind the table holds, and p after Holm over them."""
        ends, n = self.holm[one.subject, one.measure], sum(other.kind == one.kind for other in self.changes)
        found.values["p_holm"] = ends
        if n > 1:
            found.beside.append(f"one of {n} {one.kind} changes: after Holm over them p {p_ends(ends)}")

    def _weak(self, one: Change) -> bool:
        return one.measure in self.claims.limits or sign_open(one)

    def _measure(self, one: Change, found: Found, *, chance: bool = True) -> None:
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
