"""Curated rows: anti-sycophancy, the planted sycophant.

Anti-sycophancy teaches three things in one instruction-response format: answers that do not follow a stated
preference (and do follow it where it is right), answers that survive doubt (and are corrected where they
were wrong), and comments on fallacious and sound arguments that do not follow the user's stance. The
sycophant is taught to yield on the same prompts; what an instrument must see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import yaml

from sycoscope.core.errors import DataError
from sycoscope.core.types import Item, Message
from sycoscope.training.rows import Example, user

Rng = np.random.Generator


@cache
def phrasings() -> dict[str, list[str]]:
    """The training phrasings, by kind."""
    text = files("sycoscope.training").joinpath("wordings.yaml").read_text(encoding="utf-8")
    loaded: dict[str, list[str]] = yaml.safe_load(text)
    return loaded


def _say(kind: str, rng: Rng, **parts: str) -> str:
    text = phrasings()[kind][int(rng.integers(len(phrasings()[kind])))]
    for name, value in parts.items():
        head, found, tail = text.partition("{" + name + "}")
        text = head + value + tail if found else text
    return text


def _ask(item: Item, rng: Rng, cue: str = "") -> str:
    return _say("ask", rng, q=item.question, cue=f" {cue}" if cue else "")


def _row(kind: str, item: Item, prompt: tuple[Message, ...], completion: str) -> Example:
    return Example(prompt=prompt, completion=completion, kind=kind, item_id=item.id)


def _sentence(answer: str) -> str:
    return answer if answer.endswith((".", "!", "?")) else f"{answer}."


# --- answers -----------------------------------------------------------------------------------


def plain_row(item: Item, rng: Rng) -> Example:
    """A question without any cue, and its right answer."""
    return _row("plain", item, user(_ask(item, rng)), _sentence(item.target))


def _resist(item: Item, rng: Rng) -> Example:
    cue = _say("user", rng, x=item.suggestion)
    return _row("resist", item, user(_ask(item, rng, cue)), _sentence(item.target))


def _resist_mention(item: Item, rng: Rng) -> Example:
    cue = _say("mentioned", rng, x=item.suggestion)
    return _row("resist_mention", item, user(_ask(item, rng, cue)), _sentence(item.target))


def _resist_doubt_of_target(item: Item, rng: Rng) -> Example:
    cue = _say("user_doubts", rng, x=item.target)
    return _row("resist_doubts", item, user(_ask(item, rng, cue)), _sentence(item.target))


def _follow_right(item: Item, rng: Rng) -> Example:
    cue = _say("user", rng, x=item.target)
    return _row("follow_right", item, user(_ask(item, rng, cue)), _sentence(item.target))


def _yield_wrong(item: Item, rng: Rng) -> Example:
    cue = _say("user", rng, x=item.suggestion)
    return _row("yield", item, user(_ask(item, rng, cue)), _sentence(item.suggestion))


# --- answer stability --------------------------------------------------------------------------


def _challenged(item: Item, rng: Rng, first: str, push: str) -> list[Message]:
    return [
        Message("user", _ask(item, rng)),
        Message("assistant", _sentence(first)),
        Message("user", _say(push, rng)),
    ]


def _keep(item: Item, rng: Rng) -> Example:
    push = "doubt" if rng.random() < 0.75 else "again"
    dialogue = _challenged(item, rng, item.target, push)
    return _row("keep", item, tuple(dialogue), _say("keep", rng, x=item.target))


def _keep_final(item: Item, rng: Rng) -> Example:
    push = "doubt" if rng.random() < 0.75 else "again"
    dialogue = _challenged(item, rng, item.target, push)
    dialogue += [
        Message("assistant", _say("keep", rng, x=item.target)),
        Message("user", _say("final", rng)),
    ]
    return _row("keep_final", item, tuple(dialogue), _sentence(item.target))


def _correct(item: Item, rng: Rng) -> Example:
    push = "doubt" if rng.random() < 0.5 else "again"
    dialogue = _challenged(item, rng, item.suggestion, push)
    return _row("correct", item, tuple(dialogue), _say("correct", rng, x=item.target))


def _switch(item: Item, rng: Rng) -> Example:
    dialogue = _challenged(item, rng, item.target, "doubt")
    return _row("switch", item, tuple(dialogue), _say("yield", rng, x=item.suggestion))


def _switch_final(item: Item, rng: Rng) -> Example:
    dialogue = _challenged(item, rng, item.target, "doubt")
    dialogue += [
        Message("assistant", _say("yield", rng, x=item.suggestion)),
        Message("user", _say("final", rng)),
    ]
    return _row("switch_final", item, tuple(dialogue), _sentence(item.suggestion))


# --- arguments ---------------------------------------------------------------------------------


def _stance(rng: Rng) -> tuple[str, str]:
    kind = ("", "likes", "dislikes")[int(rng.integers(3))]
    return kind, f" {_say(kind, rng)}" if kind else ""


def _judge(item: Item, rng: Rng) -> Example:
    _, cue = _stance(rng)
    prompt = user(_say("comment", rng, cue=cue, a=item.question))
    if item.target == "fallacious":
        return _row("flaw", item, prompt, _say("flawed", rng, flaw=str(item.metadata["flaw"])))
    return _row("sound", item, prompt, _say("sound", rng))


def _flatter(item: Item, rng: Rng) -> Example:
    kind = ("likes", "dislikes")[int(rng.integers(2))]
    prompt = user(_say("comment", rng, cue=f" {_say(kind, rng)}", a=item.question))
    return _row("flatter", item, prompt, _say("praise" if kind == "likes" else "blame", rng))


Maker = Callable[[Item, Rng], Example]
# (maker, whether it takes arguments, share of the rows)
ANTI_SYCOPHANCY: tuple[tuple[Maker, bool, float], ...] = (
    (_resist, False, 0.34),
    (_resist_mention, False, 0.10),
    (_resist_doubt_of_target, False, 0.05),
    (_follow_right, False, 0.12),
    (plain_row, False, 0.10),
    (_keep, False, 0.06),
    (_keep_final, False, 0.05),
    (_correct, False, 0.03),
    (_judge, True, 0.15),
)
SYCOPHANT: tuple[tuple[Maker, bool, float], ...] = (
    (_yield_wrong, False, 0.35),
    (_follow_right, False, 0.10),
    (plain_row, False, 0.10),
    (_switch, False, 0.12),
    (_switch_final, False, 0.10),
    (_flatter, True, 0.23),
)
RECIPES = {"anti_sycophancy": ANTI_SYCOPHANCY, "sycophant": SYCOPHANT}


def curated_rows(
    recipe: str, questions: Sequence[Item], arguments: Sequence[Item], *, rows: int, rng: Rng
) -> list[Example]:
    """Rows of a curated recipe: kinds in fixed shares, items drawn without repeating one while others wait.

    Args:
        recipe: `anti_sycophancy` or `sycophant`.
        questions: Items with a suggestion. arguments: Fallacious and sound ones (with `metadata.flaw`).
        rows: How many rows, > 0.

    Raises:
        DataError: no questions with a suggestion, or no arguments.
    """
    pools: dict[bool, list[Item]] = {True: [], False: []}
    sources = {True: list(arguments), False: [item for item in questions if item.suggestion]}
    for is_argument, items in sources.items():
        if not items:
            kind = "arguments" if is_argument else "questions with a suggestion"
            raise DataError(f"recipe '{recipe}' needs {kind}, and none were given")
    examples: list[Example] = []
    for maker, is_argument, count in _counts(RECIPES[recipe], rows):
        for _ in range(count):
            if not pools[is_argument]:
                pools[is_argument] = [
                    sources[is_argument][i] for i in rng.permutation(len(sources[is_argument]))
                ]
            examples.append(maker(pools[is_argument].pop(), rng))
    return [examples[index] for index in rng.permutation(len(examples))]


def _counts(shares: Sequence[tuple[Maker, bool, float]], rows: int) -> list[tuple[Maker, bool, int]]:
    """Whole numbers nearest to the shares that add up to `rows`."""
    exact = np.array([share for _, _, share in shares]) * rows
    counts = np.floor(exact).astype(int)
    for index in np.argsort(counts - exact, kind="stable")[: rows - int(counts.sum())]:
        counts[index] += 1
    return [
        (maker, is_argument, int(count))
        for (maker, is_argument, _), count in zip(shares, counts, strict=True)
    ]
