"""Commands on finished runs: report, audit, runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sycoscope.cli.app import app
from sycoscope.cli.options import Json
from sycoscope.cli.show import print_table
from sycoscope.cli.terminal import say, say_json
from sycoscope.core.numerals import duration


@app.command(short_help="The page of a finished run; --rejudge computes it anew.")
def report(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    rejudge: Annotated[
        bool, typer.Option(help="Compute estimates and audit again from the tables, and write all anew.")
    ] = False,
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            help="Write the page with what people's labels say: a file of `label`; may be repeated."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Where the page of a finished run is; it is written where it is missing."""
    from sycoscope import api

    path = api.report(run, rejudge=rejudge, labels=labels or ())
    say_json({"report": str(path)}) if as_json else say(f"report: {path}")


@app.command(short_help="Check a finished run: what is valid, warned, withheld.")
def audit(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    as_json: Json = False,
) -> None:
    """Which numbers of a finished run are valid, warned or withheld, and why. Exit code 1 on an invalid one.

    Nothing is written.
    """
    from dataclasses import asdict

    from sycoscope import api
    from sycoscope.cli.show import finding_rows

    findings = api.audit(run)
    if as_json:
        say_json({"run": str(run), "findings": [asdict(finding) for finding in findings]})
    else:
        print_table(
            "audit", finding_rows(findings), ("severity", "check", "subject", "task", "name", "message")
        )
    if any(finding.severity == "invalid" for finding in findings):
        raise typer.Exit(1)


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(help="Where runs lie.")] = Path("runs"),
    as_json: Json = False,
) -> None:
    """List the runs in a folder, the newest first."""
    from sycoscope import api

    rows = api.list_runs(folder)
    if as_json:
        say_json({"runs": rows})
        return
    shown = [
        row
        | {
            "finished": row["fault"] or row["finished"],
            "date": row["date"][:16].replace("T", " ") or "-",
            "took": "-" if row["seconds"] is None else duration(row["seconds"]),
        }
        for row in rows
    ]
    print_table(
        f"{len(rows)} run{'s' * (len(rows) != 1)}",
        shown,
        ("run", "date", "took", "finished", "model", "adapters", "facets"),
    )
