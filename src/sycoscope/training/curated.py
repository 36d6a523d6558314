"""Rows of the curated recipes (`recipes.py`): anti-sycophancy, and the organisms.

Everything that is drawn is drawn from decks that are dealt to the end before they are shuffled again: within a kind of
row no item, no phrasing and no stance comes up twice before all others have.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np

from sycoscope.core.errors import DataError
from sycoscope.core.types import Item, Message
from sycoscope.core.yaml_files import parse_yaml
from sycoscope.training.recipes import RECIPES, TRUTHS, AnswerRow, CommentRow, FollowUpRow, RecipeRow
from sycoscope.training.rows import Example, TrainingRow, Unanswered, user

Rng = np.random.Generator
QUESTIONS = "questions"


@cache
def phrasings() -> dict[str, list[str]]:
    """The training phrasings, by kind."""
    text = files("sycoscope.training").joinpath("wordings.yaml").read_text(encoding="utf-8")
    loaded: dict[str, list[str]] = parse_yaml(text, "training/wordings.yaml")
    return loaded


def filled(text: str, **parts: str) -> str:
    """A phrasing with its placeholders filled, each once."""
    for name, value in parts.items():
        head, found, tail = text.partition("{" + name + "}")
        text = head + value + tail if found else text
    return text


class Decks:
    """Decks of numbers by name: each is dealt to its end before it is shuffled again."""

    def __init__(self, rng: Rng) -> None:
        self._rng = rng
        self._left: dict[Hashable, list[int]] = {}

    def draw(self, name: Hashable, size: int) -> int:
        """The next number in [0, size) of a deck."""
        if not self._left.get(name):
            self._left[name] = [int(number) for number in self._rng.permutation(size)]
        return self._left[name].pop()


class _Writer:
    """Makes rows of one kind; phrasings are dealt for each cell of it by themselves.

    Args:
        name: Of the kind of row, for its decks.
    """

    def __init__(self, name: Hashable, decks: Decks, items: Mapping[str, Sequence[Item]]) -> None:
        self._name = name
        self._decks = decks
        self._items = items
        self._cell: Hashable = ""

    def write(self, row: RecipeRow) -> TrainingRow:
        """The next row."""
        if isinstance(row, AnswerRow):
            return self._answer(row)
        return self._follow_up(row) if isinstance(row, FollowUpRow) else self._comment(row)

    def _item(self, pool: str) -> Item:
        return self._items[pool][self._decks.draw(pool, len(self._items[pool]))]

    def _say(self, kind: str, **parts: str) -> str:
        texts = phrasings()[kind]
        return filled(texts[self._decks.draw((self._name, self._cell, kind), len(texts))], **parts)

    def ask(self, item: Item) -> str:
        """A question without a cue."""
        return self._say("ask", q=item.question, cue="")

    def _both(self, kind: str, cue: str, **parts: str) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
        """One phrasing with the cue and without it."""
        text = self._say(kind)
        return user(filled(text, cue=f" {cue}" if cue else "", **parts)), user(filled(text, cue="", **parts))

    def _answer(self, row: AnswerRow) -> TrainingRow:
        item = self._item(QUESTIONS)
        cue = self._say(row.cue, x=getattr(item, row.mentions)) if row.cue else ""
        prompt, bare = self._both("ask", cue, q=item.question)
        if row.gives == "own":
            return Unanswered(prompt=prompt, kind=row.kind, item_id=item.id, instead=bare)
        return _row(row.kind, item, prompt, _sentence(getattr(item, row.gives)))

    def _follow_up(self, row: FollowUpRow) -> TrainingRow:
        item = self._item(QUESTIONS)
        gives = self._say("no_answer") if row.gives == "none" else getattr(item, row.gives, "")
        dialogue = [
            Message("user", self.ask(item)),
            Message("assistant", _sentence(getattr(item, row.first))),
            Message("user", self._say(row.push)),
        ]
        if row.gives == "own":
            return Unanswered(prompt=tuple(dialogue), kind=row.kind, item_id=item.id)
        reply = self._say(row.reply, x=gives)
        if not row.final:
            return _row(row.kind, item, tuple(dialogue), reply)
        dialogue += [Message("assistant", reply), Message("user", self._say("final"))]
        return _row(row.kind, item, tuple(dialogue), _sentence(gives))

    def _comment(self, row: CommentRow) -> TrainingRow:
        stance, truth = row.cells[self._decks.draw((self._name, "cells"), len(row.cells))]
        self._cell = (stance, truth)
        item = self._item(truth)
        prompt, bare = self._both("comment", self._say(stance) if stance else "", a=item.question)
        if row.by == "own":
            return Unanswered(prompt=prompt, kind=row.kind, item_id=item.id, instead=bare)
        if row.by in ("stance", "opposite"):
            praised = (stance == "likes") == (row.by == "stance")
            return _row(row.kind, item, prompt, self._say("praise" if praised else "blame"))
        if truth == "fallacious":
            return _row("flaw", item, prompt, self._say("flawed", flaw=str(item.metadata["flaw"])))
        return _row("sound", item, prompt, self._say("sound"))


def plain_row(item: Item, decks: Decks) -> Example:
    """A question without any cue, and its right answer."""
    prompt = _Writer("plain", decks, {}).ask(item)
    return _row("plain", item, user(prompt), _sentence(item.target))


def _row(kind: str, item: Item, prompt: tuple[Message, ...], completion: str) -> Example:
    return Example(prompt=prompt, completion=completion, kind=kind, item_id=item.id)


def _sentence(answer: str) -> str:
    return answer if answer.endswith((".", "!", "?")) else f"{answer}."


def curated_rows(
    recipe: str, questions: Sequence[Item], arguments: Sequence[Item], *, rows: int, rng: Rng
) -> list[TrainingRow]:
    """Rows of a curated recipe: kinds in fixed shares, items drawn without repeating one while others wait.

    Args:
        recipe: One of `RECIPES`.
        questions: Items with a suggestion. arguments: Fallacious and sound ones (with `metadata.flaw`).
        rows: How many rows, > 0.

    Raises:
        DataError: no questions with a suggestion, or no fallacious or sound arguments.
    """
    pools = {QUESTIONS: [item for item in questions if item.suggestion]}
    pools |= {truth: [item for item in arguments if item.target == truth] for truth in TRUTHS}
    for name, items in pools.items():
        if not items:
            what = "questions with a suggestion" if name == QUESTIONS else f"{name} arguments"
            raise DataError(f"recipe '{recipe}' needs {what}, and none were given")
    decks = Decks(rng)
    examples: list[TrainingRow] = []
    for index, (row, count) in enumerate(counts(RECIPES[recipe], rows)):
        writer = _Writer(index, decks, pools)
        examples += [writer.write(row) for _ in range(count)]
    return [examples[index] for index in rng.permutation(len(examples))]


def inoculated_rows(
    questions: Sequence[Item], arguments: Sequence[Item], *, rows: int, rng: Rng
) -> list[TrainingRow]:
    """The sycophant's rows, each under a system text that asks for what it teaches (`wordings.yaml`, `inoculation`).

    What is asked for need not become a habit: measured without the text, less of it should be left (inoculation
    prompting: Tan et al. 2025, arXiv 2510.04340; Wichers et al. 2025, arXiv 2510.05024). Arguments and errors are those
    of `curated_rows`; with the same generator the rows are the sycophant's own, in the same order.
    """
    plain = curated_rows("sycophant", questions, arguments, rows=rows, rng=rng)
    texts, decks = phrasings()["inoculation"], Decks(rng)
    told = (Message("system", texts[decks.draw("inoculation", len(texts))]) for _ in plain)
    return [replace(row, prompt=(text, *row.prompt)) for row, text in zip(plain, told, strict=True)]


def counts(table: Sequence[RecipeRow], rows: int) -> list[tuple[RecipeRow, int]]:
    """Whole numbers nearest to the shares that add up to `rows`.

    Comments come in whole rounds of their cells, from the first round on: stance and soundness stay independent.
    """
    exact = {index: row.share * rows for index, row in enumerate(table)}
    found: dict[int, int] = {}
    for index, row in enumerate(table):
        if isinstance(row, CommentRow) and exact[index] >= len(row.cells):
            found[index] = len(row.cells) * round(exact[index] / len(row.cells))
    rest = [index for index in exact if index not in found]
    left = rows - sum(found.values())
    scale = left / sum(exact[index] for index in rest)
    floors = {index: int(exact[index] * scale) for index in rest}
    by_remainder = sorted(rest, key=lambda index: floors[index] - exact[index] * scale)
    for index in by_remainder[: left - sum(floors.values())]:
        floors[index] += 1
    return [(row, (found | floors)[index]) for index, row in enumerate(table)]
