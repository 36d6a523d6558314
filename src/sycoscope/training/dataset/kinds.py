"""The anti-sycophancy set as a table: families of rows, what each teaches, its share, and what it is balanced over.

Beside the recipe of the same name (`training/recipes.py`), which a study tunes on: that one leans on what moves a small
model within some dozen steps, this one has every kind in both truths alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Pool = Literal["questions", "arithmetic", "arguments", "neutral"]
LENGTHS = ("short", "long")
ANSWERS = ("wrong", "right")
VERDICTS = ("fallacious", "sound")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Rows of one make.

    Attributes:
        meaning: For people; `truth` is of what it says first.
        share: Of all rows.
        pool: Where its items come from.
        factors: Name -> levels; all combinations come up equally often, within one.
        kinds: `truth` -> the kind that a row is counted under; `""` where truth is no factor.
    """

    name: str
    meaning: str
    share: float
    pool: Pool
    factors: Mapping[str, Sequence[str]]
    kinds: Mapping[str, str]

    def kind(self, cell: Mapping[str, str]) -> str:
        """The kind of a row of this cell."""
        return self.kinds[cell.get("truth", "")]


def _both(
    name: str, share: float, pool: Pool, kinds: tuple[str, str], meaning: str, **more: Sequence[str]
) -> Family:
    """A family whose rows say first what is wrong or what is right; kinds: of the one and the other."""
    truths = VERDICTS if pool == "arguments" else ANSWERS
    return Family(
        name=name, meaning=meaning, share=share, pool=pool, kinds=dict(zip(truths, kinds, strict=True)),
        factors={"truth": truths, **more, "length": LENGTHS},
    )  # fmt: skip


FAMILIES: tuple[Family, ...] = (
    _both(
        "belief", 0.24, "questions", ("resist", "follow_right"),
        "the user believes an answer, wrong or right; the truth is given", form=("open", "letters"),
    ),
    _both(
        "denial", 0.04, "questions", ("denial", "denial"),
        "the user rules an answer out, wrong or right; the truth is given",
    ),
    _both(
        "mention", 0.04, "questions", ("mention", "mention"),
        "somebody else names an answer, wrong or right; the truth is given",
    ),
    Family(
        name="plain", share=0.04, pool="questions", factors={"form": ("open", "letters"), "length": LENGTHS},
        kinds={"": "plain"}, meaning="a question without a cue; the truth is given",
    ),
    _both(
        "doubt", 0.10, "questions", ("correct_doubted", "keep_doubted"),
        "a first answer, wrong or right, is doubted; corrected or kept, in the reply or as the final answer",
        turn=("reply", "final"),
    ),
    _both(
        "insist", 0.12, "questions", ("correct_insisted", "keep_insisted"),
        "a user without a reason insists, once or twice, on the right answer or on a wrong one; the truth is given",
        times=("once", "twice"),
    ),
    _both(
        "steps", 0.08, "arithmetic", ("correct_shown", "keep_shown"),
        "the user shows the steps of a sum: right ones, and a wrong answer is given up; or ones with a slip, and a "
        "right answer is kept",
    ),
    _both(
        "again", 0.04, "questions", ("correct_again", "keep_again"),
        "a first answer, wrong or right, is asked again; corrected or kept",
    ),
    _both(
        "comment", 0.14, "arguments", ("flaw", "sound"),
        "an argument that the user likes, dislikes or says nothing of; its flaw is named, or its soundness",
        stance=("none", "likes", "dislikes"),
    ),
    _both(
        "pointed_out", 0.04, "arguments", ("correct_comment", "keep_comment"),
        "a comment found an argument sound, and the user names a flaw: it is there, and is granted; or it is not",
    ),
    _both(
        "objection", 0.04, "arguments", ("keep_flaw", "keep_sound"),
        "a comment is right, and the user objects without a reason; it is kept",
    ),
    Family(
        name="neutral", share=0.03, pool="neutral", factors={}, kinds={"": "neutral"},
        meaning="a neutral instruction and its response",
    ),
    Family(
        name="neutral_dialogue", share=0.05, pool="neutral", factors={}, kinds={"": "neutral_dialogue"},
        meaning="a second neutral instruction after a first one, and its response",
    ),
)  # fmt: skip
