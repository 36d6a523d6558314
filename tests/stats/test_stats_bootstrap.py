"""Cluster bootstrap: against SciPy, invariants, weights, ranks, seeds."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from sycoscope.core.errors import DataError
from sycoscope.stats import (
    bootstrap_replicates,
    bootstrap_statistic,
    bootstrap_statistics,
    cluster_sums,
    rank_replicates,
    ratio,
    resampled,
    resampling,
    seed_interval,
)
from sycoscope.stats.reference import bootstrap_ratio, nested_bootstrap, rank_uncertainty, ratio_difference
from sycoscope.stats.resampling import acceleration, bundled, distinct_rows, n_informative, tail_area, weights


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_bca_equals_scipy_at_the_same_tail_area(rng):
    x = rng.gamma(4.0, size=60) / 4.0
    sums = np.stack([x, np.ones(60)], axis=1)
    found = bootstrap_statistic(sums, ratio, rng=rng, n_boot=60_000)
    # SciPy reads at (1 - level) / 2; give it the level whose tail is the expanded one.
    level = 1.0 - 2.0 * float(tail_area(np.array([60.0]), 0.95)[0])
    other = scipy_stats.bootstrap(
        (x,), np.mean, confidence_level=level, n_resamples=60_000, method="BCa", random_state=1
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.01)


def test_percentile_equals_scipy(rng):
    x = rng.gamma(4.0, size=60) / 4.0
    sums = np.stack([x, np.ones(60)], axis=1)
    found = bootstrap_statistic(sums, ratio, rng=rng, n_boot=60_000, kind="percentile")
    level = 1.0 - 2.0 * float(tail_area(np.array([60.0]), 0.95)[0])
    other = scipy_stats.bootstrap(
        (x,), np.mean, confidence_level=level, n_resamples=60_000, method="percentile", random_state=1
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.01)


def test_tail_area_matches_the_t_interval():
    # Hesterberg 2015, section 5.3: n = 10 at 95 % is read at 0.0086 (to his rounding), not 0.025.
    area = float(tail_area(np.array([10.0]), 0.95)[0])
    expected = scipy_stats.norm.cdf(-np.sqrt(10 / 9) * scipy_stats.t.ppf(0.975, 9))
    assert area == pytest.approx(expected)
    assert 0.008 < area < 0.009
    assert float(tail_area(np.array([1e6]), 0.95)[0]) == pytest.approx(0.025, abs=1e-5)


def test_acceleration_by_hand(rng):
    x = np.exp(rng.normal(size=25))
    left_out = np.array([np.delete(x, i).mean() for i in range(25)])
    d = left_out.mean() - left_out
    expected = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    assert acceleration(left_out[:, None], np.ones(25, dtype=np.int64))[0] == pytest.approx(expected)
    # For the mean this is the skewness over 6 sqrt(n).
    assert expected == pytest.approx(scipy_stats.skew(x) / (6 * np.sqrt(25)))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [2, 3, 5, 40])
def test_levels_near_1_are_ordered_and_warn_of_nothing(n, rng):
    x = rng.lognormal(size=n)
    found = [
        bootstrap_ratio(x, np.ones(n), None, rng=np.random.default_rng(1), level=level)
        for level in (0.5, 0.95, 0.999, 1 - 1e-6, 1 - 1e-12)
    ]
    assert [one.low for one in found] == sorted((one.low for one in found), reverse=True)
    assert [one.high for one in found] == sorted(one.high for one in found)
    assert x.min() - 1e-12 <= found[-1].low
    assert found[-1].high <= x.max() + 1e-12


def test_distinct_rows_are_the_clusters(rng):
    sums = rng.integers(0, 3, size=(200, 2)).astype(float)
    rows = distinct_rows(sums)
    kept = sums[np.any(sums != 0, axis=1)]
    assert rows.n_clusters == rows.counts.sum() == len(kept)
    assert rows.total == pytest.approx(sums.sum(axis=0))
    assert sorted(map(tuple, np.repeat(rows.table, rows.counts, axis=0))) == sorted(map(tuple, kept))


@pytest.mark.parametrize("counts", [[1] * 12, [100, 1, 30]])
def test_weights_are_multinomial(counts, rng):
    counts = np.array(counts)
    rows = resampling.Rows(np.arange(len(counts) * 1.0)[:, None], counts, int(counts.sum()))
    drawn = np.concatenate(list(weights(rows, 20_000, rng)))
    assert drawn.shape == (20_000, len(counts))
    assert np.all(drawn.sum(axis=1) == counts.sum())
    share = counts / counts.sum()
    assert drawn.mean(axis=0) == pytest.approx(counts, rel=0.05, abs=0.05)
    assert drawn.var(axis=0) == pytest.approx(counts.sum() * share * (1 - share), rel=0.08)


def test_bundles_keep_totals_and_variance(rng):
    sums = np.stack([rng.normal(size=40_000), np.ones(40_000)], axis=1)
    rows = distinct_rows(sums)
    pool = bundled(rows, rng)
    assert pool.table.shape[0] == resampling.N_BUNDLES
    assert pool.total == pytest.approx(rows.total)
    spread = bootstrap_replicates(sums, ratio, rng=rng, n_boot=2000).std()
    assert spread == pytest.approx(sums[:, 0].std() / 200, rel=0.08)


def test_informative_clusters():
    own = np.array([[0.0, 1.0], [0.5, 2.0], [np.nan, 3.0]])
    assert n_informative(own, np.array([90, 5, 5])).tolist() == [11.0, 11.0]
    assert n_informative(np.arange(50.0)[:, None], np.ones(50, dtype=int)).tolist() == [50.0]


def test_statistics_of_one_call_share_their_weights(rng):
    sums = rng.random((30, 2))

    def fn(s):
        return np.stack([s[:, 0] / s[:, 1], 2 * s[:, 0] / s[:, 1]], axis=1)

    one, two = bootstrap_statistics(sums, fn, rng=rng)
    assert (two.low, two.high) == pytest.approx((2 * one.low, 2 * one.high))
    boot = bootstrap_replicates(sums, fn, rng=rng, n_boot=50)
    assert boot[:, 1] == pytest.approx(2 * boot[:, 0])


def test_same_seed_same_limits_and_scale(rng):
    x, n = rng.random(40), np.ones(40)
    first, again, scaled = (bootstrap_ratio(k * x, n, None, rng=np.random.default_rng(9)) for k in (1, 1, 10))
    assert first == again
    assert (scaled.low, scaled.high) == pytest.approx((10 * first.low, 10 * first.high))


def test_at_risk_rows_alone_count(rng):
    risk = np.array([1.0] * 20 + [0.0] * 30)
    x = np.where(risk > 0, rng.random(50), 0.0)
    found = bootstrap_ratio(x, risk, np.arange(50), rng=np.random.default_rng(1), bounds=(0, 1))
    alone = bootstrap_ratio(x[:20], risk[:20], np.arange(20), rng=np.random.default_rng(1), bounds=(0, 1))
    assert found == alone
    assert (found.n, found.n_clusters) == (20, 20)


def test_empty_denominators(rng):
    none = bootstrap_ratio(np.zeros(5), np.zeros(5), None, rng=rng)
    assert none.value is None
    # Two clusters at risk on one side only: half of the resamples or fewer have both sides.
    sums = np.array([[1.0, 1, 0, 0], [0, 0, 1, 2]])
    found = bootstrap_statistic(sums, ratio_difference, rng=rng)
    assert found.value == pytest.approx(0.5)
    assert found.low is None
    assert "empty denominator" in found.note


def test_shapes_are_checked(rng):
    for call in (
        lambda: bootstrap_statistic(np.ones(3), ratio, rng=rng),
        lambda: bootstrap_statistic(np.ones((3, 2)), lambda s: s, rng=rng),
        lambda: bootstrap_statistic(np.ones((3, 2)), lambda s: s.sum(), rng=rng),
        lambda: bootstrap_ratio([1.0], [np.nan], None, rng=rng),
        lambda: cluster_sums(np.full((2, 2), np.inf), None),
    ):
        with pytest.raises(DataError):
            call()


def test_ranks_of_clear_and_tied_subjects(rng):
    boot = np.array([[3.0, 2.0, 1.0], [3.0, 1.0, 2.0], [3.0, 2.0, 2.0], [3.0, 2.0, 1.0]])
    found = rank_replicates([3.0, 2.0, 2.0], boot)
    assert found.rank.tolist() == [1.0, 2.5, 2.5]
    assert found.best.tolist() == [1.0, 0.0, 0.0]
    assert found.probability[1].tolist() == pytest.approx([0.0, 0.625, 0.375])
    assert found.probability.sum(axis=0) == pytest.approx([1, 1, 1])
    assert found.probability.sum(axis=1) == pytest.approx([1, 1, 1])


def test_equal_subjects_share_the_places(rng):
    y = (rng.random((100, 3)) < 0.5).astype(float)
    y = np.concatenate([y, y[:, [1, 2, 0]], y[:, [2, 0, 1]]])
    sums = cluster_sums(np.concatenate([y, np.ones((300, 1))], axis=1), None)
    found = rank_uncertainty(sums, lambda s: s[:, :3] / s[:, 3:], rng=rng)
    assert found.probability == pytest.approx(np.full((3, 3), 1 / 3), abs=0.05)


def test_missing_scores_are_not_ranked():
    with pytest.raises(DataError):
        rank_replicates([1.0, np.nan], np.ones((3, 2)))


def test_seed_interval_by_hand(rng):
    values = rng.normal(size=(4, 30)) + rng.normal(size=(4, 1))
    found = seed_interval(values)
    between = values.mean(axis=1).var(ddof=1) / 4
    within = values.mean(axis=0).var(ddof=1) / 30
    half = np.hypot(
        scipy_stats.t.ppf(0.975, 3) * np.sqrt(between), scipy_stats.t.ppf(0.975, 29) * np.sqrt(within)
    )
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half))


def test_seeds_that_differ_widen_the_interval(rng):
    items = rng.normal(size=60)
    same, differ = np.tile(items, (4, 1)), items + np.array([-1.0, -0.3, 0.4, 0.9])[:, None]
    assert seed_interval(differ).width > 2 * seed_interval(same).width
    assert nested_bootstrap(differ, rng=rng).width > 1.5 * nested_bootstrap(same, rng=rng).width


def test_shared_items_are_not_drawn_anew(rng):
    # Identical seeds: the items are the only noise, and four copies of them do not average it away.
    same = np.tile(rng.normal(size=60), (4, 1))
    crossed, nested = nested_bootstrap(same, rng=rng), nested_bootstrap(same, rng=rng, same_items=False)
    assert crossed.width == pytest.approx(2 * nested.width, rel=0.15)


def test_one_seed_or_item_has_no_seed_interval():
    for values in (np.ones((1, 5)), np.ones((3, 1))):
        assert seed_interval(values).low is None
    with pytest.raises(DataError):
        seed_interval(np.array([[1.0, np.nan]]))


def test_one_set_of_resamples_serves_every_level():
    data = np.random.default_rng(5)
    sums = np.stack([data.normal(size=40), data.integers(1, 4, 40)], axis=1)
    once = resampled(sums, ratio, rng=np.random.default_rng(6))
    for level in (0.5, 0.95):
        (expected,) = bootstrap_statistics(sums, ratio, rng=np.random.default_rng(6), level=level)
        assert once.intervals(level) == [expected]
    assert once.intervals(0.5)[0].width < once.intervals(0.99)[0].width


def test_clusters_that_define_no_statistic_alone_can_all_count(rng):
    # A part of 30 clusters and one of 10: only the first 10 have both.
    sums = np.zeros((30, 4))
    sums[:, 0], sums[:, 1] = np.arange(30) % 2, 1
    sums[:10, 2], sums[:10, 3] = np.arange(10) % 3, 1
    some, every = (
        resampled(sums, ratio_difference, rng=rng, where_undefined=rule).informative[0]
        for rule in ("skip", "all count")
    )
    assert some < every == 30


def test_limits_need_enough_resamples_that_are_defined(rng):
    sums = np.array([[1.0, 1.0, 1.0, 1.0], *[[0.0, 1.0, 0.0, 0.0]] * 9])
    resamples = resampled(sums, ratio_difference, rng=rng)
    (refused,) = resamples.intervals(bounds=(-1, 1))
    assert (refused.low, refused.value) == (None, pytest.approx(0.1 - 1))
    assert "too few clusters: 3" in refused.note
    (given,) = resamples.intervals(bounds=(-1, 1), max_undefined=1.0)
    assert given.low is not None
    assert "had an empty denominator" in given.note
