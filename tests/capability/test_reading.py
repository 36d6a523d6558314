from decimal import Decimal

import pytest

from sycoscope.capability.reading import parse_number, read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3 * 4 = 12\n#### 12", "12"),
        ("#### 1,250\nNext: 9", "1250"),
        ("so \\boxed{-3.5} it is", "-3.5"),
        ("The answer is $42. I counted 9 twice.", "42"),
        ("Answer: 7 apples", "7"),
        ("First 3, then 5, so 8.", "8"),
        ("The answer is 10 - 4 = 6.", "6"),
        ("He is left with 10 -4", "-4"),
        ("12-5", "5"),
        ("It fell to -$3.", "-3"),
        ("\\boxed{\\text{42 apples}}", "42"),
        ("3 * 4 = 12 and **12** it is", "12"),
        ("<think>maybe 99</think> #### 4", "4"),
        ("perhaps #### 99</think>It is 4", "4"),
        ("The answer is not known yet, so add them: 20", "20"),
    ],
)
def test_reads_what_the_answer_commits_to(text: str, number: str) -> None:
    reading = read_number(text, "stop")
    assert (reading.status, reading.number) == ("scored", Decimal(number))


@pytest.mark.parametrize(
    ("text", "finish", "status", "label"),
    [
        ("3 boxes of 4 pens make", "length", "truncated", ""),
        ("#### 1", "length", "truncated", ""),  # may be the beginning of 12
        ("<think>3 and 4 and", "length", "truncated", ""),
        ("I would rather not say.", "stop", "scored", "abandoned"),
        ("#### twelve", "stop", "unparsed", ""),
        ("", "error", "error", ""),
    ],
)
def test_missing_is_told_from_abandoned(text: str, finish, status: str, label: str) -> None:
    reading = read_number(text, finish)
    assert (reading.status, reading.number, reading.label) == (status, None, label)


def test_a_cut_answer_that_was_already_given_counts() -> None:
    assert read_number("#### 12\nNow let me check: 3 ti", "length").number == Decimal(12)


def test_numbers_are_compared_by_value() -> None:
    assert parse_number("42.00") == parse_number("$42") == Decimal(42)
    assert parse_number("none") is None
