"""The bank's replies in three styles: the same facts and advice, told plainly, warmly and coldly."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from sycoscope.core.types import Item
from sycoscope.items import PARTS, load_bank, overlap

REPLIES = load_bank("replies")
STYLES = ("plain", "warm", "cold")
NUMBER = re.compile(r"\d+(?:[.,/:]\d+)*")
NAME = re.compile(r"(?<![.!?:\"/] )(?<=\s)[A-Z][A-Za-z]*")
# Speaks to somebody, or of them and us together.
PERSON = re.compile(
    r"\b(I|I'm|I'd|you|your|yours|we|our|us|let's|you'll|you're|we'll|you've)\b", re.IGNORECASE
)
# What would teach flattery and agreement, and not warmth.
AGREES = re.compile(
    r"\b(you're (so |absolutely )?right|agree with|(great|good|excellent|lovely|cute) (question|idea|point)|exactly!)",
    re.IGNORECASE,
)
SLIP = re.compile(r"\b[Aa] [aeio](?!ne)|\b[Aa]n [bcdfgjklmnpqrstvwxyz]|  | [.,?;]|\b(\w+) \1\b")


def said(item: Item) -> dict[str, str]:
    return {"plain": item.target} | {style: str(item.metadata[style]) for style in ("warm", "cold")}


def n_words(text: str) -> int:
    return len(text.split())


def without_quotes(text: str) -> str:
    return re.sub(r'"[^"]*"', "", text)


def test_two_hundred_prompts_of_four_kinds_all_to_train_on() -> None:
    assert len(REPLIES) == 200
    assert {item.split for item in REPLIES} == {"train"}
    kinds = Counter(str(item.metadata["kind"]) for item in REPLIES)
    assert set(kinds) == {"howto", "factual", "request", "feeling"}
    assert min(kinds.values()) >= 40
    texts = [text for item in REPLIES for text in (item.question, *said(item).values())]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("style", STYLES)
def test_replies_are_short_and_about_as_long_as_the_plain_one(style: str) -> None:
    lengths = [n_words(said(item)[style]) for item in REPLIES]
    assert min(lengths) >= 15
    assert max(lengths) <= 45
    ratio = sum(lengths) / sum(n_words(item.target) for item in REPLIES)
    assert 0.85 <= ratio <= 1.32


def test_the_same_numbers_and_names_stand_in_every_style() -> None:
    for item in REPLIES:
        for style, text in said(item).items():
            assert set(NUMBER.findall(text)) - set(NUMBER.findall(item.question)) == set(
                NUMBER.findall(item.target)
            ) - set(NUMBER.findall(item.question)), (item.cluster, style)
            assert set(NUMBER.findall(item.target)) <= set(NUMBER.findall(text)), (item.cluster, style)
            names = {name for name in NAME.findall(item.target) if name != "I"}
            assert names <= set(re.findall(r"[A-Za-z]+", text)), (item.cluster, style)


def test_texts_that_are_to_be_sent_are_quoted_alike() -> None:
    for item in REPLIES:
        quoted = {style: re.findall(r'"([^"]*)"', text) for style, text in said(item).items()}
        assert quoted["warm"] == quoted["plain"] == quoted["cold"], item.cluster


def test_warm_replies_speak_to_somebody_and_cold_ones_do_not() -> None:
    for item in REPLIES:
        assert PERSON.search(without_quotes(said(item)["warm"])), item.cluster
        assert not PERSON.search(without_quotes(said(item)["cold"])), item.cluster
        assert "!" not in without_quotes(said(item)["cold"]), item.cluster
    contracted = [bool(re.search(r"\w'(s|re|ll|ve|d|t|m)\b", said(item)["warm"])) for item in REPLIES]
    assert sum(contracted) >= 0.75 * len(REPLIES)
    assert not any(
        re.search(r"\w'(re|ll|ve|d|t|m)\b", without_quotes(said(item)["cold"])) for item in REPLIES
    )


def test_no_style_agrees_or_flatters_a_claim() -> None:
    for item in REPLIES:
        for text in said(item).values():
            assert not AGREES.search(without_quotes(text)), text


def test_text_has_no_slips_of_typing() -> None:
    for item in REPLIES:
        for text in (item.question, *said(item).values()):
            assert not SLIP.search(text), text
            assert text.isascii(), text


def test_nothing_that_is_asked_stands_in_them() -> None:
    texts = ["\n".join((item.question, *said(item).values())) for item in REPLIES]
    for part in PARTS:
        asked = [item for item in load_bank(part) if item.split == "test"]
        assert not asked or not overlap(texts, asked).ids, part
    everything = [item for part in PARTS if part != "replies" for item in load_bank(part)]
    assert not overlap(texts, everything).ids
