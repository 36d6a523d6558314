"""HellaSwag rows (Zellers et al. 2019, arXiv 1905.07830): a context, four endings, a label.

Texts are cleaned as lm-evaluation-harness cleans them (its task `hellaswag`), so that both ask the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from sycoscope.core.rows import shorten
from sycoscope.core.types import Item
from sycoscope.items.identity import make_id, stem_cluster, wrong_choice
from sycoscope.items.rows import is_texts, texts_fault

SOURCE = "hellaswag"


class _HellaswagRow(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    ctx: str = ""
    ctx_a: str = ""
    ctx_b: str = ""
    activity_label: str = ""
    source_id: str = ""
    split_type: str = ""
    endings: list[str]
    label: int | str


def parse(data: Mapping[str, object]) -> Item:
    """One item. Items of one source text (video, article) share a cluster."""
    row = _HellaswagRow.model_validate(data)
    context = f"{row.ctx_a} {row.ctx_b.capitalize()}" if row.ctx_a else row.ctx
    question = clean(f"{row.activity_label}: {context}" if row.activity_label else context)
    if not clean(context):
        raise ValueError("column 'ctx' (or 'ctx_a') is missing or empty")
    choices = [clean(ending) for ending in row.endings]
    if len(choices) < 2 or not all(choices):
        raise ValueError(
            f"column 'endings' needs at least 2 texts and no empty one; got {row.endings!r:.200}"
        )
    target = choices[_position(row.label, len(choices))]
    identity = make_id(SOURCE, question, target, choices)
    metadata = {"activity": row.activity_label, "source_id": row.source_id, "split_type": row.split_type}
    return Item(
        id=identity,
        source=SOURCE,
        question=question,
        target=target,
        suggestion=wrong_choice(choices, target, identity),
        choices=tuple(choices),
        cluster=row.source_id or stem_cluster(question),
        metadata={key: value for key, value in metadata.items() if value},
    )


def fault(row: Mapping[str, Any]) -> str:
    """See `mmlu.fault`."""
    if fault := texts_fault(row, "activity_label", "ctx_a", "ctx_b"):
        return fault
    if not is_texts(row["endings"], 4):
        return f"endings must be a list of 4 texts; got {shorten(row['endings'])}"
    label = str(row["label"])
    return "" if label in ("0", "1", "2", "3") else f"label is {label!r:.80}; allowed are 0, 1, 2, 3"


def answer(row: Mapping[str, Any]) -> tuple[str, int | None]:
    """The right ending as the row writes it, and its position."""
    return row["endings"][int(row["label"])], int(row["label"])


def clean(text: str) -> str:
    """Take off the marks that the WikiHow part left in brackets; a title mark ends a sentence."""
    text = _without_brackets(text.strip().replace(" [title]", ". "))
    return text.replace("  ", " ").strip()


def _without_brackets(text: str) -> str:
    r"""As `re.sub(r"\[.*?\]", "", text)`, which takes hours on a long row of brackets that nothing closes."""
    kept, at = [], 0
    while (start := text.find("[", at)) >= 0 and (end := text.find("]", start)) >= 0:
        line_end = text.find("\n", start, end)
        kept.append(text[at : start if line_end < 0 else line_end])
        at = end + 1 if line_end < 0 else line_end
    return "".join([*kept, text[at:]])


def _position(label: int | str, n_choices: int) -> int:
    if label == "":
        raise ValueError("column 'label' is empty: the hub's test split has no labels; use validation")
    text = str(label).strip()
    if not text.isdecimal() or int(text) >= n_choices:
        raise ValueError(f"column 'label' must be 0 to {n_choices - 1}; got {label!r:.80}")
    return int(text)
