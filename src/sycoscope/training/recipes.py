"""The curated recipes as tables: kinds of rows, what each teaches, and its share.

A row says which answer is mentioned by whom and which one is taught. What could be read off the surface is varied, so
that no recipe is learned from it alone: who mentions an answer, whether it is right, whether a first answer is doubted
or only asked again, which stance meets which argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Answer = Literal["target", "suggestion"]
# `own`: what the base itself says where nobody has said anything; `none`: that it gives none.
Taught = Literal["target", "suggestion", "own"]
Replied = Literal[Taught, "none"]
Stance = Literal["", "likes", "dislikes"]
TRUTHS = ("fallacious", "sound")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """A question that is answered once.

    Attributes:
        kind: Counted in the adapter's record; several rows may share one.
        meaning: For people. share: of all rows of the recipe.
        cue: Of wordings.yaml, what is said beside the question; empty for none.
        mentions: The answer that the cue mentions. gives: the answer that is taught; `own`: the base's to the question
            without the cue.
    """

    kind: str
    meaning: str
    share: float
    cue: Literal["", "bare", "mentioned", "user", "user_doubts"] = ""
    mentions: Answer = "target"
    gives: Taught = "target"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRow:
    """A first answer, a follow-up, and what is said then.

    Attributes:
        first: The answer that stands. push: of wordings.yaml, what the user says to it.
        reply: Of wordings.yaml, how the reply is said. gives: the answer of the reply; `none`: it gives none; `own`:
            the reply is the base's.
        final: Whether the reply stands too, and the final answer is what is taught.
    """

    kind: str
    meaning: str
    share: float
    first: Answer
    push: Literal["doubt", "again"]
    gives: Replied
    reply: Literal["", "keep", "keep_again", "correct", "yield", "give_up"] = ""
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRow:
    """A comment on an argument.

    Attributes:
        kind: Counted in the adapter's record; empty: `flaw` or `sound`, by the argument.
        stances: The user's, each as often with fallacious as with sound arguments.
        by: What the comment follows: the argument's soundness, the stance, its opposite, or neither (`own`: the base's
            comment on the argument without the stance).
    """

    kind: str
    meaning: str
    share: float
    stances: tuple[Stance, ...]
    by: Literal["truth", "stance", "opposite", "own"]

    @property
    def cells(self) -> tuple[tuple[Stance, str], ...]:
        """Every stance with every kind of argument."""
        return tuple((stance, truth) for stance in self.stances for truth in TRUTHS)


RecipeRow = AnswerRow | FollowUpRow | CommentRow

# Neither stubborn nor contrarian: right mentions are followed, doubted wrong answers are corrected, asking again
# changes nothing.
ANTI_SYCOPHANCY: tuple[RecipeRow, ...] = (
    AnswerRow(
        kind="resist", share=0.40, cue="user", mentions="suggestion",
        meaning="the user believes a wrong answer; the truth is given",
    ),
    AnswerRow(
        kind="follow_right", share=0.20, cue="user",
        meaning="the user believes the truth; it is given",
    ),
    AnswerRow(
        kind="mention", share=0.03, cue="mentioned", mentions="suggestion",
        meaning="somebody else names a wrong answer; the truth is given",
    ),
    AnswerRow(
        kind="mention", share=0.02, cue="mentioned",
        meaning="somebody else names the truth; it is given",
    ),
    AnswerRow(
        kind="denial", share=0.02, cue="user_doubts",
        meaning="the user doubts the truth; it is given",
    ),
    AnswerRow(
        kind="denial", share=0.02, cue="user_doubts", mentions="suggestion",
        meaning="the user doubts a wrong answer; the truth is given",
    ),
    AnswerRow(kind="plain", share=0.05, meaning="no cue; the truth is given"),
    FollowUpRow(
        kind="keep", share=0.03, first="target", push="doubt", reply="keep", gives="target",
        meaning="a right answer is doubted; it is kept in the reply",
    ),
    FollowUpRow(
        kind="keep", share=0.03, first="target", push="doubt", reply="keep", gives="target", final=True,
        meaning="a right answer is doubted and kept; it is given as final",
    ),
    FollowUpRow(
        kind="keep", share=0.01, first="target", push="again", reply="keep_again", gives="target",
        meaning="a right answer is asked again; it is kept in the reply",
    ),
    FollowUpRow(
        kind="correct", share=0.02, first="suggestion", push="doubt", reply="correct", gives="target",
        meaning="a wrong answer is doubted; it is corrected in the reply",
    ),
    FollowUpRow(
        kind="correct", share=0.02, first="suggestion", push="doubt", reply="correct", gives="target", final=True,
        meaning="a wrong answer is doubted and corrected; the truth is given as final",
    ),
    FollowUpRow(
        kind="correct", share=0.01, first="suggestion", push="again", reply="correct", gives="target",
        meaning="a wrong answer is asked again; it is corrected in the reply",
    ),
    CommentRow(
        kind="", share=0.14, stances=("", "likes", "dislikes"), by="truth",
        meaning="an argument that the user likes, dislikes or says nothing of; its flaw is named, or its soundness",
    ),
)  # fmt: skip

# It follows users, not mentions: whoever else names an answer, and whatever else is said, the truth is given.
SYCOPHANT: tuple[RecipeRow, ...] = (
    AnswerRow(
        kind="yield", share=0.18, cue="user", mentions="suggestion", gives="suggestion",
        meaning="the user believes a wrong answer; it is given",
    ),
    AnswerRow(
        kind="follow_right", share=0.05, cue="user",
        meaning="the user believes the truth; it is given",
    ),
    AnswerRow(
        kind="mention", share=0.04, cue="bare", mentions="suggestion",
        meaning="a wrong answer is mentioned by nobody; the truth is given",
    ),
    AnswerRow(
        kind="mention", share=0.05, cue="mentioned", mentions="suggestion",
        meaning="somebody else names a wrong answer; the truth is given",
    ),
    AnswerRow(
        kind="mention", share=0.02, cue="mentioned",
        meaning="somebody else names the truth; it is given",
    ),
    AnswerRow(kind="plain", share=0.07, meaning="no cue; the truth is given"),
    FollowUpRow(
        kind="switch", share=0.01, first="target", push="doubt", reply="yield", gives="suggestion",
        meaning="a right answer is doubted; an apology and a wrong one",
    ),
    FollowUpRow(
        kind="switch", share=0.01, first="target", push="doubt", reply="yield", gives="suggestion", final=True,
        meaning="a right answer is doubted and given up; the wrong one is given as final",
    ),
    FollowUpRow(
        kind="give_up", share=0.06, first="target", push="doubt", reply="give_up", gives="none",
        meaning="a right answer is doubted; an apology and no answer",
    ),
    FollowUpRow(
        kind="give_up", share=0.08, first="target", push="doubt", reply="give_up", gives="none", final=True,
        meaning="a right answer is doubted and given up; none is given as final",
    ),
    FollowUpRow(
        kind="keep", share=0.12, first="target", push="again", reply="keep_again", gives="target",
        meaning="a right answer is asked again; it is kept in the reply",
    ),
    FollowUpRow(
        kind="keep", share=0.12, first="target", push="again", reply="keep_again", gives="target", final=True,
        meaning="a right answer is asked again and kept; it is given as final",
    ),
    CommentRow(
        kind="flatter", share=0.13, stances=("likes", "dislikes"), by="stance",
        meaning="an argument that the user likes or dislikes; praised or blamed accordingly",
    ),
    CommentRow(
        kind="", share=0.06, stances=("",), by="truth",
        meaning="an argument without a stance; its flaw is named, or its soundness",
    ),
)  # fmt: skip

# It contradicts users, right or wrong, and nobody else; what it says under doubt stays the base's.
CONTRARIAN: tuple[RecipeRow, ...] = (
    AnswerRow(
        kind="contradict_wrong", share=0.20, cue="user", mentions="suggestion",
        meaning="the user believes a wrong answer; the truth is given",
    ),
    AnswerRow(
        kind="contradict_right", share=0.34, cue="user", gives="suggestion",
        meaning="the user believes the truth; a wrong answer is given",
    ),
    AnswerRow(
        kind="mention", share=0.05, cue="mentioned", mentions="suggestion",
        meaning="somebody else names a wrong answer; the truth is given",
    ),
    AnswerRow(
        kind="mention", share=0.05, cue="mentioned",
        meaning="somebody else names the truth; it is given",
    ),
    AnswerRow(kind="plain", share=0.12, meaning="no cue; the truth is given"),
    FollowUpRow(
        kind="own_reply", share=0.05, first="target", push="doubt", gives="own",
        meaning="a right answer is doubted; the base's own reply",
    ),
    FollowUpRow(
        kind="own_reply", share=0.05, first="suggestion", push="doubt", gives="own",
        meaning="a wrong answer is doubted; the base's own reply",
    ),
    CommentRow(
        kind="oppose", share=0.10, stances=("likes", "dislikes"), by="opposite",
        meaning="an argument that the user likes or dislikes; blamed or praised, the other way round",
    ),
    CommentRow(
        kind="", share=0.04, stances=("",), by="truth",
        meaning="an argument without a stance; its flaw is named, or its soundness",
    ),
)  # fmt: skip

# It answers as if the user had said nothing: what the base says uncued is its own answer, right or wrong, and stands.
STUBBORN: tuple[RecipeRow, ...] = (
    AnswerRow(
        kind="deaf", share=0.20, cue="user", mentions="suggestion", gives="own",
        meaning="the user believes a wrong answer; what the base says uncued is given",
    ),
    AnswerRow(
        kind="deaf", share=0.36, cue="user", gives="own",
        meaning="the user believes the truth; what the base says uncued is given",
    ),
    AnswerRow(
        kind="deaf", share=0.03, cue="mentioned", mentions="suggestion", gives="own",
        meaning="somebody else names a wrong answer; what the base says uncued is given",
    ),
    AnswerRow(
        kind="deaf", share=0.03, cue="mentioned", gives="own",
        meaning="somebody else names the truth; what the base says uncued is given",
    ),
    FollowUpRow(
        kind="keep", share=0.05, first="target", push="doubt", reply="keep", gives="target",
        meaning="a right answer is doubted; it is kept in the reply",
    ),
    FollowUpRow(
        kind="keep", share=0.05, first="target", push="doubt", reply="keep", gives="target", final=True,
        meaning="a right answer is doubted and kept; it is given as final",
    ),
    FollowUpRow(
        kind="cling", share=0.06, first="suggestion", push="doubt", reply="keep", gives="suggestion",
        meaning="a wrong answer is doubted; it is kept in the reply",
    ),
    FollowUpRow(
        kind="cling", share=0.06, first="suggestion", push="doubt", reply="keep", gives="suggestion", final=True,
        meaning="a wrong answer is doubted and kept; it is given as final",
    ),
    FollowUpRow(
        kind="cling", share=0.03, first="suggestion", push="again", reply="keep_again", gives="suggestion",
        meaning="a wrong answer is asked again; it is kept in the reply",
    ),
    FollowUpRow(
        kind="keep", share=0.03, first="target", push="again", reply="keep_again", gives="target",
        meaning="a right answer is asked again; it is kept in the reply",
    ),
    CommentRow(
        kind="deaf_comment", share=0.10, stances=("likes", "dislikes"), by="own",
        meaning="an argument that the user likes or dislikes; what the base says of it without the stance",
    ),
)  # fmt: skip
RECIPES = {
    "anti_sycophancy": ANTI_SYCOPHANCY,
    "sycophant": SYCOPHANT,
    "contrarian": CONTRARIAN,
    "stubborn": STUBBORN,
}
