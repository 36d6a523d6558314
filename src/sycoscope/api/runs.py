"""Runs: carried out, compared, planned, audited, reported, and adapters tuned."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sycoscope.api.options import model_mapping, study_of
from sycoscope.config import NOTHING_MEASURED, StudyConfig, lay_over, parse_study, read_study
from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.core.files import copy_folder, user_path
from sycoscope.facets import FACETS
from sycoscope.models.load import backend_of, named_backend, prepare_model
from sycoscope.models.resolve import adapter_digest
from sycoscope.run.place import cache_beside, check_places, keep_other_run, new_directory
from sycoscope.run.store import RunDirectory

if TYPE_CHECKING:
    from sycoscope.audit import Finding
    from sycoscope.core.types import Estimate
    from sycoscope.report.overview import Overview
    from sycoscope.run.record import Summary
    from sycoscope.study.forecast import Forecast
    from sycoscope.study.plan import Planned
    from sycoscope.study.progress import Progress

RUNS = Path("runs")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    directory: RunDirectory
    report: Path

    def estimates(self) -> list[Estimate]:
        """All estimates, levels and changes, each with its state.

        A withheld estimate keeps its value, so that the audit can be followed; it must not be shown as a result:
        show the values of those that are `Estimate.shown`, and the `reason` of all others.
        """
        return self.directory.estimates()

    def main_levels(self) -> list[Estimate]:
        """The levels that are read first: those that each facet lists, and the benchmarks' accuracy."""
        return [
            estimate
            for estimate in self.estimates()
            if not estimate.reference
            and estimate.name in (FACETS[estimate.task].listed if estimate.task in FACETS else ("accuracy",))
        ]

    def summary(self) -> Summary:
        """Verdicts, findings of the audit, claims and what else was found."""
        return self.directory.summary()

    def overview(self) -> Overview:
        """What is shown of it in a few lines: the word and the numbers of each tuned model, or one model's levels."""
        from sycoscope.report.overview import overview

        return overview(self.directory)

    def findings(self, *, grouped: bool = False) -> list[Finding]:
        """The audit's findings. `grouped`: many of one kind as one, for people."""
        from sycoscope.audit import grouped as group

        findings = self.summary().findings
        return group(findings) if grouped else list(findings)


def run_study(
    study: str | Path | StudyConfig,
    *,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    adapters: Mapping[str, Path] | None = None,
    replace: bool | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a study to its report; what exists already is skipped, a killed run goes on.

    Args:
        study: A study file, or a config.
        out: Run directory; by default runs/<study>. cache: finished shards; by default beside the run.
        adapters: Finished adapters to evaluate beside the study's own: name -> folder.
        replace: Whether the finished run of something else in the directory is written over; by default only in one
            that is named by `out`.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    from sycoscope.report.load import write_run_report
    from sycoscope.study.cache import ShardCache
    from sycoscope.study.prepare import prepare
    from sycoscope.study.run import execute
    from sycoscope.study.write_run import write_run

    config = study if isinstance(study, StudyConfig) else read_study(study, dict(overrides or {}))
    backend = backend_of(config.model)
    if adapters and not backend.takes_adapters:
        raise ConfigError(f"'{config.model.name}' is {backend.kind}: it takes no adapters; leave them out")
    if not config.measures:
        raise ConfigError(f"{NOTHING_MEASURED}; `sycoscope train` tunes an adapter alone")
    run = RunDirectory(out or RUNS / config.study)
    root = user_path(cache) if cache else cache_beside(run.path)
    with new_directory(run, root):
        if replace is False or (replace is None and out is None):
            keep_other_run(run, config.hash, {name: _digest(one) for name, one in (adapters or {}).items()})
        prepared = prepare(config, adapters)
        results = execute(prepared, ShardCache(root), progress=progress)
        write_run(run, config, prepared.inputs, results)
        return Run(run, write_run_report(run))


def _digest(adapter: Path) -> str:
    """The digest of an adapter's folder; empty where it has none, which is refused where it is attached."""
    try:
        return adapter_digest(adapter)
    except (OSError, ValueError, AttributeError):
        return ""


def evaluate(
    model: str,
    *,
    adapter: str | Path | None = None,
    name: str = "eval",
    data: str = "bank",
    limit: int | None = None,
    facets: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
    form: str = "",
    max_tokens: int | None = None,
    chat: bool = True,
    seed: int = 42,
    settings: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    replace: bool | None = None,
    progress: Progress | None = None,
) -> Run:
    """Measure one model (with an adapter: base and adapter side by side).

    Args:
        model: A hub id, a folder, a .gguf file, `smollm2-135m-instruct`, or `null:NAME`.
        adapter: Folder of a PEFT adapter. name: of the study, and by default of its folder below runs/.
        data: Where items come from: `bank`, `hub`, or a folder in the public layouts.
        limit: Items per facet and benchmark (argument pairs for feedback); None for all.
        facets, benchmarks: Names; None for all.
        form: `open` or `choice` (letters); empty: open, and letters for the public are-you-sure rows.
        max_tokens: Most new tokens of every answer and reply; None for each facet's and benchmark's own.
        chat: Whether benchmarks are asked in the chat template. seed: of everything that is drawn.
        settings: Further keys of a study's `model`, as `{"template_options": {"enable_thinking": False}}`.
        out: Run directory. cache: finished shards; by default beside the run. replace: as for `run_study`.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    config = study_of(
        model, name=name, data=data, limit=limit, facets=facets, benchmarks=benchmarks, form=form,
        max_tokens=max_tokens, chat=chat, seed=seed, settings=settings,
    )  # fmt: skip
    folder = None if adapter is None else user_path(adapter)
    adapters = {} if folder is None else {folder.resolve().name: folder}
    for called, folder in adapters.items():
        if not (folder / "adapter_config.json").is_file():
            raise MissingError(
                f"no adapter at '{folder}': adapter_config.json is missing; give a PEFT adapter folder"
            )
        if called == "base":
            raise ConfigError(f"the adapter folder '{folder}' is called 'base', as the model is; rename it")
    return run_study(config, out=out, cache=cache, adapters=adapters, replace=replace, progress=progress)


def compare(
    first: str,
    second: str | None = None,
    *,
    adapter: str | Path | None = None,
    data: str = "bank",
    limit: int | None = None,
    facets: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
    form: str = "",
    max_tokens: int | None = None,
    chat: bool = True,
    seed: int = 42,
    settings: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    replace: bool | None = None,
    progress: Progress | None = None,
) -> Run:
    """Before and after: two runs, two models, or a model and its adapter (evaluated first).

    Args:
        first, second: A run directory or a model, each. adapter: in place of `second`, on the first model.
        data, limit, facets, benchmarks, form, max_tokens, chat, seed, settings: As for `evaluate`, for what is asked
            first.
        out: Run directory of the comparison; what is evaluated first has folders below it.
        replace: As for `run_study`.
        cache: Finished shards; by default beside the comparison, so that what `evaluate` asked is not asked again.

    Raises:
        ConfigError: neither a second subject nor an adapter, or both.
        DataError: two runs without a common item.
    """
    if (second is None) == (adapter is None):
        raise ConfigError("compare needs a second run or model, or --adapter DIR (one of them)")
    target = user_path(out or RUNS / "compare")
    replace = out is not None if replace is None else replace
    shared: dict[str, Any] = {
        "data": data, "limit": limit, "facets": facets, "benchmarks": benchmarks, "form": form,
        "max_tokens": max_tokens, "chat": chat, "seed": seed, "settings": settings, "progress": progress,
        "cache": cache or cache_beside(target), "replace": replace,
    }  # fmt: skip
    if second is None:
        return evaluate(first, adapter=adapter, out=target, name="compare", **shared)
    models = [model for model in (first, second) if not _is_run(model)]
    for model in models:  # a fault of the second is told before the first is measured
        prepare_model(study_of(model, name="compare", settings=settings).model)
    sides = []
    for label, model in (("before", first), ("after", second)):
        if model in models:
            sides.append(evaluate(model, out=target / label, name=label, **shared).directory)
        else:
            sides.append(RunDirectory(model))
    if not replace:
        from sycoscope.run.merge import merged_hash

        keep_other_run(RunDirectory(target), merged_hash(sides[0].manifest(), sides[1].manifest()), {})
    return compare_runs(sides[0], sides[1], out=target)


def _is_run(name: str) -> bool:
    """Whether a side of a comparison is a run directory, and no model; a name may be no path at all."""
    return os.path.isfile(os.path.join(os.path.expanduser(name), "manifest.json"))


def compare_runs(before: RunDirectory, after: RunDirectory, *, out: str | Path) -> Run:
    """Pair the base subjects of two runs, item by item."""
    from sycoscope.report.load import write_run_report
    from sycoscope.run.merge import merge_runs

    run = RunDirectory(out)
    with new_directory(run):
        merge_runs(before, after, run)
        return Run(run, write_run_report(run))


def plan(
    study: str | Path | StudyConfig, *, overrides: Mapping[str, Any] | None = None
) -> tuple[StudyConfig, list[Planned]]:
    """What a study would run, with its cost in tokens (estimated from characters); loads no model.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    from sycoscope.study.plan import plan_study

    config = study if isinstance(study, StudyConfig) else read_study(study, dict(overrides or {}))
    return config, plan_study(config)


def forecast(study: StudyConfig, units: Sequence[Planned]) -> Forecast:
    """How long a planned study will take on this machine, and what memory: as measured here, or not at all."""
    from sycoscope.study.forecast import forecast as foretold

    return foretold(study, units)


def hub_faults(study: StudyConfig) -> list[str]:
    """The sets on the hub that a study needs and that cannot be had, each with the reason; nothing is fetched."""
    from sycoscope.study.plan import hub_faults as found

    return found(study)


def budget(units: Sequence[Planned]) -> dict[str, float]:
    """What the work of a plan goes to -> its share in [0, 1], the largest first."""
    from sycoscope.study.plan import budget as shares

    return shares(units)


def audit(run: str | Path) -> list[Finding]:
    """Analyse a finished run again, in place, and return what the audit finds; asks no model.

    Raises:
        MissingError: no run there. StoreError: not finished, of another layout, or a file of it is not as the run wrote
        it. BusyError: in use.
    """
    from sycoscope.run.analyse import analyse_run

    directory = _finished(run)
    with directory.locked():
        directory.check()
        return list(analyse_run(directory).findings)


def report(run: str | Path, *, rejudge: bool = False) -> Path:
    """Write the report of a finished run again; returns the page's path.

    Args:
        rejudge: Compute estimates and audit again from the tables first.

    Raises:
        MissingError: no run there. StoreError: not finished, of another layout, or a file of it is not as the run wrote
        it. BusyError: in use.
    """
    from sycoscope.report.load import write_run_report
    from sycoscope.run.analyse import analyse_run

    directory = _finished(run)
    with directory.locked():
        directory.check(derived=not rejudge)
        if rejudge:
            analyse_run(directory)
        return write_run_report(directory)


def _finished(run: str | Path) -> RunDirectory:
    """A run that is there: looked for before its lock is taken, which would make the folder."""
    directory = RunDirectory(run)
    directory.manifest()
    return directory


def train(
    model: str,
    recipe: str,
    *,
    out: str | Path,
    like: str | None = None,
    style: str | None = None,
    data: str = "bank",
    rows: int | None = None,
    seed: int = 42,
    settings: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Tune one adapter and write it to `out`.

    Args:
        like: Of recipe `sham`: the recipe whose prompts it takes; None for `placebo`.
        style: Of a placebo's rows; None for all neutral ones.
        training: Keys of a study's `training`; nested ones dotted, as `{"lora.r": 4}`.

    Raises:
        ConfigError: `out` exists and is not empty or cannot be written, or an unknown recipe or setting.
    """
    from sycoscope.study.train import train_one

    folder = user_path(out)
    cache = cache_beside(folder)
    check_places(folder, cache)
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(f"'{folder}' exists and is not empty; choose another --out")
    given = model_mapping(model, settings)
    backend = named_backend(given)
    if backend is not None and not backend.takes_adapters:
        raise ConfigError(
            f"'{model}' is {backend.kind}: it cannot be tuned; name a model with weights: "
            "a local folder, a .gguf file or a hub id"
        )
    raw: dict[str, Any] = {
        "study": "train",
        "seed": seed,
        "data": data,
        "model": given,
        "training": {},
        "adapters": [
            {"name": "adapter", "recipe": recipe, "like": like, "style": style, "rows": rows, "seeds": [seed]}
        ],
    }
    for dotted, value in (training or {}).items():
        lay_over(raw, f"training.{dotted}", value)
    config = parse_study(raw, "options")
    adapter = train_one(config, cache, progress=progress)
    copy_folder(adapter, folder)
    return folder
