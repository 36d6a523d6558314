"""Signal detection, correlation, agreement, coverage simulation."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.inter_rater import cohens_kappa

from perf.coverage_stats import grid
from perf.simulated_intervals import Cell, draw_cells, draw_rate, simulate
from perf.simulated_tests import Operation, frequency, operations
from sycoscope.core.errors import DataError
from sycoscope.stats import (
    cohen_kappa,
    confusion,
    correlation,
    d_prime_and_criterion,
    detection_contrast,
    kappa,
    same_place,
    skew_p_value,
)
from sycoscope.stats.reference import detection


@pytest.fixture
def rng():
    return np.random.default_rng(6)


def verdicts(hits, misses, alarms, rejections):
    says = np.repeat([1, 0, 1, 0], [hits, misses, alarms, rejections])
    return says, np.repeat([1, 1, 0, 0], [hits, misses, alarms, rejections])


def test_d_prime_by_scipys_normal():
    # Log-linear: (15 + 0.5) / 26 and (5 + 0.5) / 26.
    found = detection(*verdicts(15, 10, 5, 20))
    hit, alarm = scipy_stats.norm.ppf([15.5 / 26, 5.5 / 26])
    assert found.d_prime.value == pytest.approx(hit - alarm)
    assert found.criterion.value == pytest.approx(-(hit + alarm) / 2)
    assert d_prime_and_criterion(np.array([[15.0, 25, 5, 25]]))[0] == pytest.approx(
        [hit - alarm, -(hit + alarm) / 2]
    )


def test_swapping_answers_mirrors_the_criterion():
    says, signal = verdicts(15, 10, 5, 20)
    one, other = detection(says, signal), detection(1 - says, 1 - signal)
    assert other.d_prime.value == pytest.approx(one.d_prime.value)
    assert other.criterion.value == pytest.approx(-one.criterion.value)
    assert (other.criterion.low, other.criterion.high) == pytest.approx(
        (-one.criterion.high, -one.criterion.low)
    )


def test_perfect_judges_have_finite_limits():
    found = detection(*verdicts(20, 0, 0, 20))
    assert np.isfinite([found.d_prime.low, found.d_prime.high]).all()
    assert found.d_prime.low > 1.0
    assert found.criterion.low < 0.0 < found.criterion.high


def test_a_contrast_with_itself_is_zero(rng):
    says, signal = verdicts(15, 10, 5, 20)
    found = detection_contrast(np.stack([says, says], axis=1), signal, (1, -1))
    assert found.criterion.value == 0.0
    assert found.criterion.low < 0.0 < found.criterion.high
    other = detection_contrast(np.stack([says, rng.permutation(says)], axis=1), signal, (1, -1))
    assert other.criterion.width > found.criterion.width


def test_large_samples_approach_gourevitch_and_galanter():
    found = detection(*verdicts(1400, 600, 500, 1500))
    variance = sum(
        p * (1 - p) / (2000 * scipy_stats.norm.pdf(scipy_stats.norm.ppf(p)) ** 2) for p in (0.7, 0.25)
    )
    assert found.d_prime.width == pytest.approx(2 * 1.96 * np.sqrt(variance), rel=0.01)
    assert found.criterion.width == pytest.approx(1.96 * np.sqrt(variance), rel=0.01)


def test_foils_are_needed():
    assert detection([1, 0], [1, 1]).d_prime.value is None
    for call in (lambda: detection([1, 2], [1, 0]), lambda: detection_contrast([[1], [0]], [1, 0], (1, -1))):
        with pytest.raises(DataError):
            call()


def test_correlation_equals_scipy(rng):
    x, y = rng.normal(size=12), rng.normal(size=12)
    found, other = correlation(x, y, rng=rng), scipy_stats.pearsonr(x, y)
    limits = other.confidence_interval()
    assert found.interval.value == pytest.approx(other.statistic)
    assert (found.interval.low, found.interval.high) == pytest.approx((limits.low, limits.high))
    assert found.p_value == pytest.approx(other.pvalue, abs=0.03)
    spearman = correlation(x, y, rng=rng, kind="spearman")
    assert spearman.interval.value == pytest.approx(scipy_stats.spearmanr(x, y).statistic)
    assert not found.descriptive


def test_six_points_are_permuted_exactly(rng):
    x, y = rng.normal(size=6), rng.normal(size=6)
    found = correlation(x, y, rng=rng)
    r = [abs(np.corrcoef(x, p)[0, 1]) for p in itertools.permutations(y)]
    assert found.p_value == pytest.approx(np.mean(np.array(r) >= abs(np.corrcoef(x, y)[0, 1]) - 1e-9))
    assert found.p_method == "exact permutation"
    assert found.descriptive
    assert "descriptive" in found.interval.note


def test_perfect_line_of_four_points(rng):
    found = correlation([1, 2, 3, 4], [2, 4, 6, 8], rng=rng)
    assert found.interval.value == 1.0
    assert found.interval.low is None
    # Of 24 orders one rises and one falls.
    assert found.p_value == pytest.approx(2 / 24)


def test_points_that_do_not_vary(rng):
    found = correlation([1, 1, 1], [1, 2, 3], rng=rng)
    assert found.interval.value is found.p_value is None
    assert correlation([], [], rng=rng).interval.value is None
    with pytest.raises(DataError):
        correlation([1, 2], [1, 2], rng=rng, kind="kendall")


def test_kappa_equals_statsmodels(rng):
    a = rng.integers(0, 3, 200)
    b = np.where(rng.random(200) < 0.6, a, rng.integers(0, 3, 200))
    found = cohen_kappa([f"l{v}" for v in a], [f"l{v}" for v in b], rng=rng)
    other = cohens_kappa(confusion(a.tolist(), b.tolist())[1])
    assert found.value == pytest.approx(other.kappa)
    assert (found.low, found.high) == pytest.approx((other.kappa_low, other.kappa_upp), abs=0.02)


def test_kappa_without_an_interval_is_the_interval_s_value(rng):
    a, b = rng.integers(0, 3, 50).tolist(), rng.integers(0, 3, 50).tolist()
    assert kappa(a, b) == pytest.approx(cohens_kappa(confusion(a, b)[1]).kappa)
    assert kappa(a, b) == cohen_kappa(a, b, rng=rng).value
    assert kappa([1], [2]) == 0.0
    assert kappa([1, 1], [1, 1]) is kappa([], []) is None
    with pytest.raises(DataError):
        kappa([1], [])


def test_kappa_of_perfect_and_of_empty_agreement(rng):
    perfect = cohen_kappa(["a", "b"] * 10, ["a", "b"] * 10, rng=rng)
    assert (perfect.value, perfect.high) == (1.0, 1.0)
    assert perfect.low < 0.8
    assert cohen_kappa(["a"] * 5, ["a"] * 5, rng=rng).value is None
    assert cohen_kappa([], [], rng=rng).value is None
    with pytest.raises(DataError):
        cohen_kappa(["a"], [], rng=rng)


def test_skew_p_value_is_that_of_scipy():
    places = [(0, 4)] * 20 + [(1, 4)] * 8 + [(2, 4)] * 6 + [(3, 4)] * 6
    assert skew_p_value(places) == pytest.approx(scipy_stats.chisquare([20, 8, 6, 6]).pvalue)
    assert skew_p_value([(0, 1)]) == 1.0


def test_one_place_is_seen_from_either_end():
    assert same_place([(0, 3), (0, 4)]) == "start"
    assert same_place([(2, 3), (3, 4)]) == "end"
    assert same_place([(0, 3), (1, 3)]) is None


def test_simulated_data_have_their_rates_and_clusters(rng):
    x = draw_rate(rng, 0.3, 4000, 2, 0.4).reshape(-1, 2)
    assert x.mean() == pytest.approx(0.3, abs=0.02)
    assert np.corrcoef(x.T)[0, 1] == pytest.approx(0.4, abs=0.05)
    y = draw_cells(rng, (0.2, 0.6), 4000, 1, 0.3, 0.3)
    assert y.mean(axis=0) == pytest.approx([0.2, 0.6], abs=0.03)


def test_a_bad_interval_is_flagged_and_every_cell_draws():
    rng = np.random.default_rng(1)

    def short(rng):
        from sycoscope.stats import wilson

        return wilson(int(rng.binomial(50, 0.3)), 50, level=0.8)

    bad = Cell(estimator="x", situation="", clusters="", icc=None, truth=0.3, draw=short)
    assert simulate(bad, rng, 500).low
    # flagged against the level that the interval says it has
    assert not simulate(replace(bad, level=0.8), rng, 500).low
    assert simulate(replace(bad, level=0.6), rng, 500).wide
    for cell in grid():
        found = simulate(cell, rng, 1)
        assert found.n_sets + found.n_none == 1


def test_a_test_that_says_too_much_is_missed_and_every_procedure_draws():
    rng = np.random.default_rng(1)

    def often(rng):
        return float(rng.random() < 0.2)

    fields = {"procedure": "x", "situation": "", "event": "rejects", "draw": often}
    for wanted, target, kept in (
        ("at most", 0.05, False), ("at most", 0.25, True), ("at least", 0.5, False), ("at least", 0.15, True),
        ("about", 0.21, True), ("about", 0.3, False), ("about", 0.1, False),
    ):  # fmt: skip
        what = Operation(wanted=wanted, target=target, **fields)
        assert frequency(what, rng, 1000).kept(what) is kept
    every = list(operations())
    assert len({(what.procedure, what.situation) for what in every}) == len(every)
    for what in every:
        assert 0.0 <= frequency(what, rng, 1).value <= 1.0
