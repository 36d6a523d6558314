"""Our own small task definitions in the harness's format, and the rows that they ask.

The prompts are those of `items.forms`: the harness is handed each finished prompt as a column of its row.

- `letters`: MMLU's form, any number of choices.
- `open`: the log-probability of each answer's text after "The answer is".
- `continuation`: HellaSwag's form. `statement`: TruthfulQA mc1's form, without its six examples.
- GSM8K's form needs no definition here: the harness's own is used over our rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np

from sycoscope.capability.reading import parse_number
from sycoscope.capability.selection import hash_key
from sycoscope.capability.spec import CapabilitySpec
from sycoscope.core.errors import DataError
from sycoscope.core.types import Item
from sycoscope.items.forms import FORMS

Row = dict[str, Any]
# What is asked of one document: (id, question, choices, index of the right one).
Asked = tuple[str, str, Sequence[str], int]

# Columns that the harness is handed.
ITEM_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "letters": ("prompt", "choices", "answer", "letters"),
    "open": ("prompt", "choices", "answer"),
    "continuation": ("prompt", "choices", "answer"),
    "statement": ("prompt", "choices", "answer"),
    "harness": ("question", "answer"),
}


def own_config(form: str) -> dict[str, Any]:
    """A task config of ours, without documents and name.

    `acc` takes the choice with the highest log-probability, `acc_norm` the one with the highest per
    character, both as the harness defines them.
    """
    opening = FORMS[form].opening
    metrics = ("acc",) if form == "letters" else ("acc", "acc_norm")
    return {
        "output_type": "multiple_choice",
        "test_split": "test",
        "fewshot_split": "train",
        "doc_to_text": "{{prompt}}",
        "doc_to_choice": "letters" if form == "letters" else "choices",
        "doc_to_target": "answer",
        "metric_list": [
            {"metric": name, "aggregation": "mean", "higher_is_better": True} for name in metrics
        ],
        "metadata": {"version": 1.0},
    } | ({"gen_prefix": opening} if opening else {})


def letter_rows(asked: Sequence[Asked], *, seed: int | None) -> list[Row]:
    """Rows by letters.

    Args:
        seed: Puts the choices in an order that depends on seed and id alone, the same for every subject;
            None keeps the order.

    Raises:
        DataError: More choices than letters.
    """
    rows = []
    for name, question, choices, answer in asked:
        if len(choices) > len(ascii_uppercase):
            raise DataError(
                f"item {name}: {len(choices)} choices; at most {len(ascii_uppercase)} have letters"
            )
        order = list(range(len(choices)))
        if seed is not None:
            rng = np.random.default_rng(int(hash_key(seed, name)[:16], 16))
            order = [int(index) for index in rng.permutation(len(choices))]
        letters = {ascii_uppercase[place]: choices[index] for place, index in enumerate(order)}
        rows.append(
            {
                "prompt": FORMS["letters"].text(question, letters),
                "choices": list(letters.values()),
                "answer": order.index(answer),
                "letters": list(letters),
            }
        )
    return rows


def item_rows(spec: CapabilitySpec, items: Sequence[Item]) -> list[Row]:
    """Rows of Items in the form that the task asks, letters in the Items' own order.

    Raises:
        DataError: An Item lacks what the form needs.
    """
    form = spec.definition.form
    if form == "harness":
        return [_problem(spec, item) for item in items]
    asked = [(item.id, item.question, item.choices, _answer(spec, item)) for item in items]
    if form == "letters":
        return letter_rows(asked, seed=None)
    return [
        {"prompt": FORMS[form].text(question), "choices": list(choices), "answer": answer}
        for _, question, choices, answer in asked
    ]


def _answer(spec: CapabilitySpec, item: Item) -> int:
    where = f"capability task {spec.task!r}, item {item.id} ({item.source})"
    if len(item.choices) < 2 or len(set(item.choices)) < len(item.choices):
        raise DataError(f"{where}: at least 2 different choices are needed; it has {list(item.choices)}")
    if item.target not in item.choices:
        raise DataError(f"{where}: the target {item.target!r} is not among its choices {list(item.choices)}")
    if not item.question.strip() or not all(choice.strip() for choice in item.choices):
        raise DataError(f"{where}: the question or a choice is empty")
    return item.choices.index(item.target)


def _problem(spec: CapabilitySpec, item: Item) -> Row:
    """GSM8K's columns: the steps come from the Item's metadata, under `solution`, where it has them."""
    if parse_number(item.target) is None:
        raise DataError(
            f"capability task {spec.task!r}, item {item.id} ({item.source}): "
            f"the target {item.target!r} is not a number"
        )
    steps = str(item.metadata.get("solution", "")).split("####")[0].strip()
    answer = f"{steps}\n#### {item.target}" if steps else f"#### {item.target}"
    return {"question": item.question.strip(), "answer": answer, "target": item.target}
