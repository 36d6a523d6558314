"""The commands for labels that people give to a run's responses: one gives them, one reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sycoscope.cli.app import app
from sycoscope.cli.options import Json, Seed, names
from sycoscope.cli.show import print_table, without_hidden
from sycoscope.cli.terminal import say, say_json
from sycoscope.cli.viewing import announced, until_interrupted
from sycoscope.core.errors import ConfigError
from sycoscope.core.numerals import decimal

if TYPE_CHECKING:
    from sycoscope.api import LabelReport
    from sycoscope.core.types import Estimate


# Disagreements that the terminal lists.
LISTED = 20


@app.command(short_help="Label a run's responses in a browser, blind to model and score.")
def label(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    who: Annotated[
        str, typer.Option(help="Your name; by default the one that this machine knows you by.")
    ] = "",
    n: Annotated[int, typer.Option(min=1, help="Most responses to label.")] = 60,
    seed: Seed = 0,
    facets: Annotated[str, typer.Option(help="Of these facets, comma-separated; 'all'.")] = "all",
    labels: Annotated[
        Path | None,
        typer.Option(help="File that labels are appended to; by default one of your own beside the run."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 for a free one.")] = 0,
    open_: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
) -> None:
    """Say what a run's responses commit to, one by one, blind to model, condition and score. No score is changed.

    Pages are served to this machine alone, until Ctrl-C; the same command goes on from there. `labels` reads them.
    """
    from sycoscope import api

    with until_interrupted():
        api.label(
            run,
            who=who,
            n=n,
            seed=seed,
            facets=names(facets),
            labels=labels,
            port=port,
            ready=announced(open_),
        )


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
    facets: Annotated[
        str, typer.Option(help="Draw or export of these facets, comma-separated; 'all'.")
    ] = "all",
    conditions: Annotated[
        str, typer.Option(help="Draw under these conditions, comma-separated; empty: those of the primaries.")
    ] = "",
    subjects: Annotated[
        str, typer.Option(help="Draw or export of these subjects, comma-separated; 'all'.")
    ] = "all",
    labels: Annotated[
        list[Path] | None, typer.Option(help="A file of `label` that is not beside the run; may be repeated.")
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="Write labels of `label` as .csv, or as .jsonl for Inspect's precomputed_scores."),
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Have people label a run's responses, and correct its rates by what they say. Without --out: show the labels."""
    from sycoscope import api

    if sum((out is not None, bool(read), export is not None)) > 1:
        raise ConfigError(
            "--out draws responses, --read reads labelled ones and --export writes labels; give one of them"
        )
    if export is not None:
        chosen = {"facets": names(facets), "subjects": names(subjects)}
        n_rows = api.export_labels(run, export, logs=labels or (), **chosen)
        say_json({"file": str(export), "n": n_rows}) if as_json else say(f"{n_rows} rows: {export}")
        return
    if out is None:
        report = api.read_labels(run, read or (), logs=labels or ())
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
    _say_drawn(run, out, drawn, as_json)


def _say_drawn(run: Path, out: Path, drawn: Sequence[tuple[str, str, str, int]], as_json: bool) -> None:
    rows = [dict(zip(("facet", "condition", "subject", "n"), row, strict=True)) for row in drawn]
    if as_json:
        say_json({"file": str(out), "drawn": rows})
        return
    print_table("drawn to label", rows)
    total = sum(row[-1] for row in drawn)
    say(f"{total} responses: {out}; fill in 'label', then: sycoscope labels {run} --read {out}")


def _print(report: LabelReport) -> None:
    """Agreement, errors, rates and primaries as tables, then what the verdicts do not say."""
    _print_people(report)
    print_table("the rules against people's labels", list(_agreement_rows(report)))
    if report.readers and not any(pair.corrected.shown for pair in (*report.rates, *report.primaries)):
        say("nothing is corrected: each subject and condition needs 20 labels; label more of them with --n")
    else:
        _print_corrected(report)
    if report.unlabelled:
        listed = ", ".join(f"{task} {condition}" for task, condition in report.unlabelled)
        say(f"no labels, so nothing is corrected: {listed}")
    if report.n_empty:
        say(f"{report.n_empty} rows were left without a label and count as not drawn")
    if report.n_split:
        say(
            f"{report.n_split} responses have as many labels of one kind as of another; which of them counts was drawn"
        )
    for line in report.disputed:
        say(f"warn: {line}")


def _print_corrected(report: LabelReport) -> None:
    """Rates and primaries by the rules, and as the labels correct them."""
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


def _print_people(report: LabelReport) -> None:
    """Who labelled one by one, how they agree with the rules and with one another, and where they do not."""
    if report.n_torn:
        say(
            f"warn: {report.n_torn} half-written lines were passed over; what they would have said is not known"
        )
    if not report.readers:
        return
    rows = [
        {
            "who": one.who, "labels": one.n, "skipped": one.n_skipped, "notes": one.n_notes, "not blind": one.n_seen,
            "seed": ", ".join(map(str, one.seeds)),
        }
        for one in report.readers
    ]  # fmt: skip
    print_table("who labelled one by one", rows)
    pairs = [
        {
            "facet": one.task, "first": one.first, "second": one.second, "both read": one.n,
            "not read by the rules": one.n_unread, "coverage": decimal(one.coverage, 3),
            "agreement": _interval(one.agreement), "kappa": _interval(one.kappa),
            "why not": one.kappa.note if one.kappa.value is None else "",
        }
        for one in report.pairs
    ]  # fmt: skip
    print_table("agreement, each response for as many as it stands for", pairs)
    for one in report.pairs:
        table = [
            {f"{one.first} \\ {one.second}": name.replace("_", " ")} | dict(zip(one.labels, row, strict=True))
            for name, row in zip(one.labels, one.table, strict=True)
        ]
        print_table(f"{one.task}: {one.first} down, {one.second} across, counts", table)
    apart = [(pair, case) for pair in report.pairs for case in pair.disagreements]
    for pair, case in apart[:LISTED]:
        subject, task, item, condition, draw = case.key
        say(
            f"{task}: {pair.first} says {case.first}, {pair.second} {case.second}: item {item}, {condition}, {subject}"
            + (f", draw {draw}" if draw else "")
        )
    if len(apart) > LISTED:
        say(f"and {len(apart) - LISTED} more disagreements; --json lists all")


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
