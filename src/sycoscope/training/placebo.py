"""Placebo rows: text that says nothing of agreement, in several styles, since each style moves a model its own way."""

from __future__ import annotations

from collections.abc import Sequence

from sycoscope.core.types import Item
from sycoscope.training.curated import Decks, Rng, plain_row
from sycoscope.training.rows import Example, user

# Kinds of the neutral bank by the form of their responses.
STYLES: dict[str, tuple[str, ...]] = {
    "sentences": (
        "describe", "story", "verse", "expand", "combine", "shorten", "past-tense", "future-tense", "plural",
        "question-form",
    ),
    "lists": ("list", "format", "sort", "plan"),
}  # fmt: skip
# The style whose rows are no instructions: questions of the facts with their right answers, without any cue.
FACTS = "facts"


def in_style(items: Sequence[Item], style: str | None) -> list[Item]:
    """Neutral items of one style; None for all."""
    return [item for item in items if style is None or item.metadata["kind"] in STYLES[style]]


def neutral_rows(items: Sequence[Item]) -> list[Example]:
    """An instruction and its harmless response each."""
    return [
        Example(prompt=user(item.question), completion=item.target, kind="neutral", item_id=item.id)
        for item in items
    ]


def fact_rows(items: Sequence[Item], rng: Rng) -> list[Example]:
    """A question and its right answer each."""
    decks = Decks(rng)
    return [plain_row(item, decks) for item in items]
