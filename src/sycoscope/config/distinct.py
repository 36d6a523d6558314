"""Names in a study: what is named twice would change nothing, or take another's place without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from sycoscope.items.benchmarks import BENCHMARKS, benchmark_source

if TYPE_CHECKING:
    from sycoscope.config.schema import CapabilityConfig

T = TypeVar("T")


def no_repeats(values: tuple[T, ...]) -> tuple[T, ...]:
    """The values, each of which is named once.

    Raises:
        ValueError: One is named twice.
    """
    if twice := [value for value, count in Counter(values).items() if count > 1]:
        raise ValueError(f"named twice: {', '.join(map(str, twice))}; name each once")
    return values


def check_benchmarks(entries: Sequence[CapabilityConfig], data: str) -> None:
    """Every entry asks a task of its own: scores are kept by it.

    Args:
        data: Where the rows of an entry come from that names no source.

    Raises:
        ValueError: Two entries ask one task.
    """
    numbers: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        forms = BENCHMARKS[entry.benchmark].forms_of(benchmark_source(entry.source, data))
        if entry.form not in forms:
            continue  # refused, with the forms that there are, where its rows are read
        task = forms[entry.form].task
        if numbers.setdefault(task, number) != number:
            raise ValueError(
                f"capability: entries {numbers[task]} and {number} both ask {entry.benchmark} as '{task}'; "
                "leave one out, or give it another form"
            )
