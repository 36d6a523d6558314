"""Commands on questions: items list, show, check; and which of them stand in training rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sycoscope.cli.app import app, items_app
from sycoscope.cli.options import Benchmarks, Data, Facets, Json, Seed, names
from sycoscope.cli.show import print_table
from sycoscope.cli.terminal import say, say_json

if TYPE_CHECKING:
    from sycoscope.api import TaskOverlap

# So many items of a task are named.
_FIRST = 3
Shown = Annotated[int | None, typer.Option(min=1, help="How many items to show.")]
Source = Annotated[str, typer.Argument(help="bank/PART, a file of your own questions, or BENCHMARK:SOURCE.")]


@items_app.command("list", short_help="The built-in sets, with counts.")
def items_list(as_json: Json = False) -> None:
    """The built-in sets, with counts."""
    from sycoscope import api

    rows = api.list_items()
    say_json({"sets": rows}) if as_json else print_table("items", rows)


@items_app.command("show", short_help="Show some items of a set.")
def items_show(source: Source, limit: Shown = 5, seed: Seed = 42, as_json: Json = False) -> None:
    """Show some items of a set."""
    from sycoscope import api

    rows = [asdict(item) for item in api.show_items(source, limit=limit, seed=seed)]
    if as_json:
        say_json({"source": source, "items": rows})
    else:
        print_table(source, rows, ("id", "question", "target", "suggestion", "cluster"))


@items_app.command("check", short_help="Check a set of questions for faults.")
def items_check(source: Source, as_json: Json = False) -> None:
    """Check a set: faults, and what each facet can ask of a file of your own. Exit code 1 on an error."""
    from sycoscope import api

    n_items, findings = api.check_items(source)
    uses = api.usable_items(source)
    unusable = bool(uses) and not any(use.n_usable for use in uses)
    rows = [asdict(finding) | {"ids": list(finding.ids)} for finding in findings]
    if as_json:
        say_json(
            {
                "source": source,
                "items": n_items,
                "findings": rows,
                "facets": [asdict(use) for use in uses],
            }
        )
    else:
        if rows:
            print_table(f"{source}: {n_items} items", rows, ("severity", "check", "message"))
        for use in uses:
            say(use.text)
        if unusable:
            say("no facet can ask any row; docs/items.md says what each needs")
        elif not any(finding.severity in ("error", "warn") for finding in findings):
            say(f"ok: {source}: {n_items} items, nothing to mend")
    if unusable or any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


@app.command(short_help="Evaluation items that stand in a file of training rows.")
def overlap(
    file: Annotated[
        str, typer.Argument(help="Training rows: .jsonl, .json, .parquet, or OWNER/NAME of the hub.")
    ],
    data: Data = "bank",
    facets: Facets = "all",
    benchmarks: Benchmarks = "all",
    as_json: Json = False,
) -> None:
    """Which evaluation items stand in a file of training rows, whole or by 13 words in a row. Exit code 1 on any."""
    from sycoscope import api

    found = api.overlap(file, data=data, facets=names(facets), benchmarks=names(benchmarks))
    if as_json:
        say_json({"file": file, "data": data, "tasks": [asdict(one) for one in found]})
    else:
        print_table(f"items of {data} in {file}", [_overlap_row(one) for one in found])
    if any(one.lines for one in found):
        raise typer.Exit(1)


def _overlap_row(found: TaskOverlap) -> dict[str, Any]:
    """Counts of a task, and where the first of its items stand."""
    first = [f"{found.unit} {line}: {name}" for name, line in list(found.lines.items())[:_FIRST]]
    more = [f"and {len(found.lines) - _FIRST:,} more"] if len(found.lines) > _FIRST else []
    return {
        "asked": found.label,
        "items": found.n_items,
        "whole": len(found.exact),
        "13 words": len(found.ngram),
        "first": "; ".join([*first, *more]) or "-",
    }
