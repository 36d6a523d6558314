"""Proportions: values of papers and other software, symmetry, degenerate tables."""

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats
from scipy.optimize import minimize_scalar
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.proportion import proportion_confint

from sycoscope.core.errors import DataError
from sycoscope.stats import mcnemar, newcombe_paired, wilson
from sycoscope.stats.reference import tango


@pytest.mark.parametrize(("x", "n"), [(0, 10), (1, 10), (5, 29), (148, 263), (20, 20)])
def test_wilson_equals_statsmodels(x, n):
    found = wilson(x, n)
    low, high = proportion_confint(x, n, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


# Newcombe 1998 (Stat. Med. 17, 857-872), table I, method 3, to the paper's four digits.
@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_of_newcombes_table(x, n, low, high):
    found = wilson(x, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-5)


def test_newcombe_paired_of_the_paper():
    # Newcombe 1998 (Stat. Med. 17, 2635-2650), table III, pairs 36, 12, 2, 0: method 10 gives 0.0569 to 0.3404.
    found = newcombe_paired(36, 12, 2, 0)
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=5.1e-5)


def score_root(both, only_a, only_b, neither, delta):
    """Tango's statistic by brute force: the restricted likelihood maximised numerically."""
    n = both + only_a + only_b + neither
    # Cells: q21 is the probability of only_b; that of only_a is q21 + delta.
    low, high = max(0.0, -delta), (1.0 - delta) / 2.0

    def loss(q):
        cells = np.array([q + delta, q, 1.0 - 2.0 * q - delta])
        counts = np.array([only_a, only_b, both + neither])
        return -float(np.sum(counts[counts > 0] * np.log(np.maximum(cells[counts > 0], 1e-300))))

    q = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return (only_a - only_b - n * delta) / np.sqrt(n * (2.0 * q + delta * (1.0 - delta)))


@pytest.mark.parametrize("table", [(36, 12, 2, 0), (20, 5, 9, 40), (3, 1, 6, 2), (53, 16, 8, 3)])
def test_tango_limits_solve_the_score_equation(table):
    found = tango(*table)
    z = scipy_stats.norm.ppf(0.975)
    assert score_root(*table, found.low) == pytest.approx(z, abs=1e-4)
    assert score_root(*table, found.high) == pytest.approx(-z, abs=1e-4)


@pytest.mark.parametrize("method", [newcombe_paired, tango])
@pytest.mark.parametrize("table", list(itertools.product((0, 3, 40), repeat=4))[1:])
def test_paired_intervals_swap_and_hold_the_value(method, table):
    both, a, b, neither = table
    found, swapped = method(both, a, b, neither), method(both, b, a, neither)
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low), abs=1e-9)
    assert -1.0 <= found.low <= found.value <= found.high <= 1.0
    assert found.low < found.high


def test_intervals_widen_with_the_level():
    for method in (newcombe_paired, tango):
        narrow, wide = method(20, 5, 9, 40, level=0.8), method(20, 5, 9, 40, level=0.99)
        assert wide.low < narrow.low
        assert narrow.high < wide.high


@pytest.mark.parametrize(("b", "c"), [(1, 7), (5, 5), (12, 2), (0, 6), (30, 44)])
def test_mcnemar_exact_equals_statsmodels(b, c):
    assert mcnemar(b, c).p_value == pytest.approx(statsmodels_mcnemar([[9, b], [c, 9]], exact=True).pvalue)


def test_mcnemar_mid_p_of_fagerland():
    # Fagerland, Lydersen and Laake 2013, airway hyper-responsiveness (1 against 7): exact 0.0703, mid-p 0.0391.
    assert mcnemar(1, 7).p_value == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar(1, 7, mid_p=True).p_value == pytest.approx(0.0391, abs=5e-5)
    assert mcnemar(4, 4, mid_p=True).p_value == pytest.approx(1.0)


def test_nothing_observed():
    for found in (wilson(0, 0), newcombe_paired(0, 0, 0, 0), tango(0, 0, 0, 0)):
        assert found.value is found.low is found.high is None
        assert found.note
    assert mcnemar(0, 0).p_value == 1.0


def test_bad_counts_are_refused():
    for call in (
        lambda: wilson(3, 2),
        lambda: newcombe_paired(1, -1, 0, 0),
        lambda: mcnemar(1, -2),
        lambda: wilson(1, 2, level=95),
    ):
        with pytest.raises(DataError):
            call()
