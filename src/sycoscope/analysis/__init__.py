"""Scores -> pairs -> estimates. A pair is a join on item and draw, made in one place (score_table.py).

- `analyse`: all levels and changes of a run; `score_tables` lays out the scores that the others take
- `adjusted`: p-values, after the audit; `verdicts`: the word on each adapter and facet
- `non_inferiority`: whether what must be kept is not worse by more than a margin
- `flips`: what became of each item
- `breakdowns`: the main rates by field, subject, fallacy, difficulty
- `series`: points of an adapter over its scale or its steps, `trends` over them, what is `relearned`
- `associations`: capability change against sycophancy change; `rankings`: adapters under weightings of both
"""

from __future__ import annotations

from sycoscope.analysis.adjust import adjusted
from sycoscope.analysis.analyse import analyse, analyse_tables
from sycoscope.analysis.association import Association, associations
from sycoscope.analysis.breakdowns import Breakdown, breakdowns
from sycoscope.analysis.non_inferiority import NonInferiority, non_inferiority
from sycoscope.analysis.ranking import Rank, rankings
from sycoscope.analysis.relearning import Relearning, relearned
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.score_table import ScoreTable, score_tables
from sycoscope.analysis.series import SeriesPoint, Trend, lines, series, trends
from sycoscope.analysis.verdict import Verdict
from sycoscope.analysis.verdicts import verdicts

__all__ = [
    "Association",
    "Breakdown",
    "NonInferiority",
    "Rank",
    "Relearning",
    "Roles",
    "ScoreTable",
    "SeriesPoint",
    "Trend",
    "Verdict",
    "adjusted",
    "analyse",
    "analyse_tables",
    "associations",
    "breakdowns",
    "lines",
    "non_inferiority",
    "rankings",
    "relearned",
    "score_tables",
    "series",
    "trends",
    "verdicts",
]
