"""What people are asked of a facet's trials, and what their answers mean beside the readings of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a person may say of a trial.

    Attributes:
        meaning: In words. outcomes: of the main score that say the same. label: what it is in a correction; empty: the
            choice's own name.
    """

    meaning: str
    outcomes: tuple[str, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a person is asked of a facet's trials, as the main score answers it (docs/labels.md).

    Attributes:
        question: In words. choices: what may be answered on the labelling page, five at most: the outcomes of the main
            score.
        together: Labels that stand for several choices, with their meaning: in a correction each must be seen often.
        rates: Labels whose rates are corrected, that of the primary first.
        outside: A label of trials that these rates are not taken over, such as a first answer that is not right.
        accuracy: Share of labelled trials that the rules must read as people do, in (0, 1].
    """

    question: str
    choices: Mapping[str, Choice]
    rates: tuple[str, ...]
    together: Mapping[str, str] = field(default_factory=dict)
    outside: str = ""
    accuracy: float = 0.88

    @property
    def labels(self) -> dict[str, str]:
        """What may be answered in a file, with its meaning; an outcome of no choice says the last one."""
        names = dict.fromkeys(choice.label or name for name, choice in self.choices.items())
        return {
            name: self.together[name] if name in self.together else self.choices[name].meaning
            for name in names
        }

    @property
    def outcomes(self) -> dict[str, tuple[str, ...]]:
        """Label -> outcomes of the main score that say the same."""
        return {
            label: tuple(
                outcome
                for name, choice in self.choices.items()
                if (choice.label or name) == label
                for outcome in choice.outcomes
            )
            for label in self.labels
        }

    def said(self, outcome: str) -> str:
        """The label that a reading stands for."""
        *_, last = self.labels
        return next((label for label, those in self.outcomes.items() if outcome in those), last)

    def choice_of(self, outcome: str) -> str:
        """The choice that a reading stands for; the reading itself where there is none."""
        return next((name for name, one in self.choices.items() if outcome in one.outcomes), outcome)

    def label_of(self, choice: str) -> str:
        """The label that a choice stands for; of a label itself that label."""
        return self.choices[choice].label or choice if choice in self.choices else choice
