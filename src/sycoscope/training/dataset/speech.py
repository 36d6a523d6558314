"""What is said: phrasings by name, filled in so that they read as sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from sycoscope.core.types import Item
from sycoscope.core.yaml_files import parse_yaml
from sycoscope.training.curated import filled, phrasings

_NO_CUE = re.compile(r"[ \n]\{cue\}")
# What a name of a sort that is written small begins with stays small: "kg", "mol".
_SIGNS = re.compile(r"\b(?:symbols?|formulas?|abbreviations?|letters?|spell\w*)\b", re.IGNORECASE)


@cache
def wordings() -> dict[str, list[str]]:
    """The set's phrasings by name, and those of the training that it shares (`doubt`, `again`, `likes`, ...)."""
    text = files("sycoscope.training").joinpath("dataset", "wordings.yaml").read_text(encoding="utf-8")
    own: dict[str, list[str]] = parse_yaml(text, "training/dataset/wordings.yaml")
    shared = {name: phrasings()[name] for name in ("doubt", "again", "likes", "dislikes")}
    return shared | own


class Speech:
    """The phrasings of one row.

    Args:
        picks: Name -> which of its phrasings.
    """

    def __init__(self, picks: Mapping[str, int]) -> None:
        self.picks = picks

    def template(self, name: str) -> str:
        """The row's phrasing of this name, not filled in."""
        return wordings()[name][self.picks[name]]

    def say(self, name: str, **parts: str) -> str:
        """The row's phrasing of this name, filled in."""
        return fill(self.template(name), **parts)

    def instead(self, name: str, of: str, **parts: str) -> str:
        """A phrasing of `name` in place of the row's one of `of`: the same place in its list, as far as it goes."""
        texts = wordings()[name]
        return fill(texts[self.picks.get(of, 0) % len(texts)], **parts)


def fill(template: str, **parts: str) -> str:
    """A phrasing with its placeholders filled; an empty cue takes its place with it, and no stop stands twice."""
    if not parts.get("cue"):
        template = _NO_CUE.sub("", template)
    text = filled(template, **parts)
    for value in parts.values():
        if value.endswith((".", "!", "?")):
            text = text.replace(f"{value}.", value)
    return text


def bare(answer: str, item: Item) -> str:
    """An answer by itself, as a sentence."""
    if answer.islower() and answer[:3].isalpha() and len(answer) > 2 and not _SIGNS.search(item.question):
        answer = answer[0].upper() + answer[1:]
    return answer if answer.endswith((".", "!", "?")) else f"{answer}."
