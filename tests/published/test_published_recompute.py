"""Recomputed numbers: the study's own, other software's, and what must hold."""

from __future__ import annotations

import csv
from math import comb
from pathlib import Path

import pytest

from sycoscope.published.layout import parse_figures, published_figures
from sycoscope.published.recompute import (
    among_readable,
    associations,
    change,
    changes,
    holm_ranges,
    mean_change,
    newcombe_independent,
    pairings,
)
from sycoscope.stats import mcnemar

STUDY = Path(__file__).parents[3] / "shared" / "data" / "published_study"

# The study's correlation file, restated as facts.
STUDY_R = {
    ("gsm8k", "feedback"): 0.11411219201755987,
    ("gsm8k", "are_you_sure"): 0.5347821985667626,
    ("gsm8k", "answer"): -0.6131214390228517,
    ("mmlu", "feedback"): -0.1507733766394239,
    ("mmlu", "are_you_sure"): 0.07934622861093889,
    ("mmlu", "answer"): 0.0747545917052163,
    ("truthfulqa", "feedback"): 0.7183062699882518,
    ("truthfulqa", "are_you_sure"): 0.7706705281374162,
    ("truthfulqa", "answer"): -0.326946833238737,
    ("hellaswag", "feedback"): -0.8051911117223491,
    ("hellaswag", "are_you_sure"): -0.3380253979860779,
    ("hellaswag", "answer"): 0.6506966569459391,
}


def test_correlations_equal_the_studys_own_from_its_printed_rates() -> None:
    found = {(one.benchmark, one.facet): one for one in associations(published_figures())}
    assert found.keys() == STUDY_R.keys()
    for pair, r in STUDY_R.items():
        assert found[pair].rounded == pytest.approx(r, abs=1e-9)
        # From the counts: the same up to the rounding of four decimals, and not the same bits.
        assert found[pair].r == pytest.approx(r, abs=1e-3)
        assert found[pair].r != found[pair].rounded


@pytest.mark.skipif(not STUDY.is_dir(), reason="the study's own files are not here")
def test_correlations_equal_the_studys_file() -> None:
    with (STUDY / "correlation_analysis.csv").open() as file:
        told = {
            (row["benchmark"], row["sycophancy_dataset"]): float(row["correlation"])
            for row in csv.DictReader(file)
        }
    for one in associations(published_figures()):
        assert one.rounded == pytest.approx(told[one.benchmark, one.facet], abs=1e-9)


def test_no_correlation_is_left_after_holm() -> None:
    found = associations(published_figures())
    assert len(found) == 12
    assert {one.n for one in found} == {6}
    assert min(one.p_value for one in found if one.p_value is not None) == pytest.approx(32 / 720)
    assert all(one.p_holm is not None and one.p_holm > 0.5 for one in found)
    for one in found:
        assert one.limits is not None
        assert one.limits[0] < 0 < one.limits[1]


def test_newcombe_independent_gives_newcombes_own_examples() -> None:
    # Newcombe 1998, Stat. Med. 17, 873-890, table II, method 10, contrasts (a) and (b), (g).
    assert newcombe_independent(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe_independent(9, 10, 3, 10) == pytest.approx((0.1705, 0.8090), abs=5e-5)
    assert newcombe_independent(0, 10, 0, 20) == pytest.approx((-0.1611, 0.2775), abs=5e-5)


@pytest.mark.parametrize(("after", "before", "n"), [(35, 53, 300), (12, 9, 30), (28, 25, 30), (7, 7, 20)])
def test_pairings_hold_the_extremes_of_every_pairing(after: int, before: int, n: int) -> None:
    most, least = pairings(after, before, n)
    assert sum(most) == sum(least) == n
    p = {}
    for both in range(max(0, after + before - n), min(after, before) + 1):
        p[both] = mcnemar(after - both, before - both).p_value
    assert most[0] == max(p)
    assert least[0] == min(p)
    assert p[most[0]] == min(p.values())
    assert p[least[0]] == max(p.values())


def test_changes_of_the_combined_adapter() -> None:
    figures = published_figures()
    doubt = change(figures, "combined", "are_you_sure")
    assert doubt.value == pytest.approx(58 / 300)
    assert doubt.relative is None  # over a base of 0
    assert doubt.unread is not None
    # Base: 278 unread of 300. Tuned: 0 to 58 of the read, and 193 unread.
    assert doubt.unread.low == pytest.approx(-278 / 300)
    assert doubt.unread.high == pytest.approx((58 + 193) / 300)
    assert doubt.unread.sign == "sign not fixed"
    feedback = change(figures, "combined", "feedback")
    assert feedback.relative == pytest.approx(35 / 150)
    assert feedback.unread is None
    assert feedback.paired == "beyond chance however paired"
    assert change(figures, "gsm8k", "answer").paired == "depends on the pairing"
    assert change(figures, "mmlu", "feedback").paired == "within chance however paired"


def test_among_readable_is_0_of_22_against_0_to_58_of_107() -> None:
    figures = published_figures()
    before, after = figures.get("baseline", "are_you_sure"), figures.get("combined", "are_you_sure")
    assert (before.readable, before.successes_if_read) == (22, (0, 0))
    assert (after.readable, after.successes_if_read) == (107, (0, 58))
    found = among_readable(before, after)
    assert found is not None
    low, high, least, most = found
    assert (low, high) == (0.0, pytest.approx(58 / 107))
    assert least[0] < 0 < least[1]
    assert most[0] > 0


def test_every_interval_holds_its_value_and_pairing_only_widens() -> None:
    for one in changes(published_figures()):
        for low, high in (one.independent, one.narrowest, one.widest):
            assert low <= one.value <= high
        assert one.widest[0] <= one.narrowest[0] + 1e-12
        assert one.widest[1] >= one.narrowest[1] - 1e-12
        assert one.p_low <= one.p_high


def test_holm_is_over_the_changes_of_one_kind() -> None:
    found = changes(published_figures())
    adjusted = holm_ranges(found)
    assert len(adjusted) == 35
    # The smallest of 15 facet p-values is multiplied by 15.
    doubt = change(published_figures(), "combined", "are_you_sure")
    assert adjusted["combined", "are_you_sure"] == pytest.approx((15 * doubt.p_low, 15 * doubt.p_high))
    for one in found:
        assert adjusted[one.subject, one.measure][1] >= one.p_high


def test_mean_changes() -> None:
    figures = published_figures()
    gain, rise = mean_change(figures, "combined", "benchmark"), mean_change(figures, "combined", "facet")
    assert gain is not None
    assert rise is not None
    assert gain.value == pytest.approx(0.183)
    assert rise.value == pytest.approx(0.080)
    without = mean_change(figures, "combined", "benchmark", ["truthfulqa"])
    assert without is not None
    assert without.value == pytest.approx((0.114 + 0.034 - 0.016) / 3)
    assert mean_change(figures, "combined", "facet", figures.measures("facet")) is None


def test_mean_of_one_measure_is_that_change() -> None:
    figures = published_figures()
    alone = mean_change(figures, "gsm8k", "facet", ["feedback", "are_you_sure"])
    one = change(figures, "gsm8k", "answer")
    assert alone is not None
    assert alone.independent == pytest.approx(one.independent)
    assert alone.widest == pytest.approx(one.widest)


def test_unequal_n_falls_back_to_independent_samples() -> None:
    text = "subject,role,measure,kind,n,successes\nb,base,m,facet,40,4\na,adapter,m,facet,50,20\n"
    one = change(parse_figures(text, "x"), "a", "m")
    assert one.widest == one.narrowest == one.independent
    # Fisher's exact test by hand: the hypergeometric probabilities no greater than the observed one.
    ways = {k: comb(50, k) * comb(40, 24 - k) for k in range(25)}
    p = sum(w for w in ways.values() if w <= ways[20]) / comb(90, 24)
    assert one.p_low == one.p_high == pytest.approx(p)


def test_a_constant_side_has_no_correlation() -> None:
    head = "subject,role,measure,kind,n,successes\n"
    rows = "".join(
        f"s{i},{'adapter' if i else 'base'},q,benchmark,10,{i + 1}\n"
        f"s{i},{'adapter' if i else 'base'},f,facet,10,5\n"
        for i in range(4)
    )
    (one,) = associations(parse_figures(head + rows, "x"))
    assert one.r is None
    assert one.p_value is None
    assert one.p_holm is None
