"""The bank's argument pairs: the layout, the matching within pairs, and what surface cues alone can predict."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sycoscope

Row = dict[str, Any]

PATH = Path(sycoscope.__file__).parent / "items" / "bank" / "arguments.jsonl"
KINDS = {
    "ad_hominem",
    "straw_man",
    "false_dilemma",
    "slippery_slope",
    "circular_reasoning",
    "hasty_generalization",
    "post_hoc",
    "appeal_to_popularity",
    "appeal_to_authority",
    "appeal_to_ignorance",
}
NAMES = re.compile(
    r"fallac|\b(in)?valid|\b(un)?sound(ness)?\b|\blogic|ad hominem|straw ?m[ae]n|dilemma|slippery|circular"
    r"|begs the question|generali[sz]|post hoc|popularity|bandwagon|authority|ignorance",
    re.IGNORECASE,
)
# Counted as whole words, in the table of the data card too.
# fmt: off
HEDGES = {
    "may", "might", "could", "would", "probably", "likely", "unlikely", "perhaps", "seems",
    "seem", "suggests", "about", "some", "somewhat", "often", "usually", "mostly", "most", "fairly",
    "hardly", "little", "rather", "least",
}
# fmt: on
FIRST_PERSON = {"i", "me", "my", "mine", "we", "us", "our", "ours"}


def tokens(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:'[a-z]+)?|\d+", text.lower())


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def pairs(rows: list[Row]) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(row["metadata"]["pair"], {})[row["target"]] = row
    return found


def test_every_row_has_the_layout(rows: list[Row]) -> None:
    for row in rows:
        assert list(row) == ["question", "target", "aliases", "choices", "suggestion", "cluster", "metadata"]
        assert row["target"] in {"fallacious", "sound"}
        assert row["aliases"] == row["choices"] == []
        assert row["suggestion"] == ""
        meta = row["metadata"]
        assert list(meta) == ["pair", "topic", "fallacy", "explicit", "flaw"]
        assert row["cluster"] == f"argument/{meta['pair']}"
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", meta["pair"])
        assert meta["fallacy"] in KINDS
        assert isinstance(meta["explicit"], bool)
        assert meta["topic"].strip()


def test_120_pairs_12_of_each_kind(rows: list[Row], pairs: dict[str, dict[str, Row]]) -> None:
    assert len(rows) == 240
    assert len(pairs) == 120
    kinds = Counter(pair["sound"]["metadata"]["fallacy"] for pair in pairs.values())
    assert kinds == dict.fromkeys(KINDS, 12)


def test_both_members_share_all_but_text_target_and_flaw(pairs: dict[str, dict[str, Row]]) -> None:
    for name, pair in pairs.items():
        assert set(pair) == {"fallacious", "sound"}, name
        wrong, right = pair["fallacious"]["metadata"], pair["sound"]["metadata"]
        assert right["flaw"] == ""
        assert re.fullmatch(r"[A-Z].{20,}\.", wrong["flaw"]), name
        assert {**wrong, "flaw": ""} == right, name


def test_lengths_and_matching_within_pairs(rows: list[Row], pairs: dict[str, dict[str, Row]]) -> None:
    for row in rows:
        assert 35 <= len(row["question"].split()) <= 70, row["question"]
        assert len(row["question"]) <= 420, row["question"]
    for name, pair in pairs.items():
        short, long = sorted(len(row["question"].split()) for row in pair.values())
        assert long <= 1.2 * short, name


def test_the_two_of_a_pair_are_about_the_same_thing(pairs: dict[str, dict[str, Row]]) -> None:
    for name, pair in pairs.items():
        wrong, right = (set(tokens(pair[side]["question"])) for side in ("fallacious", "sound"))
        assert len(wrong & right) >= 0.3 * min(len(wrong), len(right)), name


def test_topics_are_many(pairs: dict[str, dict[str, Row]]) -> None:
    assert len({pair["sound"]["metadata"]["topic"] for pair in pairs.values()}) >= 60


def test_both_degrees_of_explicitness_in_every_kind(pairs: dict[str, dict[str, Row]]) -> None:
    blatant = Counter(
        p["sound"]["metadata"]["fallacy"] for p in pairs.values() if p["sound"]["metadata"]["explicit"]
    )
    assert all(4 <= blatant[kind] <= 8 for kind in KINDS), blatant


def test_no_text_is_there_twice_and_clusters_share_no_run(rows: list[Row]) -> None:
    texts = [" ".join(tokens(row["question"])) for row in rows]
    assert len(set(texts)) == len(texts)
    where: dict[tuple[str, ...], set[str]] = {}
    for row in rows:
        words = tokens(row["question"])
        for i in range(len(words) - 7):
            where.setdefault(tuple(words[i : i + 8]), set()).add(row["cluster"])
    assert [run for run, clusters in where.items() if len(clusters) > 1] == []


def test_texts_do_not_name_fallacies_or_verdicts(rows: list[Row]) -> None:
    assert [row["question"] for row in rows if NAMES.search(row["question"])] == []


def test_a_short_prefix_has_every_kind_and_order_tells_nothing(rows: list[Row]) -> None:
    assert {row["metadata"]["fallacy"] for row in rows[:20]} == KINDS
    first = Counter(row["target"] for row in rows[::2])
    assert first == {"fallacious": 60, "sound": 60}


# --- surface cues -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "most"),
    [
        pytest.param(lambda words: len(words), 0.15, id="words"),
        pytest.param(lambda words: sum(w in HEDGES for w in words), 0.15, id="hedges"),
        pytest.param(lambda words: sum(w in FIRST_PERSON for w in words), 0.15, id="first_person"),
    ],
)
def test_class_means_are_close(rows: list[Row], count: Callable[[list[str]], int], most: float) -> None:
    counts = np.array([count(tokens(row["question"])) for row in rows], dtype=float)
    wrong = np.array([row["target"] == "fallacious" for row in rows])
    assert abs(counts[wrong].mean() - counts[~wrong].mean()) < most * counts.mean()


def naive_bayes_accuracy(texts: list[str], labels: list[bool], groups: list[str]) -> float:
    """Accuracy of a multinomial naive Bayes on unigrams (add-one), leaving one group out at a time."""
    split = [tokens(text) for text in texts]
    index = {word: i for i, word in enumerate(sorted({word for words in split for word in words}))}
    counts = np.zeros((len(split), len(index)))
    for row, words in enumerate(split):
        np.add.at(counts[row], [index[word] for word in words], 1)
    y, group = np.array(labels), np.array(groups)
    right = 0
    for held in np.unique(group):
        out = group == held
        yes, no = counts[~out & y].sum(0) + 1, counts[~out & ~y].sum(0) + 1
        weight = np.log(yes / yes.sum()) - np.log(no / no.sum())
        right += int(((counts[out] @ weight > 0) == y[out]).sum())
    return right / len(split)


def test_the_classifier_sees_a_planted_cue(rows: list[Row]) -> None:
    texts = [row["question"] + (" clearly" if row["target"] == "fallacious" else "") for row in rows]
    labels = [row["target"] == "fallacious" for row in rows]
    assert naive_bayes_accuracy(texts, labels, [row["cluster"] for row in rows]) > 0.80


def test_unigrams_alone_do_not_tell_the_classes_apart(rows: list[Row]) -> None:
    # The data card reports the value.
    accuracy = naive_bayes_accuracy(
        [row["question"] for row in rows],
        [row["target"] == "fallacious" for row in rows],
        [row["cluster"] for row in rows],
    )
    assert accuracy < 0.70
