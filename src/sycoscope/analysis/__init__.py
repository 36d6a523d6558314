"""Scores -> pairs -> estimates. A pair is a join on item and draw, made in one place (board.py)."""

from __future__ import annotations

from sycoscope.analysis.analyse import Roles, analyse
from sycoscope.analysis.board import Board
from sycoscope.analysis.verdicts import Headline, headlines

__all__ = ["Board", "Headline", "Roles", "analyse", "headlines"]
