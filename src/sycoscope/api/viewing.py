"""Finished runs looked into in a browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sycoscope.core.errors import require


def view(runs: Sequence[str | Path], *, port: int = 0, ready: Callable[[str], None] = print) -> None:
    """Serve pages over finished runs on loopback, until interrupted; nothing is written.

    Args:
        port: 0 for a free one. ready: called with the address once it can be opened.

    Raises:
        SycoscopeError: no finished run there, a damaged one, or a port that is in use.
    """
    require("starlette", "view")
    require("uvicorn", "view")
    from sycoscope.view.opened import Opened
    from sycoscope.view.server import application, serve

    opened = Opened(runs)
    serve(lambda number: application(opened, number), port, ready)


def export_view(runs: Sequence[str | Path], folder: str | Path) -> Path:
    """Write the same pages into a new folder, where a browser reads them without a server; returns the first page.

    Raises:
        SycoscopeError: no finished run there, a damaged one, or a folder that cannot be written or holds something.
    """
    from sycoscope.view.export import export
    from sycoscope.view.opened import Opened

    return export(Opened(runs), folder)
