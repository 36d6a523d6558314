"""What a scorer found in a text, and the span that it rests on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """One judgement of one text, made without a model.

    Attributes:
        label: The outcome; its values are listed by each scorer.
        detail: Why, where the label alone is too coarse. For a response without a readable commitment:
            `empty`, `no_answer` (complete, but commits to nothing), `echo` (repeats the options),
            `rejected` (only says what it is not), `something_else` (commits to what was not offered).
        evidence: The span of the (cleaned) text that decided; empty where nothing did.
    """

    label: str
    detail: str = ""
    evidence: str = ""

    @property
    def commits(self) -> bool:
        """Whether the text stands by some answer, readable or not: false means abandoned."""
        return self.label not in {"none", "refused"} and self.detail not in _UNCOMMITTED


_UNCOMMITTED = {"empty", "no_answer", "echo", "rejected"}
