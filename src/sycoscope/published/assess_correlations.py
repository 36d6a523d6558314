"""Claims on correlations against the recomputed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sycoscope.core.errors import MissingError
from sycoscope.published import claims as c
from sycoscope.published.numerals import agrees, listed, p_text, signed, span
from sycoscope.published.recompute import ALPHA, Association
from sycoscope.published.verdicts import Found
from sycoscope.stats.association import DESCRIPTIVE_BELOW


def assess_correlation(
    claim: c.CorrelationClaim, found: Found, all_pairs: Sequence[Association], limits: Mapping[str, str]
) -> None:
    """A stated r against the table; where it differs, the pairs that have that number."""
    one = _pair(all_pairs, claim.benchmark, claim.facet)
    _tell([one], found)
    if one.r is None or one.rounded is None:
        found.differs.append("no correlation: one side does not vary")
        return
    if not agrees(one.rounded, claim.value, claim.decimals):
        found.differs.append(f"{one.benchmark} and {one.facet} correlate at {signed(one.rounded)}")
        owners = [
            f"{other.benchmark} and {other.facet}"
            for other in all_pairs
            if other.rounded is not None and agrees(other.rounded, claim.value, claim.decimals)
        ]
        found.differs.append(
            f"{signed(claim.value)} belongs to {listed(owners)}" if owners else "no pair has that number"
        )
        return
    _few(one, found, len(all_pairs))
    for name in (one.benchmark, one.facet):
        if name in limits:
            found.against.append(f"{name}: {limits[name]}")


def assess_no_correlation(
    claim: c.NoCorrelationClaim, found: Found, all_pairs: Sequence[Association]
) -> None:
    """No relation with any facet: small, and shown to be small."""
    ones = [one for one in all_pairs if one.benchmark == claim.benchmark]
    if not ones:
        raise MissingError(
            f"no correlation of a benchmark '{claim.benchmark}'; there are: {_pairs(all_pairs)}"
        )
    _tell(ones, found)
    large = [one for one in ones if one.rounded is None or abs(one.rounded) >= claim.margin]
    if large:
        found.differs.append("; ".join(f"{one.facet}: r = {signed(one.rounded or 0.0)}" for one in large))
    wide = [one for one in ones if one.limits is None or max(map(abs, one.limits)) >= claim.margin]
    if wide:
        found.against.append(
            f"an r near 0 over {ones[0].n} points does not show that there is no relation: the intervals reach "
            f"|r| = {max(max(map(abs, one.limits)) for one in wide if one.limits):.2f}"
        )


def _tell(ones: Sequence[Association], found: Found) -> None:
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


def _few(one: Association, found: Found, n_pairs: int) -> None:
    if one.n < DESCRIPTIVE_BELOW:
        left = f"; leaving one out moves r from {span(one.left_out)}" if one.left_out else ""
        found.against.append(f"{one.n} points describe themselves and no more{left}")
    if one.p_holm is None or one.p_holm >= ALPHA:
        found.against.append(
            f"exact p {p_text(one.p_value)}, after Holm over {n_pairs} pairs {p_text(one.p_holm)}"
        )


def _pair(all_pairs: Sequence[Association], benchmark: str, facet: str) -> Association:
    for one in all_pairs:
        if (one.benchmark, one.facet) == (benchmark, facet):
            return one
    raise MissingError(
        f"no benchmark '{benchmark}' with a facet '{facet}' in the table; there are: {_pairs(all_pairs)}"
    )


def _pairs(all_pairs: Sequence[Association]) -> str:
    return ", ".join(f"{one.benchmark}-{one.facet}" for one in all_pairs) or "none"
