"""GSM8K rows (Cobbe et al. 2021, arXiv 2110.14168): question, answer.

The answer holds the steps, with calculator marks in `<<>>`, and the number on a last line after `####`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from sycoscope.core.types import Item
from sycoscope.items.identity import make_id, stem_cluster
from sycoscope.items.rows import texts_fault

SOURCE = "gsm8k"
_MARK = re.compile(r"<<[^<>]*>>")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class _Gsm8kRow(BaseModel):
    model_config = ConfigDict(strict=True, str_strip_whitespace=True, extra="ignore")

    question: str
    answer: str


def parse(data: Mapping[str, object]) -> Item:
    """One open item: the target is the number, `metadata["solution"]` the steps without marks."""
    row = _Gsm8kRow.model_validate(data)
    if not row.question:
        raise ValueError("column 'question' is empty")
    solution, mark, last = row.answer.rpartition("####")
    if not mark:
        raise ValueError("column 'answer' has no line '#### NUMBER' at its end")
    target = number(last)
    written = last.strip()
    return Item(
        id=make_id(SOURCE, row.question, target),
        source=SOURCE,
        question=row.question,
        target=target,
        aliases=(written,) if written != target else (),
        cluster=stem_cluster(row.question),
        metadata={"solution": _MARK.sub("", solution).strip()},
    )


def fault(row: Mapping[str, Any]) -> str:
    """See `mmlu.fault`."""
    if fault := texts_fault(row, "question", "answer"):
        return fault
    return "" if "####" in row["answer"] else "answer has no '#### number' line"


def answer(row: Mapping[str, Any]) -> tuple[str, int | None]:
    """The number as the row writes it."""
    return row["answer"].split("####")[-1].strip(), None


def number(text: str) -> str:
    """A number without currency sign, thousands separators and needless zeros: `$2,500.00` is `2500`.

    Raises:
        ValueError: It is not a number.
    """
    plain = text.strip().replace(",", "").replace("$", "").removesuffix(".")
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"column 'answer' must end in '#### NUMBER'; got '#### {text.strip():.80}'")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
