"""Scores -> pairs -> estimates. A pair is a join on item and draw, made in one place (board.py).

- `analyse`: all levels and changes of a run; `lay_out` makes the boards that the others take
- `verdicts`: the word on each adapter and facet; `flips`: what became of each item
- `breakdowns`: the main rates by field, subject, fallacy, difficulty
- `associations`: capability change against sycophancy change; `rankings`: adapters under weightings of both
"""

from __future__ import annotations

from sycoscope.analysis.analyse import analyse, analyse_boards
from sycoscope.analysis.association import Association, associations
from sycoscope.analysis.board import Board, lay_out
from sycoscope.analysis.breakdowns import Breakdown, breakdowns
from sycoscope.analysis.ranking import Rank, rankings
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.verdicts import Verdict, verdicts

__all__ = [
    "Association",
    "Board",
    "Breakdown",
    "Rank",
    "Roles",
    "Verdict",
    "analyse",
    "analyse_boards",
    "associations",
    "breakdowns",
    "lay_out",
    "rankings",
    "verdicts",
]
