"""Permutation, multiplicity, margins, missing outcomes, power."""

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from sycoscope.core.errors import DataError
from sycoscope.stats import (
    benjamini_hochberg,
    holm,
    items_needed,
    manski_difference,
    manski_rate,
    mcnemar,
    minimum_detectable_effect,
    wilson,
)
from sycoscope.stats.reference import (
    equivalence,
    minimum_detectable_difference,
    non_inferiority,
    paired_power,
    sign_flip_test,
)


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def brute_force(sums):
    flips = np.array(list(itertools.product((1, -1), repeat=len(sums))))
    return float(np.mean(np.abs(flips @ sums) >= abs(sum(sums)) - 1e-9))


def test_single_items_give_mcnemars_exact_test(rng):
    d = np.repeat([1, -1, 0], [12, 4, 30])
    assert sign_flip_test(d, rng=rng).p_value == pytest.approx(mcnemar(12, 4).p_value)


def test_clusters_flip_as_one(rng):
    d, clusters = np.array([1, 1, -1, 2, 1, 0, 1, -2, 1.0, 1]), np.array([0, 0, 1, 1, 2, 2, 3, 4, 5, 5])
    sums = np.bincount(clusters, weights=d)
    found = sign_flip_test(d, clusters, rng=rng)
    assert found.p_value == pytest.approx(brute_force(sums[sums != 0]))
    assert "exact" in found.method


def test_numbers_are_enumerated_when_few(rng):
    d = rng.normal(0.5, 1, size=9)
    found = sign_flip_test(d, rng=rng)
    assert found.p_value == pytest.approx(brute_force(d))
    other = scipy_stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert found.p_value == pytest.approx(other.pvalue)


def test_monte_carlo_is_close_to_the_t_test_and_never_zero(rng):
    d = rng.normal(0.25, 1, size=80)
    found = sign_flip_test(d, rng=rng, n_permutations=19_999)
    assert "Monte Carlo" in found.method
    assert found.p_value == pytest.approx(scipy_stats.ttest_1samp(d, 0).pvalue, abs=0.01)
    assert sign_flip_test(d + 9, rng=rng, n_permutations=99).p_value == pytest.approx(0.01)


def test_nothing_to_flip(rng):
    assert sign_flip_test([0.0, 0.0], rng=rng).p_value == 1.0
    assert sign_flip_test([], rng=rng).p_value is None


def test_p_values_are_uniform_under_no_effect():
    rng = np.random.default_rng(2)
    p = [sign_flip_test(rng.integers(-1, 2, 40), np.arange(40) // 2, rng=rng).p_value for _ in range(400)]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert np.mean(np.array(p) <= 0.5) > 0.35


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_missing_tests_pass_through(adjust, method):
    p = [0.01, None, 0.04, 0.03, None, 0.005]
    known = multipletests([0.01, 0.04, 0.03, 0.005], method=method)[1]
    assert adjust(p) == [
        pytest.approx(known[0]),
        None,
        *map(pytest.approx, known[1:3]),
        None,
        pytest.approx(known[3]),
    ]
    assert adjust([None]) == [None]
    assert adjust([]) == []
    with pytest.raises(DataError):
        adjust([1.2])


def test_holm_by_hand():
    # 4 * 0.005, then 3 * 0.01, 2 * 0.03, and never below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_equivalence_equals_statsmodels(rng):
    x, y = rng.normal(size=50), rng.normal(size=50)
    found = equivalence(x - y, low=-0.6, high=0.5)
    assert found.p_value == pytest.approx(ttost_paired(x, y, -0.6, 0.5)[0])
    assert found.shown is (found.p_value < 0.05)
    assert found.interval.level == pytest.approx(0.9)


def test_the_interval_and_the_p_value_agree(rng):
    for shift in np.linspace(-0.4, 0.4, 9):
        found = equivalence(rng.normal(shift, 0.5, size=40), np.arange(40) // 2, low=-0.3, high=0.3)
        assert found.shown is (found.p_value < 0.05)
        other = non_inferiority(rng.normal(shift, 0.5, size=40), margin=0.2)
        assert other.shown is (other.p_value < 0.05)


def test_no_variance_needs_bounds():
    assert equivalence(np.zeros(50), low=-0.1, high=0.1).shown is None
    found = equivalence(np.zeros(50), low=-0.1, high=0.1, bounds=(-1, 1))
    assert found.shown is True
    assert found.interval.high == pytest.approx(wilson(0, 50, level=0.9).high)
    assert equivalence(np.zeros(20), low=-0.1, high=0.1, bounds=(-1, 1)).shown is False
    assert equivalence([0.1], low=-1, high=1).shown is None


def test_margins_must_hold_zero():
    for call in (
        lambda: equivalence([0.0, 1.0], low=0.1, high=0.2),
        lambda: non_inferiority([0.0, 1.0], margin=-0.1),
        lambda: equivalence([0.0, 1.0], low=-1, high=1, alpha=0.6),
    ):
        with pytest.raises(DataError):
            call()


def test_manski_bounds():
    found = manski_rate(0, 22, 278)
    assert (found.value, found.low, found.high) == (0.0, 0.0, pytest.approx(278 / 300))
    assert found.outer_high == pytest.approx(wilson(278, 300).high)
    complete = manski_rate(5, 20, 0)
    assert complete.low == complete.high == complete.value == 0.25
    assert (complete.outer_low, complete.outer_high) == pytest.approx((wilson(5, 20).low, wilson(5, 20).high))


def test_sign_is_fixed_only_where_the_bounds_agree():
    open_ = manski_difference(manski_rate(58, 107, 193), manski_rate(0, 22, 278))
    assert open_.sign == "sign not fixed"
    assert open_.low == pytest.approx((58 - 278) / 300)
    assert open_.high == pytest.approx((58 + 193) / 300)
    fixed = manski_difference(manski_rate(90, 98, 2), manski_rate(10, 95, 5))
    assert (fixed.sign, fixed.low) == ("positive", pytest.approx(0.9 - 0.15))
    assert manski_difference(manski_rate(10, 95, 5), manski_rate(90, 98, 2)).sign == "negative"
    assert manski_difference(manski_rate(0, 0, 0), manski_rate(1, 2, 0)).low is None
    with pytest.raises(DataError):
        manski_rate(5, 4, 0)


@pytest.mark.parametrize("n", [150, 300, 2000])
@pytest.mark.parametrize("discordance", [0.1, 0.4])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_detectable_difference_has_its_power(n, discordance, power):
    delta = minimum_detectable_difference(n, discordance, power=power)
    assert paired_power(delta, n, discordance) == pytest.approx(power, abs=1e-9)


def test_power_by_simulation():
    rng = np.random.default_rng(4)
    delta = minimum_detectable_difference(400, 0.2)
    counts = rng.multinomial(400, [(0.2 + delta) / 2, (0.2 - delta) / 2, 0.8], size=3000)
    z = (counts[:, 0] - counts[:, 1]) / np.sqrt(counts[:, 0] + counts[:, 1])
    assert np.mean(np.abs(z) > 1.96) == pytest.approx(0.8, abs=0.025)


def test_too_small_a_study_detects_nothing():
    assert minimum_detectable_difference(10, 0.05) is None
    assert minimum_detectable_effect(0.02) == pytest.approx(0.02 * (1.959964 + 0.841621), abs=1e-6)
    assert minimum_detectable_effect(0.02, df=5) > minimum_detectable_effect(0.02)
    for call in (lambda: minimum_detectable_difference(0, 0.1), lambda: minimum_detectable_effect(-1.0)):
        with pytest.raises(DataError):
            call()


def test_items_that_a_limit_needs():
    # by hand: ((1.644854 + 0.841621) * 0.5 / 0.1)^2 = 154.56, whatever number the spread was seen on
    assert items_needed(0.05, 100, 0.1) == items_needed(0.5, 1, 0.1) == 155
    assert items_needed(0.05, 100, 0.05) == 619
    rng = np.random.default_rng(5)
    n = items_needed(0.5, 1, 0.1)
    low = [
        non_inferiority(rng.normal(0.0, 0.5, n), margin=0.1).shown for _ in range(2_000)
    ]  # the power that it was solved for
    assert np.mean(low) == pytest.approx(0.8, abs=0.03)
    for call in (lambda: items_needed(0.0, 10, 0.1), lambda: items_needed(0.1, 10, 0.0)):
        with pytest.raises(DataError):
            call()
