"""The command that looks into finished runs in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from sycoscope.cli.app import app
from sycoscope.cli.stopping import INTERRUPTED, Stopped
from sycoscope.cli.terminal import say
from sycoscope.core.errors import ConfigError


@app.command(short_help="Look into finished runs item by item, in a browser.")
def view(
    runs: Annotated[
        list[Path], typer.Argument(help="Run directories; of several, subjects stand side by side.")
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 for a free one.")] = 0,
    open_: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write the pages into this new folder, to be read without a server.")
    ] = None,
) -> None:
    """Look into finished runs: items, conditions, subjects, dialogues side by side. Nothing is written to a run.

    Pages are served to this machine alone, until Ctrl-C.
    """
    from sycoscope import api

    if export is not None:
        if port or open_:
            raise ConfigError("--export writes files and starts no server; leave --port and --open out")
        say(f"pages: {api.export_view(runs, export)}")
        return

    with until_interrupted():
        api.view(runs, port=port, ready=announced(open_))


def announced(opens: bool) -> Callable[[str], None]:
    """Says where pages are served. opens: and opens a browser there."""

    def ready(address: str) -> None:
        say(f"{address}   Ctrl-C ends it")
        if opens:
            import webbrowser

            webbrowser.open(address)

    return ready


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Ctrl-C is how a server is meant to end: there is nothing to say."""
    try:
        yield
    except Stopped as stop:
        if stop.code != INTERRUPTED:
            raise
