"""The command line: one short command per verb. It reads options, calls the interface, prints; it decides nothing."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import typer

from sycoscope.cli import data_sets, finished, gates, instruments, labels, measure, questions, viewing
from sycoscope.cli.app import app
from sycoscope.cli.stopping import INTERRUPTED, Stopped, stoppable, stopped_text
from sycoscope.cli.terminal import OutputClosed, give_up_output, open_terminal, tell
from sycoscope.core.errors import ConfigError, SycoscopeError
from sycoscope.core.files import system_fault
from sycoscope.core.quiet import let_through, silence
from sycoscope.core.texts import joined_surrogates

__all__ = [
    "app",
    "data_sets",
    "finished",
    "gates",
    "instruments",
    "labels",
    "main",
    "measure",
    "questions",
    "viewing",
]


def main() -> None:
    """Entry point: errors that a user can act on are one message on standard error and exit code 2."""
    open_terminal()
    silence()
    try:
        with stoppable():
            _check_arguments(sys.argv[1:])
            code = app(standalone_mode=False)
            sys.stdout.flush()
    except SycoscopeError as fault:
        tell(f"error: {fault}")
        sys.exit(2)
    except Stopped as stop:
        tell(stopped_text(sys.argv[1:]))
        sys.exit(stop.code)
    except (KeyboardInterrupt, typer.Abort):  # where no handler could be set
        tell(stopped_text(sys.argv[1:]))
        sys.exit(INTERRUPTED)
    except (OutputClosed, BrokenPipeError):  # who reads standard output has read enough
        give_up_output()
        sys.exit(0)
    except OSError as fault:
        if fault.filename is None:
            give_up_output()
        tell(f"error: {system_fault(fault)}")
        sys.exit(2)
    except Exception as fault:
        # typer's usage errors; its click may be a copy of its own, so they are known by what they can do
        if not hasattr(fault, "show") or not hasattr(fault, "exit_code"):
            raise
        usage = io.StringIO()
        fault.show(file=usage)
        tell(usage.getvalue().rstrip())
        sys.exit(2)
    finally:
        let_through()
    sys.exit(code if isinstance(code, int) else 0)


def _check_arguments(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text: what they name would stand in records that only text can be written to."""
    for argument in arguments:
        if joined_surrogates(argument) is None:
            raise ConfigError(
                f"the argument '{argument}' is no text in this locale's encoding; rename what it names"
            )
