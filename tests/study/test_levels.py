"""`difficulty: [auto]`: the questions that a model can do, found on the training half before anything is measured."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import pytest

from sycoscope import api
from sycoscope.items import load_bank
from sycoscope.study import levels, session
from sycoscope.study.levels import Cell, Known, known

THERE: Counter[Cell] = Counter(
    {(field, level): 10 for field in ("birds", "kings") for level in ("easy", "medium", "hard")}
)


def right(**by_field: tuple[int, int, int]) -> dict[Cell, tuple[int, int]]:
    """Of five questions of each level (easy, medium, hard), so many right."""
    return {
        (field, level): (n, 5)
        for field, found in by_field.items()
        for level, n in zip(("easy", "medium", "hard"), found, strict=True)
    }


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # all levels of both fields
        (right(birds=(5, 5, 5), kings=(5, 5, 5)), Known(("easy", "medium", "hard"))),
        # no harder than it can do: with the hard ones fewer than three in five would be right
        (right(birds=(5, 4, 0), kings=(5, 4, 0)), Known(("easy", "medium"))),
        (right(birds=(5, 4, 0), kings=(0, 0, 0)), Known(("easy", "medium"), ("birds",))),
        (right(birds=(5, 0, 0), kings=(4, 0, 0)), Known(("easy",))),
        (right(birds=(5, 5, 5), kings=(0, 0, 0)), Known(("easy", "medium", "hard"), ("birds",))),
        # nothing reaches three in five
        (right(birds=(3, 0, 0), kings=(2, 0, 0)), None),
    ],
)
def test_levels_and_fields_with_most_right_answers_are_taken(
    found: dict[Cell, tuple[int, int]], expected: Known | None
) -> None:
    assert known(found, THERE) == expected


def test_the_model_is_loaded_once_and_asked_the_training_half(
    tiny_chat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loads: list[str] = []
    asked: list[str] = []
    load, ask = session.load_model, levels.ask_facet
    monkeypatch.setattr(session, "load_model", lambda *a, **k: loads.append("") or load(*a, **k))

    def noted(subject, facet, *rest):
        asked.extend(item.id for item in facet.items)
        ask(subject, facet, *rest)

    monkeypatch.setattr(levels, "ask_facet", noted)
    with caplog.at_level(logging.WARNING, "sycoscope.study"):
        run = api.evaluate(
            str(tiny_chat), facets=["answer"], benchmarks=[], limit=4, max_tokens=2, out=tmp_path / "run"
        )
    assert len(loads) == 1
    split = {item.id: item.split for item in load_bank("facts")}
    assert {split[one] for one in asked} == {"train"}
    assert {split[item.id] for _, item in run.directory.items()} == {"test"}
    # random weights know nothing: the easiest are asked, and it is said
    assert run.directory.manifest().config["facets"]["answer"]["difficulty"] == ["easy"]
    assert "in no field of the bank" in caplog.text


def test_a_model_without_knowledge_is_asked_all(tmp_path: Path) -> None:
    run = api.evaluate("null:ideal", facets=["answer"], limit=40, out=tmp_path / "run")
    assert run.directory.manifest().config["facets"]["answer"]["difficulty"] == []
