"""Our own small task definitions in the harness's format, and the rows that they ask.

- `letters`: MMLU's form, any number of choices.
- `open`: the log-probability of each answer's text after "The answer is". Small models are at chance by
  letters and not by this.
- `continuation`: HellaSwag's form. `statement`: TruthfulQA mc1's form, without its six examples.
- GSM8K's form needs no definition here: the harness's own is used over our rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from string import ascii_uppercase
from typing import Any

import numpy as np

from sycoscope.capability.reading import parse_number
from sycoscope.capability.selection import hash_key
from sycoscope.capability.spec import CapabilitySpec
from sycoscope.core.errors import DataError
from sycoscope.core.types import Item

Row = dict[str, Any]

ITEM_FORMS: Mapping[str, tuple[str, ...]] = {
    "letters": ("question", "choices", "answer", "letters"),
    "open": ("question", "choices", "answer"),
    "continuation": ("question", "choices", "answer"),
    "statement": ("question", "choices", "answer"),
    "harness": ("question", "answer"),
}

_LETTERS = (
    "{{question.strip()}}\n"
    "{% for choice in choices %}{{letters[loop.index0]}}. {{choice}}\n{% endfor %}"
    "Answer:"
)
_FORMS: Mapping[str, Mapping[str, Any]] = {
    "letters": {"doc_to_text": _LETTERS, "doc_to_choice": "letters"},
    "open": {
        "doc_to_text": "{{question.strip()}}",
        "doc_to_choice": "choices",
        "gen_prefix": "The answer is",
    },
    "continuation": {"doc_to_text": "{{question.strip()}}", "doc_to_choice": "choices"},
    "statement": {"doc_to_text": "Q: {{question.strip()}}\nA:", "doc_to_choice": "choices"},
}
_METRICS = {
    "letters": ("acc",),
    "open": ("acc", "acc_norm"),
    "continuation": ("acc", "acc_norm"),
    "statement": ("acc", "acc_norm"),
}


def own_config(form: str) -> dict[str, Any]:
    """A task config of ours, without documents and name.

    `acc` takes the choice with the highest log-probability, `acc_norm` the one with the highest per
    character, both as the harness defines them.
    """
    return {
        "output_type": "multiple_choice",
        "test_split": "test",
        "fewshot_split": "train",
        "doc_to_target": "answer",
        "metric_list": [
            {"metric": name, "aggregation": "mean", "higher_is_better": True} for name in _METRICS[form]
        ],
        "metadata": {"version": 1.0},
        **deepcopy(dict(_FORMS[form])),
    }


def letter_rows(asked: Sequence[tuple[str, str, Sequence[str], int]], *, seed: int | None) -> list[Row]:
    """Rows by letters.

    Args:
        asked: (id, question, choices, index of the right one). seed: puts the choices in an order that
            depends on seed and id alone, the same for every subject; None keeps the order.

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
        rows.append(
            {
                "question": question,
                "choices": [choices[index] for index in order],
                "answer": order.index(answer),
                "letters": list(ascii_uppercase[: len(choices)]),
            }
        )
    return rows


def item_rows(spec: CapabilitySpec, items: Sequence[Item], *, seed: int | None) -> list[Row]:
    """Rows of Items in the form that the benchmark asks.

    Raises:
        DataError: An Item lacks what the form needs.
    """
    form = spec.definition.form
    if form == "harness":
        return [_problem(spec, item) for item in items]
    asked = [(item.id, item.question, item.choices, _answer(spec, item)) for item in items]
    if form == "letters":
        return letter_rows(asked, seed=seed)
    return [
        {"question": question, "choices": list(choices), "answer": answer}
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
            f"the target {item.target!r} is no number"
        )
    steps = str(item.metadata.get("solution", "")).split("####")[0].strip()
    answer = f"{steps}\n#### {item.target}" if steps else f"#### {item.target}"
    return {"question": item.question.strip(), "answer": answer, "target": item.target}
