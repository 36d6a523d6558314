"""The command for merges: gate. Its exit codes are its own (docs/gate.md)."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from sycoscope.cli.app import app
from sycoscope.cli.options import Json
from sycoscope.cli.stopping import Stopped
from sycoscope.cli.terminal import OutputClosed, give_up_output, say, say_json, tell
from sycoscope.core.errors import ConfigError, EndpointError, SycoscopeError

if TYPE_CHECKING:
    from sycoscope.api import GateVerdict


# Of what nobody expected, and of an endpoint that gave up.
UNEXPECTED = 5


@contextmanager
def _unexpected_is_5() -> Iterator[None]:
    """What nobody expected exits with 5: a traceback alone exits with 1, which would say that a model is worse."""
    try:
        yield
    except EndpointError as fault:
        tell(f"error: {fault}")
        raise typer.Exit(UNEXPECTED) from None
    # bad input; what the command says itself; a full disk; Ctrl-C
    except (
        SycoscopeError,
        typer.Exit,
        typer.Abort,
        OSError,
        KeyboardInterrupt,
        SystemExit,
        Stopped,
        OutputClosed,
    ):
        raise
    except BaseException as fault:  # a panic of polars is no Exception
        if hasattr(fault, "show") and hasattr(fault, "exit_code"):  # typer's own, of usage
            raise
        tell(traceback.format_exc().rstrip())
        tell(f"error: the gate itself failed ({type(fault).__name__}), so nothing is said of the model")
        raise typer.Exit(UNEXPECTED) from None


def _guarded(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        with _unexpected_is_5():
            command(*arguments, **options)

    return run


@app.command(short_help="Is a model not worse than before? Margins, exit codes, files for CI.")
@_guarded
def gate(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    margins: Annotated[
        Path, typer.Option(help="YAML: how much worse each measure may be, fixed beforehand.")
    ] = Path("gate.yaml"),
    baseline: Annotated[
        Path | None,
        typer.Option(help="What the run is held against: a file of --write-baseline, or another run."),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(
            help="Write what the run's base (or --subject) did to this file, without a text, and stop."
        ),
    ] = None,
    again: Annotated[
        Path | None,
        typer.Option(help="A run of the model before, asked once more: the floor of all margins."),
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option(help="A model of the run; may be repeated. By default all tuned ones.")
    ] = None,
    inconclusive: Annotated[
        str, typer.Option(help="What inconclusive counts as: pass, fail, or code (exit code 3).")
    ] = "code",
    markdown: Annotated[
        Path | None, typer.Option(help="Write the verdict as Markdown: a step summary, a comment.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the verdict as JUnit XML.")] = None,
    report_url: Annotated[str, typer.Option(help="Where the run's page is, for links in the Markdown.")] = "",
    as_json: Json = False,
) -> None:
    """Is a model not worse than before, by more than margins that were fixed beforehand? Asks no model.

    Exit codes: 0 pass, 1 fail, 2 bad input, 3 inconclusive, 4 not comparable or incomplete, 5 the gate itself failed.
    """
    from sycoscope import api

    if write_baseline is not None:
        if baseline is not None or len(subject or ()) > 1:
            raise ConfigError(
                "--write-baseline takes one model of RUN: leave out --baseline, name one --subject"
            )
        file = api.write_baseline(run, write_baseline, subject=subject[0] if subject else None, again=again)
        say_json({"baseline": str(file)}) if as_json else say(f"baseline: {file}")
        return
    allowed = get_args(api.Inconclusive)
    if inconclusive not in allowed:
        raise ConfigError(f"--inconclusive is '{inconclusive}'; allowed: {', '.join(allowed)}")
    verdict = api.gate(
        run, margins, baseline=baseline, again=again, subjects=subject or (), inconclusive=inconclusive,  # type: ignore[arg-type]
        markdown=markdown, junit=junit, report_url=report_url,
    )  # fmt: skip
    _show(verdict, as_json)
    raise typer.Exit(verdict.exit_code)


def _show(verdict: GateVerdict, as_json: bool) -> None:
    """Print it; who stops reading does not change the exit code."""
    from dataclasses import asdict

    from sycoscope import api

    try:
        if as_json:
            told = {"verdict": verdict.word, "exit_code": verdict.exit_code}
            say_json(told | asdict(verdict))
        else:
            say("\n".join(api.gate_text(verdict)))
        sys.stdout.flush()
    except (OutputClosed, BrokenPipeError):
        give_up_output()
