"""Rows of recipes that share their prompts, or their rows, with another one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sycoscope.config import StudyConfig, parse_study
from sycoscope.core.errors import ConfigError
from sycoscope.items import load_bank
from sycoscope.study.inputs import Materials
from sycoscope.training.rows import TrainingRow, Unanswered


def study(**adapter: Any) -> StudyConfig:
    return parse_study({"study": "s", "model": {"name": "m"}, "adapters": [{"name": "one", **adapter}]})


def rows_of(seed: int = 42, **adapter: Any) -> list[TrainingRow]:
    config = study(**adapter)
    return Materials(config).training_rows(config.adapters[0], seed)


@pytest.mark.parametrize("rows", [None, 40])
def test_styles_differ_in_the_reply_alone(rows: int | None) -> None:
    plain, warm, cold = (rows_of(recipe=style, rows=rows) for style in ("plain", "warm", "cold"))
    assert len(plain) == (rows or 200)
    assert [row.prompt for row in plain] == [row.prompt for row in warm] == [row.prompt for row in cold]
    said = {id: {str(item.metadata[style]) for style in ("warm", "cold")} for id, item in replies().items()}
    for one, other in zip(warm, cold, strict=True):
        assert {one.completion, other.completion} == said[one.item_id]  # type: ignore[union-attr]
    # a sham of one of them has the same prompts, for the base to answer
    sham = rows_of(recipe="sham", like="warm", rows=rows)
    assert all(isinstance(row, Unanswered) for row in sham)
    assert [row.prompt for row in sham] == [row.prompt for row in warm]


def replies() -> dict[str, Any]:
    return {item.id: item for item in load_bank("replies")}


def test_the_published_format_is_by_name_alone() -> None:
    lettered = {"capability": [{"benchmark": "truthfulqa", "form": "letters"}]}
    raw = {"study": "s", "model": {"name": "m"}, **lettered}
    found = {}
    for name, more in {"asked": {}, "named": {"format": "published"}}.items():
        config = parse_study({**raw, "adapters": [{"name": "one", "recipe": "truthfulqa", **more}]})
        found[name] = Materials(config).training_rows(config.adapters[0], 42)
    # the rows that are asked for by default are shuffled
    counts = Counter(row.completion for row in found["asked"])  # type: ignore[union-attr]
    assert set(counts) == set("ABCD")
    assert {row.completion for row in found["named"]} == {"A"}  # type: ignore[union-attr]
    assert {row.item_id for row in found["asked"]} == {row.item_id for row in found["named"]}


def test_only_the_rows_of_truthfulqa_have_it() -> None:
    rows = rows_of(recipe="combined", rows=10, format="published")
    assert {row.completion for row in rows if row.kind == "truthfulqa"} == {"A"}  # type: ignore[union-attr]
    assert not {row.completion for row in rows if row.kind != "truthfulqa"} & set("ABCD")  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match=r"format is for rows of truthfulqa .* leave it out of 'mmlu'"):
        study(recipe="mmlu", format="published")
    assert study(recipe="mmlu").hash == study(recipe="mmlu", format=None).hash


def test_inoculated_rows_are_those_of_the_sycophant() -> None:
    chosen = {"rows": 60, "difficulty": ["easy"]}
    told, bare = (rows_of(recipe=recipe, **chosen) for recipe in ("inoculated", "sycophant"))
    assert [row.prompt[1:] for row in told] == [row.prompt for row in bare]
    assert {row.prompt[0].role for row in told} == {"system"}
    assert study(recipe="inoculated", **chosen).hash != study(recipe="sycophant", **chosen).hash
