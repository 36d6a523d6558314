"""The bank's arithmetic, continuations, misconceptions and neutral rows: schema, counts, balance, arithmetic."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from determinism import digests
from tools.bank import BANK, arithmetic, facts
from tools.bank.__main__ import main

PARTS = {"arithmetic": 588, "continuations": 150, "misconceptions": 150, "neutral": 160, "replies": 200}
CHOICE_PARTS = ["continuations", "misconceptions"]
NEGATION = re.compile(r"\b(no|not|none|nothing|never|neither|nobody|cannot|without|hardly)\b", re.IGNORECASE)
# What a placebo must not teach: praise, apology, agreement, disagreement, opinion.
SOCIAL = re.compile(
    r"\b(right|wrong|sorry|apolog\w*|(dis)?agree\w*|great|excellent|good|nice|thanks?|opinion|correct\w*|mistake\w*"
    r"|sure|certainly|of course|think|believe|feel|unfortunately|actually|however|love|hate|prefer)\b",
    re.IGNORECASE,
)


def rows(part: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (BANK / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]


def wrong(row: dict[str, Any]) -> list[str]:
    return [choice for choice in row["choices"] if choice != row["target"]]


def mean_length(texts: list[str]) -> float:
    return sum(map(len, texts)) / len(texts)


def word_runs(text: str, n: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


@pytest.mark.parametrize("part", PARTS)
def test_rows_have_the_shape_of_the_bank(part: str) -> None:
    expected = {"question", "target", "aliases", "choices", "suggestion", "cluster", "metadata"}
    for row in rows(part):
        assert set(row) - {"split"} == expected, row["cluster"]
        assert row["question"].strip() == row["question"] != ""
        assert row["target"].strip() == row["target"] != ""
        assert isinstance(row["suggestion"], str)
        assert all(isinstance(entry, str) for entry in [*row["aliases"], *row["choices"]])
        assert all(isinstance(value, str | int | float | bool) for value in row["metadata"].values())
        assert row["suggestion"] != row["target"]
        assert row["suggestion"] not in row["aliases"]


@pytest.mark.parametrize("part", PARTS)
def test_counts_and_distinct_clusters_and_questions(part: str) -> None:
    found = rows(part)
    assert len(found) == PARTS[part]
    assert len({row["cluster"] for row in found}) == len(found)
    assert len({row["question"] for row in found}) == len(found)


@pytest.mark.parametrize("part", PARTS)
def test_text_has_no_slips_of_typing(part: str) -> None:
    article = re.compile(r"\b[Aa] [aeio]|\b[Aa]n [bcdfgjklmnpqrstvwxyz]|  | [.,?;]|\bthe the\b")
    unusual = re.compile(r"\ba (one|once)\b")
    for row in rows(part):
        for text in [row["question"], row["target"], *row["choices"], *row["aliases"]]:
            assert not article.search(unusual.sub("", text)), text


# --- arithmetic ------------------------------------------------------------------------------


def test_arithmetic_file_is_what_the_builder_gives() -> None:
    assert rows("arithmetic") == arithmetic.build()


@pytest.mark.parametrize("part", ["arithmetic", "facts"])
def test_a_generated_part_is_the_same_in_every_process(part: str) -> None:
    first, second = digests(f"from tools.bank import {part}", f"{part}.build()")
    assert first == second


def test_the_command_writes_the_committed_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in (arithmetic, facts):
        monkeypatch.setattr(part, "OUTPUT", tmp_path / part.OUTPUT.name)
    main()
    for name in ("arithmetic.jsonl", "facts.jsonl"):
        assert (tmp_path / name).read_bytes() == (BANK / name).read_bytes()


def test_every_equation_is_true_and_the_last_is_the_target() -> None:
    equation = re.compile(r"([\d(][\d +*/()-]*) = (\d+)")
    for row in rows("arithmetic"):
        solution = row["metadata"]["solution"]
        body, _, final = solution.partition("\n#### ")
        found = equation.findall(body)
        assert len(found) == body.count("=") == row["metadata"]["steps"], solution
        for left, right in found:
            # Independent of the builder's evaluator: Python's own arithmetic on checked characters.
            assert re.fullmatch(r"[\d +*/()-]+", left)
            assert eval(left) == int(right), solution
        assert final == found[-1][1] == row["target"]


def test_solution_starts_from_the_numbers_of_the_question() -> None:
    for row in rows("arithmetic"):
        known = set(re.findall(r"\d+", row["question"])) | {"2", "3", "4"}  # twice, half, a third, legs
        for left, right in re.findall(r"(\d[\d +*/-]*) = (\d+)", row["metadata"]["solution"]):
            assert set(re.findall(r"\d+", left)) <= known, row["metadata"]["solution"]
            known.add(right)


def test_arithmetic_sizes_and_difficulty() -> None:
    found = rows("arithmetic")
    by_template = Counter(row["metadata"]["template"] for row in found)
    assert len(by_template) >= 30
    assert set(by_template.values()) == {arithmetic.PER_TEMPLATE}
    levels = Counter(row["metadata"]["difficulty"] for row in found)
    assert min(levels[level] for level in ("easy", "medium", "hard")) >= 100
    for row in found:
        assert len(row["metadata"]["solution"].split()) < 60
        assert len(row["question"].split()) < 60
        assert 2 <= int(row["target"]) <= 500
        assert int(row["suggestion"]) >= 2
        assert row["metadata"]["difficulty"] == {1: "easy", 2: "medium", 3: "hard"}[row["metadata"]["steps"]]
        assert row["cluster"].startswith(f"arithmetic/{row['metadata']['template']}/")


def test_the_slip_is_neither_always_smaller_nor_always_larger() -> None:
    found = rows("arithmetic")
    larger = sum(int(row["suggestion"]) > int(row["target"]) for row in found) / len(found)
    assert 0.3 < larger < 0.7


def test_no_two_problems_share_thirteen_words() -> None:
    owner: dict[tuple[str, ...], str] = {}
    for row in rows("arithmetic"):
        for text in (row["question"], row["metadata"]["solution"]):
            for run in word_runs(text, 13):
                assert owner.setdefault(run, row["cluster"]) == row["cluster"], " ".join(run)


def test_nouns_after_numbers_are_plural() -> None:
    singular = {one for t in arithmetic.read_templates() for one, many in t.things if one != many}
    pattern = re.compile(
        r"\b\d+ (" + "|".join(sorted(map(re.escape, singular), key=len, reverse=True)) + r")\b(?! )"
    )
    for row in rows("arithmetic"):
        assert not pattern.search(row["question"]), row["question"]
        assert not re.search(r"\b[01] \w+s\b", row["question"]), row["question"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [("3 * 4 - 2", 10), ("(3 + 4) * 2", 14), ("a * b", 6), ("7 % 4", 3), ("a < b", 1), ("a > b", 0)],
)
def test_evaluate(expression: str, value: int) -> None:
    assert arithmetic.evaluate(expression, {"a": 2, "b": 3}) == value


@pytest.mark.parametrize("expression", ["__import__('os')", "2 ** 9", "x + 1", "1 < 2 < 3"])
def test_evaluate_refuses_anything_else(expression: str) -> None:
    with pytest.raises(ValueError, match="cannot evaluate"):
        arithmetic.evaluate(expression, {"a": 2})


def test_a_template_too_narrow_for_its_problems_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = "# one | a=2-2 b=3-3 | pear | a + b\nTwo sums: {a} and {b}.\n- That is [a * b] {many}.\n"
    monkeypatch.setattr(arithmetic, "read_templates", lambda: _read(narrow))
    monkeypatch.setattr(arithmetic, "SHARED_WORDS", 2)
    with pytest.raises(ValueError, match="'one' gave 1 problems"):
        arithmetic.build()


_read = arithmetic.read_templates


# --- continuations and misconceptions --------------------------------------------------------


@pytest.mark.parametrize("part", CHOICE_PARTS)
def test_choices_hold_target_and_suggestion_once(part: str) -> None:
    for row in rows(part):
        assert len(row["choices"]) == len(set(row["choices"])) == 4
        assert row["target"] in row["choices"]
        assert row["suggestion"] in wrong(row)
        assert not set(row["aliases"]) & set(row["choices"])


@pytest.mark.parametrize("part", CHOICE_PARTS)
def test_positions_are_balanced(part: str) -> None:
    found = rows(part)
    targets = Counter(row["choices"].index(row["target"]) for row in found)
    suggestions = Counter(row["choices"].index(row["suggestion"]) for row in found)
    assert max(targets.values()) - min(targets.values()) <= 1
    assert max(suggestions.values()) - min(suggestions.values()) <= 4


@pytest.mark.parametrize("part", CHOICE_PARTS)
def test_length_does_not_give_the_target_away(part: str) -> None:
    found = rows(part)
    longest = sum(len(row["target"]) > max(map(len, wrong(row))) for row in found) / len(found)
    shortest = sum(len(row["target"]) < min(map(len, wrong(row))) for row in found) / len(found)
    assert 0.12 <= longest <= 0.30
    assert 0.12 <= shortest <= 0.30
    ratio = mean_length([row["target"] for row in found]) / mean_length(
        [w for row in found for w in wrong(row)]
    )
    assert 0.85 <= ratio <= 1.15
    assert all(max(map(len, row["choices"])) <= 1.7 * min(map(len, row["choices"])) for row in found)


def test_endings_continue_the_context() -> None:
    for row in rows("continuations"):
        assert row["question"][-1] not in ".?!:", row["question"]
        assert 5 <= len(row["question"].split()) <= 35
        assert all(c[0].islower() and c.endswith(".") for c in row["choices"]), row["choices"]
        assert re.fullmatch(r"continuation/[a-z-]+", row["cluster"])
    assert len({row["metadata"]["activity"] for row in rows("continuations")}) >= 12


def test_no_word_at_the_start_marks_the_right_ending() -> None:
    found = rows("continuations")
    first = Counter(row["target"].split()[0] for row in found)
    also = Counter(w.split()[0] for row in found for w in wrong(row))
    word, count = first.most_common(1)[0]
    assert count / len(found) < 0.10
    assert also[word] / (3 * len(found)) > 0.2 * count / len(found)


def test_misconceptions_are_short_sentences_with_other_wordings() -> None:
    for row in rows("misconceptions"):
        assert row["question"].endswith("?")
        assert 1 <= len(row["aliases"]) <= 3
        for text in row["choices"]:
            assert 3 <= len(text.split()) <= 15
            assert text.endswith(".")
        assert row["metadata"]["true_answers"].split(" | ") == [row["target"], *row["aliases"]]
        false = row["metadata"]["false_answers"].split(" | ")
        assert false[0] == row["suggestion"]
        assert sorted(false) == sorted(wrong(row))
        assert re.fullmatch(r"misconception/[a-z0-9-]+", row["cluster"])


def test_negation_does_not_mark_the_truth(record_property: Any) -> None:
    found = rows("misconceptions")
    true = [row["target"] for row in found]
    false = [w for row in found for w in wrong(row)]
    rates = {
        name: sum(bool(NEGATION.search(t)) for t in texts) / len(texts)
        for name, texts in [("true", true), ("false", false)]
    }
    record_property("negation_rates", rates)
    assert abs(rates["true"] - rates["false"]) < 0.03, rates
    assert mean_length(true) / mean_length([row["suggestion"] for row in found]) == pytest.approx(1, abs=0.15)


# --- neutral ---------------------------------------------------------------------------------


def test_neutral_rows_are_instructions_with_short_responses() -> None:
    found = rows("neutral")
    for row in found:
        assert row["aliases"] == row["choices"] == []
        assert row["suggestion"] == ""
        assert 8 <= len(row["target"].split()) <= 45, row["target"]
        assert set(row["metadata"]) == {"kind"}
    assert len({row["target"] for row in found}) == len(found)
    assert max(Counter(row["metadata"]["kind"] for row in found).values()) <= 10


def test_neutral_rows_teach_nothing_about_agreement() -> None:
    for row in rows("neutral"):
        assert not SOCIAL.search(f"{row['question']} {row['target']}"), row["target"]
        # Questions of fact are no neutral task: no instruction asks one.
        assert not row["question"].endswith("?")


def test_neutral_sorting_is_sorted() -> None:
    checked = 0
    for row in rows("neutral"):
        head, _, listed = row["question"].partition(": ")
        if head.startswith("Sort alphabetically"):
            answer = re.sub(r"\d\. ", "", row["target"]).replace("\n", ", ").split(", ")
            assert answer == sorted(listed.split(", ")), row
            checked += 1
    assert checked >= 5


# --- between the parts -----------------------------------------------------------------------


def test_no_two_rows_share_thirteen_words() -> None:
    owner: dict[tuple[str, ...], str] = {}
    for part in PARTS:
        for row in rows(part):
            for text in (row["question"], row["target"]):
                for run in word_runs(text, 13):
                    assert owner.setdefault(run, row["cluster"]) == row["cluster"], " ".join(run)
