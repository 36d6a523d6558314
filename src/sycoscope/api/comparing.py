"""Before and after: two runs, two models, or a model and its adapters beside what any tune does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sycoscope.api.adapters import AGAIN, Adapters, controls, finished, is_adapter, served
from sycoscope.api.finished import finished_run
from sycoscope.api.log_comparison import are_logs
from sycoscope.api.options import model_mapping, study_of
from sycoscope.api.run import Run
from sycoscope.api.runs import RUNS, run_study
from sycoscope.config import AUTO, DECIDING, StudyConfig
from sycoscope.core.errors import ConfigError
from sycoscope.core.files import user_path
from sycoscope.models.load import named_backend, prepare_model
from sycoscope.run.made import Clock
from sycoscope.run.place import cache_beside, dated_folder, keep_other_run, link_latest, new_directory
from sycoscope.run.store import RunDirectory

if TYPE_CHECKING:
    from sycoscope.study.progress import Progress


def compare(
    first: str,
    second: str | None = None,
    *,
    adapter: Adapters | None = None,
    adapter_model: Sequence[str] | Mapping[str, str] | None = None,
    scales: Sequence[float] = (),
    placebo: bool = True,
    control_steps: int | None = None,
    data: str | Path = "bank",
    limit: int | None = None,
    facets: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
    form: str = "",
    max_tokens: int | None = None,
    difficulty: Sequence[str] = (AUTO,),
    conditions: str = "",
    system: str = "",
    chat: bool = True,
    seed: int = 42,
    settings: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Before and after: two runs, two models, or a model and its adapters, beside a placebo and a sham.

    Args:
        first, second: A run directory or a model, each; an adapter's folder as `second` is taken as `adapter`.
        adapter: In place of `second`, on the first model: a folder, several, or folders by name; at these `scales` too.
        adapter_model: Of a served model, in place of `adapter`: what its endpoint calls them.
        placebo: Whether a placebo (neutral text) and a sham (the model's own answers) are tuned on the first model (as
            the adapter was, or for so many `control_steps`) and measured: what any tune does. Not for two runs.
        data ... overrides: As for `evaluate`; by default the deciding conditions, beside a finished run all.
        out: Run directory; by default a new one in runs/. cache, force: as for `run_study`.

    Raises:
        ConfigError: not one of second subject and adapters. DataError: two runs without a common item.
    """
    clock = Clock()
    if second is not None and adapter is None and is_adapter(second):
        second, adapter = None, second
    _refuse_sides(first, second, adapter, adapter_model, scales)
    _refuse_foreign_adapters(first, settings, overrides, adapter, adapter_model)
    study = partial(
        study_of, data=data, limit=limit, facets=facets, benchmarks=benchmarks, form=form, max_tokens=max_tokens,
        difficulty=difficulty, conditions=conditions or _conditions(first, second), system=system,
        chat=chat, seed=seed, settings=settings, overrides=overrides,
    )  # fmt: skip
    run = partial(run_study, force=force, progress=progress)
    tuned = partial(controls, steps=control_steps) if placebo and _tunable(first, settings) else _no_controls
    if second is None:
        entries = _entries(first, settings, adapter, adapter_model, scales)
        return _beside_controls(first, entries, out, study, tuned, partial(run, cache=cache))
    target = user_path(out or dated_folder(RUNS, [first, second]))
    beside = partial(run, cache=cache or cache_beside(target))
    sides = _measured({"before": first, "after": second}, target, study, tuned, beside)
    return _merged(sides["before"], sides["after"], target, force, clock)


def _serves(model: str, settings: Mapping[str, Any] | None) -> bool:
    """Whether adapters are served beside a model."""
    backend = named_backend(model_mapping(model, settings))
    return backend is not None and backend.serves_adapters


def _entries(
    base: str,
    settings: Mapping[str, Any] | None,
    adapter: Adapters | None,
    adapter_model: Sequence[str] | Mapping[str, str] | None,
    scales: Sequence[float],
) -> list[dict[str, Any]]:
    """Adapters that are served or lie in folders; a served base once more, for its server's own noise."""
    entries = served(adapter_model, scales) if adapter_model else finished(adapter, scales)
    return [*entries, *([{"name": AGAIN, "served": base}] if _serves(base, settings) else [])]


def _refuse_foreign_adapters(
    first: str,
    settings: Mapping[str, Any] | None,
    overrides: Mapping[str, Any] | None,
    adapter: Adapters | None,
    adapter_model: Sequence[str] | Mapping[str, str] | None,
) -> None:
    """Folders are put on weights here, or loaded by an endpoint; names are asked of one."""
    serves = _serves(first, settings)
    loads = {**(settings or {}), **(overrides or {})}
    if adapter_model and not serves:
        raise ConfigError(
            f"--adapter-model names what an endpoint serves, and '{first}' is asked at none; give --base-url, or "
            "--adapter DIR"
        )
    if adapter and serves and not (loads.get("load_adapters") or loads.get("model.load_adapters")):
        raise ConfigError(
            f"--adapter is a folder, and '{first}' is a served model, whose adapters are served beside it; give "
            "--adapter-model and what the endpoint calls the adapter, or --set model.load_adapters=true for vLLM to "
            "load the folder"
        )


def _refuse_sides(
    first: str,
    second: str | None,
    adapter: Adapters | None,
    adapter_model: Sequence[str] | Mapping[str, str] | None,
    scales: Sequence[float],
) -> None:
    if sum((second is not None, bool(adapter), bool(adapter_model))) != 1:
        raise ConfigError(
            "compare needs a second run or model, --adapter DIR, or of a served model --adapter-model NAME (one of "
            "them)"
        )
    if are_logs(first, second):
        raise ConfigError(f"'{first}' and '{second}' are logs of another tool: compare_logs compares these")
    if scales and second is not None:
        raise ConfigError("scales are of adapters: give --adapter DIR in place of a second run or model")


def _beside_controls(
    base: str,
    entries: Sequence[Mapping[str, Any]],
    out: str | Path | None,
    study: Callable[..., StudyConfig],
    tuned: Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]],
    run: Callable[..., Run],
) -> Run:
    """A model with its finished adapters and the controls that are tuned as they were, in one run."""
    folder = out or dated_folder(RUNS, [base, *(entry["name"] for entry in entries)])
    return run(study(base, name="compare", adapters=[*entries, *tuned(entries)]), out=folder)


def _conditions(first: str, second: str | None) -> str:
    """What is asked where nobody says: what verdicts read; beside a finished run all, as it most likely was."""
    return "all" if _is_run(first) or (second is not None and _is_run(second)) else DECIDING


def _measured(
    sides: Mapping[str, str],
    target: Path,
    study: Callable[..., StudyConfig],
    tuned: Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]],
    run: Callable[..., Run],
) -> dict[str, RunDirectory]:
    """Both sides as runs: a model is measured below the target, of two models the first beside its controls."""
    runs = {label: RunDirectory(name) for label, name in sides.items() if _is_run(name)}
    _refuse_place(target, runs.values())
    asked = {label: study(name, name=label) for label, name in sides.items() if label not in runs}
    if len(asked) == 2:
        asked["before"] = study(sides["before"], name="before", adapters=tuned([]))
    _look_first(asked, runs)
    for label, config in asked.items():
        runs[label] = run(config, out=target / label).directory
    return runs


def _no_controls(_: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return []


def _look_first(asked: Mapping[str, StudyConfig], runs: Mapping[str, RunDirectory]) -> None:
    """Refuse a model that cannot be loaded or asked, and a run that cannot be read, before either side is measured."""
    for run in runs.values() if asked else ():
        finished_run(run.path).check(derived=False)
    for config in asked.values():
        prepare_model(config.model, chats=config.chats)


def _refuse_place(out: Path, sides: Iterable[RunDirectory]) -> None:
    """Refuse to write a comparison over a run that it compares."""
    if any(os.path.realpath(out) == os.path.realpath(side.path) for side in sides):
        raise ConfigError(f"'{out}' is one of the runs that are compared; choose another --out")


def _is_run(name: str) -> bool:
    """Whether a side of a comparison is a run directory, and no model; a name may be no path at all."""
    return os.path.isfile(os.path.join(os.path.expanduser(name), "manifest.json"))


def _tunable(model: str, settings: Mapping[str, Any] | None) -> bool:
    """Whether controls can be tuned on a model of this name."""
    backend = named_backend(model_mapping(model, settings))
    return backend is not None and backend.takes_adapters


def compare_runs(before: RunDirectory, after: RunDirectory, *, out: str | Path, force: bool = False) -> Run:
    """Pair the subjects of two runs by name, item by item.

    Args:
        out: Run directory. force: as for `run_study`.

    Raises:
        DataError: no item in common. ConfigError: `out` is one of the two, or another run's directory.
    """
    return _merged(before, after, user_path(out), force, Clock())


def _merged(before: RunDirectory, after: RunDirectory, out: Path, force: bool, clock: Clock) -> Run:
    from sycoscope.report.load import write_run_report
    from sycoscope.run.merge import merge_runs, merged_hash

    run = RunDirectory(out)
    _refuse_place(run.path, (before, after))
    with new_directory(run):
        if not force:
            keep_other_run(run, merged_hash(before.manifest(), after.manifest()), {})
        merge_runs(before, after, run, clock)
        done = Run(run, write_run_report(run))
    link_latest(run.path)
    return done
