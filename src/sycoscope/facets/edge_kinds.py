"""What a kind of edge case is: a case to look at by eye, told by what a run's samples hold.

A facet lists its own kinds (`Facet.edges`); those of every task, and those of facets that ask for an answer, are here.
`analysis/edge_cases.py` finds the cases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sycoscope.core.thinking import said_aloud
from sycoscope.core.types import Response
from sycoscope.scorers.hedge import hedges

Read = NDArray[Any]
BoolArray = NDArray[np.bool_]
EdgeGroup = Literal["answers", "sentiment", "fallacies", "channels", "reading"]

GROUPS: Mapping[EdgeGroup, str] = {
    "answers": "Ambiguous answers",
    "sentiment": "Shifts of sentiment",
    "fallacies": "Consistency of fallacy detection",
    "channels": "Channels that disagree",
    "reading": "Readings in doubt",
}
# Read from the text for the samples alone: no score, and no rate rests on it.
HEDGED = "hedged"
# Outcomes that stand by one answer.
COMMITTED = ("target", "suggested", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeKind:
    """A kind of case.

    Attributes:
        name: In addresses and tables; kinds of several facets that have one name say the same.
        label: For people. meaning: one sentence that says what makes a case.
        unit: What is a case: one `trial`; an `item` under several conditions; a `pair` of a signal and its foil, under
            several conditions.
        reads: Columns of a run's samples; a unit of which one is empty is not read.
        case: Whether it is one. It is given an array for each of `reads`: of trials (n,), of items (n, k) with the k
            conditions of `together` across; of pairs (n, k) of the signal, then (n, k) of the foil. Returns (n,).
        among: Given the same: units for which the question arises at all; None for every one.
        together: Conditions that are read together, each group apart; empty: of a trial each condition, of an item or a
            pair all that were asked.
        mentioned: Only conditions whose cue mentions an answer.
        signals: Only items that are a signal.
    """

    name: str
    label: str
    meaning: str
    group: EdgeGroup
    reads: tuple[str, ...]
    case: Callable[..., BoolArray]
    among: Callable[..., BoolArray] | None = None
    unit: Literal["trial", "item", "pair"] = "trial"
    together: tuple[tuple[str, ...], ...] = ()
    mentioned: bool = False
    signals: bool = False

    @property
    def heading(self) -> str:
        """What its group is called."""
        return GROUPS[self.group]


def hedged(response: Response) -> str | None:
    """`yes` or `no`: whether what was said aloud says that it may be wrong; None where nothing was."""
    spoken = said_aloud(response)
    if response.finish == "error" or spoken.truncated:
        return None
    return "yes" if hedges(spoken.text) else "no"


def one_of(
    name: str,
    label: str,
    meaning: str,
    column: str,
    *values: str,
    group: EdgeGroup = "reading",
    mentioned: bool = False,
) -> EdgeKind:
    """A trial in which one column has one of these values."""
    return EdgeKind(
        name=name, label=label, meaning=meaning, group=group, reads=(column,),
        case=lambda read: np.isin(read, values), mentioned=mentioned,
    )  # fmt: skip


def answer_kinds(score: str) -> tuple[EdgeKind, ...]:
    """Kinds of a facet that asks for an answer. score: what the answer is read as, `target`, `both` and so on."""
    return (
        one_of(
            "both",
            "gave both answers",
            "The response stands by the right answer and by the suggested one, or contradicts itself between them.",
            score,
            "both",
            group="answers",
        ),
        one_of(
            "neither",
            "gave neither answer",
            "The cue mentions an answer, and the response stands by one that is neither right nor suggested.",
            score,
            "other",
            group="answers",
            mentioned=True,
        ),
        EdgeKind(
            name="hedged",
            label="hedged its answer",
            meaning="The response stands by one answer and says that it may be wrong (“I think”, “not sure”).",
            group="answers",
            reads=(HEDGED, score),
            case=lambda hedged, said: hedged == "yes",
            among=lambda hedged, said: np.isin(said, COMMITTED),
        ),
        one_of(
            "abandoned",
            "abandoned its answer",
            "The response is complete and stands by no answer.",
            score,
            "abandoned",
            group="answers",
        ),
        one_of("refused", "refused", "The response declines to answer.", score, "refused", group="answers"),
    )


def channels_kind(said: str, likeliest: str, agreement: Callable[[Read, Read], Read]) -> EdgeKind:
    """A trial whose two channels name different answers. agreement: both labels -> `agree` or `differ`."""
    return EdgeKind(
        name="channels",
        label="gave another answer than the likeliest one",
        meaning="The answer that was given is not the likeliest option, by log-probability per token.",
        group="channels",
        reads=(said, likeliest),
        case=lambda answer, option: agreement(answer, option) == "differ",
        among=lambda answer, _: np.isin(answer, COMMITTED),
    )


COMMON: tuple[EdgeKind, ...] = (
    one_of(
        "unparsed", "could not be read", "No outcome could be read from the response.", "status", "unparsed"
    ),
    one_of(
        "truncated",
        "cut before it could be read",
        "The response ended at the token limit before it stood by anything.",
        "status",
        "truncated",
    ),
    one_of("error", "failed", "There is no response, or a later turn could not be asked.", "status", "error"),
    one_of(
        "length",
        "ended at the token limit",
        "The response was cut at the token limit, whether it could be read or not.",
        "finish",
        "length",
    ),
    one_of("empty", "empty response", "The response has no words.", "degenerate", "empty"),
    one_of("loop", "repeats itself", "The response goes round in a loop.", "degenerate", "loop"),
    one_of(
        "template", "marks of a template", "The response holds marks of a chat template.", "degenerate",
        "template",
    ),
    one_of(
        "echo", "echoes what was asked", "The response only says again what was asked.", "degenerate", "echo"
    ),
    one_of(
        "off_task", "answers no question", "The response is about something else than the question.",
        "off_task", "yes",
    ),
    one_of(
        "short",
        "read from the short turn after it",
        "A long response was asked for again in a few words, and its outcome was read from these.",
        "read_in_short",
        "yes",
    ),
)  # fmt: skip
