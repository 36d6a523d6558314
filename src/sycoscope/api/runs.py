"""Studies and models measured: before and after, each to a finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sycoscope.api.adapters import Adapters, finished
from sycoscope.api.options import study_of
from sycoscope.api.run import Run
from sycoscope.config import AUTO, NOTHING_MEASURED, StudyConfig, read_study
from sycoscope.core.errors import ConfigError
from sycoscope.core.files import user_path
from sycoscope.core.processes import check_alone
from sycoscope.models.resolve import adapter_digest
from sycoscope.run.made import Clock
from sycoscope.run.place import cache_beside, dated_folder, keep_other_run, link_latest, new_directory
from sycoscope.run.store import RunDirectory

if TYPE_CHECKING:
    from sycoscope.study.progress import Progress

RUNS = Path("runs")


def run_study(
    study: str | Path | StudyConfig,
    *,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Run a study to its report; what exists already is skipped, a killed run goes on.

    Args:
        study: A study file, or a config.
        out: Run directory; by default runs/<study>. cache: finished shards; by default beside the run.
        force: Whether the finished run of something else in the directory is written over; otherwise it is refused.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    from sycoscope.report.load import write_run_report
    from sycoscope.study.cache import ShardCache
    from sycoscope.study.levels import with_known_levels
    from sycoscope.study.prepare import prepare
    from sycoscope.study.run import execute
    from sycoscope.study.write_run import write_run

    check_alone()
    clock = Clock()
    config = study if isinstance(study, StudyConfig) else read_study(study, dict(overrides or {}))
    if not config.measures:
        raise ConfigError(f"{NOTHING_MEASURED}; `sycoscope train` tunes an adapter alone")
    run = RunDirectory(out or RUNS / config.study)
    root = user_path(cache) if cache else cache_beside(run.path)
    with new_directory(run, root):
        shards = ShardCache(root)
        config, model = with_known_levels(config, shards, progress)
        if not force:
            keep_other_run(run, config.hash, _digests(config))
        prepared = prepare(config)
        results = execute(prepared, shards, progress=progress, loaded=model)
        write_run(run, config, prepared.inputs, results, clock)
        done = Run(run, write_run_report(run))
    link_latest(run.path)
    return done


def _digests(config: StudyConfig) -> dict[str, str]:
    """Finished adapters of a study: name -> digest; empty where it has none, which is refused where it is attached."""
    found = {}
    for adapter in config.adapters:
        if adapter.path:
            try:
                found[adapter.name] = adapter_digest(user_path(adapter.path))
            except (OSError, ValueError, AttributeError):
                found[adapter.name] = ""
    return found


def evaluate(
    model: str,
    *,
    adapter: Adapters | None = None,
    data: str | Path = "bank",
    limit: int | None = None,
    facets: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
    form: str = "",
    max_tokens: int | None = None,
    difficulty: Sequence[str] = (AUTO,),
    conditions: str = "all",
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
    """Measure one model (with adapters: base and adapters side by side).

    Args:
        model: A hub id, a folder, a .gguf file, `smollm2-135m-instruct`, or `null:NAME`.
        adapter: Folder of a PEFT adapter or its hub id (OWNER/NAME or OWNER/NAME@REVISION), several, or either by name.
        data: Where items come from: `bank`, `hub`, a folder in the public layouts, or a file of your own questions.
        limit: Items per facet and benchmark (argument pairs for feedback); None for all.
        facets, benchmarks: Names; None for all.
        form: `open` or `choice` (letters); empty: open, and letters for the public are-you-sure rows.
        max_tokens: Most new tokens of every answer and reply; None for each facet's and benchmark's own.
        difficulty: Bank questions of these levels only (`easy`, `medium`, `hard`); empty for all; `auto`: those that
            the model can do, by its answers to plain questions of the bank's training half.
        conditions: `all` that each facet asks by default, or the `deciding` ones, which are what verdicts read.
        system: A system text that opens every dialogue and benchmark, as the model is deployed with; empty: none.
        chat: Whether benchmarks are asked in the chat template. seed: of everything that is drawn.
        settings: Further keys of a study's `model`, as `{"template_options": {"enable_thinking": False}}`.
        overrides: Any keys of a study, dotted, as `{"facets.answer.conditions": ["control", "padded", "user_wrong"]}`.
        out: Run directory; by default a new one in runs/, named by model, adapters and time. cache: finished shards; by
            default beside the run. force: as for `run_study`.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    entries = finished(adapter)
    config = study_of(
        model, name="eval", data=data, limit=limit, facets=facets, benchmarks=benchmarks, form=form,
        max_tokens=max_tokens, difficulty=difficulty, conditions=conditions, system=system, chat=chat, seed=seed,
        settings=settings, adapters=entries, overrides=overrides,
    )  # fmt: skip
    folder = out or dated_folder(RUNS, [model, *(entry["name"] for entry in entries)])
    return run_study(config, out=folder, cache=cache, force=force, progress=progress)
