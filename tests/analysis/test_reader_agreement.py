"""Readers whose agreement is planted: kappa's interval holds it, and a sample drawn by reading does not move it."""

from __future__ import annotations

import numpy as np
import pytest

from sycoscope.analysis.label_queue import Stratum
from sycoscope.analysis.reader_agreement import RULES, agreed, pair_agreements
from sycoscope.core.errors import DataError
from sycoscope.stats import Interval
from sycoscope.stats.agreement import cohen_kappa, kappa

WORDS = ("target", "suggested", "other", "both", "none")


def population(n=6000, share=0.5, kappa_planted=0.7, seed=3):
    """What two readers would say of all: with chance k the second says the same, else one of its own margins: kappa k."""
    rng = np.random.default_rng(seed)
    shares = (share, 1 - share - 0.06, 0.02, 0.02, 0.02)
    first = rng.choice(WORDS, n, p=shares)
    second = np.where(rng.random(n) < kappa_planted, first, rng.choice(WORDS, n, p=shares))
    keys = [("base", "answer", f"i{i // 2}", "user_wrong", i % 2) for i in range(n)]
    return keys, dict(zip(keys, map(str, first), strict=True)), dict(zip(keys, map(str, second), strict=True))


def strata_of(keys, by):
    names = dict.fromkeys(by[key] for key in keys)
    return [
        Stratum(
            task="answer", subject="base", condition="user_wrong", reading=name,
            keys=[key for key in keys if by[key] == name], clusters=[key[2] for key in keys if by[key] == name],
        )
        for name in names
    ]  # fmt: skip


def test_a_planted_kappa_lies_within_its_interval():
    inside = 0
    for seed in range(12):
        keys, first, second = population(n=300, seed=seed)
        (pair,) = (
            one
            for one in pair_agreements({"ann": first, "ben": second}, {}, strata_of(keys, first))
            if one.second == "ben"
        )
        assert pair.n == 300
        assert pair.coverage == 1.0
        assert isinstance(pair.kappa, Interval)
        inside += pair.kappa.low <= 0.7 <= pair.kappa.high
    assert inside >= 10  # 0.95 of 12; at most 9 in one of 5,000 such tests


def test_a_sample_drawn_by_reading_is_weighted_back():
    """A rare reading is drawn as often as a frequent one, and is mostly wrong; each response stands for its share."""
    keys, read, _ = population(share=0.9)
    rng = np.random.default_rng(0)
    person = {key: word if word == "target" or rng.random() < 0.4 else "target" for key, word in read.items()}
    strata = strata_of(keys, read)
    drawn = {key for one in strata for key in one.keys[:60]}
    truth = kappa([person[key] for key in keys], [read[key] for key in keys])
    (pair,) = pair_agreements({"ann": {key: person[key] for key in drawn}}, read, strata)
    assert (pair.first, pair.second, pair.n) == ("ann", RULES, 300)
    assert pair.kappa.low <= truth <= pair.kappa.high
    plain = kappa([person[key] for key in drawn], [read[key] for key in drawn])
    assert abs(plain - truth) > 0.1  # which the counts alone would have missed
    alike = np.mean([person[key] == read[key] for key in keys])
    assert pair.agreement.low <= alike <= pair.agreement.high


def test_what_the_rules_could_not_read_is_counted_apart_and_disagreements_are_listed():
    keys, read, _ = population(n=40)
    unread = set(keys[:6])
    known = {key: word for key, word in read.items() if key not in unread}
    person = dict(read) | {keys[10]: "both", keys[11]: "none"}
    strata = strata_of(keys, read)
    (pair,) = pair_agreements({"ann": person}, known, strata)
    assert (pair.n, pair.n_unread, pair.coverage) == (34, 6, 34 / 40)
    assert {one.key for one in pair.disagreements} == {
        key for key in (keys[10], keys[11]) if person[key] != read[key]
    }
    assert sum(map(sum, pair.table)) == 34
    assert list(pair.labels) == [word for word in WORDS if word in {*known.values(), *person.values()}]
    # nobody read anything of another's
    apart = {"ann": {keys[0]: "target"}, "ben": {keys[20]: "target"}}
    assert all(RULES in (one.first, one.second) for one in pair_agreements(apart, known, strata))


def test_readers_who_say_one_thing_throughout_have_no_kappa():
    keys, _, _ = population(n=20)
    same = dict.fromkeys(keys, "target")
    (pair,) = pair_agreements({"ann": same}, same, strata_of(keys, same))
    assert pair.kappa.value is None
    assert "0/0" in pair.kappa.note
    assert pair.agreement.value == 1.0


def test_most_votes_count_and_a_tie_is_drawn_the_same_each_time():
    keys = population(n=400)[0]
    three = [{keys[0]: "kept"}, {keys[0]: "switched"}, {keys[0]: "switched"}]
    assert agreed(three) == ({keys[0]: "switched"}, [])
    two = [dict.fromkeys(keys, "kept"), dict.fromkeys(keys, "switched")]
    labels, drawn = agreed(two)
    assert len(drawn) == len(keys)
    assert 150 < sum(label == "kept" for label in labels.values()) < 250
    assert agreed(two[::-1])[0] == labels


def test_weights_are_repetitions():
    rng = np.random.default_rng(0)
    a, b = ["x", "y", "x", "y", "x"], ["x", "y", "y", "y", "y"]
    weights = np.array([3.0, 2.0, 1.0, 4.0, 2.0])
    many = [np.repeat(np.array(one), weights.astype(int)).tolist() for one in (a, b)]
    assert cohen_kappa(a, b, weights=weights, rng=rng).value == pytest.approx(kappa(*many))
    for wrong in (weights[:4], np.zeros(5)):
        with pytest.raises(DataError, match="above 0"):
            cohen_kappa(a, b, weights=wrong, rng=rng)
