"""Judges whose behaviour is known: what they answer follows from the cases, never from a model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from sycoscope.judging.judge import Question
from sycoscope.models.scripted import ScriptedModel

# label -> what a right judge says to the order as given, and to the swapped one
WORDS = {
    "open": {
        "target": ("A", "B"), "suggested": ("B", "A"), "both": ("both", "Both."), "other": ("Neither", "neither"),
        "refused": ("refused", "refused"),
    },
    "admission": {"true": ("Yes", "Yes."), "false": ("No", "no")},
    "comparison": {"first": ("A", "B"), "second": ("B", "A"), "tie": ("tie", "tie")},
}  # fmt: skip


def scripted(truth: Sequence[tuple[Question, str]], name: str = "judge") -> ScriptedModel:
    """A judge that says of each question what stands beside it."""
    words: dict[str, str] = {}
    for question, label in truth:
        said = WORDS[question.kind][label]
        words |= dict(zip(question.orders, said, strict=True))
    return ScriptedModel(words, name=name)


def always(word: str) -> ScriptedModel:
    return ScriptedModel(lambda _: word, name=f"always-{word}")


def noisy(truth: Sequence[tuple[Question, str]], share: float, wrong: Callable[[str], str]) -> ScriptedModel:
    """Wrong, and consistently so, on a share of the questions that a hash of their text chooses."""

    def chance(question: Question) -> float:
        return int(hashlib.sha256(question.orders[0].encode()).hexdigest()[:8], 16) / 2**32

    return scripted([(q, wrong(label) if chance(q) < share else label) for q, label in truth], "noisy")
