"""Scores -> pairs -> estimates. A pair is a join on item and draw, made in one place (score_table.py).

- `analyse`: all levels and changes of a run; `score_tables` makes the tables that the others take
- `headlines`: the verdict on each adapter and facet; `flips`: what became of each item
- `breakdowns`: the main rates by field, subject, fallacy, difficulty
- `associations`: capability change against sycophancy change; `rankings`: adapters under weightings of both
"""

from __future__ import annotations

from sycoscope.analysis.analyse import analyse, analyse_tables
from sycoscope.analysis.association import Association, associations
from sycoscope.analysis.breakdowns import Breakdown, breakdowns
from sycoscope.analysis.ranking import Rank, rankings
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.score_table import ScoreTable, score_tables
from sycoscope.analysis.verdicts import Headline, headlines

__all__ = [
    "Association",
    "Breakdown",
    "Headline",
    "Rank",
    "Roles",
    "ScoreTable",
    "analyse",
    "analyse_tables",
    "associations",
    "breakdowns",
    "headlines",
    "rankings",
    "score_tables",
]
