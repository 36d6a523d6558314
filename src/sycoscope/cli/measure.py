"""Commands that ask models: run, plan, eval, compare, train."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sycoscope.cli.app import app
from sycoscope.cli.logs import compare_logs, refuse_without_logs
from sycoscope.cli.options import (
    Adapter,
    AdapterModel,
    Cluster,
    Device,
    Dtype,
    Force,
    Json,
    Measure,
    Metrics,
    OfStudy,
    Out,
    Scales,
    Seed,
    Set,
    Template,
    TemplateOptions,
    TrainingData,
    Verbose,
    adapters_of,
    overrides,
    scales_of,
    settings,
    with_options,
)
from sycoscope.cli.planned import plan_lines, totals
from sycoscope.cli.show import print_run, print_table
from sycoscope.cli.terminal import say, say_json, tell
from sycoscope.core.processes import is_first

# Training rows of a recipe that has more than are needed.
_ROWS = 240


@app.command(short_help="Run a study: measure, tune, measure again, compare.")
@with_options(OfStudy)
def run(
    study: Annotated[Path, typer.Argument(help="Study file, as studies/quick.yaml.")],
    asked: OfStudy,
    out: Out = None,
    force: Force = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Run a study: measure, tune, measure again, compare, report. A killed run goes on where it was."""
    from sycoscope import api
    from sycoscope.cli.show import progress

    with progress() as bar:
        done = api.run_study(study, out=out, overrides=asked.over(study), force=force, progress=bar)
    print_run(done, as_json, verbose=verbose)


@app.command(short_help="What a study would run and take. Loads no model.")
@with_options(OfStudy)
def plan(
    study: Annotated[Path, typer.Argument(help="Study file.")],
    asked: OfStudy,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Print what a study would run and take: tokens (from characters), time as measured here, memory."""
    from sycoscope import api

    config, units = api.plan(study, overrides=asked.over(study))
    faults = api.hub_faults(config)
    foretold = api.forecast(config, units)
    if as_json:
        record = {"study": config.study, "hash": config.hash, "units": [unit.record() for unit in units]}
        more = {"totals": totals(units), "budget": api.budget(units), "hub_faults": faults}
        say_json(record | more | {"forecast": asdict(foretold)})
        return
    if verbose:
        print_table(f"{config.study} ({config.hash})", [unit.record() for unit in units])
    say("\n".join(plan_lines(f"{config.study} ({config.hash})", units, api.budget(units), foretold)))
    for fault in faults:
        tell(f"warning: {fault}; a run would stop before it measures anything")


@app.command("eval", short_help="Measure one model on facets and benchmarks.")
@with_options(Measure)
def evaluate(
    model: Annotated[
        str, typer.Argument(help="smollm2-135m-instruct, a folder, a .gguf file, a hub id, or null:NAME.")
    ],
    asked: Measure,
    adapter: Adapter = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Measure one model: facets and benchmarks, coverage beside each rate."""
    from sycoscope import api
    from sycoscope.cli.show import progress

    with progress() as bar:
        done = api.evaluate(model, adapter=adapters_of(adapter), progress=bar, **asked.keywords())
    print_run(done, as_json, options=Measure.options(), verbose=verbose)


@app.command(short_help="Before and after, paired item by item.")
@with_options(Measure)
def compare(
    first: Annotated[
        str,
        typer.Argument(help="Before: a run directory, a model, or logs of Inspect or lm-evaluation-harness."),
    ],
    asked: Measure,
    second: Annotated[
        str | None,
        typer.Argument(
            help="After: a run directory, a model, an adapter of the first model, or logs likewise."
        ),
    ] = None,
    adapter: Adapter = None,
    adapter_model: AdapterModel = None,
    scales: Scales = "",
    placebo: Annotated[
        bool,
        typer.Option(help="Tune a placebo and a sham as the adapter was: what any tune does to this model."),
    ] = True,
    control_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of these two; by default those of the adapter.")
    ] = None,
    cluster: Cluster = "",
    metric: Metrics = "",
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Before and after, paired item by item: a model and its adapters, two models, two runs, or two logs of others."""
    from sycoscope import api
    from sycoscope.cli.show import progress

    if api.are_logs(first, second):
        others = {
            "adapter": adapter,
            "adapter_model": adapter_model,
            "scales": scales,
            "control_steps": control_steps,
        }
        compare_logs(first, str(second), asked, others, cluster, metric, as_json=as_json, verbose=verbose)
        return
    refuse_without_logs(cluster, metric)
    with progress() as bar:
        done = api.compare(
            first, second, adapter=adapters_of(adapter),
            adapter_model=adapters_of(adapter_model, "--adapter-model"), scales=scales_of(scales), placebo=placebo,
            control_steps=control_steps, progress=bar, **asked.keywords(),
        )  # fmt: skip
    print_run(done, as_json, options=Measure.options(), verbose=verbose)


@app.command(short_help="Tune one LoRA adapter by a recipe.")
def train(
    model: Annotated[str, typer.Argument(help="The base model.")],
    recipe: Annotated[
        str,
        typer.Option(
            help="A recipe (docs/training.md): a benchmark's name, combined, anti_sycophancy, placebo, sham, "
            "sycophant, contrarian, stubborn, inoculated, plain, warm, cold, or file (rows of your own)."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Adapter folder to write; must not exist yet.")],
    like: Annotated[
        str | None, typer.Option(help="Of a sham: the recipe whose prompts it takes; by default placebo.")
    ] = None,
    style: Annotated[
        str | None,
        typer.Option(help="Of placebo rows: sentences, lists or facts; by default all neutral rows."),
    ] = None,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Training rows; by default 240, or all of a file.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Optimiser steps; by default three epochs.")
    ] = None,
    data: TrainingData = "bank",
    seed: Seed = 42,
    device: Device = "auto",
    dtype: Dtype = "auto",
    chat_template: Template = None,
    template_option: TemplateOptions = None,
    set_: Set = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Tune one LoRA adapter by a recipe."""
    from sycoscope import api
    from sycoscope.cli.show import progress

    training: dict[str, Any] = overrides(set_) | ({"steps": steps} if steps else {})
    shown: AbstractContextManager[Any] = progress() if is_first() else nullcontext()
    with shown as bar:
        folder = api.train(
            model, recipe, out=out, like=like, style=style, data=data, seed=seed,
            rows=_ROWS if rows is None and recipe != "file" else rows,
            settings=settings(device, dtype, chat_template=chat_template, template_options=template_option),
            training=training, progress=bar,
        )  # fmt: skip
    if not is_first():
        return
    if as_json:
        say_json(json.loads((folder / "sycoscope.json").read_text()) | {"folder": str(folder)})
    else:
        say(f"adapter: {folder}\nnext: sycoscope compare {model} --adapter {folder}")
