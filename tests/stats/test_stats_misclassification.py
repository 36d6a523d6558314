"""A corrected rate against algebra, other software's interval where errors are none, and its coverage."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from sycoscope.core.errors import DataError
from sycoscope.stats.misclassification import ErrorRates, corrected_rate


def errors(hits=90, so=100, rejections=80, not_so=100) -> ErrorRates:
    return ErrorRates(hits=hits, n_positive=so, rejections=rejections, n_negative=not_so)


@pytest.mark.parametrize("truth", [0.1, 0.35, 0.8])
def test_the_correction_inverts_what_errors_do(truth):
    seen = truth * 0.9 + (1 - truth) * 0.2
    assert corrected_rate(1000 * seen, 1000, errors()).value == pytest.approx(truth)


def test_without_errors_it_is_agresti_and_coulls_interval():
    # a reader known to be perfect from very many cases leaves the interval of the rate itself
    many = 10**9
    found = corrected_rate(12, 40, errors(many, many, many, many))
    low, high = proportion_confint(12, 40, method="agresti_coull")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)
    assert found.value == pytest.approx(12 / 40)


def test_fewer_labelled_cases_make_a_wider_interval():
    wide, narrow = (corrected_rate(40, 100, errors(9 * k, 10 * k, 8 * k, 10 * k)) for k in (2, 50))
    assert wide.width > narrow.width
    assert wide.value == narrow.value


def test_a_reader_who_tells_nothing_gives_no_number():
    # the one that always says yes: sensitivity 1, specificity 0
    for useless in (errors(100, 100, 0, 100), errors(50, 100, 50, 100), errors(0, 0, 5, 5)):
        found = corrected_rate(40, 100, useless)
        assert (found.value, found.low) == (None, None)
        assert "sensitivity" in found.note
    assert corrected_rate(0, 0, errors()).value is None


def test_a_value_outside_is_the_nearest_possible_one_and_says_so():
    found = corrected_rate(10, 100, errors())  # fewer than false alarms alone would be
    assert found.value == 0.0
    assert "-0.143" in found.note  # (0.1 - 0.2) / 0.7
    assert found.low == 0.0


def test_counts_out_of_range_are_refused():
    with pytest.raises(DataError, match="hits"):
        errors(hits=101)
    with pytest.raises(DataError, match="successes"):
        corrected_rate(11, 10, errors())


@pytest.mark.parametrize(("truth", "so", "not_so"), [(0.05, 30, 60), (0.3, 30, 30), (0.7, 60, 30)])
def test_coverage(truth, so, not_so):
    rng = np.random.default_rng(5)
    held = n_studies = 2000
    for _ in range(n_studies):
        own = errors(rng.binomial(so, 0.9), so, rng.binomial(not_so, 0.85), not_so)
        seen = rng.binomial(150, truth * 0.9 + (1 - truth) * 0.15)
        found = corrected_rate(seen, 150, own)
        held -= not found.low <= truth <= found.high
    # 0.93 less two Monte-Carlo errors
    assert held / n_studies > 0.93 - 2 * (0.07 * 0.93 / n_studies) ** 0.5
