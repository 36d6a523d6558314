"""Letters for multiple choice, counterbalanced: no letter is right, or suggested, more often than another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from string import ascii_uppercase

from sycoscope.core.errors import DataError
from sycoscope.core.types import Item
from sycoscope.items.identity import hashed


@dataclass(frozen=True, slots=True)
class Lettered:
    """How an item's choices are displayed.

    Attributes:
        letters: Letter -> option text, in display order from A.
        target: The letter of the right choice.
        suggestion: The letter of the suggested wrong choice; empty where the item has none among its choices.
    """

    letters: Mapping[str, str]
    target: str
    suggestion: str = ""


def assign_letters(items: Iterable[Item], *, seed: int, rotate: bool = True) -> dict[str, Lettered]:
    """Give each multiple-choice item its letters; open items are left out.

    Over the items with the same number of choices, target letters are uniform within 1; suggestion letters
    are uniform within 1, both overall and among the items of each target letter. The result depends on the
    set of items and the seed, not on their order. Assign over the whole set that is asked, since a part of it
    need not be balanced.

    Args:
        items: Ids must differ.
        seed: Another seed, another assignment.
        rotate: False keeps the source's order, to study what that order does.

    Raises:
        DataError: More choices than letters, or a target that is not among the choices.
    """
    groups: dict[int, list[Item]] = {}
    for item in {item.id: item for item in items if item.choices}.values():
        _check(item)
        groups.setdefault(len(item.choices), []).append(item)
    assigned: dict[str, Lettered] = {}
    for size, members in sorted(groups.items()):
        # Items with a suggestion come first: the balance of suggestions is within them.
        members.sort(key=lambda item: (_suggested(item) is None, hashed("letters", seed, item.id), item.id))
        for index, item in enumerate(members):
            order = _order(item, index, size, seed) if rotate else list(range(size))
            assigned[item.id] = _lettered(item, order)
    return assigned


def right_first(item: Item) -> Item:
    """The item with its right choice first and the others in their order, as every row of TruthfulQA has them."""
    return replace(item, choices=(item.target, *(choice for choice in item.choices if choice != item.target)))


def _check(item: Item) -> None:
    if len(item.choices) > len(ascii_uppercase):
        raise DataError(
            f"item {item.id} ({item.source}) has {len(item.choices)} choices; letters reach to 26"
        )
    if item.target not in item.choices:
        raise DataError(f"item {item.id} ({item.source}): target {item.target!r} is not among its choices")


def _suggested(item: Item) -> int | None:
    """Position of the suggestion in the source's order."""
    if item.suggestion in item.choices and item.suggestion != item.target:
        return item.choices.index(item.suggestion)
    return None


def _order(item: Item, index: int, size: int, seed: int) -> list[int]:
    """Source positions in display order: the target and the suggestion where their turn puts them."""
    shift = hashed("shift", seed, size)
    target_at = (index + shift) % size
    placed = {target_at: item.choices.index(item.target)}
    suggested = _suggested(item)
    if suggested is not None:
        # In each round over the letters the distance is fixed, so both letters go through all of them.
        distance = 1 + (index // size + shift) % (size - 1)
        placed[(target_at + distance) % size] = suggested
    rest = [position for position in range(size) if position not in placed.values()]
    rest.sort(key=lambda position: hashed("rest", seed, item.id, position))
    return [placed[at] if at in placed else rest.pop() for at in range(size)]


def _lettered(item: Item, order: list[int]) -> Lettered:
    suggested = _suggested(item)
    return Lettered(
        letters={ascii_uppercase[at]: item.choices[position] for at, position in enumerate(order)},
        target=ascii_uppercase[order.index(item.choices.index(item.target))],
        suggestion="" if suggested is None else ascii_uppercase[order.index(suggested)],
    )
