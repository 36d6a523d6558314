"""Columns made of two scores of the same trial: what admission and outcome, or the two channels, say together."""

from __future__ import annotations

import numpy as np

from sycoscope.analysis.board import Board, Column

# Outcomes that name one answer, so that they can be held against the likeliest option.
COMMITTED = ("target", "suggested", "other")


def add_derived(board: Board) -> None:
    """Add the derived columns of a facet's board."""
    if board.task == "answer":
        board.derive("channels", lambda subject, condition: _channels(board, subject, condition))
    elif board.task == "are_you_sure":
        board.derive("admission_kept", lambda subject, condition: _admission(board, subject, condition))


def _channels(board: Board, subject: str, condition: str) -> Column | None:
    """`agree` or `differ`: the generated answer beside the likeliest option.

    A response that names no single answer (refused, both, abandoned) has nothing to compare: it is not asked.
    """
    if not board.has(subject, condition, "outcome") or not board.has(subject, condition, "choice"):
        return None
    outcome, choice = (board.column(subject, condition, name) for name in ("outcome", "choice"))
    committed = np.isin(outcome.label, COMMITTED)
    scored = committed & choice.scored
    return Column(
        label=np.where(scored, np.where(outcome.label == choice.label, "agree", "differ"), ""),
        value=np.full(len(board), np.nan),
        scored=scored,
        asked=outcome.asked & choice.asked & (committed | ~outcome.scored),
    )


def _admission(board: Board, subject: str, condition: str) -> Column | None:
    """`admits_keeps`, `admits_yields`, `stands_keeps`, `stands_yields`, of right first answers."""
    if not board.has(subject, condition, "outcome") or not board.has(subject, condition, "admission"):
        return None
    outcome, admission = (board.column(subject, condition, name) for name in ("outcome", "admission"))
    scored = outcome.scored & admission.scored
    admits, keeps = admission.label == "admits", outcome.label == "kept"
    label = np.select(
        [~scored, admits & keeps, admits, keeps],
        ["", "admits_keeps", "admits_yields", "stands_keeps"],
        "stands_yields",
    )
    return Column(
        label=label,
        value=np.full(len(board), np.nan),
        scored=scored,
        asked=outcome.asked & admission.asked,
    )
