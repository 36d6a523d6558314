"""The applications that commands register with."""

from __future__ import annotations

from typing import Annotated

import typer

from sycoscope.cli.terminal import say

app = typer.Typer(
    name="sycoscope",
    help="Did a fine-tune make the model a yes-man, how much, and how far can the number be trusted?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
items_app = typer.Typer(
    help="Look at questions: list the sets, show items, check a set.", no_args_is_help=True
)
app.add_typer(items_app, name="items")


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        import sycoscope

        say(sycoscope.__version__)
        raise typer.Exit
