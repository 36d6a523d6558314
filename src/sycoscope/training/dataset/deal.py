"""Dealing: which level of every factor, which phrasing and which item the next row gets.

Nothing is drawn at random. The orders are shuffled by a hash of the seed, and are then gone through evenly: after any
number of rows no level or phrasing has come up more than once oftener than another, and no combination comes up twice
before all others have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import gcd, lcm
from typing import Generic, TypeVar

from sycoscope.items.identity import hashed

T = TypeVar("T")


def digits(rank: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """The combination of a rank: one number in [0, size) for each size.

    Over the first ranks, however many, every number of a place comes up equally often within one; over
    `prod(sizes)` ranks every combination comes up once. Each place counts on by one, and begins one further when it
    would meet the places before it in the same way as before.

    Args:
        rank: From 0. sizes: Each > 0.
    """
    found = []
    before = 1
    for size in sizes:
        shift = rank // lcm(before, size) % gcd(before, size)
        found.append((rank + shift) % size)
        before *= size
    return tuple(found)


def shuffled(values: Iterable[T], *key: str | int) -> list[T]:
    """The values in an order that depends on their number and `key` alone, the same in every process."""
    numbered = list(enumerate(values))
    return [value for _, value in sorted(numbered, key=lambda pair: hashed(*key, pair[0]))]


class Deck(Generic[T]):
    """Items of one pool, each of which comes up once before any does again."""

    def __init__(self, items: Sequence[T]) -> None:
        self._items = list(items)
        self._dealt = 0

    def __len__(self) -> int:
        return len(self._items)

    def reserve(self, count: int) -> int:
        """Where the next `count` items begin, for a cell that deals them by `at`."""
        start = self._dealt
        self._dealt += count
        return start

    def at(self, start: int, rank: int, n_combinations: int) -> T:
        """The item of a cell's rank: none meets one of the cell's combinations twice before all others have.

        Args:
            start: Of the cell. n_combinations: Of its phrasings, dealt by `digits` of the same rank.
        """
        size = len(self._items)
        shift = rank // lcm(n_combinations, size) % gcd(n_combinations, size)
        return self._items[(start + rank + shift) % size]


def cells(count: int, factors: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Levels of the factors for each of `count` rows; every level, and every combination, equally often within one."""
    names, sizes = list(factors), [len(levels) for levels in factors.values()]
    return [
        {name: factors[name][at] for name, at in zip(names, digits(rank, sizes), strict=True)}
        for rank in range(count)
    ]


def largest_remainders(shares: Sequence[float], total: int) -> list[int]:
    """Whole numbers nearest to the shares that add up to `total`; equal remainders go to the first."""
    exact = [share / sum(shares) * total for share in shares]
    counts = [int(value) for value in exact]
    # to the twelfth digit: remainders that are equal must not be told apart by rounding
    order = sorted(range(len(exact)), key=lambda at: (round(counts[at] - exact[at], 12), at))
    for at in order[: total - sum(counts)]:
        counts[at] += 1
    return counts
