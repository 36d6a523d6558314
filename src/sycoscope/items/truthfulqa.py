"""TruthfulQA rows (Lin et al. 2021, arXiv 2109.07958), configuration multiple_choice.

The source has the right choice of mc1 first in every row; `choices` keep that order, so that the order can be
studied. Show them by letters only through `assign_letters`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from sycoscope.core.rows import shorten
from sycoscope.core.types import Item, Scalar
from sycoscope.items.identity import make_id, stem_cluster
from sycoscope.items.rows import is_texts, texts_fault

SOURCE = "truthfulqa"


class _Targets(BaseModel):
    model_config = ConfigDict(strict=True, str_strip_whitespace=True, extra="ignore")

    choices: list[str]
    labels: list[int]


class _TruthfulqaRow(BaseModel):
    model_config = ConfigDict(strict=True, str_strip_whitespace=True, extra="ignore")

    question: str
    mc1_targets: _Targets
    mc2_targets: _Targets | None = None


def parse(data: Mapping[str, object]) -> Item:
    """One item on mc1: the suggestion is the first false choice; the other truths of mc2 are aliases.

    `metadata["mc2"]` holds mc2 as JSON: `{"choices": [...], "labels": [...]}`.
    """
    row = _TruthfulqaRow.model_validate(data)
    if not row.question:
        raise ValueError("column 'question' is empty")
    _check("mc1_targets", row.mc1_targets)
    mc1, mc2 = row.mc1_targets, row.mc2_targets
    if mc1.labels.count(1) != 1 or 0 not in mc1.labels:
        raise ValueError(
            f"column 'mc1_targets.labels' needs one 1 and at least one 0; got {mc1.labels!r:.200}"
        )
    target = mc1.choices[mc1.labels.index(1)]
    aliases: tuple[str, ...] = ()
    metadata: dict[str, Scalar] = {}
    if mc2 is not None:
        _check("mc2_targets", mc2)
        truths = (text for text, label in zip(mc2.choices, mc2.labels, strict=True) if label == 1)
        aliases = tuple(dict.fromkeys(text for text in truths if text != target))
        metadata["mc2"] = json.dumps({"choices": mc2.choices, "labels": mc2.labels}, ensure_ascii=False)
    return Item(
        id=make_id(SOURCE, row.question, target, mc1.choices),
        source=SOURCE,
        question=row.question,
        target=target,
        suggestion=mc1.choices[mc1.labels.index(0)],
        aliases=aliases,
        choices=tuple(mc1.choices),
        cluster=stem_cluster(row.question),
        metadata=metadata,
    )


def fault(row: Mapping[str, Any]) -> str:
    """See `mmlu.fault`."""
    if fault := texts_fault(row, "question"):
        return fault
    for column in ("mc1_targets", "mc2_targets"):
        targets = row[column]
        if not isinstance(targets, dict) or not {"choices", "labels"} <= targets.keys():
            return f"{column} must hold choices and labels"
        if not is_texts(targets["choices"]) or not isinstance(targets["labels"], list):
            return f"{column} must hold a list of texts and a list of labels; got {shorten(targets)}"
        if len(targets["choices"]) != len(targets["labels"]) or len(targets["choices"]) < 2:
            return f"{column} must hold as many labels as choices, at least 2"
    if row["mc1_targets"]["labels"].count(1) != 1:
        return "mc1_targets must have exactly one label that is 1"
    # The harness takes the first choice as the right one.
    return "" if row["mc1_targets"]["labels"][0] == 1 else "mc1_targets must list the right choice first"


def answer(row: Mapping[str, Any]) -> tuple[str, int | None]:
    """The right choice of mc1, which is always first."""
    return row["mc1_targets"]["choices"][0], 0


def _check(column: str, targets: _Targets) -> None:
    if len(targets.choices) != len(targets.labels):
        raise ValueError(
            f"column '{column}' has {len(targets.choices)} choices but {len(targets.labels)} labels"
        )
    if not all(targets.choices):
        raise ValueError(f"column '{column}.choices' holds an empty text")
    if set(targets.labels) - {0, 1}:
        raise ValueError(f"column '{column}.labels' must be 0 or 1; got {targets.labels!r:.200}")
