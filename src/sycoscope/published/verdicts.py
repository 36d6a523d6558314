"""The three verdicts on a claim, and how what was found becomes one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["in the data", "not in the data", "in the data, not supported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """One claim and what the table shows about it.

    Attributes:
        recomputed: The number again, from counts. interval: 95 %. test: p-value with its kind.
        values: The same as numbers, for machines.
    """

    id: str
    says: str
    verdict: Verdict
    recomputed: str
    interval: str
    test: str
    reason: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Found:
    """What a check brings together before the verdict.

    Attributes:
        differs: How the table differs from the claim. against: why the claim is not supported.
        beside: What a reader should know.
    """

    recomputed: str = ""
    interval: str = ""
    test: str = ""
    differs: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def assessed(self, name: str, says: str) -> Assessed:
        """The verdict: by what differs, then by what stands against it."""
        verdict: Verdict = "in the data"
        reasons = self.beside
        if self.differs:
            verdict, reasons = "not in the data", self.differs
        elif self.against:
            verdict, reasons = "in the data, not supported", self.against + self.beside
        return Assessed(
            id=name,
            says=says,
            verdict=verdict,
            recomputed=self.recomputed,
            interval=self.interval,
            test=self.test,
            reason="; ".join(reasons)
            or "the number is the table's, and beyond chance however the items pair",
            values=self.values,
        )
