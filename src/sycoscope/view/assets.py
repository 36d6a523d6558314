"""Styles and scripts of the pages: files of their own, so that no page holds a script or a style."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sycoscope.report.page import TEMPLATES

STATIC = Path(__file__).parent / "static"


@cache
def assets() -> dict[str, bytes]:
    """File name -> content; the report's style among them, whose colours the pages share."""
    own = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir())}
    return {"report.css": (TEMPLATES / "style.css").read_bytes()} | own
