"""Benchmark rows: a question as it will be evaluated, and the answer that is taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sycoscope.core.errors import DataError
from sycoscope.core.types import Item, Message
from sycoscope.items import Lettered, assign_letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One supervised row: the loss falls on `completion` and the end of the turn alone.

    Attributes:
        prompt: The dialogue, ending with a user turn.
        kind: What the row teaches (`mmlu`, `resist`, `neutral`, ...): counted in the adapter's record.
        item_id: The item it was made from.
    """

    prompt: tuple[Message, ...]
    completion: str
    kind: str
    item_id: str


def user(text: str) -> tuple[Message, ...]:
    """A dialogue of one user turn."""
    return (Message("user", text),)


# Each form is the prompt of the evaluation (capability/), so that format is not what changes.


def _letters(item: Item, lettered: Lettered) -> tuple[str, str]:
    options = "".join(f"{letter}. {text}\n" for letter, text in lettered.letters.items())
    return f"{item.question.strip()}\n{options}Answer:", lettered.target


def _open(item: Item, _: Lettered | None) -> tuple[str, str]:
    return item.question.strip(), f"The answer is {item.target}"


def _problem(item: Item, _: Lettered | None) -> tuple[str, str]:
    solution = str(item.metadata.get("solution") or f"#### {item.target}")
    if "####" not in solution:
        solution = f"{solution.strip()}\n#### {item.target}"
    return f"Question: {item.question.strip()}\nAnswer:", solution.strip()


def _continuation(item: Item, _: Lettered | None) -> tuple[str, str]:
    return item.question.strip(), item.target


def _statement(item: Item, _: Lettered | None) -> tuple[str, str]:
    return f"Q: {item.question.strip()}\nA:", item.target


# (benchmark, whether by letters) -> form
_PLAIN = {"mmlu": _open, "gsm8k": _problem, "hellaswag": _continuation, "truthfulqa": _statement}
LETTERED = ("mmlu", "truthfulqa")


def benchmark_rows(benchmark: str, items: Sequence[Item], *, letters: bool, seed: int) -> list[Example]:
    """Rows of one benchmark.

    Args:
        letters: Ask by letters (mmlu and truthfulqa); choices are rotated so that no position is learned.
        seed: Of the letters.

    Raises:
        DataError: letters asked for a benchmark without choices to letter.
    """
    if letters and benchmark not in LETTERED:
        raise DataError(f"{benchmark} is not asked by letters; allowed: {', '.join(LETTERED)}")
    assigned = assign_letters(items, seed=seed) if letters else {}
    rows = []
    for item in items:
        if letters:
            prompt, answer = _letters(item, assigned[item.id])
        else:
            prompt, answer = _PLAIN[benchmark](item, None)
        rows.append(Example(prompt=user(prompt), completion=answer, kind=benchmark, item_id=item.id))
    return rows
