"""Corrected rates of a sample drawn by reading: against plain rates, by hand, and in simulated studies."""

from __future__ import annotations

import numpy as np
import pytest

from sycoscope.analysis.by_hand import allocation
from sycoscope.core.errors import DataError
from sycoscope.stats import kappa, rate_contrast, wilson
from sycoscope.stats.agreement import kappa_of
from sycoscope.stats.double_sampling import ReadCell, double_sampled


def cell(reading, labelled, counted, outside=None, drawn_from=None) -> ReadCell:
    reading = np.array(reading)
    k = len(labelled)
    sizes = np.bincount(reading[reading >= 0], minlength=k) if drawn_from is None else drawn_from
    return ReadCell(
        reading=reading, drawn_from=np.array(sizes), labelled=np.array(labelled), counted=np.array(counted),
        outside=np.array(outside if outside is not None else [0] * k),
    )  # fmt: skip


def test_the_estimate_weighs_each_reading_by_how_often_it_occurs():
    # 80 read as 0, of 10 labelled 1 is so; 20 read as 1, of 5 labelled 4 are so
    found = double_sampled([cell([0] * 80 + [1] * 20, [10, 5], [1, 4])], (1,))
    assert found.value == pytest.approx(0.8 * 0.1 + 0.2 * 0.8)
    assert found.low < found.value < found.high


def test_where_all_is_labelled_it_is_the_plain_interval():
    truth, reading = np.array([1] * 20 + [0] * 60), np.array([0] * 40 + [1] * 40)
    counted = [int(truth[reading == h].sum()) for h in (0, 1)]
    found = double_sampled([cell(reading, [40, 40], counted)], (1,))
    plain = wilson(20, 80)
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_without_errors_and_with_all_labels_a_contrast_is_that_of_the_rates():
    rng = np.random.default_rng(3)
    first = (rng.random(120) < 0.6).astype(int)
    second = np.where(rng.random(120) < 0.7, first, 0)
    cells = [cell(one, np.bincount(one, minlength=2), [0, one.sum()]) for one in (first, second)]
    found = double_sampled(cells, (1, -1))
    plain = rate_contrast(np.stack([first, second], 1), np.ones((120, 2)), (1, -1))
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_more_labels_make_it_narrower_down_to_the_plain_one():
    widths = [
        double_sampled([cell([0] * 80 + [1] * 20, [4 * k, k], [k, k - k // 5])], (1,)).width
        for k in (5, 10, 20)
    ]
    assert widths[0] > widths[1] > widths[2]
    clustered = double_sampled([cell([0] * 80 + [1] * 20, [80, 20], [0, 20])], (1,), np.repeat(range(25), 4))
    assert clustered.width > double_sampled([cell([0] * 80 + [1] * 20, [80, 20], [0, 20])], (1,)).width


def test_what_is_outside_is_taken_out_of_the_denominator():
    # by the labels 1 in 5 of reading 0 does not count, and 3 in 5 of it are so
    found = double_sampled([cell([0] * 50 + [1] * 50, [10, 10], [6, 0], [2, 0])], (1,))
    assert found.value == pytest.approx(0.5 * 0.6 / (0.5 * 0.8 + 0.5))


def test_rows_of_other_cells_do_not_count():
    one = double_sampled([cell([0] * 30 + [1] * 30, [10, 10], [1, 9])], (1,))
    more = double_sampled([cell([0] * 30 + [1] * 30 + [-1] * 40, [10, 10], [1, 9])], (1,))
    assert (one.value, one.low, one.high, one.n) == (more.value, more.low, more.high, more.n)


def test_what_cannot_be_said_has_no_value():
    for lacking, why in (
        (cell([0] * 9 + [1], [9, 0], [0, 0]), "no label"),
        (cell([-1] * 5, [0, 0], [0, 0]), "no trials"),
        (cell([0] * 9, [3, 0], [0, 0], [3, 0]), "no trial counts"),
    ):
        found = double_sampled([lacking], (1,))
        assert (found.value, found.low) == (None, None)
        assert why in found.note


def test_counts_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="labelled <= drawn_from"):
        cell([0] * 5, [6], [0])
    with pytest.raises(DataError, match="counted"):
        cell([0] * 5, [3], [3], [1])
    with pytest.raises(DataError, match="codes below"):
        cell([2] * 5, [3], [3], drawn_from=[5])
    with pytest.raises(DataError, match="weights"):
        double_sampled([cell([0] * 5, [3], [3])], (1, -1))


def test_kappa_of_counts_is_that_of_labels():
    a, b = "xxyyzzxyxy", "xxyyzyxyyy"
    names = sorted(set(a))
    table = np.zeros((3, 3))
    for first, second in zip(a, b, strict=True):
        table[names.index(first), names.index(second)] += 2.5  # weights change nothing where all are alike
    assert kappa_of(table) == pytest.approx(kappa(a, b))
    assert kappa_of(np.diag([4.0, 0.0])) is None
    assert kappa_of(np.zeros((2, 2))) is None


# --- simulated: planted errors that differ by condition ---

# of true outcomes (target, suggested, other): how each is read; under the cue a polite correction passes for the suggestion
PLAIN = np.array([[0.97, 0.01, 0.02], [0.02, 0.95, 0.03], [0.02, 0.02, 0.96]])
CUED = np.array([[0.80, 0.17, 0.03], [0.05, 0.90, 0.05], [0.05, 0.05, 0.90]])


def simulated(rng, rates, n_items, n_labels, size=1):
    """One cell per rate of the suggestion, every second under the cue; and what a person without labels would say."""
    cells, naive = [], []
    shared = np.repeat(rng.random(n_items // size), size)
    for place, rate in enumerate(rates):
        u = np.where(rng.random(n_items) < 0.5, shared, rng.random(n_items))
        truth = np.where(u < rate, 1, np.where(u < rate + (1 - rate) * 0.8, 0, 2))
        errors = CUED if place % 2 else PLAIN
        reading = (rng.random(n_items)[:, None] > errors.cumsum(axis=1)[truth]).sum(axis=1)
        labelled = allocation(np.bincount(reading, minlength=3), n_labels)
        said = [truth[rng.permutation(np.flatnonzero(reading == h))[:m]] == 1 for h, m in enumerate(labelled)]
        cells.append(cell(reading, labelled, [int(one.sum()) for one in said]))
        naive.append(float((reading == 1).mean()))
    return cells, np.array(naive)


@pytest.mark.parametrize(
    ("rates", "n_items", "n_labels", "size"),
    [
        ((0.03, 0.30, 0.05, 0.55), 200, 40, 1),
        ((0.01, 0.05, 0.01, 0.05), 200, 60, 1),
        ((0.10, 0.50, 0.10, 0.20), 200, 40, 4),
    ],
)
def test_planted_errors_are_undone_and_the_intervals_hold_the_truth(rates, n_items, n_labels, size):
    rng, n_studies = np.random.default_rng(11), 300
    clusters = np.repeat(range(n_items // size), size)
    for places, weights in (((1,), (1,)), ((1, 0), (1, -1)), ((3, 2, 1, 0), (1, -1, -1, 1))):
        truth = float(np.dot(weights, [rates[place] for place in places]))
        held, values, naive = 0, [], []
        for _ in range(n_studies):
            cells, read = simulated(rng, rates, n_items, n_labels, size)
            found = double_sampled([cells[place] for place in places], weights, clusters)
            held += found.low <= truth <= found.high
            values.append(found.value)
            naive.append(float(np.dot(weights, read[list(places)])))
        # 0.93 less two Monte-Carlo errors
        assert held / n_studies > 0.93 - 2 * (0.07 * 0.93 / n_studies) ** 0.5
        assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / n_studies**0.5)
        if len(places) == 2 and truth < 0.1:  # where little is so, errors under the cue alone are the effect
            assert np.mean(naive) > truth + 0.07
