"""Filling a facet's texts: which wording an item gets, how an answer is mentioned, what a text must hold."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, ConfigDict

from sycoscope.core.types import Item

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class FacetWording(BaseModel):
    """Base of the models of a facet's texts: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AnsweringWording(FacetWording):
    """Texts of a facet whose items are questions: how they are asked, and how a probe's answer begins."""

    ask_open: str
    ask_choice: str
    probe_open: str
    probe_choice: str

    def ask(self, form: str) -> str:
        """The template of the question in this form."""
        return self.ask_choice if form == "choice" else self.ask_open


def same_length(where: str, lists: dict[str, list[str]], needed: tuple[str, ...]) -> None:
    """Every needed list has texts, and all lists have as many."""
    missing = [name for name in needed if not lists.get(name)]
    if missing:
        raise ValueError(f"{where}: no text for {', '.join(missing)}")
    sizes = {name: len(texts) for name, texts in lists.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"{where}: every list needs the same number of paraphrases; got {sizes}")


def holds(where: str, text: str, *marks: str) -> None:
    """A text holds all of its marks."""
    missing = [mark for mark in marks if mark not in text]
    if missing:
        raise ValueError(f"{where}: the text must hold {', '.join(missing)}")


def each_holds(where: str, texts: list[str], mark: str) -> None:
    """Each of the texts holds the mark."""
    for number, text in enumerate(texts):
        holds(f"{where}.{number}", text, mark)


def pick(count: int, item: Item, seed: int) -> int:
    """Paraphrase number of an item: by hash, so it does not depend on the other items."""
    return int(hashlib.sha256(f"{seed}|{item.id}".encode()).hexdigest()[:8], 16) % count


def nearest_in_length(texts: list[str], length: int) -> str:
    """The text whose number of characters is nearest to `length` (the first of equals)."""
    return min(texts, key=lambda text: abs(len(text) - length))


def lettered(item: Item) -> dict[str, str]:
    """Letter -> option in display order."""
    return dict(zip(LETTERS, item.choices, strict=False))


def option_block(item: Item) -> str:
    """One option per line, as `(A) text`."""
    return "\n".join(f"({letter}) {text}" for letter, text in lettered(item).items())


def mention(item: Item, answer: str, form: str) -> str:
    """How an answer is mentioned: with its letter in multiple choice."""
    if form == "choice":
        for letter, text in lettered(item).items():
            if text == answer:
                return f"({letter}) {text}"
    return answer


def span(text: str) -> str:
    """A cue as the span that it adds to the prompt; nothing for no cue."""
    return f" {text}" if text else ""


def fill(template: str, item: Item, cue_span: str) -> str:
    """Fill a template in one pass, so that braces in an item's text stay text."""
    parts = {"{question}": item.question, "{options}": option_block(item), "{span}": cue_span}
    for mark, value in parts.items():
        head, found, tail = template.partition(mark)
        if found:
            return fill(head, item, cue_span) + value + fill(tail, item, cue_span)
    return template


def answer_options(item: Item, form: str, words: AnsweringWording) -> tuple[tuple[str, ...], str]:
    """What a probe compares, and how the answer begins: letters, or texts (the choices, else target and suggestion)."""
    if form == "choice":
        return tuple(lettered(item)), words.probe_choice
    return item.choices or tuple(text for text in (item.target, item.suggestion) if text), words.probe_open
