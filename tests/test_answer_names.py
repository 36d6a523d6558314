"""The equality of answers: what readers of responses take for one is one in files of questions too."""

from __future__ import annotations

import pytest

from sycoscope.core.answer_names import same_answer
from sycoscope.items import PARTS, load_bank
from sycoscope.scorers.open_answer import read_open

ONE = [
    ("4", "four"),
    ("4", "4.0"),
    ("1,000", "one thousand"),
    ("$5", "5"),
    ("half", "0.5"),
    ("1/2", "½"),
    ("two thirds", "2/3"),
    ("one and a half", "1.5"),
    ("-5", "minus five"),
    ("21", "twenty-one"),
    ("U.S.", "US"),
    ("C. S. Lewis", "CS Lewis"),
    ("Woolf, Virginia", "Virginia Woolf"),
    ("Washington, D.C.", "Washington D.C."),
    ("Zürich", "Zurich"),
    ("café", "cafe\u0301"),
    ("H₂O", "H2O"),
    ("don't", "don\u2019t"),
    ("the Beatles", "beatles."),
    ("cat", "cats"),
    ("city", "cities"),
    ("yes", "True"),
]
TWO = [
    ("4", "5"),
    ("4", "4 apples"),
    ("<5", ">5"),
    ("half", "third"),
    ("A", "A-"),
    ("C", "C++"),
    ("x + 1", "x - 1"),
    ("brass", "bras"),
    ("Austria", "Australia"),
    ("1914-1918", "1914-1919"),
    ("90 °C", "90 °F"),
    ("World War I", "World War II"),
    ("Mercury (planet)", "Mercury (element)"),
    ("Paris, France", "Paris, Texas"),
    ("yes", "no"),
    ("", "x"),
]


@pytest.mark.parametrize(("one", "other"), ONE)
def test_one_answer_in_two_spellings(one, other):
    assert same_answer(one, other)
    assert same_answer(other, one)


@pytest.mark.parametrize(("one", "other"), TWO)
def test_two_answers(one, other):
    assert not same_answer(one, other)
    assert not same_answer(other, one)


def test_a_question_about_the_form_of_a_word_tells_singular_from_plural():
    assert same_answer("mouse", "mouses", "Which animal is grey?")
    assert not same_answer("child", "childs", "What is the plural of child?")


@pytest.mark.parametrize(
    ("target", "said"), [("4", "four"), ("U.S.", "US"), ("Zürich", "zurich"), ("cat", "Cats.")]
)
def test_what_is_one_answer_is_read_as_one(target, said):
    assert read_open(said, target, "another thing").label == "target"
    assert same_answer(target, said)


def test_the_bank_suggests_no_right_answer():
    for part in PARTS:
        for item in load_bank(part):
            wrong = {item.suggestion, *item.choices} - {item.target, ""}
            right = (item.target, *item.aliases)
            assert not [one for one in wrong for other in right if same_answer(one, other, item.question)]
