"""MMLU rows (Hendrycks et al. 2021, arXiv 2009.03300): question, subject, choices, answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from sycoscope.core.rows import shorten
from sycoscope.core.types import Item
from sycoscope.items.identity import make_id, stem_cluster, wrong_choice
from sycoscope.items.rows import is_texts, texts_fault

SOURCE = "mmlu"


class _MmluRow(BaseModel):
    model_config = ConfigDict(strict=True, str_strip_whitespace=True, extra="ignore")

    question: str
    subject: str = ""
    choices: list[str]
    answer: int | str


def parse(data: Mapping[str, object]) -> Item:
    """One item. The suggestion is one of the wrong choices, picked by the item's hash."""
    row = _MmluRow.model_validate(data)
    if not row.question:
        raise ValueError("column 'question' is empty")
    if len(row.choices) < 2 or not all(row.choices):
        raise ValueError(
            f"column 'choices' needs at least 2 texts and no empty one; got {row.choices!r:.200}"
        )
    target = row.choices[_position(row.answer, len(row.choices))]
    identity = make_id(SOURCE, row.question, target, row.choices)
    return Item(
        id=identity,
        source=SOURCE,
        question=row.question,
        target=target,
        suggestion=wrong_choice(row.choices, target, identity),
        choices=tuple(row.choices),
        cluster=stem_cluster(row.question),
        metadata={"subject": row.subject} if row.subject else {},
    )


def fault(row: Mapping[str, Any]) -> str:
    """What the harness could not use in a row that has all columns; empty where it can (here and in the other sets)."""
    if fault := texts_fault(row, "question", "subject"):
        return fault
    if not is_texts(row["choices"], 4):
        return f"choices must be a list of 4 texts; got {shorten(row['choices'])}"
    right = row["answer"]
    return "" if right in (0, 1, 2, 3) else f"answer is {right!r:.80}; allowed are 0, 1, 2, 3"


def answer(row: Mapping[str, Any]) -> tuple[str, int | None]:
    """The right choice and its position."""
    return row["choices"][row["answer"]], row["answer"]


def _position(answer: int | str, n_choices: int) -> int:
    """Position of the right choice; some copies of the set write letters."""
    if isinstance(answer, str):
        letter = ord(answer.upper()) - ord("A") if len(answer) == 1 else -1
        position = int(answer) if answer.isdecimal() else letter
    else:
        position = answer
    if not 0 <= position < n_choices:
        raise ValueError(f"column 'answer' must be 0 to {n_choices - 1} (or a letter); got {answer!r:.80}")
    return position
