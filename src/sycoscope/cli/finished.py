"""Commands on a finished run: report, audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sycoscope.cli.app import app
from sycoscope.cli.options import Json
from sycoscope.cli.show import print_table
from sycoscope.cli.terminal import say, say_json


@app.command(short_help="Write the report of a finished run again.")
def report(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    rejudge: Annotated[
        bool, typer.Option(help="Compute estimates and audit again from the tables first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the report of a finished run again."""
    from sycoscope import api

    path = api.report(run, rejudge=rejudge)
    say_json({"report": str(path)}) if as_json else say(f"report: {path}")


@app.command(short_help="Check a finished run: what is valid, warned, withheld.")
def audit(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    as_json: Json = False,
) -> None:
    """Check a finished run: which numbers are valid, warned or withheld, and why. Exit code 1 on an invalid one."""
    from dataclasses import asdict

    from sycoscope import api
    from sycoscope.cli.show import finding_rows

    findings = api.audit(run)
    if as_json:
        say_json([asdict(finding) for finding in findings])
    else:
        print_table(
            "audit", finding_rows(findings), ("severity", "check", "subject", "task", "name", "message")
        )
    if any(finding.severity == "invalid" for finding in findings):
        raise typer.Exit(1)
