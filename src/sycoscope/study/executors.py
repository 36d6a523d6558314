"""A study's arms shared out over processes.

Each worker has a model of its own. Small products gain little from a second thread, so two workers of one thread
(`model.threads: 1`) do more in a minute than one worker of two. What they make lies in the cache, under keys that
know nothing of workers; the run then gathers it in its own order, so its tables are the same whatever their number.
The number of threads is the study's and not a share of the processors: it changes how products are rounded.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from collections.abc import Iterator, Mapping
from multiprocessing.connection import wait
from pathlib import Path
from queue import Empty
from typing import Any

from sycoscope.config import StudyConfig
from sycoscope.core.errors import ModelError, SycoscopeError
from sycoscope.models.load import prepare_model
from sycoscope.run.store import RunDirectory
from sycoscope.study.progress import Ledger, Progress, Silent
from sycoscope.study.run import StudyRunner

# How long a worker that has nothing left to do may take to end (s).
PATIENCE = 20.0


def execute(runner: StudyRunner) -> Ledger:
    """Make all that is missing, with as many processes as the study's `workers` say.

    Raises:
        SycoscopeError: bad input of any kind, also where a worker met it.
    """
    if runner.config.workers == 1 or runner.is_given:
        return runner.execute()
    runner.prepare()
    runner.progress.start(runner.weight)
    # weights that have to be converted are converted once, before anybody loads them
    prepare_model(runner.config.model)
    timings = _share_out(runner)
    runner.progress = Silent()
    ledger = runner.gather()
    ledger.timings[:0] = timings
    return ledger


def _share_out(runner: StudyRunner) -> list[dict[str, Any]]:
    """All arms through the workers, the costliest first; the seconds of their units, in the study's order."""
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads of the numerical libraries
    order = runner.arms
    count = min(runner.config.workers, len(order))
    arms: Any = context.Queue()
    told: Any = context.Queue()
    for arm in [*sorted(order, key=runner.weight_of, reverse=True), *[None] * count]:
        arms.put(arm)
    settings = (runner.config, runner.run.path, runner.cache.root, runner.attached)
    workers = [context.Process(target=_work, args=(*settings, arms, told), daemon=True) for _ in range(count)]
    for worker in workers:
        worker.start()
    found: list[dict[str, Any]] = []
    try:
        for kind, *what in _messages(told, workers):
            if kind == "failed":
                raise what[0]
            if kind == "timed":
                found += what[0]
            else:
                getattr(runner.progress, kind)(*what[0], **what[1])
        # a worker that is ended in the middle of its exit leaves a warning behind
        for worker in workers:
            worker.join(timeout=PATIENCE)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    return sorted(found, key=lambda row: order.index(row["subject"]))


def _messages(told: Any, workers: list[Any]) -> Iterator[tuple[Any, ...]]:
    """What workers say, until every one of them has said that it ended."""
    left = len(workers)
    while left:
        try:
            message = told.get(timeout=1.0)
        except Empty:
            lost = [worker for worker in workers if worker.exitcode not in (None, 0)]
            if lost:
                raise ModelError(
                    f"a worker ended with exit code {lost[0].exitcode}, as when memory runs out; "
                    "what was finished is kept: run again with fewer workers"
                ) from None
            continue
        if message[0] == "ended":
            left -= 1
        else:
            yield message


class _Teller:
    """A worker's progress, told to the parent."""

    def __init__(self, told: Any) -> None:
        self._told = told

    def start(self, total: float) -> None:
        """The parent knows."""

    def begin(self, what: str) -> None:
        """A unit begins."""
        self._told.put(("begin", (what,), {}))

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        """Work done."""
        self._told.put(("advance", (weight,), {"skipped": skipped}))


def _work(
    config: StudyConfig, run: Path, cache: Path, attached: Mapping[str, Path], arms: Any, told: Any
) -> None:
    """One worker: arms from the queue until it says None."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    teller: Progress = _Teller(told)
    runner = StudyRunner(config, RunDirectory(run), cache, progress=teller, attached=attached)
    try:
        for timings in runner.make_some(iter(arms.get, None)):
            told.put(("timed", timings))
    except SycoscopeError as fault:
        told.put(("failed", fault))
    except Exception:
        told.put(("failed", ModelError(f"a worker failed:\n{traceback.format_exc()}")))
    told.put(("ended",))


def _end_with_parent() -> None:
    """A worker whose run was killed must not go on beside the run's next start."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
