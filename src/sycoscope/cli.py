"""The command line: one short command per verb. It reads options, calls the interface, prints; it decides nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sycoscope.core.errors import ConfigError, SycoscopeError

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

Json = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]
Out = Annotated[Path | None, typer.Option(help="Run directory to write.")]
Data = Annotated[
    str, typer.Option(help="Where items come from: bank, hub, or a folder in the public layouts.")
]
Limit = Annotated[int | None, typer.Option(min=1, help="Most items of each facet and benchmark.")]
Seed = Annotated[int, typer.Option(help="Seed of everything that is drawn.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]
Dtype = Annotated[str, typer.Option(help="auto, float32, bfloat16, float16.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Lay KEY=VALUE over the study (dotted keys, YAML values).")
]
Facets = Annotated[str, typer.Option(help="Facets, comma-separated; 'none' for none.")]
Benchmarks = Annotated[str, typer.Option(help="Benchmarks, comma-separated; 'none' for none.")]
Template = Annotated[
    Path | None, typer.Option(help="File with a chat template that replaces the tokenizer's own.")
]
Trust = Annotated[
    bool, typer.Option("--trust-remote-code", help="Run code that comes with the model. Off by default.")
]

ALL_FACETS = "answer,are_you_sure,feedback"
ALL_BENCHMARKS = "mmlu,gsm8k,hellaswag,truthfulqa"


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        import sycoscope

        typer.echo(sycoscope.__version__)
        raise typer.Exit


@app.command()
def run(
    study: Annotated[Path, typer.Argument(help="Study file, as studies/quick.yaml.")],
    out: Out = None,
    data: Annotated[str, typer.Option(help="In place of the study's data: bank, hub, or a folder.")] = "",
    model: Annotated[str, typer.Option(help="In place of the study's model.")] = "",
    set_: Set = None,
    as_json: Json = False,
) -> None:
    """Run a study: measure, tune, measure again, compare, report. A killed run goes on where it was."""
    from sycoscope import api
    from sycoscope.terminal import progress

    with progress() as bar:
        done = api.run_study(study, out=out, overrides=_overrides(set_, data, model), progress=bar)
    _finished(done, as_json)


@app.command()
def plan(
    study: Annotated[Path, typer.Argument(help="Study file.")],
    data: Annotated[str, typer.Option(help="In place of the study's data.")] = "",
    model: Annotated[str, typer.Option(help="In place of the study's model.")] = "",
    set_: Set = None,
    as_json: Json = False,
) -> None:
    """Print what a study would run, with its cost in tokens (estimated from characters). Loads no model."""
    from sycoscope.config import read_study
    from sycoscope.study.plan import plan_study

    config = read_study(study, _overrides(set_, data, model))
    rows = [unit.record() for unit in plan_study(config)]
    totals = {
        key: sum(row[key] for row in rows)
        for key in ("n_trials", "prompt_tokens", "new_tokens", "training_tokens")
    }
    if as_json:
        _print_json({"study": config.study, "hash": config.hash, "units": rows, "totals": totals})
        return
    _table(f"{config.study} ({config.hash}): {len(rows)} units", rows)
    typer.echo("in all: " + ", ".join(f"{value:,} {key.replace('_', ' ')}" for key, value in totals.items()))


@app.command("eval")
def evaluate(
    model: Annotated[
        str, typer.Argument(help="smollm2-135m-instruct, a folder, a .gguf file, a hub id, or null:NAME.")
    ],
    adapter: Annotated[Path | None, typer.Option(help="PEFT adapter to measure beside the model.")] = None,
    data: Data = "bank",
    limit: Limit = 100,
    facets: Facets = ALL_FACETS,
    benchmarks: Benchmarks = ALL_BENCHMARKS,
    form: Annotated[str, typer.Option(help="open or choice (letters), for answer and are_you_sure.")] = "",
    out: Out = None,
    seed: Seed = 42,
    device: Device = "auto",
    dtype: Dtype = "auto",
    revision: Annotated[str, typer.Option(help="Hub revision.")] = "",
    chat_template: Template = None,
    trust_remote_code: Trust = False,
    as_json: Json = False,
) -> None:
    """Measure one model: three facets and four benchmarks, coverage beside each rate."""
    from sycoscope import api
    from sycoscope.terminal import progress

    with progress() as bar:
        done = api.evaluate(
            model,
            adapter=adapter,
            data=data,
            limit=limit,
            facets=_names(facets),
            benchmarks=_names(benchmarks),
            form=form,
            out=out,
            seed=seed,
            settings=_settings(device, dtype, revision, chat_template, trust_remote_code),
            progress=bar,
        )
    _finished(done, as_json)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="Before: a run directory or a model.")],
    second: Annotated[str | None, typer.Argument(help="After: a run directory or a model.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="After: this adapter on the first model.")] = None,
    data: Data = "bank",
    limit: Limit = 80,
    facets: Facets = ALL_FACETS,
    benchmarks: Benchmarks = ALL_BENCHMARKS,
    out: Out = None,
    seed: Seed = 42,
    device: Device = "auto",
    dtype: Dtype = "auto",
    as_json: Json = False,
) -> None:
    """Before and after, paired item by item: two runs, two models, or a model and its adapter."""
    from sycoscope import api
    from sycoscope.terminal import progress

    with progress() as bar:
        done = api.compare(
            first,
            second,
            adapter=adapter,
            data=data,
            limit=limit,
            facets=_names(facets),
            benchmarks=_names(benchmarks),
            out=out,
            seed=seed,
            settings=_settings(device, dtype),
            progress=bar,
        )
    _finished(done, as_json)


@app.command()
def train(
    model: Annotated[str, typer.Argument(help="The base model.")],
    recipe: Annotated[
        str,
        typer.Option(
            help="mmlu, gsm8k, hellaswag, truthfulqa, combined, anti_sycophancy, placebo, sycophant."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Adapter folder to write; must not exist yet.")],
    rows: Annotated[int | None, typer.Option(min=1, help="Training rows.")] = 240,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Optimiser steps; by default three epochs.")
    ] = None,
    data: Data = "bank",
    seed: Seed = 42,
    device: Device = "auto",
    dtype: Dtype = "auto",
    set_: Set = None,
    as_json: Json = False,
) -> None:
    """Tune one LoRA adapter by a recipe."""
    from sycoscope import api
    from sycoscope.terminal import progress

    training: dict[str, Any] = _overrides(set_) | ({"steps": steps} if steps else {})
    with progress() as bar:
        folder = api.train(
            model, recipe, out=out, data=data, rows=rows, seed=seed,
            settings=_settings(device, dtype), training=training, progress=bar,
        )  # fmt: skip
    if as_json:
        _print_json(json.loads((folder / "sycoscope.json").read_text()) | {"folder": str(folder)})
    else:
        typer.echo(f"adapter: {folder}")


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    rejudge: Annotated[
        bool, typer.Option(help="Compute estimates and audit again from the tables first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the report of a finished run again."""
    from sycoscope.report.from_run import write_run_report
    from sycoscope.run.store import RunDirectory

    directory = RunDirectory(run)
    directory.manifest()
    if rejudge:
        from sycoscope.study.collect import judge_run

        judge_run(directory)
    path = write_run_report(directory)
    _print_json({"report": str(path)}) if as_json else typer.echo(f"report: {path}")


@app.command()
def audit(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    as_json: Json = False,
) -> None:
    """Check a finished run: which numbers are valid, warned or withheld, and why. Exit code 1 on an invalid one."""
    from sycoscope.run.store import RunDirectory
    from sycoscope.study.collect import judge_run

    directory = RunDirectory(run)
    directory.manifest()
    judge_run(directory)
    findings = json.loads((run / "summary.json").read_text())["findings"]
    if as_json:
        _print_json(findings)
    else:
        from sycoscope.terminal import finding_rows

        _table("audit", finding_rows(findings), ("severity", "check", "subject", "task", "name", "message"))
    if any(finding["severity"] == "invalid" for finding in findings):
        raise typer.Exit(1)


@app.command()
def doctor(as_json: Json = False) -> None:
    """What this machine can do, what is missing, and how to get it."""
    from sycoscope.terminal import doctor_rows

    rows = doctor_rows()
    _print_json(rows) if as_json else _table("doctor", rows)


@app.command("check-scorers")
def check_scorers(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Labelled files (JSONL); the built-in cases without one.")
    ] = None,
    judge: Annotated[str, typer.Option(help="A model to be tried as judge on the same cases.")] = "",
    max_tokens: Annotated[int, typer.Option(min=1, help="Of a reply of the judge.")] = 16,
    device: Device = "auto",
    dtype: Dtype = "auto",
    as_json: Json = False,
) -> None:
    """Measure the scorers on labelled responses. Exit code 1 where an upper limit lies below its target."""
    from sycoscope import api
    from sycoscope.terminal import scorer_text

    settings = {"device": device, "dtype": dtype}
    found = api.check_scorers(files or (), judge=judge, max_tokens=max_tokens, settings=settings)
    _print_json(found) if as_json else typer.echo(scorer_text(found))
    if not found["passed"]:
        raise typer.Exit(1)


@app.command()
def published(
    figures: Annotated[
        Path | None, typer.Argument(help="A result table of your own (docs/published.md).")
    ] = None,
    claims: Annotated[Path | None, typer.Option(help="Claims on that table (YAML).")] = None,
    as_json: Json = False,
) -> None:
    """The published study's claims, each recomputed from its counts and judged; its correlations under their names."""
    from sycoscope.published import report_text

    result = report_text.run(figures, claims)
    if as_json:
        _print_json(result)
        return
    _table("claims", report_text.claims_overview(result))
    for line in report_text.reasons(result):
        typer.echo(line)
    _table("correlations across subjects", report_text.correlations_overview(result))


@app.command()
def calibrate(
    items: Annotated[int, typer.Option(min=40, help="Facts that each null model is asked.")] = 160,
    studies: Annotated[int, typer.Option(min=0, help="Simulated studies of each world; 0 for none.")] = 2000,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Models of known behaviour through the whole line, expected against measured. Exit code 1 where one is off."""
    import os

    from sycoscope.calibrate import calibrate as run_calibration
    from sycoscope.calibrate import summary, text

    result = run_calibration(
        n_items=items,
        n_studies=studies,
        seed=seed,
        workers=min(8, os.cpu_count() or 1),
        progress=lambda what: typer.echo(what, err=True),
    )
    if as_json:
        _print_json(result)
    else:
        _table("null models and planted probabilities", text.line_rows(result), text.LINE_COLUMNS)
        if studies:
            _table("simulated studies", text.coverage_rows(result), text.COVERAGE_COLUMNS)
        typer.echo(summary(result))
    if not result["passed"]:
        raise typer.Exit(1)


@app.command(
    "lm-eval",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    options_metavar="",
)
def lm_eval(
    arguments: Annotated[list[str] | None, typer.Argument(help="What `lm_eval` takes.")] = None,
) -> None:
    """lm-evaluation-harness's own command with `--model sycoscope` beside its models: its tasks on our engine."""
    from sycoscope import api

    api.lm_eval(arguments or [])


@items_app.command("list")
def items_list(as_json: Json = False) -> None:
    """The built-in sets, with counts."""
    from sycoscope.items import PARTS, load_bank

    rows = []
    for part in PARTS:
        items = load_bank(part)
        sides = {side: sum(item.split == side for item in items) for side in ("train", "test")}
        rows.append(
            {"set": f"bank/{part}", "items": len(items), "clusters": len({i.cluster for i in items})} | sides
        )
    _print_json(rows) if as_json else _table("items", rows)


@items_app.command("show")
def items_show(
    source: Annotated[str, typer.Argument(help="bank/PART, a JSONL file, or BENCHMARK:SOURCE.")],
    limit: Limit = 5,
    seed: Seed = 42,
    as_json: Json = False,
) -> None:
    """Show some items of a set."""
    from dataclasses import asdict

    from sycoscope.items import load, take

    rows = [asdict(item) for item in take(load(source), limit, seed=seed)]
    if as_json:
        _print_json(rows)
    else:
        _table(source, rows, ("id", "question", "target", "suggestion", "cluster"))


@items_app.command("check")
def items_check(
    source: Annotated[str, typer.Argument(help="bank/PART, a JSONL file, or BENCHMARK:SOURCE.")],
    as_json: Json = False,
) -> None:
    """Check a set: duplicates, positions, suggestions, clusters. Exit code 1 on an error."""
    from dataclasses import asdict

    from sycoscope.items import Finding, check_items, load

    findings: list[Finding] = []
    items = load(source, findings=findings)
    found = [*findings, *check_items(items)]
    rows = [asdict(finding) | {"ids": list(finding.ids)} for finding in found]
    if as_json:
        _print_json(rows)
    else:
        _table(f"{source}: {len(items)} items", rows, ("severity", "check", "message"))
    if any(finding.severity == "error" for finding in found):
        raise typer.Exit(1)


# --- around ---


def _names(text: str) -> list[str]:
    return [] if text == "none" else [name.strip() for name in text.split(",") if name.strip()]


def _overrides(pairs: list[str] | None, data: str = "", model: str = "") -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set takes KEY=VALUE; got '{pair}'")
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError as fault:
            raise ConfigError(f"--set {key}: '{value}' is not a YAML value") from fault
    if data:
        found["data"] = data
    if model:
        found["model.name"] = model
    return found


def _settings(
    device: str, dtype: str, revision: str = "", chat_template: Path | None = None, trust: bool = False
) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "device": device,
        "dtype": dtype,
        "revision": revision,
        "trust_remote_code": trust,
    }
    if chat_template is not None:
        if not chat_template.is_file():
            raise ConfigError(f"no chat template file at '{chat_template}'")
        settings["chat_template"] = chat_template.read_text(encoding="utf-8")
    return settings


def _finished(run: Any, as_json: bool) -> None:
    from dataclasses import asdict

    from sycoscope.terminal import estimate_rows, finding_rows

    estimates = run.estimates()
    summary = json.loads((run.directory.path / "summary.json").read_text())
    if as_json:
        _print_json(
            {
                "report": str(run.report),
                "verdicts": summary["verdicts"],
                "findings": summary["findings"],
                "claims": summary.get("claims", []),
                "estimates": [asdict(estimate) for estimate in estimates],
            }
        )
        return
    _table("rates", estimate_rows(estimates))
    for verdict in summary["verdicts"]:
        typer.echo(verdict["sentence"])
    if summary.get("claims"):
        columns = ("finding", "verdict", "because")
        _table("findings of the published study, on this run", summary["claims"], columns)
    for finding in finding_rows(summary["findings"]):
        if finding["severity"] in {"warn", "invalid"}:
            where = " ".join(filter(None, (finding["subject"], finding["task"], finding["name"])))
            typer.echo(
                f"{finding['severity']}: {finding['check']}{f' [{where}]' if where else ''}: {finding['message']}"
            )
    typer.echo(f"report: {run.report}")


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def _table(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...] = ()) -> None:
    from sycoscope.terminal import table

    table(title, rows, columns)


def main() -> None:
    """Entry point: errors that a user can act on are one message on standard error and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except SycoscopeError as fault:
        typer.echo(f"error: {fault}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("stopped; run the same command again to go on", err=True)
        sys.exit(130)
    except Exception as fault:
        # typer's usage errors; its click may be a copy of its own, so they are known by what they can do
        if not hasattr(fault, "show") or not hasattr(fault, "exit_code"):
            raise
        fault.show()
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)
