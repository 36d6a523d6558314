"""A verdict: one adapter on one facet."""

from __future__ import annotations

from dataclasses import dataclass

from sycoscope.analysis.decision import Speaker, Word
from sycoscope.core.types import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One adapter on one facet. `before` and `after` are levels of the same rate.

    Attributes:
        qualifier: What kind of change it is, or why none can be told; one of `decision.QUALIFIERS`, the facet's
            `gate_reason`, or empty.
        reason: For `cannot tell`, where a number changed and the word is `no clear change`, and where a change against
            a control cannot be used.
        strong: Whether the second channel says the same; None where there is none.
        speaker: Who moves the adapter; empty where that was not asked.
        evidence: The other estimates that decided.
        within_margin: For `no clear change` of a rate: whether the interval lies inside +- the study's margin, so
            that the change is too small to matter; None where no margin applies.
        detectable: For `no clear change`: the true change that would have been seen with a power of 80 %.
        over_seeds: The same change over all seeds of the adapter, where it has several.
    """

    subject: str
    task: str
    word: Word
    sentence: str
    qualifier: str = ""
    reason: str = ""
    strong: bool | None = None
    speaker: Speaker = ""
    estimate: Estimate | None = None
    before: Estimate | None = None
    after: Estimate | None = None
    evidence: tuple[Estimate, ...] = ()
    within_margin: bool | None = None
    detectable: float | None = None
    over_seeds: Estimate | None = None

    @property
    def label(self) -> str:
        """Word and qualifier, as "less, selective" or "cannot tell: ability lost"."""
        return label_of(self.word, self.qualifier)

    @property
    def claims(self) -> bool:
        """Whether it claims a change that is not what any tuning does."""
        return self.word in ("more", "less") and self.qualifier != "as the placebo does"


def label_of(word: str, qualifier: str) -> str:
    """Word and qualifier in one text."""
    mark = ": " if word == "cannot tell" else ", "
    return f"{word}{mark}{qualifier}" if qualifier else word
