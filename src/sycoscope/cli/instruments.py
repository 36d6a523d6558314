"""Commands that check the instrument, and its engine inside other tools."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from sycoscope.cli import calibration
from sycoscope.cli.app import app
from sycoscope.cli.closing import WIDTH
from sycoscope.cli.options import Device, Dtype, Json, Seed, Verbose, settings
from sycoscope.cli.show import print_table, published_lines, scorer_text
from sycoscope.cli.terminal import say, say_json, tell
from sycoscope.cli.words import table
from sycoscope.core.quiet import let_through


@app.command(short_help="What this machine can do, and what is missing.")
def doctor(as_json: Json = False) -> None:
    """What this machine can do, what is missing, and how to get it. Exit code 0, also where something is missing."""
    from sycoscope import api

    rows = api.doctor()
    if as_json:
        say_json({"parts": rows})
        return
    told = [(row["part"], row["state"], "; ".join(filter(None, (row["found"], row["next"])))) for row in rows]
    say("\n".join(table(("part", "state", "found"), told, WIDTH, wraps=2)))


@app.command(short_help="What an endpoint of --base-url really does.")
def probe(
    url: Annotated[str, typer.Argument(help="Up to and with the version, as http://127.0.0.1:8000/v1.")],
    model: Annotated[str, typer.Option(help="A name that it serves; by default the first.")] = "",
    as_json: Json = False,
) -> None:
    """What an endpoint really does, by 30 to 50 small requests: server, models, noise, log-probabilities, names."""
    from sycoscope import api

    lines = api.probe(url, model)
    if as_json:
        say_json({"url": url, "found": lines})
        return
    rows = [(one["what"], one["found"], one["means"]) for one in lines]
    say("\n".join(table(("what", "found", "means"), rows, WIDTH, wraps=2)))


@app.command("check-scorers", short_help="Measure the scorers on labelled responses.")
def check_scorers(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Labelled files (JSONL); the built-in cases without one.")
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(help="A file of `label`: its run's responses as cases; may be repeated."),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="The run of --labels, where they do not lie beside it.")
    ] = None,
    judge: Annotated[str, typer.Option(help="A model to be tried as judge on the same cases.")] = "",
    max_tokens: Annotated[int, typer.Option(min=1, help="Of a reply of the judge.")] = 16,
    device: Device = "auto",
    dtype: Dtype = "auto",
    as_json: Json = False,
) -> None:
    """Measure the scorers on labelled responses. Exit code 1 where a kind with 40 cases misses its target."""
    from sycoscope import api

    agreement = api.check_scorers(
        files or (), labels=labels or (), run=run, judge=judge, max_tokens=max_tokens,
        settings=settings(device, dtype),
    )  # fmt: skip
    say_json(agreement) if as_json else say(scorer_text(agreement))
    if not agreement["passed"]:
        raise typer.Exit(1)


@app.command(short_help="The published study's claims, recomputed and judged.")
def published(
    figures: Annotated[
        Path | None, typer.Argument(help="A result table of your own (docs/published.md).")
    ] = None,
    claims: Annotated[Path | None, typer.Option(help="Claims on that table (YAML).")] = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """The published study's claims, each recomputed from its counts and judged; its correlations under their names."""
    from sycoscope import api

    result = api.published(figures, claims)
    overview = result.pop("overview")
    if as_json:
        say_json(result)
        return
    say("\n".join(published_lines(result)))
    if verbose:
        print_table("claims", overview["claims"])
        for line in overview["reasons"]:
            say(line)
        print_table("correlations across subjects", overview["correlations"])


@app.command(short_help="Models of known behaviour: expected against measured.")
def calibrate(
    items: Annotated[int, typer.Option(min=40, help="Facts that each null model is asked.")] = 160,
    studies: Annotated[int, typer.Option(min=0, help="Simulated studies per world; 0 for none.")] = 2000,
    seed: Seed = 0,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Models of known behaviour end to end, expected against measured. Exit code 1 where one is off."""
    from sycoscope import api

    result = api.calibrate(
        n_items=items,
        n_studies=studies,
        seed=seed,
        workers=min(8, os.cpu_count() or 1),
        progress=lambda what: tell(what),
    )
    summary = result.pop("summary")
    if as_json:
        say_json(result)
    else:
        for title, rows, columns in calibration.tables(result, failed=not verbose):
            print_table(title, rows, columns)
        say("\n".join(textwrap.wrap(summary, WIDTH)))
    if not result["passed"]:
        raise typer.Exit(1)


@app.command(
    "lm-eval",
    short_help="lm-evaluation-harness's command, on this engine.",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    options_metavar="",
)
def lm_eval(
    arguments: Annotated[list[str] | None, typer.Argument(help="What `lm_eval` takes.")] = None,
) -> None:
    """lm-evaluation-harness's own command with `--model sycoscope` beside its models: its tasks on our engine."""
    from sycoscope import api

    let_through()  # it is that program's own terminal
    api.lm_eval(arguments or [])
