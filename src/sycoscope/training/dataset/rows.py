"""Rows of the anti-sycophancy set: every family in its share, its items and phrasings dealt evenly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from math import prod
from typing import Any

from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.types import Item
from sycoscope.training.dataset import arguments, questions
from sycoscope.training.dataset.deal import Deck, cells, digits, largest_remainders, shuffled
from sycoscope.training.dataset.kinds import FAMILIES, VERDICTS, Family
from sycoscope.training.dataset.row import SetRow, Written, dialogue
from sycoscope.training.dataset.speech import Speech, wordings

# With fewer rows some kind would come in one truth only; with fewer questions each comes too often.
MIN_ROWS, MIN_QUESTIONS = 100, 20
# Of an argument, the levels of `explicit`: the pair's fallacy is blatant, or woven into ordinary prose.
EXPLICIT = ("woven", "blatant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """What rows are made from.

    Attributes:
        questions: With a suggestion each. arithmetic: with a suggestion and `metadata.solution`.
        arguments: Pairs of one fallacious (with `metadata.flaw`) and one sound. neutral: instructions and responses.
    """

    questions: Sequence[Item]
    arithmetic: Sequence[Item]
    arguments: Sequence[Item]
    neutral: Sequence[Item]

    @property
    def items(self) -> list[Item]:
        """All of them."""
        return [*self.questions, *self.arithmetic, *self.arguments, *self.neutral]

    @property
    def lettered(self) -> list[Item]:
        """The questions that can be asked by letters: those with as many choices as most have; empty where few have."""
        sizes = Counter(len(item.choices) for item in self.questions if 1 < len(item.choices) <= 26)
        if not sizes:
            return []
        size, count = min(sizes.items(), key=lambda pair: (-pair[1], pair[0]))
        return (
            [item for item in self.questions if len(item.choices) == size] if count >= MIN_QUESTIONS else []
        )


def set_rows(n: int, seed: int, pools: Pools) -> list[SetRow]:
    """The rows, shuffled. They depend on the items, `n` and `seed` alone.

    Raises:
        ConfigError: fewer than `MIN_ROWS` rows. DataError: fewer than `MIN_QUESTIONS` questions.
    """
    if n < MIN_ROWS:
        raise ConfigError(
            f"a set has at least {MIN_ROWS} rows, so that every kind comes in both truths; got {n}"
        )
    if len(pools.questions) < MIN_QUESTIONS:
        raise DataError(
            f"{len(pools.questions)} questions are too few for a set; give at least {MIN_QUESTIONS}, or leave them "
            "out and take the bank's"
        )
    return shuffled(_Dealer(seed, pools).rows(n), "rows", seed)


class _Dealer:
    """Deals one set."""

    def __init__(self, seed: int, pools: Pools) -> None:
        self._seed = seed
        ordered = {
            name: shuffled(sorted(items, key=lambda item: item.id), "items", seed)
            for name, items in (
                ("questions", pools.questions),
                ("arithmetic", pools.arithmetic),
                ("arguments", pools.arguments),
                ("neutral", pools.neutral),
            )
        }
        lettered = {item.id for item in pools.lettered}
        self._neutral = ordered["neutral"]
        self._turn = 0
        self._n_choices = len(pools.lettered[0].choices) if lettered else 0
        self._decks = {name: Deck(items) for name, items in ordered.items() if name != "arguments"}
        # one deck where all questions have letters, so that none comes up twice before all others have
        self._decks["lettered"] = (
            self._decks["questions"]
            if len(lettered) == len(ordered["questions"])
            else Deck([item for item in ordered["questions"] if item.id in lettered])
        )
        for truth in VERDICTS:
            for level in EXPLICIT:
                chosen = [item for item in ordered["arguments"] if _is_in(item, truth, level)]
                self._decks[f"{truth} {level}"] = Deck(chosen)
        self._flaws = {
            item.cluster: str(item.metadata["flaw"])
            for item in pools.arguments
            if item.target == "fallacious"
        }

    def rows(self, n: int) -> Iterator[SetRow]:
        counts = largest_remainders([family.share for family in FAMILIES], n)
        for family, count in zip(FAMILIES, counts, strict=True):
            yield from self._family(family, count)

    def _family(self, family: Family, count: int) -> Iterator[SetRow]:
        factors = dict(family.factors)
        if "form" in factors and not self._n_choices:
            factors["form"] = ("open",)
        sizes = Counter(tuple(cell.items()) for cell in cells(count, factors))
        for key, size in sizes.items():
            yield from self._cell(family, dict(key), size)

    def _cell(self, family: Family, cell: dict[str, str], count: int) -> Iterator[SetRow]:
        """Rows of one combination of levels."""
        slots = _slots(family, cell, self._n_choices, len(self._neutral))
        key: list[str | int] = [self._seed, family.name, *cell.values()]
        orders = {name: shuffled(range(size), "slot", *key, name) for name, size in slots.items()}
        dealt = [dict(zip(slots, digits(rank, list(slots.values())), strict=True)) for rank in range(count)]
        # the levels of `explicit` have items of their own
        inner = "explicit" if "explicit" in slots else ""
        starts: dict[str, int] = {}
        pools = [self._pool(family, cell, picks) for picks in dealt]
        for pool, size in Counter(pools).items():
            starts[pool] = self._decks[pool].reserve(size)
        n_combinations = prod(size for name, size in slots.items() if name != inner)
        ranks: Counter[str] = Counter()
        for picks, pool in zip(dealt, pools, strict=True):
            item = self._decks[pool].at(starts[pool], ranks[pool], n_combinations)
            ranks[pool] += 1
            # letters keep the order in which they are balanced
            turned = {
                name: at if name in ("letters", "explicit") else orders[name][at]
                for name, at in picks.items()
            }
            yield self._row(family, cell, item, turned, n_combinations * len(self._decks[pool]))
        if "letters" in slots:
            self._turn += 2  # another cell has its odd letters elsewhere

    def _pool(self, family: Family, cell: Mapping[str, str], picks: Mapping[str, int]) -> str:
        if family.pool == "arguments":
            return f"{cell['truth']} {EXPLICIT[picks['explicit']]}"
        return "lettered" if cell.get("form") == "letters" else family.pool

    def _row(
        self, family: Family, cell: Mapping[str, str], item: Item, picks: Mapping[str, int], n_possible: int
    ) -> SetRow:
        written = self._written(family, cell, item, picks)
        levels = dict(cell)
        if "explicit" in picks:
            levels["explicit"] = EXPLICIT[picks["explicit"]]
        return SetRow(
            family=family.name,
            kind=family.kind(cell),
            item=item,
            cell=levels,
            picks=picks,
            n_possible=n_possible,
            **{one.name: getattr(written, one.name) for one in fields(Written)},
        )

    def _written(
        self, family: Family, cell: Mapping[str, str], item: Item, picks: Mapping[str, int]
    ) -> Written:
        speech = Speech(picks)
        if family.name in questions.WRITERS:
            letters = questions.lettered(item, picks["letters"], self._turn) if "letters" in picks else {}
            return questions.WRITERS[family.name].write(cell, item, speech, letters)
        if family.name in arguments.WRITERS:
            return arguments.WRITERS[family.name].write(cell, item, speech, self._flaws[item.cluster])
        if "previous" not in picks:
            return Written(prompt=dialogue(item.question), chosen=item.target)
        at = self._neutral.index(item) + 1 + picks["previous"]
        first = self._neutral[at % len(self._neutral)]
        return Written(prompt=dialogue(first.question, first.target, item.question), chosen=item.target)


def _slots(family: Family, cell: Mapping[str, str], n_choices: int, n_neutral: int) -> dict[str, int]:
    """What is dealt to a row of a cell beside its item, with its size each; all of it shows in the row."""
    if family.pool == "neutral":
        return {"previous": n_neutral - 1} if family.name == "neutral_dialogue" else {}
    writers: Mapping[str, Any] = {**questions.WRITERS, **arguments.WRITERS}
    names = writers[family.name].slots(cell)
    first: dict[str, int] = {}
    if cell.get("form") == "letters":
        first["letters"] = questions.n_orders(n_choices)
    if family.pool == "arguments":
        first["explicit"] = len(EXPLICIT)
    return first | {name: len(wordings()[name]) for name in names}


def _is_in(item: Item, truth: str, level: str) -> bool:
    return item.target == truth and bool(item.metadata["explicit"]) is (level == "blatant")
