"""Runs a prepared study: base, then each adapter tuned and evaluated; what exists already is skipped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sycoscope.config import StudyConfig
from sycoscope.core.errors import ModelError
from sycoscope.core.protocols import Model
from sycoscope.models.load import load_model, prepare_model
from sycoscope.study.cache import ShardCache
from sycoscope.study.executors import Alone, Executor, Job, Maker, Pooled
from sycoscope.study.extra_trials import ask_judge
from sycoscope.study.gather import gathered, lost_trainings
from sycoscope.study.make import UnitMaker
from sycoscope.study.prepare import PreparedStudy, prepare
from sycoscope.study.progress import Progress, Silent
from sycoscope.study.results import RunResults
from sycoscope.study.session import Session, load_for, spending_counted
from sycoscope.study.throughput import Counted, keep_throughput
from sycoscope.study.unit_list import units_of
from sycoscope.study.worker_processes import ProcessPool


def execute(
    study: PreparedStudy,
    cache: ShardCache,
    *,
    progress: Progress | None = None,
    model: Model | None = None,
    judge: Model | None = None,
    loaded: Model | None = None,
) -> RunResults:
    """Make all that is missing, with as many workers as the study says, and gather it.

    Args:
        model: A loaded model in place of the configured one; the study then runs in this process.
        judge: A loaded judge in place of the configured one.
        loaded: The configured model, where it has been loaded already.

    Raises:
        SycoscopeError: bad input of any kind, also where a worker met it; nothing is half-written.
    """
    progress = counted = Counted(progress or Silent())
    progress.start(study.weight)
    config = study.config.judge
    if config is not None and judge is None and model is None:
        prepare_model(config.model)  # a fault of the judge is told before anything is measured
    units = units_of(study)
    executor = Alone() if model is not None else executor_for(study.config, len(units))
    job: Job = StudyJob(study.config, cache.root)
    used = None
    if isinstance(executor, Alone):
        used = model or loaded or load_for(study.config, progress, cache)
        job = _OwnJob(study, used, cache)
    work = executor.run(units, job, progress)
    if lost := lost_trainings(work.outcomes):
        raise ModelError(
            f"{'; '.join(lost)}. All else that could be made is kept: run again with fewer workers, or more memory"
        )
    outcomes = {unit: work.outcomes[unit] for unit in units}
    results = gathered(study, outcomes, cache, base_unchanged=work.base_unchanged)
    if model is None:
        keep_throughput(study.config, results.subjects[0]["model"], counted)
    if config is not None:
        progress.begin("loading the judge")
        if judge is None and model is None and config.model == study.config.model:
            judge = used
        del used, job  # two models need not lie in memory together
        if judge is None:
            judge = spending_counted(load_model(config.model), config.model, study.config, cache)
        ask_judge(config, judge, study.inputs.facets, results, cache, progress)
    return results


def executor_for(config: StudyConfig, n_units: int) -> Executor:
    """The executor of a study.

    Args:
        n_units: More workers than units would have nothing to do.
    """
    count = min(config.workers, n_units)
    return Alone() if count <= 1 else Pooled(ProcessPool(count))


@dataclass(frozen=True)
class StudyJob:
    """What a worker needs to make units of a study: plain values, so that it can be sent to another process."""

    config: StudyConfig
    cache: Path

    def before(self) -> None:
        """Convert weights that have to be converted once, and look at them, before several workers load them."""
        prepare_model(self.config.model, chats=self.config.chats)

    def start(self, progress: Progress) -> Maker:
        """Read the study and load its model, in the worker."""
        study = prepare(self.config)
        cache = ShardCache(self.cache)
        return UnitMaker(study, Session(load_for(self.config, progress, cache), cache, progress))


@dataclass(frozen=True)
class _OwnJob:
    """The same on a model that this process has loaded."""

    study: PreparedStudy
    model: Model
    cache: ShardCache

    def before(self) -> None:
        """Nothing."""

    def start(self, progress: Progress) -> Maker:
        """On the model as it is."""
        return UnitMaker(self.study, Session(self.model, self.cache, progress))
