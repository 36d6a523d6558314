import random
from collections import Counter

import pytest

from sycoscope.core.errors import DataError
from sycoscope.core.types import Item
from sycoscope.items import assign_letters, make_id


def item(n, size=4, suggestion=True):
    choices = tuple(f"choice {n}.{k}" for k in range(size))
    question = f"Question {n} of {size}?"
    return Item(
        id=make_id("t", question, choices[0], choices), source="t", question=question, target=choices[0],
        suggestion=choices[1] if suggestion else "", choices=choices,
    )  # fmt: skip


def spread(counts, letters):
    values = [counts[letter] for letter in letters]
    return max(values) - min(values)


@pytest.mark.parametrize("size", [2, 3, 4, 5, 13])
@pytest.mark.parametrize("n_items", [1, 7, 40, 103])
def test_target_and_suggestion_letters_are_uniform(size, n_items):
    items = [item(n, size) for n in range(n_items)]
    letters = "ABCDEFGHIJKLM"[:size]
    for seed in range(3):
        assigned = assign_letters(items, seed=seed)
        assert spread(Counter(x.target for x in assigned.values()), letters) <= 1
        assert spread(Counter(x.suggestion for x in assigned.values()), letters) <= 1
        for letter in letters:
            given = Counter(x.suggestion for x in assigned.values() if x.target == letter)
            assert spread(given, letters.replace(letter, "")) <= 1


def test_letters_name_the_right_texts_and_lose_none():
    items = [item(n, size) for n in range(20) for size in (2, 4, 12)]
    assigned = assign_letters(items, seed=5)
    assert len(assigned) == 60
    for i in items:
        shown = assigned[i.id]
        assert list(shown.letters) == list("ABCDEFGHIJKL"[: len(i.choices)])
        assert sorted(shown.letters.values()) == sorted(i.choices)
        assert (shown.letters[shown.target], shown.letters[shown.suggestion]) == (i.target, i.suggestion)


def test_independent_of_order_and_a_function_of_the_seed():
    items = [item(n) for n in range(30)]
    mixed = random.Random(0).sample(items, 30)
    assert assign_letters(items, seed=1) == assign_letters(mixed, seed=1)
    assert assign_letters(items, seed=1) != assign_letters(items, seed=2)


def test_items_without_suggestion_do_not_disturb_the_balance():
    items = [item(n, suggestion=n % 3 > 0) for n in range(50)]
    assigned = assign_letters(items, seed=0).values()
    assert spread(Counter(x.target for x in assigned), "ABCD") <= 1
    assert spread(Counter(x.suggestion for x in assigned if x.suggestion), "ABCD") <= 1
    assert sum(not x.suggestion for x in assigned) == 17


def test_source_order_on_request_and_open_items_left_out():
    plain = Item(id="open", source="t", question="q", target="t")
    assigned = assign_letters([item(1), plain], seed=0, rotate=False)
    (shown,) = assigned.values()
    assert (shown.target, shown.suggestion) == ("A", "B")
    assert tuple(shown.letters.values()) == item(1).choices


def test_the_same_text_twice_keeps_both_places():
    twice = Item(id="x", source="t", question="q", target="687", suggestion="9", choices=("687", "687", "9"))
    shown = assign_letters([twice], seed=0)["x"]
    assert sorted(shown.letters.values()) == ["687", "687", "9"]
    assert shown.letters[shown.suggestion] == "9"


def test_clear_errors():
    with pytest.raises(DataError, match="27 choices; letters reach to 26"):
        assign_letters([item(1, 27)], seed=0)
    wrong = Item(id="x", source="t", question="q", target="a", choices=("b", "c"))
    with pytest.raises(DataError, match="target 'a' is not among its choices"):
        assign_letters([wrong], seed=0)
