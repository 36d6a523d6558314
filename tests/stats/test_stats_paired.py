"""Changes of two subjects: the test, the interval that inverts it, and what other software says of both."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats as scipy_stats

from sycoscope.core.errors import DataError
from sycoscope.stats import (
    cluster_standard_error,
    cluster_sums,
    d_prime_and_criterion,
    detection_change,
    detection_contrast,
    linearised,
    mcnemar,
    paired_mean,
)
from sycoscope.stats.flips import TIGHTEST, Flips, convolved, saddlepoint
from sycoscope.stats.proportions import degenerate_limits
from sycoscope.stats.reference import sign_flip_test

LEVELS = (0.5, 0.95, 0.997)


@pytest.fixture
def rng():
    return np.random.default_rng(31)


def did(rng, n=80, per_cluster=1, effect=0.25):
    """A difference in differences of 0/1 outcomes in clusters, in -2 ... 2."""
    clusters = np.arange(n) // per_cluster
    pull = np.repeat(rng.normal(0.0, 0.2, size=clusters.max() + 1), per_cluster)[:n]
    rate = lambda p: (rng.random(n) < np.clip(p + pull, 0, 1)).astype(float)  # noqa: E731
    return rate(0.45 + effect) - rate(0.05) - rate(0.45) + rate(0.05), clusters


def enumerated(sums):
    """Mid-p of |sum of signed sums| >= the observed, over every pattern of signs: what is as far out counts half."""
    signs = np.array(list(itertools.product((1, -1), repeat=len(sums))))
    far, observed = np.abs(signs @ np.abs(sums)), abs(sum(sums))
    if observed < 1e-9:
        return 1.0
    return float(np.mean(far > observed + 1e-9) + 0.5 * np.mean(np.abs(far - observed) <= 1e-9))


def mid(d, clusters, rng):
    """The exact p of the reference, less half of what is exactly as far out."""
    sums = np.abs(np.bincount(clusters, weights=d)).round().astype(np.int64)
    sizes, counts = np.unique(sums[sums > 0], return_counts=True)
    total = round(abs(float(d.sum())))
    exact = sign_flip_test(d, clusters, rng=rng).p_value
    return 1.0 if total == 0 else exact - 0.5 * (exact - convolved(sizes, counts, total + 1))


# --- the p-value ---


@pytest.mark.parametrize(("only_a", "only_b"), [(12, 4), (9, 0), (3, 3), (30, 11)])
def test_single_items_give_mcnemars_mid_p(only_a, only_b):
    d = np.repeat([1.0, -1.0, 0.0], [only_a, only_b, 40])
    assert paired_mean(d, bounds=(-1, 1)).p_value == pytest.approx(
        mcnemar(only_a, only_b, mid_p=True).p_value
    )


@pytest.mark.parametrize("per_cluster", [1, 2, 3])
def test_whole_differences_have_the_mid_p_of_flipped_clusters(per_cluster):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        d, clusters = did(rng, 30 * per_cluster, per_cluster, effect=0.2)
        found = paired_mean(d, clusters, bounds=(-2, 2)).p_value
        assert found == pytest.approx(mid(d, clusters, rng))


def test_few_clusters_are_as_enumerated(rng):
    d, clusters = did(rng, 33, 3, effect=0.4)
    assert paired_mean(d, clusters, bounds=(-2, 2)).p_value == pytest.approx(
        enumerated(np.bincount(clusters, weights=d))
    )


def test_convolution_is_enumeration():
    sizes, counts = np.array([1, 2, 5]), np.array([6, 4, 2])
    every = np.repeat(sizes, counts)
    signs = np.array(list(itertools.product((1, -1), repeat=every.size)))
    for total in range(int(every.sum()) + 1):
        expected = np.mean(np.abs(signs @ every) >= total)
        assert convolved(sizes, counts, total) == pytest.approx(expected)


def test_the_saddlepoint_is_near_enumeration_also_far_out(rng):
    for _ in range(10):
        sizes = rng.gamma(3.0, size=16)
        signs = 1 - 2 * ((np.arange(2**16)[:, None] >> np.arange(16)) & 1)
        sums = np.sort(np.abs(signs @ sizes))
        for share, rel in ((0.5, 0.02), (0.9, 0.02), (0.95, 0.03), (0.99, 0.05), (0.997, 0.06), (0.999, 0.2)):
            total = float(sums[int(share * sums.size)])
            exact = float(np.mean(sums >= total - 1e-12))
            assert saddlepoint(sizes, np.ones(16), total) == pytest.approx(exact, rel=rel)


def test_the_saddlepoint_is_near_convolution_between_the_lattice_points():
    # P(> total) <= smooth <= P(>= total): whole numbers have steps, and the saddlepoint runs between them
    sizes, counts = np.array([1.0, 2.0, 3.0]), np.array([60, 30, 10])
    for total in range(10, 120, 10):
        above, least = (convolved(sizes.astype(np.int64), counts, t) for t in (total + 1, total))
        found = saddlepoint(sizes, counts, float(total))
        assert found == pytest.approx((above + least) / 2, rel=0.08), total
        assert above < found < least


def test_the_ends_of_the_saddlepoint(rng):
    sizes = rng.gamma(3.0, size=12)
    ones = np.ones(12)
    assert saddlepoint(sizes, ones, 0.0) == 1.0
    assert saddlepoint(sizes, ones, float(sizes.sum())) == pytest.approx(0.5**12)
    near = saddlepoint(sizes, ones, 1e-5 * float(sizes.sum()))
    assert 0.999 < near <= 1.0
    # falls with the total, and does not depend on the scale
    points = np.linspace(0.0, float(sizes.sum()), 200)
    falling = [saddlepoint(sizes, ones, t) for t in points]
    assert np.all(np.diff(falling) <= 1e-9)
    assert saddlepoint(1e6 * sizes, ones, 5e6) == pytest.approx(saddlepoint(sizes, ones, 5.0))


def test_sums_too_large_to_convolve_are_smooth():
    d = np.repeat([300.0, -300.0], [60, 25])
    exact = mcnemar(60, 25, mid_p=True).p_value
    found = paired_mean(d).p_value
    assert found == pytest.approx(exact, rel=0.08)
    assert paired_mean(d / 300).p_value == pytest.approx(exact)
    assert paired_mean(np.ones(5000) - (np.arange(5000) < 5)).p_value == TIGHTEST


# --- the interval inverts the test ---


@pytest.mark.parametrize("per_cluster", [1, 2, 4])
@pytest.mark.parametrize("whole", [True, False])
def test_zero_lies_outside_exactly_where_p_is_below(per_cluster, whole):
    seen = set()
    for seed in range(60):
        d, clusters = did(np.random.default_rng(seed), 60, per_cluster, effect=0.03 * (seed % 15))
        tested = paired_mean(d, clusters, bounds=(-2, 2), whole=whole)
        for level in LEVELS:
            found = tested.interval(level)
            outside = tested.p_value < 1 - level
            assert found.excludes(0.0) is outside, (seed, level, tested.p_value, found)
            assert found.low <= found.value <= found.high
            seen.add((level, outside))
    assert len(seen) == 2 * len(LEVELS)


def test_zero_lies_outside_where_the_p_stands_next_to_the_level():
    # every count of discordant pairs, at the level just over and just under its own p
    for only_a, only_b in itertools.product(range(14), range(14)):
        if only_a + only_b < 2:
            continue
        tested = paired_mean(np.repeat([1.0, -1.0, 0.0], [only_a, only_b, 6]), bounds=(-1, 1))
        for alpha in (tested.p_value * 0.999, tested.p_value * 1.001):
            if alpha < 1.0:
                found = tested.interval(1 - alpha)
                assert found.excludes(0.0) is (tested.p_value < alpha), (only_a, only_b, alpha, found)


def test_the_limits_are_means_that_stand_at_the_level(rng):
    d, clusters = did(rng, 60, 2)
    sums = cluster_sums(np.stack([d, np.ones_like(d)], axis=1), clusters)
    flips = Flips(sums[:, 0], sums[:, 1], np.ones(sums.shape[0], dtype=np.int64))
    for level in LEVELS:
        found = paired_mean(d, clusters).interval(level)
        for limit in (found.low, found.high):
            assert flips.p_of(limit) == pytest.approx(1 - level, rel=1e-3)
        inside = np.linspace(found.low, found.high, 9)[1:-1]
        assert all(flips.p_of(mean) > 1 - level for mean in inside)


def test_a_shift_of_every_value_shifts_the_limits(rng):
    x = rng.normal(0.3, 1.0, size=50)
    for whole in (True, False):
        once, moved = (paired_mean(values, whole=whole).interval(0.95) for values in (x, x + 1.0))
        ends = [(i.value, i.low, i.high) for i in (once, moved)]
        assert ends[1] == pytest.approx([end + 1.0 for end in ends[0]], abs=1e-5)


@pytest.mark.parametrize("whole", [True, False])
def test_swapped_subjects_mirror_and_order_does_not_matter(rng, whole):
    d, clusters = did(rng, 60, 3)
    one = paired_mean(d, clusters, bounds=(-2, 2), whole=whole)
    other = paired_mean(-d, clusters, bounds=(-2, 2), whole=whole)
    order = rng.permutation(d.size)
    names = np.array([f"stem {(7 * c) % 20}" for c in clusters])
    shuffled = paired_mean(d[order], names[order], bounds=(-2, 2), whole=whole)
    assert other.p_value == pytest.approx(one.p_value)
    assert shuffled.p_value == pytest.approx(one.p_value)
    for level in LEVELS:
        a, b, c = one.interval(level), other.interval(level), shuffled.interval(level)
        assert (b.value, b.low, b.high) == pytest.approx((-a.value, -a.high, -a.low), abs=1e-6)
        assert (c.value, c.low, c.high) == pytest.approx((a.value, a.low, a.high), abs=1e-9)


def test_higher_levels_hold_the_lower_ones(rng):
    d, clusters = did(rng, 40, 2)
    for whole in (True, False):
        tested = paired_mean(d, clusters, bounds=(-2, 2), whole=whole)
        ends = [(i.low, i.high) for i in map(tested.interval, (0.5, 0.8, 0.95, 0.99, 0.997))]
        assert all(b[0] <= a[0] and a[1] <= b[1] for a, b in itertools.pairwise(ends))


def test_flips_and_t_agree_where_there_are_many_clusters(rng):
    d, clusters = did(rng, 600, 2)
    flips, t = (paired_mean(d, clusters, whole=whole).interval(0.95) for whole in (True, False))
    assert (flips.low, flips.high) == pytest.approx((t.low, t.high), abs=0.003)
    assert (flips.method, t.method) == ("sign flips of clusters", "t, robust to clusters")
    assert (flips.n, flips.n_clusters, t.n, t.n_clusters) == (600, 300, 600, 300)


# --- Student's t, robust to clusters ---


def test_the_mean_is_an_ols_fit_robust_to_clusters(rng):
    sizes = rng.integers(1, 5, size=40)
    clusters = np.repeat(np.arange(40), sizes)
    x = rng.normal(0.2, 1.0, size=clusters.size) + np.repeat(rng.normal(size=40), sizes)
    fit = sm.OLS(x, np.ones(x.size)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    error = fit.bse[0] * np.sqrt(40 / 39)
    tested = paired_mean(x, clusters, whole=False)
    assert tested.error == pytest.approx(error)
    assert tested.error == pytest.approx(cluster_standard_error(x, clusters)[0])
    assert tested.p_value == pytest.approx(2 * scipy_stats.t.sf(abs(x.mean()) / error, 39))
    for level in LEVELS:
        reach = scipy_stats.t.ppf(0.5 + level / 2, 39) * error
        found = tested.interval(level)
        assert (found.low, found.high) == pytest.approx((x.mean() - reach, x.mean() + reach))


def test_single_rows_are_the_t_test(rng):
    x = rng.normal(0.4, 1.0, size=25)
    expected = scipy_stats.ttest_1samp(x, 0.0)
    tested = paired_mean(x, whole=False)
    assert (tested.p_value, tested.df) == pytest.approx((expected.pvalue, 24.0))
    limits = expected.confidence_interval(0.997)
    found = tested.interval(0.997)
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high))


def test_a_sum_of_ratios_has_the_influence_of_each_of_them(rng):
    # Cochran 1977, 6.13: the residuals x - R y of each ratio, summed within clusters
    clusters = np.arange(90) // 3
    bottom = (rng.random((90, 2)) < 0.7).astype(float)
    top = bottom * (rng.random((90, 2)) < [0.6, 0.3])
    sums = cluster_sums(np.concatenate([top, bottom], axis=1), clusters)
    tested = linearised(sums, lambda s: s[:, 0] / s[:, 2] - s[:, 1] / s[:, 3], bounds=(-1, 1), n=90)
    rate = top.sum(axis=0) / bottom.sum(axis=0)
    residual = ((top - rate * bottom) / bottom.sum(axis=0)) @ [1.0, -1.0]
    by_cluster = np.bincount(clusters, weights=residual)
    error = math.sqrt(30 / 29 * float(np.sum(by_cluster**2)))
    found = tested.interval(0.95)
    assert found.value == pytest.approx(rate[0] - rate[1])
    assert tested.error == pytest.approx(error, rel=1e-6)
    assert (found.n, found.n_clusters) == (90, 30)


def test_one_ratio_is_a_fit_of_those_at_risk(rng):
    clusters = np.arange(120) // 2
    risk = rng.random(120) < 0.6
    y = (rng.random(120) < 0.4).astype(float)
    fit = sm.OLS(y[risk], np.ones(int(risk.sum()))).fit(
        cov_type="cluster", cov_kwds={"groups": clusters[risk], "use_correction": False}
    )
    g = np.unique(clusters[risk]).size
    sums = cluster_sums(np.stack([y * risk, risk.astype(float)], axis=1), clusters)
    tested = linearised(sums, lambda s: s[:, 0] / s[:, 1])
    assert tested.error == pytest.approx(fit.bse[0] * math.sqrt(g / (g - 1)), rel=1e-6)
    # clusters with nobody at risk know nothing
    assert (tested.df, tested.interval(0.95).n_clusters) == (g - 1, g)


def test_a_product_of_rates_is_a_bootstrap_of_clusters(rng):
    top = (rng.random((150, 4)) < [0.4, 0.7, 0.3, 0.7]).astype(float)
    sums = cluster_sums(np.concatenate([top, np.ones((150, 1))], axis=1), np.arange(150) // 2)

    def cross(s):
        r = s[:, :4] / s[:, 4:]
        return r[:, 0] * r[:, 3] - r[:, 2] * r[:, 1]

    tested = linearised(sums, cross)
    draws = rng.multinomial(75, np.full(75, 1 / 75), size=20_000) @ sums
    assert tested.error == pytest.approx(np.std(cross(draws)) * math.sqrt(75 / 74), rel=0.03)


# --- signal detection ---


def verdicts(rng, pairs=60, rates=((0.7, 0.3), (0.5, 0.4), (0.6, 0.3), (0.6, 0.4))):
    """Verdicts under four conditions on pairs of a fallacious and a sound argument."""
    signal = np.tile([1.0, 0.0], pairs)
    lean = np.repeat(rng.normal(0.0, 0.1, size=pairs), 2)
    share = np.stack([np.where(signal == 1.0, hit, alarm) for hit, alarm in rates], axis=1)
    says = (rng.random((2 * pairs, len(rates))) < np.clip(share + lean[:, None], 0, 1)).astype(float)
    return says, signal, np.repeat(np.arange(pairs), 2)


def test_a_change_of_detection_is_a_bootstrap_of_clusters(rng):
    says, signal, clusters = verdicts(rng)
    contrast = (1, -1, -1, 1)
    tested = detection_change(says, signal, contrast, clusters)
    sides = np.stack([signal, 1 - signal], axis=1)
    sums = cluster_sums(np.concatenate([sides, says * sides[:, :1], says * sides[:, 1:]], axis=1), clusters)
    draws = rng.multinomial(60, np.full(60, 1 / 60), size=20_000) @ sums
    for place, one in enumerate(tested):
        boot = sum(
            w * d_prime_and_criterion(draws[:, [2 + j, 0, 6 + j, 1]])[:, place]
            for j, w in enumerate(contrast)
        )
        assert one.error == pytest.approx(float(np.std(boot)), rel=0.05)
        found = one.interval(0.95)
        assert (found.low + found.high) / 2 == pytest.approx(found.value)
        level = detection_contrast(says, signal, contrast, clusters)
        assert found.value == pytest.approx((level.d_prime if place == 0 else level.criterion).value)
        assert one.df == 59.0


# two rates and two parameters: the fit leaves no residual
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:Perfect separation")
def test_d_prime_of_single_arguments_is_a_probit_regression(rng):
    # one condition: the slope on the side of the argument, of counts with half a verdict more on each side
    says, signal, _ = verdicts(rng, 200, rates=((0.7, 0.3),))
    tested = detection_change(says, signal, (1,))[0]
    observed = np.array(
        [
            [
                says[signal == side, 0].sum() + 0.5,
                (signal == side).sum() - says[signal == side, 0].sum() + 0.5,
            ]
            for side in (1.0, 0.0)
        ]
    )
    link = sm.families.links.Probit()
    fit = sm.GLM(observed, np.array([[1.0, 1.0], [1.0, 0.0]]), family=sm.families.Binomial(link)).fit()
    assert tested.interval(0.95).value == pytest.approx(fit.params[1], abs=1e-6)
    assert tested.error == pytest.approx(fit.bse[1], rel=0.01)


def test_a_cell_of_none_has_the_spread_of_its_corrected_rate(rng):
    says, signal, clusters = verdicts(rng)
    says[:, 3] = 0.0
    d_prime, criterion = detection_change(says, signal, (1, -1, -1, 1), clusters)
    without = detection_change(says[:, :3], signal, (1, -1, -1), clusters)
    p = 0.5 / 61
    density = scipy_stats.norm.pdf(scipy_stats.norm.ppf(p))
    extra = 2 * p * (1 - p) / (61 * density**2)
    assert d_prime.error**2 == pytest.approx(without[0].error ** 2 + extra, rel=0.01)
    assert criterion.error**2 == pytest.approx(without[1].error ** 2 + extra / 4, rel=0.01)


def test_two_subjects_that_never_differ_have_limits_from_what_may_differ_unseen(rng):
    """The share of clusters that may differ is Wilson's limit of 0 in G; at worst it moves each rate by so much."""
    one = np.repeat([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 1.0]], 30, axis=0)
    signal = np.tile([1.0, 0.0], 60)
    d_prime, criterion = detection_change(np.hstack([one, one]), signal, (1, -1, -1, 1))
    z2 = 1.959964**2
    share = z2 / (120 + z2)
    ends = scipy_stats.norm.ppf([(30 + sign * share * 60 + 0.5) / 61 for sign in (-1, 1)])
    reach = max(abs(ends))  # of z, whose value at one half is 0
    assert (d_prime.p_value, criterion.p_value) == (1.0, 1.0)
    found = criterion.interval(0.95)
    assert (found.value, found.low, found.high) == (0.0, pytest.approx(-2 * reach), pytest.approx(2 * reach))
    assert d_prime.interval(0.95).high == pytest.approx(4 * reach)
    assert criterion.interval(0.5).high < found.high
    wide = detection_change(np.hstack([one[:24]] * 2), signal[:24], (1, -1, -1, 1))[1].interval(0.95)
    assert wide.high > found.high


def test_no_signals_or_no_foils_is_nothing_to_test(rng):
    says, _, _ = verdicts(rng, 5)
    for signal in (np.ones(10), np.zeros(10)):
        for tested in detection_change(says, signal, (1, -1, -1, 1)):
            assert tested.p_value is None
            assert (tested.interval(0.95).value, tested.interval(0.95).note) == (
                None,
                "no signals or no foils",
            )
    with pytest.raises(DataError):
        detection_change(says * 0.5, np.ones(10), (1, -1, -1, 1))


# --- degenerate data ---


def test_all_alike_has_the_limits_of_its_range_and_the_p_that_goes_with_them():
    tested = paired_mean(np.ones(12), bounds=(-1, 1))
    # 12 successes of 12 against a half: the score test, z^2 = 12, and no less than 12 equal signs
    assert tested.p_value == pytest.approx(max(2 * scipy_stats.norm.sf(math.sqrt(12)), 2 * 0.5**12))
    found = tested.interval(0.95)
    assert (found.low, found.high) == pytest.approx(degenerate_limits(1.0, 12.0, (-1, 1), 0.95))
    assert found.note == "all clusters alike"
    assert paired_mean(np.ones(3), bounds=(-1, 1)).p_value == pytest.approx(2 * 0.5**3)
    still = paired_mean(np.zeros(30), bounds=(-2, 2))
    assert still.p_value == 1.0
    assert still.interval(0.95).low < 0.0 < still.interval(0.95).high


def test_zero_lies_outside_where_p_is_below_also_of_clusters_alike():
    for each, g, end in itertools.product(([1.0], [1.0, 0.0], [-1.0], [2.0, 1.0]), (2, 3, 6, 12, 40), (1, 2)):
        if max(map(abs, each)) > end:
            continue
        d, clusters = np.tile(each, g), np.repeat(np.arange(g), len(each))
        tested = paired_mean(d, clusters, bounds=(-end, end))
        for level in (*LEVELS, 0.9999, 1 - 1.001 * tested.p_value, 1 - 0.999 * tested.p_value):
            if 0 < level < 1:
                assert tested.interval(level).excludes(0.0) is (tested.p_value < 1 - level), (each, g, level)


def test_one_cluster_and_no_rows_say_nothing():
    one = paired_mean([1.0, 0.0, 1.0], ["a", "a", "a"], bounds=(-2, 2))
    found = one.interval(0.95)
    assert (one.p_value, found.low, found.high, found.n, found.n_clusters) == (None, None, None, 3, 1)
    assert found.value == pytest.approx(2 / 3)
    assert "one cluster" in found.note
    assert paired_mean(np.ones(5)).interval(0.95).note == "all clusters alike: no spread to go by"
    empty = paired_mean([], bounds=(-2, 2))
    assert (empty.p_value, empty.interval(0.95).value) == (None, None)
    nobody = linearised(np.array([[1.0, 1.0, 0.0, 0.0]] * 4), lambda s: s[:, 0] / s[:, 1] - s[:, 2] / s[:, 3])
    assert (nobody.p_value, nobody.interval(0.95).note) == (None, "no observations in one of the cells")


def test_limits_end_at_the_range(rng):
    # so few clusters that no mean can be rejected at the level
    d = np.array([1.0, 1.0, 1.0, 0.0])
    for whole in (True, False):
        found = paired_mean(d, bounds=(-1, 1), whole=whole).interval(0.997)
        assert (found.low, found.high) == (-1.0, 1.0)
    free = paired_mean(d).interval(0.997)
    assert (free.low, free.high) == (-math.inf, math.inf)
    with pytest.raises(DataError):
        paired_mean([3.0], bounds=(-2, 2))
    with pytest.raises(DataError):
        paired_mean([math.nan, 0.0])
    with pytest.raises(DataError):
        paired_mean(d).interval(1.0)


def test_p_values_are_uniform_under_no_change():
    rng = np.random.default_rng(5)
    found = np.array([paired_mean(*did(rng, 80, 2, effect=0.0)).p_value for _ in range(600)])
    for alpha in (0.05, 0.2):
        assert np.mean(found < alpha) <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / 600)
    assert np.mean(found < 0.5) > 0.35
