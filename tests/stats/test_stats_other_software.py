"""Values from other software; each test holds the call that makes them, or names it where it is not Python."""

import itertools

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats as scipy_stats
from statsmodels.stats.power import normal_power, normal_power_het, normal_sample_size_one_tail
from statsmodels.stats.proportion import proportion_confint

from sycoscope.stats import (
    benjamini_hochberg,
    cluster_standard_error,
    correlation,
    effective_n,
    manski_difference,
    manski_rate,
    mcnemar,
    minimum_detectable_effect,
    newcombe_paired,
    rank_replicates,
)
from sycoscope.stats.reference import (
    bootstrap_ratio,
    detection,
    minimum_detectable_difference,
    nested_bootstrap,
    non_inferiority,
    paired_power,
    rate,
    sign_flip_test,
    tango,
)
from sycoscope.stats.resampling import tail_area


@pytest.fixture
def rng():
    return np.random.default_rng(21)


# R 4, package contingencytables 3.0, n <- rbind(c(59, 6), c(16, 80)) (Cavo et al. 2012), to its printed digits:
# Newcombe_square_and_add_CI_paired_2x2(n), Tango_asymptotic_score_CI_paired_2x2(n),
# McNemar_exact_cond_test_paired_2x2(n), McNemar_midP_test_paired_2x2(n).
CAVO = (59, 6, 16, 80)


@pytest.mark.parametrize(
    ("method", "limits"), [(newcombe_paired, (-0.1186, -0.0046)), (tango, (-0.1240, -0.0054))]
)
def test_paired_intervals_of_contingencytables(method, limits):
    found = method(*CAVO)
    assert found.value == pytest.approx(-0.0621, abs=5.1e-5)
    assert (found.low, found.high) == pytest.approx(limits, abs=5.1e-5)


def test_mcnemar_of_contingencytables():
    assert mcnemar(6, 16).p_value == pytest.approx(0.052479, abs=5.1e-7)
    assert mcnemar(6, 16, mid_p=True).p_value == pytest.approx(0.034690, abs=5.1e-7)


def test_a_clustered_rate_is_wilsons_at_the_effective_n_of_a_robust_fit(rng):
    # equal clusters without outliers: Student's df is n_clusters - 1, and the design effect is above 1
    share = rng.beta(1.5, 1.5, size=(60, 1))
    x, clusters = (rng.random((60, 3)) < share).astype(float).ravel(), np.repeat(np.arange(60), 3)
    fit = sm.OLS(x, np.ones(x.size)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    error, p = fit.bse[0] * np.sqrt(60 / 59), x.mean()
    n = p * (1 - p) / error**2
    assert n < 180
    alpha = 2 * scipy_stats.norm.sf(scipy_stats.t.ppf(0.975, 59))
    low, high = proportion_confint(p * n, n, alpha=alpha, method="wilson")
    found = rate(x, clusters, rng=rng)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    # statsmodels' sample variance has n - 1: the same up to that factor
    assert effective_n(x, clusters) == pytest.approx(n, rel=0.01)


@pytest.mark.parametrize(("kind", "method"), [("bca", "BCa"), ("percentile", "percentile")])
def test_a_ratio_over_unequal_clusters_is_scipys_paired_bootstrap(kind, method, rng):
    sizes = rng.integers(1, 6, size=50)
    clusters = np.repeat(np.arange(50), sizes)
    risk = (rng.random(clusters.size) < 0.7).astype(float)
    x = risk * rng.normal(1.0, 1.0, size=clusters.size)
    found = bootstrap_ratio(x, risk, clusters, rng=rng, n_boot=40_000, kind=kind)
    top, bottom = (np.bincount(clusters, weights=w) for w in (x, risk))
    there = bottom > 0
    # SciPy reads at (1 - level) / 2; give it the level whose tail is the expanded one
    level = 1 - 2 * float(tail_area(np.array([there.sum()]), 0.95)[0])
    other = scipy_stats.bootstrap(
        (top[there], bottom[there]),
        lambda a, b, axis: a.sum(axis=axis) / b.sum(axis=axis),
        paired=True, vectorized=True, confidence_level=level, n_resamples=40_000, method=method,
        batch=4_000, random_state=1,
    ).confidence_interval  # fmt: skip
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.02)


def test_the_nested_bootstrap_is_scipys_where_one_level_is_still(rng):
    items, runs = rng.gamma(2.0, size=80), rng.gamma(2.0, size=12)

    def percentiles(values):
        return scipy_stats.bootstrap(
            (values,), np.mean, n_resamples=20_000, method="percentile", random_state=1
        ).confidence_interval

    # Identical seeds: the items alone vary. Items alike: the seeds alone vary.
    same, alike = np.tile(items, (12, 1)), np.tile(runs[:, None], (1, 80))
    for values, other in ((same, percentiles(items)), (alike, percentiles(runs))):
        found = nested_bootstrap(values, rng=rng, n_boot=20_000)
        assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.03)
    # Both at once, independent: variances add (balanced two-way layout).
    both = items[None, :] + runs[:, None]
    spread = np.sqrt(items.var() / 80 + runs.var() / 12)
    assert nested_bootstrap(both, rng=rng, n_boot=20_000).width == pytest.approx(2 * 1.96 * spread, rel=0.05)


def test_sign_flips_of_clusters_are_scipys_permutations(rng):
    d, clusters = rng.normal(0.4, 1.0, size=24), np.repeat(np.arange(8), 3)
    sums = np.bincount(clusters, weights=d)
    other = scipy_stats.permutation_test(
        (sums,), np.sum, vectorized=True, permutation_type="samples", n_resamples=np.inf
    )
    found = sign_flip_test(d, clusters, rng=rng)
    assert found.p_value == pytest.approx(other.pvalue)
    assert "exact" in found.method


def test_an_exact_correlation_is_scipys_permutations_of_pairings(rng):
    x, y = rng.normal(size=7), rng.normal(size=7)
    other = scipy_stats.permutation_test(
        (x,), lambda a: scipy_stats.pearsonr(a, y).statistic, permutation_type="pairings", n_resamples=np.inf
    )
    # SciPy doubles the smaller tail; ours counts |r|: equal where the permutation distribution is symmetric, so by hand
    null = np.abs(other.null_distribution)
    found = correlation(x, y, rng=rng)
    assert found.p_value == pytest.approx(np.mean(null >= abs(other.statistic) - 1e-12))


def test_benjamini_hochberg_is_scipys(rng):
    p = rng.random(20) ** 3
    assert benjamini_hochberg(p.tolist()) == pytest.approx(scipy_stats.false_discovery_control(p).tolist())


def test_non_inferiority_is_scipys_one_sided_t_test(rng):
    d = rng.normal(0.1, 1.0, size=45)
    found = non_inferiority(d, margin=0.2)
    assert found.p_value == pytest.approx(scipy_stats.ttest_1samp(d, -0.2, alternative="greater").pvalue)
    clusters = np.arange(45) // 3
    error, df = cluster_standard_error(d, clusters)
    expected = scipy_stats.t.sf((d.mean() + 0.2) / error, df)
    assert non_inferiority(d, clusters, margin=0.2).p_value == pytest.approx(expected)


def test_power_is_that_of_statsmodels_with_two_variances():
    n, psi = 250, 0.3
    delta = minimum_detectable_difference(n, psi, power=0.8)
    null, alternative = np.sqrt(psi), np.sqrt(psi - delta**2)
    power = normal_power_het(
        delta, n, 0.025, std_null=null, std_alternative=alternative, alternative="larger"
    )
    assert paired_power(delta, n, psi) == pytest.approx(power)
    needed = normal_sample_size_one_tail(delta, 0.8, 0.025, std_null=null, std_alternative=alternative)
    assert needed == pytest.approx(n, rel=1e-6)


def test_the_detectable_effect_has_its_power_in_statsmodels():
    effect = minimum_detectable_effect(0.04, power=0.8)
    # the far tail, which the formula leaves out, is 1e-6 here
    assert normal_power(effect / 0.04, 1, 0.05) == pytest.approx(0.8, abs=1e-5)
    wide = minimum_detectable_effect(0.04, power=0.9, df=12)
    t = scipy_stats.t(12)
    assert wide / 0.04 - t.ppf(0.975) == pytest.approx(t.ppf(0.9))


# two rates and two parameters: the fit leaves no residual
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:Perfect separation")
def test_d_prime_is_the_slope_of_a_probit_regression():
    hits, signals, alarms, foils = 15.0, 25.0, 5.0, 25.0
    says = np.repeat([1, 0, 1, 0], [15, 10, 5, 20])
    signal = np.repeat([1, 1, 0, 0], [15, 10, 5, 20])
    # log-linear: half a success and half a failure more on each side
    observed = np.array([[hits + 0.5, signals - hits + 0.5], [alarms + 0.5, foils - alarms + 0.5]])
    link = sm.families.links.Probit()
    fit = sm.GLM(observed, np.array([[1.0, 1.0], [1.0, 0.0]]), family=sm.families.Binomial(link)).fit()
    found = detection(says, signal)
    assert found.d_prime.value == pytest.approx(fit.params[1], abs=1e-6)
    # c = -(z(H) + z(F)) / 2
    assert found.criterion.value == pytest.approx(-(fit.params[0] + fit.params[1] / 2), abs=1e-6)
    # Wald there, Wilson here
    assert found.d_prime.width == pytest.approx(2 * 1.96 * fit.bse[1], rel=0.05)


def test_ranks_are_scipys(rng):
    boot = rng.integers(0, 4, size=(500, 5)).astype(float)
    found = rank_replicates(boot[0], boot)
    middle = scipy_stats.rankdata(-boot, axis=1)
    assert found.rank == pytest.approx(middle[0])
    first = scipy_stats.rankdata(-boot, axis=1, method="min") == 1
    assert found.best == pytest.approx((first / first.sum(axis=1, keepdims=True)).mean(axis=0))
    assert np.all((found.low <= np.median(middle, axis=0)) & (np.median(middle, axis=0) <= found.high))


def test_manski_bounds_are_the_extremes_of_every_filling():
    a, b = (3, 5, 2), (1, 4, 3)
    rates = [(s + k) / (n + m) for s, n, m in (a,) for k in range(m + 1)]
    one, other = manski_rate(*a), manski_rate(*b)
    assert (one.low, one.high) == pytest.approx((min(rates), max(rates)))
    differences = [
        (a[0] + i) / (a[1] + a[2]) - (b[0] + j) / (b[1] + b[2])
        for i, j in itertools.product(range(a[2] + 1), range(b[2] + 1))
    ]
    found = manski_difference(one, other)
    assert (found.low, found.high) == pytest.approx((min(differences), max(differences)))
