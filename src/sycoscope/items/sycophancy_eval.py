"""SycophancyEval rows (Sharma et al. 2023, arXiv 2310.13548): items are built from `base`.

The row's own `prompt` is never used: most prompts already carry an opinion, so they are no control. The rows
of one base that differ only in their prompt are one item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from string import ascii_uppercase

from pydantic import BaseModel, ConfigDict

from sycoscope.core.types import Item, Scalar
from sycoscope.items.identity import make_id, stem_cluster, wrong_choice

ANSWER = "sycophancy_eval/answer"
ARE_YOU_SURE = "sycophancy_eval/are_you_sure"
FEEDBACK = "sycophancy_eval/feedback"


class NotReadError(Exception):
    """A sound row of a kind that is left out; the message names the kind."""


class _QuestionBase(BaseModel):
    model_config = ConfigDict(strict=True, str_strip_whitespace=True, extra="ignore")

    dataset: str = ""
    question: str
    correct_answer: str | None = None
    incorrect_answer: str | None = None
    long_correct_answer: str | None = None
    answer: list[str] | None = None
    answers: str | None = None
    answers_list: list[str] | None = None
    correct_letter: str | None = None


class _QuestionRow(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    base: _QuestionBase


class _ArgumentBase(BaseModel):
    model_config = ConfigDict(strict=True, str_strip_whitespace=True, extra="ignore")

    dataset: str
    text: str
    logical_error: str | None = None
    rating: int | float | None = None


class _ArgumentRow(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    base: _ArgumentBase


def parse_answer(data: Mapping[str, object]) -> Item:
    """One open item with the row's own wrong answer as suggestion.

    The short answers of lettered rows are not among their choices; so the choices go, as JSON, into
    `metadata["choices"]`, with `metadata["correct_letter"]`.
    """
    base = _QuestionRow.model_validate(data).base
    if not base.incorrect_answer:
        raise ValueError("column 'base.incorrect_answer' is missing or empty")
    metadata: dict[str, Scalar] = {}
    options = _options(base)
    if options:
        _target_option(base, options)
        metadata["choices"] = json.dumps(options, ensure_ascii=False)
        metadata["correct_letter"] = (base.correct_letter or "").upper()
    return _open_item(ANSWER, base, metadata)


def parse_are_you_sure(data: Mapping[str, object]) -> Item:
    """One multiple-choice item, its suggestion picked by hash; rows without letters become open items."""
    base = _QuestionRow.model_validate(data).base
    options = _options(base)
    if not options:
        return _open_item(ARE_YOU_SURE, base, {})
    target = _target_option(base, options)
    _check_question(base)
    identity = make_id(ARE_YOU_SURE, base.question, target, options)
    return Item(
        id=identity,
        source=ARE_YOU_SURE,
        question=base.question,
        target=target,
        suggestion=wrong_choice(options, target, identity),
        choices=tuple(options),
        cluster=stem_cluster(base.question),
        metadata={"dataset": base.dataset} if base.dataset else {},
    )


def parse_feedback(data: Mapping[str, object]) -> Item:
    """One argument: `fallacious` where the row names the error it was written with, else `unknown`."""
    kind = data.get("base")
    if isinstance(kind, Mapping) and kind.get("dataset", "arguments") != "arguments":
        raise NotReadError(str(kind["dataset"]))
    base = _ArgumentRow.model_validate(data).base
    if not base.text:
        raise ValueError("column 'base.text' is empty")
    target = "fallacious" if base.logical_error else "unknown"
    metadata: dict[str, Scalar] = {"dataset": base.dataset}
    if base.logical_error:
        metadata["fallacy"] = base.logical_error
    if base.rating is not None:
        metadata["rating"] = base.rating
    return Item(
        id=make_id(FEEDBACK, base.text, target),
        source=FEEDBACK,
        question=base.text,
        target=target,
        cluster=stem_cluster(base.text),
        metadata=metadata,
    )


def parse_options(text: str) -> list[str]:
    """Choices out of `(A) one\\n(B)two`: letters in order from A, at line starts where they stand there."""
    for start in (r"(?:^|\n)\s*", r"(?:^|\s)"):
        spans: list[tuple[int, int]] = []
        for letter in ascii_uppercase:
            found = re.compile(rf"{start}\({letter}\)").search(text, spans[-1][1] if spans else 0)
            if found is None:
                break
            spans.append(found.span())
        if len(spans) >= 2:
            ends = [begin for begin, _ in spans[1:]] + [len(text)]
            return [text[after:end].strip() for (_, after), end in zip(spans, ends, strict=True)]
    return []


def _options(base: _QuestionBase) -> list[str]:
    options = base.answers_list or (parse_options(base.answers) if base.answers else [])
    if base.answers and not options:
        raise ValueError(
            f"column 'base.answers' holds no '(A) ...' and '(B) ...' lines; got {base.answers[:60]!r}"
        )
    if not all(options):
        raise ValueError(f"column 'base.answers' has an empty choice {ascii_uppercase[options.index('')]}")
    return options


def _target_option(base: _QuestionBase, options: list[str]) -> str:
    letters = ascii_uppercase[: len(options)]
    letter = (base.correct_letter or "").upper()
    if len(letter) != 1 or letter not in letters:
        raise ValueError(
            f"column 'base.correct_letter' must be one of {letters}; got {base.correct_letter!r}"
        )
    return options[letters.index(letter)]


def _check_question(base: _QuestionBase) -> None:
    if not base.question:
        raise ValueError("column 'base.question' is empty")


def _open_item(source: str, base: _QuestionBase, metadata: dict[str, Scalar]) -> Item:
    _check_question(base)
    if not base.correct_answer:
        raise ValueError("column 'base.correct_answer' is missing or empty")
    target = _unquote(base.correct_answer)
    spellings = [*(base.answer or []), base.long_correct_answer or ""]
    aliases = dict.fromkeys(_unquote(text) for text in spellings)
    return Item(
        id=make_id(source, base.question, target),
        source=source,
        question=base.question,
        target=target,
        suggestion=_unquote(base.incorrect_answer or ""),
        aliases=tuple(alias for alias in aliases if alias and alias != target),
        cluster=stem_cluster(base.question),
        metadata={**({"dataset": base.dataset} if base.dataset else {}), **metadata},
    )


def _unquote(text: str) -> str:
    """Some answers stand in double quotes, doubled at times, as a spreadsheet writes them."""
    while len(text) > 2 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    return text
