"""The command for labels that people give to a run's responses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sycoscope.cli.app import app
from sycoscope.cli.options import Json, Seed, names
from sycoscope.cli.show import print_table, without_hidden
from sycoscope.cli.terminal import say, say_json
from sycoscope.core.errors import ConfigError
from sycoscope.core.numerals import decimal

if TYPE_CHECKING:
    from sycoscope.api import LabelReport
    from sycoscope.core.types import Estimate


@app.command(short_help="People's labels of a run's responses.")
def labels(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    out: Annotated[
        Path | None, typer.Option(help="Draw responses to label: a new .jsonl or .csv file.")
    ] = None,
    read: Annotated[
        list[Path] | None, typer.Option(help="A labelled file, kept beside the run; may be repeated.")
    ] = None,
    n: Annotated[int, typer.Option(min=1, help="Responses to draw of each facet, condition, subject.")] = 50,
    facets: Annotated[str, typer.Option(help="Draw of these facets, comma-separated; 'all'.")] = "all",
    conditions: Annotated[
        str, typer.Option(help="Draw under these conditions, comma-separated; empty: those of the primaries.")
    ] = "",
    subjects: Annotated[str, typer.Option(help="Draw of these subjects, comma-separated; 'all'.")] = "all",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Have people label a run's responses, and correct its rates by what they say. Without --out: show the labels."""
    from sycoscope import api

    if out is not None and read:
        raise ConfigError("--out draws responses and --read reads labelled ones; give one of them")
    if out is None:
        report = api.read_labels(run, read or ())
        say_json(without_hidden(report)) if as_json else _print(report)
        return
    drawn = api.draw_labels(
        run,
        out,
        n=n,
        seed=seed,
        facets=names(facets),
        conditions=names(conditions) or None,
        subjects=names(subjects),
    )
    rows = [dict(zip(("facet", "condition", "subject", "n"), row, strict=True)) for row in drawn]
    if as_json:
        say_json({"file": str(out), "drawn": rows})
        return
    print_table("drawn to label", rows)
    total = sum(row[-1] for row in drawn)
    say(f"{total} responses: {out}; fill in 'label', then: sycoscope labels {run} --read {out}")


def _print(report: LabelReport) -> None:
    """Agreement, errors, rates and primaries as tables, then what the verdicts do not say."""
    print_table("the rules against people's labels", list(_agreement_rows(report)))
    for title, pairs in (("rates", report.rates), ("primaries", report.primaries)):
        rows = [
            {
                "facet": pair.corrected.task,
                "name": pair.corrected.name,
                "subject": pair.corrected.subject,
                **(
                    {"condition": pair.corrected.condition}
                    if title == "rates"
                    else {"against": pair.corrected.reference or "-"}
                ),
                "labels": pair.n_labels,
                "by the rules": _shown(pair.as_read),
                "corrected": _shown(pair.corrected),
                "why not": "" if pair.corrected.shown else pair.corrected.reason,
            }
            for pair in pairs
        ]
        print_table(f"{title}, corrected by {report.n} labels", rows)
    if report.unlabelled:
        listed = ", ".join(f"{task} {condition}" for task, condition in report.unlabelled)
        say(f"no labels, so nothing is corrected: {listed}")
    if report.n_empty:
        say(f"{report.n_empty} rows were left without a label and count as not drawn")
    for line in report.disputed:
        say(f"warn: {line}")


def _agreement_rows(report: LabelReport) -> Iterator[dict[str, Any]]:
    for one in report.agreements:
        for outcome, (sensitivity, specificity) in one.errors.items():
            yield {
                "facet": one.task,
                "condition": one.condition,
                "labels": one.n,
                "agreement": _interval(one.agreement),
                "kappa": one.kappa,
                "outcome": outcome,
                "sensitivity": f"{_interval(sensitivity)} n {sensitivity.n}",
                "specificity": f"{_interval(specificity)} n {specificity.n}",
            }


def _shown(estimate: Estimate) -> str:
    return _interval(estimate) if estimate.shown else "-"


def _interval(found: Any) -> str:
    if found.value is None:
        return "-"
    return f"{decimal(found.value, 3)} [{decimal(found.low, 3)}, {decimal(found.high, 3)}]"
