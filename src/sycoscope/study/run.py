"""Runs a prepared study: base, then each adapter tuned and evaluated; what exists already is skipped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sycoscope.config import StudyConfig
from sycoscope.core.protocols import Model, TakesAdapters
from sycoscope.models.load import load_model, prepare_model
from sycoscope.study.cache import ShardCache
from sycoscope.study.executors import Executor, InProcess, Make, executor_for
from sycoscope.study.extra_trials import ask_judge
from sycoscope.study.make import make
from sycoscope.study.prepare import PreparedStudy, prepare
from sycoscope.study.progress import Progress, Silent
from sycoscope.study.results import RunResults, Timing
from sycoscope.study.session import Session, load_for, record_of, spending_counted
from sycoscope.study.throughput import Counted, keep_throughput


def execute(
    study: PreparedStudy,
    cache: ShardCache,
    *,
    progress: Progress | None = None,
    model: Model | None = None,
    judge: Model | None = None,
    loaded: Model | None = None,
) -> RunResults:
    """Make all that is missing, with as many processes as the study's `workers` say, and gather it.

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
    executor = executor_for(study.config.workers, len(study.subjects)) if model is None else InProcess()
    ahead = _make_ahead(executor, study, cache, progress)
    gathering = Silent() if ahead else progress  # what was made ahead has been reported already
    used = model or loaded or load_for(study.config, gathering, cache)
    results = _gather(study, Session(used, cache, gathering))
    if model is None:
        keep_throughput(study.config, record_of(used), counted)
    results.timings[:0] = [timing for subject in study.subjects for timing in ahead.get(subject.name, ())]
    if config is not None:
        progress.begin("loading the judge")
        if judge is None and model is None and config.model == study.config.model:
            judge = used
        del used  # two models need not lie in memory together
        if judge is None:
            judge = spending_counted(load_model(config.model), config.model, study.config, cache)
        ask_judge(config, judge, study.inputs.facets, results, cache, progress)
    return results


def _gather(study: PreparedStudy, session: Session) -> RunResults:
    """Walk over all subjects in the study's order, making what is missing."""
    study.check(session.model)
    results = RunResults()
    for subject in study.subjects:
        results.add(make(subject, study, session))
    if isinstance(session.model, TakesAdapters):
        results.subjects[0]["model"]["base_bit_equal"] = session.model.base_unchanged
    return results


def _make_ahead(
    executor: Executor, study: PreparedStudy, cache: ShardCache, progress: Progress
) -> dict[str, list[Timing]]:
    """All subjects through the executor: subject -> seconds of its units.

    What others start from comes first, then the costliest; one that still waits for another's adapter is held by that
    one's lock.
    """
    ordered = sorted(study.subjects, key=lambda one: (study.depth_of(one), -study.weight_of(one)))
    job = StudyJob(study.config, cache.root)
    return {made.subject: made.timings for made in executor.run(ordered, job, progress)}


@dataclass(frozen=True)
class StudyJob:
    """What a worker needs to make subjects of a study: plain values, so that it can be sent to another process."""

    config: StudyConfig
    cache: Path

    def before(self) -> None:
        """Convert weights that have to be converted once, and look at them, before several workers load them."""
        prepare_model(self.config.model, chats=self.config.chats)

    def start(self, progress: Progress) -> Make:
        """Read the study and load its model, in the worker."""
        study = prepare(self.config)
        cache = ShardCache(self.cache)
        session = Session(load_for(self.config, progress, cache), cache, progress)
        study.check(session.model)
        return lambda subject: make(subject, study, session).timings
