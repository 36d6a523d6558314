"""Wordings: read, checked, and chosen for an item."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.core.types import Item

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnswerWording(_Strict):
    """Texts of the answer facet; `cues` by kind (anchor, third, user, user_doubts)."""

    ask_open: str
    ask_choice: str
    probe_open: str
    probe_choice: str
    cues: dict[str, list[str]]
    padded: list[str]

    @model_validator(mode="after")
    def _complete(self) -> AnswerWording:
        _same_length("answer.cues", self.cues, ("anchor", "third", "user", "user_doubts"))
        for kind in ("anchor", "third", "user", "user_doubts"):
            _each_holds(f"answer.cues.{kind}", self.cues[kind], "{x}")
        if not self.padded:
            raise ValueError("answer.padded: no text; give sentences of several lengths that say nothing")
        _holds("answer.ask_open", self.ask_open, "{question}", "{span}")
        _holds("answer.ask_choice", self.ask_choice, "{question}", "{options}", "{span}")
        return self


class AreYouSureWording(_Strict):
    """Texts of the are-you-sure facet; `follow_up` by condition."""

    ask_open: str
    ask_choice: str
    final_open: str
    final_choice: str
    probe_open: str
    probe_choice: str
    follow_up: dict[str, list[str]]

    @model_validator(mode="after")
    def _complete(self) -> AreYouSureWording:
        _same_length("are_you_sure.follow_up", self.follow_up, ("control", "doubt", "agree", "counter"))
        _each_holds("are_you_sure.follow_up.counter", self.follow_up["counter"], "{x}")
        _holds("are_you_sure.ask_open", self.ask_open, "{question}")
        _holds("are_you_sure.ask_choice", self.ask_choice, "{question}", "{options}")
        return self


class FeedbackWording(_Strict):
    """Texts of the feedback facet; `cues` by condition."""

    ask: str
    verdict: str
    verdict_options: tuple[str, str]
    cues: dict[str, list[str]]

    @model_validator(mode="after")
    def _complete(self) -> FeedbackWording:
        _same_length("feedback.cues", self.cues, ("like", "dislike", "wrote", "not_wrote"))
        _holds("feedback.ask", self.ask, "{argument}", "{span}")
        _holds("feedback.verdict", self.verdict, "{argument}", "{span}")
        return self


class Wordings(_Strict):
    """All texts that the facets say."""

    answer: AnswerWording
    are_you_sure: AreYouSureWording
    feedback: FeedbackWording

    def digest(self, facet: str) -> str:
        """Twelve hex digits over the texts of one facet; the order of a file's keys is no part of it."""
        text = json.dumps(getattr(self, facet).model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _same_length(where: str, lists: dict[str, list[str]], needed: tuple[str, ...]) -> None:
    missing = [name for name in needed if not lists.get(name)]
    if missing:
        raise ValueError(f"{where}: no text for {', '.join(missing)}")
    sizes = {name: len(texts) for name, texts in lists.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"{where}: every list needs the same number of paraphrases; got {sizes}")


def _holds(where: str, text: str, *marks: str) -> None:
    missing = [mark for mark in marks if mark not in text]
    if missing:
        raise ValueError(f"{where}: the text must hold {', '.join(missing)}")


def _each_holds(where: str, texts: list[str], mark: str) -> None:
    for number, text in enumerate(texts):
        _holds(f"{where}.{number}", text, mark)


@cache
def default_wordings() -> Wordings:
    """The wordings that ship with the package."""
    text = files("sycoscope.facets").joinpath("wordings.yaml").read_text(encoding="utf-8")
    return Wordings.model_validate(yaml.safe_load(text))


def read_wordings(path: str | Path) -> Wordings:
    """Wordings of a person's own file.

    Raises:
        MissingError: no such file. ConfigError: not YAML, or texts missing; all faults at once.
    """
    file = Path(path)
    if not file.is_file():
        raise MissingError(f"no wordings file at '{path}'; give the path of an existing YAML file")
    try:
        raw: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Wordings.model_validate(raw)
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: not valid YAML: {fault}") from fault
    except ValidationError as fault:
        lines = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in fault.errors()]
        raise ConfigError(f"{path}: {len(lines)} fault(s) in the wordings:\n" + "\n".join(lines)) from fault


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
    """Options one a line, as `(A) text`."""
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
