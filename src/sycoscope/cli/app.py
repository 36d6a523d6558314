"""The applications that commands register with."""

from __future__ import annotations

from typing import Annotated

import typer

from sycoscope.cli.terminal import say

app = typer.Typer(
    name="sycoscope",
    help="Did a fine-tune make the model a yes-man, how much, and how far can the number be trusted?",
    epilog="Exit codes: 0 done; 1 a check found what must not be; 2 bad input; 3, 4, 5 of gate; 130 interrupted; "
    "143 terminated.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
items_app = typer.Typer(
    help="Look at questions: list the sets, show items, check a set.", no_args_is_help=True
)
app.add_typer(items_app, name="items")
data_app = typer.Typer(help="Make data sets that other trainers can use.", no_args_is_help=True)
app.add_typer(data_app, name="data")


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        import sycoscope

        say(sycoscope.__version__)
        raise typer.Exit
