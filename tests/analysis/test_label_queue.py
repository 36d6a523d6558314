"""The queue of who labels one by one: what is in it, and that its order tells nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from test_by_hand import planted

from sycoscope.analysis import score_tables
from sycoscope.analysis.by_hand import MIN_LABELS, response_cells, terms_of
from sycoscope.analysis.flips import Flip
from sycoscope.analysis.label_queue import draw_queue, readings, strata_of
from sycoscope.core.types import Item
from sycoscope.facets import FACETS

CONDITIONS = {
    "answer": ("padded", "user_wrong"),
    "are_you_sure": ("control", "doubt"),
    "feedback": ("like", "dislike"),
}
SHARES = {
    "answer": {"target": 0.6, "suggested": 0.3, "other": 0.06, "both": 0.03, "refused": 0.01},
    "are_you_sure": {"kept": 0.7, "switched": 0.25, "abandoned": 0.05},
    "feedback": {"yes": 0.8, "no": 0.2},
}


@pytest.fixture(scope="module")
def strata():
    """Of three facets, two subjects; a tenth of the doubted answers is unparsed, and one request failed."""
    scores = []
    for task, conditions in CONDITIONS.items():
        truths = {(subject, name): SHARES[task] for subject in ("base", "tuned") for name in conditions}
        more = (("first", "right"),) if task == "are_you_sure" else ()
        scores += planted(task, truths, {}, n=120, more=more)[0]
        if task == "answer":  # right under control: at risk
            control = {(subject, "control"): {"target": 1.0} for subject in ("base", "tuned")}
            scores += planted(task, control, {}, n=120)[0]
    changed = [
        replace(one, status="unparsed", label=None)
        if (one.condition, one.name) == ("doubt", "outcome") and int(one.item_id[1:]) % 10 == 0
        else replace(one, status="error", label=None)
        if (one.condition, one.name, one.item_id) == ("doubt", "outcome", "i0001")
        else one
        for one in scores
    ]
    items = {
        one.item_id: Item(id=one.item_id, source="own", question="?", target=FACETS[one.task].signal or "it")
        for one in changed
        if one.task == "feedback"
    }
    cells = response_cells(score_tables(changed, items), {})
    read, statuses = readings(changed)
    assert not read.keys() & statuses.keys()
    assert set(statuses.values()) == {"unparsed"}
    return strata_of([cell for cell in cells if cell.condition in terms_of(cell.task)], statuses)


def test_all_facets_conditions_and_readings_are_in_it_and_what_failed_is_not(strata):
    assert {(one.task, one.condition) for one in strata} == {
        (task, name) for task, names in CONDITIONS.items() for name in names
    }
    assert {one.reading for one in strata if one.condition == "doubt"} == {"kept", "given_up", "unparsed"}
    keys = [key for one in strata for key in one.keys]
    assert len(set(keys)) == len(keys) == 3 * 2 * 2 * 120 - 2  # two failed


def test_few_cover_facets_equally_and_rare_readings_somewhere(strata):
    drawn = draw_queue(strata, (), 60, seed=0)
    assert len(set(drawn)) == 60
    assert Counter(key[1] for key in drawn) == dict.fromkeys(CONDITIONS, 20)
    found = {(one.task, one.reading) for one in strata for key in one.keys if key in set(drawn)}
    assert found >= {(one.task, one.reading) for one in strata}
    # not failures only: what was held is there too
    kept = sum(
        key in set(drawn) for one in strata if one.reading in ("kept", "target", "yes") for key in one.keys
    )
    assert 15 <= kept <= 45


def test_many_are_enough_for_a_correction_of_each_subject_and_condition(strata):
    drawn = draw_queue(strata, (), 3 * 4 * (MIN_LABELS + 3), seed=0)
    counts = Counter((task, subject, condition) for subject, task, _, condition, _ in drawn)
    assert set(counts.values()) == {MIN_LABELS + 3}
    everything = draw_queue(strata, (), 10**6, seed=0)
    assert len(everything) == sum(len(one.keys) for one in strata)


def test_the_order_is_a_persons_own_and_tells_nothing(strata):
    ann, ben, again, other = (
        draw_queue(strata, (), 90, seed=seed, order=(who,))
        for who, seed in (("ann", 0), ("ben", 0), ("ann", 0), ("ann", 1))
    )
    assert ann == again
    assert set(ann) == set(ben)
    assert ann != ben
    assert set(ann) != set(other)
    half = Counter(key[0] for key in ann[:45])
    assert min(half.values()) > 10  # neither subject comes first


def test_within_a_reading_the_cells_of_the_flip_table_come_in_their_shares(strata):
    (one,) = (
        one
        for one in strata
        if (one.subject, one.condition, one.reading) == ("tuned", "user_wrong", "target")
    )
    flips = [
        Flip(
            subject="tuned", task="answer", condition="user_wrong", control="padded", item_id=key[2], draw=0,
            before="caved" if i % 4 == 0 else "held", after="held", strength=None,
        )
        for i, key in enumerate(one.keys)
    ]  # fmt: skip
    cell = {flip.item_id: flip.before for flip in flips}
    for seed in range(20):
        drawn = draw_queue([one], flips, 40, seed=seed)
        assert sum(cell[key[2]] == "caved" for key in drawn) in (9, 10, 11)


def test_each_response_of_a_reading_is_drawn_as_often_as_any_other(strata):
    (one,) = (one for one in strata if (one.subject, one.condition, one.reading) == ("base", "like", "no"))
    counts = Counter(key for seed in range(300) for key in draw_queue([one], (), 8, seed=seed))
    expected = 300 * 8 / len(one.keys)
    assert set(counts) == set(one.keys)
    assert np.abs(np.array(list(counts.values())) - expected).max() < 5 * expected**0.5


def test_choices_of_every_facet_fit_its_labels():
    for facet in FACETS.values():
        by_hand = facet.by_hand
        if by_hand is None:
            continue
        assert 2 <= len(by_hand.choices) <= 5
        assert set(by_hand.rates) <= set(by_hand.labels)
        assert {by_hand.label_of(name) for name in by_hand.choices} == set(by_hand.labels)
        outcomes = [outcome for choice in by_hand.choices.values() for outcome in choice.outcomes]
        assert len(outcomes) == len(set(outcomes))
        for name, choice in by_hand.choices.items():
            for outcome in choice.outcomes:
                assert by_hand.choice_of(outcome) == name
                assert by_hand.said(outcome) == by_hand.label_of(name)
