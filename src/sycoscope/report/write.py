"""Write a report: tables, figures, and a page that stays below its cap."""

from __future__ import annotations

from pathlib import Path

from sycoscope.core.errors import DataError
from sycoscope.core.files import write_atomic
from sycoscope.report import figures, page, printed, tables, transcripts
from sycoscope.report.data import ReportData, check
from sycoscope.report.view import View

MAX_BYTES = 10_000_000


PAGE = "report.html"


def write_report(data: ReportData, out_dir: Path, *, max_bytes: int = MAX_BYTES) -> Path:
    """Write `report.html`, `tables/` and `figures/` into `out_dir`; returns the page's path.

    The page is one file without outside references. Where it would pass `max_bytes`, fewer and shorter
    transcripts are shown; the page says how many were left out.

    Raises:
        DataError: The data cannot be shown (see `data.check`), or even without transcripts the page is
            larger than `max_bytes`.
        StoreError: A file cannot be written; each file is whole or not there.
    """
    check(data)
    view = View(data)
    files = tables.write(view, out_dir / "tables")
    printed.write(view, out_dir / "tables")
    drawn = figures.draw(view, out_dir / "figures")
    for budget in transcripts.BUDGETS:
        content = page.render(view, drawn, files, budget).encode("utf-8")
        if len(content) < max_bytes:
            break
    else:
        raise DataError(
            f"the page has {len(content):,} bytes without any transcript, allowed are {max_bytes:,}; "
            "report fewer subjects or estimates, or raise max_bytes"
        )
    path = out_dir / PAGE
    write_atomic(path, content)
    return path
