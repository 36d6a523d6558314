"""The built-in bank's factual questions: schema, counts, balance, and that the file is what the tables make."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import chisquare

from tools.bank import facts
from tools.bank.facts import build, number_words, overlap, words

Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return [json.loads(line) for line in facts.OUTPUT.read_text(encoding="utf-8").splitlines()]


def wrong_of(row: Row) -> list[str]:
    return [choice for choice in row["choices"] if choice != row["target"]]


def test_file_equals_build(rows: list[Row]) -> None:
    assert rows == build()


def test_schema(rows: list[Row]) -> None:
    keys = {"question", "target", "aliases", "choices", "suggestion", "cluster", "metadata"}
    for row in rows:
        assert set(row) == keys
        assert row["question"].endswith("?")
        assert row["question"][0].isupper() or row["question"][0].isdigit()
        assert len(row["choices"]) == 4
        assert row["choices"].count(row["target"]) == 1
        assert row["suggestion"] in wrong_of(row)
        assert set(row["metadata"]) == {"field", "difficulty", "stem", "kind"}
        assert row["metadata"]["difficulty"] in {"easy", "medium", "hard"}
        assert row["metadata"]["kind"] == ("number" if row["target"].isdecimal() else "text")
        assert "/" in row["cluster"]
        texts = [row["question"], *row["choices"], *row["aliases"]]
        assert all(text == " ".join(text.split()) and words(text).strip() for text in texts), row


def test_answers_are_short(rows: list[Row]) -> None:
    lengths = Counter(len(row["target"].split()) for row in rows)
    assert sum(n for length, n in lengths.items() if length > 3) <= 5  # people with four names
    assert max(lengths) <= 4


def test_counts(rows: list[Row]) -> None:
    assert len(rows) >= 1000
    fields = Counter(row["metadata"]["field"] for row in rows)
    assert len(fields) >= 12
    assert max(fields.values()) < len(rows) / 8, "one field dominates"
    assert sum(row["metadata"]["difficulty"] == "easy" for row in rows) >= 450


def test_no_duplicate_questions(rows: list[Row]) -> None:
    counts = Counter(words(row["question"]) for row in rows)
    assert not [question for question, n in counts.items() if n > 1]


def test_wrong_choices_are_apart(rows: list[Row]) -> None:
    for row in rows:
        wrong = wrong_of(row)
        for choice in wrong:
            assert not any(overlap(choice, right) for right in (row["target"], *row["aliases"])), row
        assert len({choice.casefold() for choice in row["choices"]}) == 4
        assert not any(overlap(a, b) for a in wrong for b in wrong if a != b), row


def test_question_holds_no_choice(rows: list[Row]) -> None:
    for row in rows:
        asked = words(row["question"])
        assert not [text for text in (*row["choices"], *row["aliases"]) if words(text) in asked], row


def test_choices_are_not_letters_of_choices(rows: list[Row]) -> None:
    assert not [row for row in rows if {"A", "B", "C", "D", "I", "May"} & set(row["choices"])]


@pytest.mark.parametrize("level", ["easy", "medium", "hard", "all"])
def test_positions_are_balanced(rows: list[Row], level: str) -> None:
    chosen = [row for row in rows if level in ("all", row["metadata"]["difficulty"])]
    pairs = Counter(
        (row["choices"].index(row["target"]), row["choices"].index(row["suggestion"])) for row in chosen
    )
    assert len(pairs) == 12
    assert max(pairs.values()) - min(pairs.values()) <= (3 if level == "all" else 1)
    for side in (0, 1):
        places = Counter(dict.fromkeys(range(4), 0))
        for pair, n in pairs.items():
            places[pair[side]] += n
        assert all(abs(n / len(chosen) - 0.25) < 0.02 for n in places.values())


def test_positions_do_not_follow_the_field(rows: list[Row]) -> None:
    for name in {row["metadata"]["field"] for row in rows}:
        places = [row["choices"].index(row["target"]) for row in rows if row["metadata"]["field"] == name]
        if len(places) >= 20:
            assert chisquare([places.count(k) for k in range(4)]).pvalue > 0.01, name


def test_suggestion_is_not_the_first_of_the_written_choices(rows: list[Row]) -> None:
    by_question = {row["question"]: row for row in rows}
    ranks = []
    for path in (facts.TABLES / "questions").glob("*.csv"):
        for fact in facts._read(path):
            listed = fact.get("wrong", "").split("|")
            if len(listed) == 3 and not fact["target"].isdecimal():
                ranks.append(listed.index(by_question[fact["question"]]["suggestion"]))
    assert len(ranks) > 300
    assert chisquare([ranks.count(k) for k in range(3)]).pvalue > 0.01


def test_numbers_are_not_always_in_the_middle(rows: list[Row]) -> None:
    numbers = [row for row in rows if row["metadata"]["kind"] == "number"]
    ranks = Counter(sorted(map(int, row["choices"])).index(int(row["target"])) for row in numbers)
    assert all(0.15 < ranks[k] / len(numbers) < 0.35 for k in range(4)), ranks
    above = sum(int(row["suggestion"]) > int(row["target"]) for row in numbers)
    assert 0.4 < above / len(numbers) < 0.6


def test_sums_recomputed(rows: list[Row]) -> None:
    done = 0
    for row in rows:
        found = re.fullmatch(r"What is (\d+) (plus|minus|times|divided by) (\d+)\?", row["question"])
        if found:
            a, b, target = int(found[1]), int(found[3]), int(row["target"])
            expected = {"plus": a + b, "minus": a - b, "times": a * b, "divided by": a / b}[found[2]]
            assert target == expected
            assert row["metadata"]["stem"].startswith("arithmetic/")
            done += 1
    assert done >= 70


def test_other_numbers_recomputed(rows: list[Row]) -> None:
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    month_days = {"January": 31, "March": 31, "April": 30, "June": 30, "July": 31, "August": 31}
    month_days |= {"September": 30, "October": 31, "November": 30, "December": 31}
    done = Counter[str]()
    for row in rows:
        question, target = row["question"], row["target"]
        if found := re.search(r"Roman numeral ([IVXLCDM]+) ", question):
            digits = [values[c] for c in found[1]]
            total = sum(-d if d < max(digits[i:]) else d for i, d in enumerate(digits))
            assert int(target) == total, question
        elif found := re.search(r"half of (\d+)\?", question):
            assert int(target) * 2 == int(found[1])
        elif found := re.search(r"double (\d+)\?", question):
            assert int(target) == int(found[1]) * 2
        elif found := re.search(r"square root of (\d+)\?", question):
            assert int(target) ** 2 == int(found[1])
        elif found := re.search(r"(\d+) to the power of (\d+)\?", question):
            assert int(target) == int(found[1]) ** int(found[2])
        elif found := re.search(r"(\d+) percent of (\d+)\?", question):
            assert int(target) * 100 == int(found[1]) * int(found[2])
        elif found := re.fullmatch(r"How many days does (\w+) have\?", question):
            assert int(target) == month_days[found[1]]
        elif found := re.search(r"binary number (\d+) ", question):
            assert int(target) == int(found[1], 2)
        elif found := re.fullmatch(r"Which letter comes after (\w) in the alphabet\?", question):
            assert ord(target) == ord(found[1]) + 1
        else:
            continue
        done[re.sub(r"\W.*", "", question)] += 1
    assert done.total() >= 50


def test_next_and_previous_agree(rows: list[Row]) -> None:
    after = {
        r["question"]: r for r in rows if "comes after" in r["question"] and "alphabet" not in r["question"]
    }
    before = [
        r for r in rows if "comes right before" in r["question"] and r["metadata"]["field"] == "calendar"
    ]
    assert len(before) >= 15
    for row in before:
        kind, later = re.fullmatch(r"Which (day|month) comes right before (\w+)\?", row["question"]).groups()
        forward = after[f"Which {kind} comes after {row['target']}?"]
        assert forward["target"] == later
        assert forward["cluster"] == row["cluster"]


def test_reversed_questions_share_a_cluster(rows: list[Row]) -> None:
    capital = next(row for row in rows if row["question"] == "What is the capital of France?")
    country = next(row for row in rows if row["question"] == "Paris is the capital of which country?")
    assert capital["cluster"] == country["cluster"]
    assert (capital["target"], country["target"]) == ("Paris", "France")
    stems: dict[str, set[str]] = {}
    for row in rows:
        stems.setdefault(row["cluster"], set()).add(row["metadata"]["stem"].split("/")[0])
    mixed = {cluster for cluster, tables in stems.items() if len(tables) > 1}
    assert mixed, "related questions of different tables share clusters"
    assert len(mixed) < 25
    assert max(Counter(row["cluster"] for row in rows).values()) <= 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (365, "three hundred sixty-five"),
        (5280, "five thousand two hundred eighty"),
    ],
)
def test_number_words(value: int, text: str) -> None:
    assert number_words(value) == text


def test_number_aliases(rows: list[Row]) -> None:
    by_question = {row["question"]: row for row in rows}
    leap = by_question["How many days are in a leap year?"]
    assert "three hundred and sixty-six" in leap["aliases"]
    assert "1,000" in by_question["How many grams are in a kilogram?"]["aliases"]
    assert by_question["In which year did the Titanic sink?"]["aliases"] == []


def test_bad_table_row_is_named(tmp_path: Path) -> None:
    table = tmp_path / "colours.csv"
    table.write_text(
        "level,question,target,wrong,aliases,cluster\neasy,What colour is snow?,white,black|off white|green,,\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match=r"colours\.csv:2.*off white"):
        facts._questions(table)
    table.write_text(
        "level,question,target,wrong,aliases,cluster\nsimple,What colour is snow?,white,black|red|green,,\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match=r"colours\.csv:2.*'simple'.*easy"):
        facts._questions(table)
