"""The decision rule: which method, agreement with simpler ones, invariants, degenerate data."""

import numpy as np
import pytest
import statsmodels.api as sm

from sycoscope.core.errors import DataError
from sycoscope.stats import (
    cluster_standard_error,
    design_effect,
    effective_n,
    kish_n,
    mean,
    newcombe_paired,
    rate_contrast,
    wilson,
)
from sycoscope.stats.reference import mean_difference, paired_rate_difference, rate


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def limits(found):
    return (found.value, found.low, found.high)


def clustered(rng, g=40, m=3):
    share = rng.beta(0.6, 1.4, size=(g, 1))
    return (rng.random((g, m)) < share).astype(float).ravel(), np.repeat(np.arange(g), m)


def test_single_items_get_wilson_and_newcombe(rng):
    a, b = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [36, 12, 2, 5], axis=0).T
    assert limits(rate(a, rng=rng)) == pytest.approx(limits(wilson(48, 55)), abs=1e-12)
    found = paired_rate_difference(a, b, rng=rng)
    assert limits(found) == pytest.approx(limits(newcombe_paired(36, 12, 2, 5)), abs=1e-12)
    assert found.method == "Newcombe 10"
    assert limits(paired_rate_difference(a, b, np.arange(55), rng=rng)) == limits(found)


def test_clusters_that_agree_cost_precision(rng):
    single = (rng.random(60) < 0.4).astype(float)
    doubled, clusters = np.repeat(single, 2), np.repeat(np.arange(60), 2)
    found, alone, naive = rate(doubled, clusters, rng=rng), rate(single, rng=rng), rate(doubled, rng=rng)
    # Copies of the same item say nothing new.
    assert found.high - found.low >= alone.high - alone.low
    assert found.high - found.low > 1.3 * (naive.high - naive.low)
    assert found.method == "Wilson at effective n"
    assert (found.n, found.n_clusters) == (120, 60)


def test_row_order_and_labels_do_not_matter(rng):
    x, clusters = clustered(rng)
    y, order = clustered(rng)[0], rng.permutation(x.size)
    names = np.array([f"stem {(7 * c) % 40}" for c in clusters])
    for make in (
        lambda x, y, c: rate(x, c, rng=np.random.default_rng(1)),
        lambda x, y, c: paired_rate_difference(x, y, c, rng=np.random.default_rng(1)),
        lambda x, y, c: mean(x - 2 * y, c, rng=np.random.default_rng(1)),
    ):
        first = limits(make(x, y, clusters))
        assert limits(make(x[order], y[order], clusters[order])) == pytest.approx(first, abs=1e-12)
        assert limits(make(x, y, names)) == pytest.approx(first, abs=1e-12)


def test_swap_changes_the_sign(rng):
    x, clusters = clustered(rng)
    y = clustered(rng)[0]
    found = paired_rate_difference(x, y, clusters, rng=rng)
    swapped = paired_rate_difference(y, x, clusters, rng=rng)
    assert limits(swapped) == pytest.approx((-found.value, -found.high, -found.low), abs=1e-12)


def test_contrast_of_other_at_risk_sets_adds_up(rng):
    # Disjoint at-risk sets of independent items: Newcombe 1998 (17, 873-890) method 10 for two samples.
    x, side = (rng.random(90) < 0.3).astype(float), np.arange(90) < 40
    risk = np.stack([side, ~side], axis=1).astype(float)
    found = rate_contrast(x[:, None] * risk, risk, (1, -1))
    a, b = wilson(x[side].sum(), 40), wilson(x[~side].sum(), 50)
    down = np.hypot(a.value - a.low, b.high - b.value)
    up = np.hypot(a.high - a.value, b.value - b.low)
    assert limits(found) == pytest.approx(
        (a.value - b.value, found.value - down, found.value + up), abs=1e-12
    )


def test_difference_in_differences_is_the_mean_of_item_differences(rng):
    cells = (rng.random((80, 4)) < (0.4, 0.1, 0.2, 0.1)).astype(float)
    found = rate_contrast(cells, np.ones_like(cells), (1, -1, -1, 1))
    other = mean(cells @ (1, -1, -1, 1), rng=rng, bounds=(-2, 2))
    assert found.value == pytest.approx(other.value)
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.06)


def test_all_alike_falls_back_to_a_score_interval(rng):
    clusters = np.repeat(np.arange(15), 2)
    assert limits(rate(np.zeros(30), clusters, rng=rng))[0:2] == (0.0, 0.0)
    # Clusters of two that agree: as careful as 15 items, or more.
    assert rate(np.zeros(30), clusters, rng=rng).high >= wilson(0, 15).high
    assert limits(rate(np.ones(30), clusters, rng=rng))[2] == 1.0
    found = mean(np.zeros(30), clusters, rng=rng, bounds=(-2, 2))
    assert (found.low, found.high) == pytest.approx((-2 * wilson(0, 15).high, 2 * wilson(0, 15).high))
    assert mean(np.zeros(30), clusters, rng=rng).low is None
    pair = paired_rate_difference(np.ones(30), np.ones(30), clusters, rng=rng)
    assert pair.low < 0.0 < pair.high


def test_one_cluster_says_almost_nothing(rng):
    found = rate([1, 0, 1, 0], ["a"] * 4, rng=rng)
    assert found.value == 0.5
    assert found.high - found.low > 0.8
    assert found.n_clusters == 1


def test_nothing_observed(rng):
    for found in (rate([], rng=rng), paired_rate_difference([], [], rng=rng), mean([], rng=rng)):
        assert found.value is found.low is None
        assert found.note
    none = rate_contrast(np.zeros((4, 2)), np.array([[1, 0]] * 4), (1, -1))
    assert none.value is None


@pytest.mark.parametrize(
    "call",
    [
        lambda rng: rate([0.2, np.nan], rng=rng),
        lambda rng: rate([0, 2], rng=rng),
        lambda rng: rate([0, 1], ["a"], rng=rng),
        lambda rng: paired_rate_difference([0, 1], [1], rng=rng),
        lambda rng: rate_contrast([[1.0]], [[0.0]], (1,)),
        lambda rng: rate_contrast([[0.5]], [[1.0]], (1,)),
        lambda rng: mean([3.0], rng=rng, bounds=(-2, 2)),
    ],
)
def test_bad_input_is_refused(call, rng):
    with pytest.raises(DataError):
        call(rng)


def test_standard_error_equals_statsmodels(rng):
    x, clusters = clustered(rng, m=4)
    x = x + rng.normal(size=x.size)
    fit = sm.OLS(x, np.ones(x.size)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    g = 40
    assert cluster_standard_error(x, clusters) == pytest.approx((fit.bse[0] * np.sqrt(g / (g - 1)), g - 1))


def test_effective_n():
    assert kish_n([2, 2, 2]) == pytest.approx(3.0)
    assert kish_n([5]) == pytest.approx(1.0)
    x, clusters = np.repeat([0.0, 1.0] * 10, 4), np.repeat(np.arange(20), 4)
    # Clusters of four that always agree: design effect 4, up to the factors for n - 1.
    assert design_effect(x, clusters) == pytest.approx(4.0 * (79 / 80) * (20 / 19))
    assert effective_n(x, clusters) == pytest.approx(80 / design_effect(x, clusters))
    assert effective_n(x) == 80.0
    assert effective_n(np.ones(80), clusters) == pytest.approx(20.0)


def test_mean_difference_is_paired(rng):
    x = rng.normal(size=200)
    y = x - 0.3 + 0.01 * rng.normal(size=200)
    found = mean_difference(x, y, rng=rng)
    assert found.low < 0.3 < found.high
    assert found.high - found.low < 0.01
    # SciPy's t interval of the same differences is close to the bootstrap.
    from scipy import stats

    t = stats.ttest_1samp(x - y, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((t.low, t.high), abs=3e-4)


@pytest.mark.parametrize(("p", "icc"), [(0.1, 0.5), (0.5, 0.2)])
def test_coverage_of_a_clustered_rate(p, icc):
    rng, hits, naive = np.random.default_rng(5), 0, 0
    a, clusters = (1 - icc) / icc, np.repeat(np.arange(40), 3)
    for _ in range(400):
        x = (rng.random((40, 3)) < rng.beta(p * a, (1 - p) * a, (40, 1))).astype(float).ravel()
        found, blind = rate(x, clusters, rng=rng), wilson(x.sum(), x.size)
        hits += found.low <= p <= found.high
        naive += blind.low <= p <= blind.high
    # 400 sets: 0.95 within three Monte-Carlo errors; ignoring clusters falls short.
    assert hits / 400 > 0.915
    assert naive < hits
