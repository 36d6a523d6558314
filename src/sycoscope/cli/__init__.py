"""The command line: one short command per verb. It reads options, calls the interface, prints; it decides nothing."""

from __future__ import annotations

import sys

import typer

from sycoscope.cli import finished, instruments, measure, questions
from sycoscope.cli.app import app
from sycoscope.core.errors import SycoscopeError

__all__ = ["app", "finished", "instruments", "main", "measure", "questions"]


def main() -> None:
    """Entry point: errors that a user can act on are one message on standard error and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except SycoscopeError as fault:
        typer.echo(f"error: {fault}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("stopped; run the same command again to go on", err=True)
        sys.exit(130)
    except Exception as fault:
        # typer's usage errors; its click may be a copy of its own, so they are known by what they can do
        if not hasattr(fault, "show") or not hasattr(fault, "exit_code"):
            raise
        fault.show()
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)
