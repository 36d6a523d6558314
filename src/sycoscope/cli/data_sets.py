"""Commands on data sets: data build."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sycoscope.cli.app import data_app
from sycoscope.cli.options import Json, Seed, Verbose
from sycoscope.cli.show import print_table
from sycoscope.cli.terminal import say, say_json


@data_app.callback()
def _data() -> None:
    """A group of its own, though it has one command so far."""


@data_app.command("build", short_help="Write a curated set as JSON Lines, with a card.")
def data_build(
    name: Annotated[str, typer.Argument(help="anti-sycophancy.")],
    out: Annotated[
        Path, typer.Option(help="File to write, .jsonl; its card has the same name and ends in .md.")
    ],
    n: Annotated[int, typer.Option(min=100, help="Rows.")] = 1000,
    seed: Seed = 42,
    layout: Annotated[
        str, typer.Option(help="prompt (prompt and completion) or messages, as TRL takes them.")
    ] = "prompt",
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Preference pairs for DPO: prompt, chosen, rejected.")
    ] = False,
    items: Annotated[
        Path | None, typer.Option(help="A file of your own questions, in place of the bank's facts.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Write a curated set that other trainers can use, and a card beside it. The same options, the same bytes."""
    from sycoscope import api

    built = api.build_data(
        name, out=out, n=n, seed=seed, layout=layout, pairs=pairs, items=items, force=force
    )
    checks = [asdict(check) for check in built.checks]
    if as_json:
        record = asdict(built) | {"path": str(built.path), "card": str(built.card), "checks": checks}
        say_json(record)
        return
    if verbose:
        print_table("kinds", [{"kind": kind, "rows": rows} for kind, rows in built.kinds.items()])
        print_table("checks", checks)
    left = f" ({built.left_out} more have no reply to reject)" if built.left_out else ""
    say(f"{built.n_rows} rows{left}: {built.path}\ncard: {built.card}")
    if layout == "messages" and built.n_first_wrong:
        say(
            f"note: in {built.n_first_wrong} rows an earlier turn of the assistant is wrong on purpose; train on the "
            "last turn alone, or leave out --layout messages"
        )
