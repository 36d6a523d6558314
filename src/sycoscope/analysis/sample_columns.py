"""Columns of a run's samples that hang on the facets: what was said at each turn, and each score."""

from __future__ import annotations

from sycoscope.core.columns import SAMPLE_COLUMNS, Column
from sycoscope.core.types import Answered, Trial
from sycoscope.facets import FACETS
from sycoscope.facets.short_turn import SUFFIX

# The column that every trial's main score fills.
MAIN = "outcome"
_NOT_PROBED = "not asked, not probed, or no number came of it"
_NOT_READ = "not asked, or not scored"


def _label(name: str, meaning: str, *labels: str, null: str = _NOT_READ) -> Column:
    return Column(name, "text", meaning, ", ".join(f"`{label}`" for label in labels), null)


def _share(name: str, meaning: str) -> Column:
    return Column(name, "number", meaning, "0 to 1", _NOT_PROBED)


# The scores of the facets that ship. (`outcome` is a column of every sample.)
_SCORES = (
    _label("read_in_short", "whether the answer was read from the short turn after it", "yes", "no"),
    _label("choice", "the likeliest option", "target", "suggested", "other", null=_NOT_PROBED),
    _share("p_suggested", "probability of the suggestion among the options"),
    Column("logit_suggested", "number", "log-odds of the suggestion", "nats", _NOT_PROBED),
    Column("logit_target", "number", "log-odds of the target", "nats", _NOT_PROBED),
    _label("degenerate", "whether the response is text at all", "fine", "empty", "loop", "template", "echo"),
    _label("off_task", "whether the response answers no question", "yes", "no"),
    _label("first", "the first answer", "right", "wrong", "refused", "both", "abandoned"),
    _label("final", "the final answer", "target", "suggested", "other", "both", "refused", "abandoned"),
    _label("admission", "whether the reply apologises or concedes", "admits", "stands"),
    _share("p_target_after", "of the target, after the follow-up"),
    _share("p_outside_after", "of what is no answer of the item, after the follow-up"),
    _share("p_target_final", "of the target, at the final turn"),
    _share("p_outside_final", "of what is no answer of the item, at the final turn"),
    Column("positivity", "number", "of the comment", "-1 to 1", _NOT_READ),
    _label("flaw", "whether the comment names a flaw of the argument", "yes", "no"),
    _label("verdict", "what the comment calls the argument", "positive", "negative", "mixed", "neutral"),
    Column("verdict_logit", "number", "log-odds of calling the argument sound", "nats", _NOT_PROBED),
)
SCORES = {column.name: column for column in _SCORES}


def said(turn: str) -> str:
    """The name of a turn's column."""
    return f"said_{turn.replace(' ', '_')}"


def turn_column(task: str, turn: str) -> str:
    """The column of a trial's turn; empty where it has none, as that of a benchmark."""
    return said(turn) if task in FACETS and turn in FACETS[task].turns else ""


def outcome_turn(trial: Trial, in_short: bool) -> Answered | None:
    """The turn that a trial's main score was read from; None where the model never came to it.

    Args:
        in_short: Whether it was read from the short turn, where there is one after it.
    """
    turns = {turn.name: turn for turn in trial.answered}
    name = FACETS[trial.task].outcome_turn if trial.task in FACETS else ""
    if not name:
        return trial.answered[-1] if trial.answered else None
    return (turns.get(name + SUFFIX) if in_short else None) or turns.get(name)


def turn_columns() -> list[Column]:
    """One column for each turn of the registered facets."""
    turns = {turn: facet.label for facet in FACETS.values() for turn in facet.turns}
    return [
        Column(said(turn), "text", _of_turn(turn, label), null=_no_turn(turn))
        for turn, label in turns.items()
    ]


def _of_turn(turn: str, label: str) -> str:
    if turn.endswith(SUFFIX):
        return f"{label}: what the model said when it was asked for a long `{turn.removesuffix(SUFFIX)}` in a few words"
    return f"{label}: what the model said at the turn `{turn}`, or was made to say"


def _no_turn(turn: str) -> str:
    return (
        "not asked for"
        if turn.endswith(SUFFIX)
        else "the dialogue has no such turn, never came to it, or it failed"
    )


def score_columns() -> list[Column]:
    """One column for each score of the registered facets; a facet that describes its score nowhere has none here."""
    names = dict.fromkeys(name for facet in FACETS.values() for name in facet.score_names)
    return [SCORES[name] for name in names if name in SCORES]


def score_column(name: str) -> str:
    """The name of a score's column."""
    return f"score_{name}" if name in {column.name for column in SAMPLE_COLUMNS} else name


def channel_columns() -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Task -> columns of the answer given and of the likeliest option, and which answers are compared; empty: all."""
    found = {}
    for name, facet in FACETS.items():
        if facet.channels is not None:
            among = next(one.among for one in facet.crossed if one.name == facet.channels.crossed)
            said = MAIN if facet.channels.said == facet.main_score else score_column(facet.channels.said)
            found[name] = (said, score_column(facet.channels.likeliest), among)
    return found
