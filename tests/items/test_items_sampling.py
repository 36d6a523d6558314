import random
from collections import Counter

import pytest

from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.types import Item
from sycoscope.items import make_id, take


def item(n, subject="a", cluster=""):
    question = f"Question {n}?"
    return Item(
        id=make_id("t", question, "x"),
        source="t",
        question=question,
        target="x",
        cluster=cluster or f"c{n}",
        metadata={"subject": subject},
    )


def shuffled(items):
    items = list(items)
    random.Random(1).shuffle(items)
    return items


ITEMS = [item(n) for n in range(200)]
SUBJECTS = [item(n, "big" if n < 150 else "mid" if n < 190 else f"small{n}") for n in range(200)]


def test_independent_of_order_and_a_function_of_the_seed():
    sample = take(ITEMS, 50, seed=3)
    assert sample == take(shuffled(ITEMS), 50, seed=3)
    assert len({i.id for i in sample}) == 50
    assert {i.id for i in sample} != {i.id for i in take(ITEMS, 50, seed=4)}


def test_smaller_sample_begins_the_larger_one_and_none_is_all():
    assert take(ITEMS, 100, seed=3)[:50] == take(ITEMS, 50, seed=3)
    assert take(ITEMS, None, seed=3)[:50] == take(ITEMS, 50, seed=3)
    assert len(take(ITEMS, None, seed=3)) == len(take(ITEMS, 999, seed=3)) == 200


def test_every_item_can_be_drawn():
    drawn = Counter(i.id for seed in range(200) for i in take(ITEMS, 20, seed=seed))
    # Binomial(200, 0.1): mean 20, standard deviation 4.2.
    assert len(drawn) == 200
    assert max(drawn.values()) < 20 + 5 * 4.3
    assert min(drawn.values()) > 20 - 4.5 * 4.3


def test_strata_in_proportion_and_at_least_one_each():
    sample = take(SUBJECTS, 40, seed=0, stratify_by="subject")
    assert sample == take(shuffled(SUBJECTS), 40, seed=0, stratify_by="subject")
    counts = Counter(i.metadata["subject"] for i in sample)
    assert counts.total() == 40
    assert len(counts) == 12
    # Exact shares: 30, 8 and 0.2 for each of ten, which get 1; the eight places come from the two large ones.
    assert all(counts[f"small{n}"] == 1 for n in range(190, 200))
    assert counts["big"] + counts["mid"] == 30
    assert counts["big"] / counts["mid"] > 2.5


def test_equal_strata_get_exact_shares():
    items = [item(n, f"s{n % 4}") for n in range(100)]
    assert set(
        Counter(i.metadata["subject"] for i in take(items, 20, seed=0, stratify_by="subject")).values()
    ) == {5}


def test_fewer_places_than_strata():
    sample = take(SUBJECTS, 5, seed=0, stratify_by="subject")
    assert len({i.metadata["subject"] for i in sample}) == len(sample) == 5


def test_whole_clusters():
    pairs = [item(n, cluster=f"p{n // 2}") for n in range(60)]
    sample = take(pairs, 21, seed=0, by_cluster=True)
    assert len(sample) == 20
    assert set(Counter(i.cluster for i in sample).values()) == {2}
    assert sample == take(shuffled(pairs), 21, seed=0, by_cluster=True)
    by_subject = [item(n, f"s{n % 2}", cluster=f"p{n // 2}") for n in range(60)]
    assert set(
        Counter(
            i.cluster for i in take(by_subject, 20, seed=0, stratify_by="subject", by_cluster=True)
        ).values()
    ) == {2}
    strata = [item(n, f"s{n // 20}", cluster=f"p{n // 2}") for n in range(60)]
    assert len(take(strata, 20, seed=0, stratify_by="subject", by_cluster=True)) == 20


def test_clear_errors():
    with pytest.raises(ConfigError, match="1 or more"):
        take(ITEMS, 0, seed=0)
    with pytest.raises(ConfigError, match="no item has 'topic' to stratify by; allowed: subject, source"):
        take(ITEMS, 5, seed=0, stratify_by="topic")
    with pytest.raises(DataError, match="the smallest holds 60 items"):
        take([item(n, cluster="one") for n in range(60)], 5, seed=0, by_cluster=True)
