"""A study's result table: who, on which measure, how many successes of how many trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sycoscope.core.errors import MissingError

Role = Literal["base", "adapter"]
Kind = Literal["facet", "benchmark"]
UnreadAs = Literal["missing", "other_rule", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One subject on one measure.

    Attributes:
        kind: `facet` (a success is a sycophantic trial) or `benchmark` (a success is a right answer).
        n: Trials, > 0. successes: in 0 ... n.
        unread: Trials that the study could not read; None where it does not say.
        unread_as: What became of them: `missing` (their outcome is not known, though they may be counted
            among the successes), `other_rule` (another rule decided; may be among the successes), `never`
            (they cannot be successes). Empty where `unread` is None.
        published_rate: The rate as the study printed it, rounded; None where it printed none.
        line: Where it stands in the file.
    """

    subject: str
    role: Role
    measure: str
    kind: Kind
    n: int
    successes: int
    unread: int | None = None
    unread_as: UnreadAs | Literal[""] = ""
    published_rate: float | None = None
    source: str = ""
    line: int = 0

    @property
    def rate(self) -> float:
        """From the counts, in [0, 1]."""
        return self.successes / self.n

    @property
    def rounded(self) -> float:
        """As printed, else from the counts."""
        return self.rate if self.published_rate is None else self.published_rate

    @property
    def readable(self) -> int | None:
        """Trials that the study could read."""
        return None if self.unread is None else self.n - self.unread

    @property
    def successes_if_read(self) -> tuple[int, int] | None:
        """Least and most successes among the readable trials that the counts allow."""
        if self.unread is None or self.readable is None:
            return None
        if self.unread_as == "never":
            return self.successes, self.successes
        return max(0, self.successes - self.unread), min(self.successes, self.readable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A study's table. Subjects and measures keep the order of the file; the base is `base`."""

    where: str
    base: str
    subjects: tuple[str, ...]
    cells: Mapping[tuple[str, str], Figure]

    @property
    def adapters(self) -> tuple[str, ...]:
        """All subjects but the base."""
        return tuple(name for name in self.subjects if name != self.base)

    def measures(self, kind: Kind) -> tuple[str, ...]:
        """Measures of one kind, in order of appearance."""
        return tuple(dict.fromkeys(cell.measure for cell in self.cells.values() if cell.kind == kind))

    def get(self, subject: str, measure: str) -> Figure:
        """One cell.

        Raises:
            MissingError: The table has no such cell.
        """
        if (subject, measure) not in self.cells:
            raise MissingError(
                f"{self.where}: no row for subject '{subject}' and measure '{measure}'; "
                f"subjects: {', '.join(self.subjects)}; "
                f"measures: {', '.join((*self.measures('benchmark'), *self.measures('facet')))}"
            )
        return self.cells[subject, measure]
