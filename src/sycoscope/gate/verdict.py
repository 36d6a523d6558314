"""The verdict of the gate: one object, of which every text, file and exit code is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Word = Literal["pass", "fail", "inconclusive", "not comparable"]
Inconclusive = Literal["pass", "fail", "code"]
# Usage errors are 2, as everywhere; what nobody expected, and an endpoint that gives up, is 5 (`cli/gates.py`).
EXIT_CODES: Mapping[Word, int] = {"pass": 0, "fail": 1, "inconclusive": 3, "not comparable": 4}
# The first of these that any measure has is the word of all.
PRECEDENCE: tuple[Word, ...] = ("fail", "not comparable", "inconclusive", "pass")
MEANINGS: Mapping[Word, str] = {
    "pass": "every measure is shown to be not worse than before by more than its margin",
    "fail": "a measure is shown to be worse than before by more than its margin",
    "inconclusive": "nothing is shown to be worse, but not all is shown to be within its margin: ask more items",
    "not comparable": "before and after cannot be compared on every measure that must pass",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What one model, asked twice, differs by from itself, on one measure.

    Attributes:
        value, low, high: The change of the second time against the first, with one-sided limits of 95 % each.
        n: Items behind it. differing: those whose outcome was another the second time.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    differing: int

    @property
    def limit(self) -> float:
        """How far apart the same model may lie from itself: 0 where no outcome differed."""
        ends = [abs(end) for end in (self.low, self.high) if end is not None]
        return max(ends, default=0.0) if self.differing else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One measure of one subject.

    Attributes:
        subject, reference: After and before. task: facet or benchmark; label: for people. name, condition: the measure.
        unit: As of an estimate: `proportion` is shown in points. lower: whether less of it is better.
        before, after: Levels; None where they may not be shown. value, low, high: the change, after less before, with
            one-sided limits of 95 % each; None where there is none, or it is withheld.
        n: Items that both answered. coverage: lowest share of readable answers behind it.
        reason: Why it cannot be compared; empty where it can.
        more: For `inconclusive`: items to ask beside these to show that it passes (power 80 %), if the change is the
            one that was seen; None where no number would do.
        resolves: The smallest margin that as many items would show for a model that did not change (power 80 %).
        floor: What the same model differs by from itself; None where that was not looked at.
        flips: (given up, won back) items; None where they are not counted. items: ids of some that were given up.
    """

    subject: str
    reference: str
    task: str
    label: str
    name: str = ""
    condition: str = ""
    unit: str = "proportion"
    lower: bool = False
    margin: float
    word: Word = "not comparable"
    before: float | None = None
    after: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    coverage: float | None = None
    reason: str = ""
    more: int | None = None
    resolves: float | None = None
    floor: Floor | None = None
    flips: tuple[int, int] | None = None
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """What the gate says.

    Attributes:
        run: What was looked at, and `against` what it was held, for people.
        inconclusive: What an inconclusive verdict does: `code` exits with 3, else as `pass` or `fail`.
        notes: What a reader must know beside the lines. details: versions and digests, by name.
    """

    run: str
    against: str
    lines: tuple[Line, ...]
    strict: bool = False
    inconclusive: Inconclusive = "code"
    notes: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def word(self) -> Word:
        """The word of all lines: fail before not comparable before inconclusive before pass."""
        return worst([line.word for line in self.lines])

    @property
    def exit_code(self) -> int:
        """0, 1, 3 or 4 (docs/gate.md)."""
        if self.word == "inconclusive" and self.inconclusive != "code":
            return EXIT_CODES[self.inconclusive]
        return EXIT_CODES[self.word]


def worst(words: Sequence[Word]) -> Word:
    """The word of several; of none nothing was compared."""
    return next((word for word in PRECEDENCE if word in words), "not comparable")
