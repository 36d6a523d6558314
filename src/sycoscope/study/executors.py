"""Who makes the subjects of a study: this process in turn, or several processes at once.

An executor makes subjects ahead: what they consist of lies in the cache, under keys that know nothing of executors.
The run then gathers everything in its own order and finds it there, so its tables are the same whoever made it. An
executor for another place (a cluster) is another class with `run`, entered in `executor_for`.

Each worker process has a model of its own. Small products gain little from a second thread, so two workers of one
thread (`model.threads: 1`) do more in a minute than one worker of two. The number of threads is the study's and not a
share of the processors: it changes how products are rounded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from queue import Empty
from typing import Any, Protocol

from sycoscope.core.errors import ModelError, SycoscopeError
from sycoscope.core.quiet import is_silent, silence
from sycoscope.study.progress import Progress
from sycoscope.study.results import Timing
from sycoscope.study.subjects import Subject

# How long a worker that has nothing left to do may take to end (s).
PATIENCE = 20.0

Make = Callable[[Subject], list[Timing]]


class Job(Protocol):
    """What a worker does; it is sent to the worker, so it holds plain values."""

    def before(self) -> None:
        """Do once, ahead of all workers, what they would otherwise all do."""
        ...

    def start(self, progress: Progress) -> Make:
        """Make ready (load a model), in the worker; the result makes one subject after another."""
        ...


@dataclass(frozen=True, slots=True)
class Made:
    """A subject lies in the cache; the seconds of its units that were not there already."""

    subject: str
    timings: list[Timing]


class Executor(Protocol):
    """Makes subjects ahead of the run that gathers them."""

    def run(self, subjects: Sequence[Subject], job: Job, progress: Progress) -> Iterator[Made]:
        """Make the subjects, begun in the order given; each is yielded when it is finished.

        Raises:
            SycoscopeError: the first fault that a worker met.
        """
        ...


def executor_for(workers: int, n_subjects: int) -> Executor:
    """The executor of a study.

    Args:
        workers: As many processes as the study allows.
    """
    count = min(workers, n_subjects)
    return InProcess() if count <= 1 else Processes(count)


class InProcess:
    """Makes nothing ahead: the run makes what is missing while it gathers, on its own model."""

    def run(self, subjects: Sequence[Subject], job: Job, progress: Progress) -> Iterator[Made]:
        """Nothing."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Processes:
    """Shares the subjects out over spawned processes on this machine."""

    count: int

    def run(self, subjects: Sequence[Subject], job: Job, progress: Progress) -> Iterator[Made]:
        """Make the subjects in `count` processes, each of which takes the next when it is ready."""
        job.before()
        context = multiprocessing.get_context("spawn")  # a fork would copy the threads of the libraries
        waiting: Any = context.Queue()
        messages: Any = context.Queue()
        for subject in [*subjects, *[None] * self.count]:
            waiting.put(subject)
        workers = [
            context.Process(target=_work, args=(job, waiting, messages, is_silent()), daemon=True)
            for _ in range(self.count)
        ]
        for worker in workers:
            worker.start()
        try:
            yield from _relay(_received(messages, workers), progress)
            # a worker that is ended in the middle of its exit leaves a warning behind
            for worker in workers:
                worker.join(timeout=PATIENCE)
        finally:
            for worker in workers:
                worker.terminate()
                worker.join()


# --- what a worker reports ---


@dataclass(frozen=True, slots=True)
class Begun:
    """A unit begins."""

    what: str


@dataclass(frozen=True, slots=True)
class Advanced:
    """Work done, or found done already."""

    weight: float
    skipped: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The worker met a fault and ends."""

    fault: SycoscopeError


@dataclass(frozen=True, slots=True)
class Ended:
    """The worker has nothing left to do."""


Message = Begun | Advanced | Made | Failed | Ended


def _relay(messages: Iterator[Message], progress: Progress) -> Iterator[Made]:
    """Pass the progress on; yield what is made, raise what failed."""
    for message in messages:
        match message:
            case Begun(what):
                progress.begin(what)
            case Advanced(weight, skipped):
                progress.advance(weight, skipped=skipped)
            case Made():
                yield message
            case Failed(fault):
                raise fault
            case Ended():
                pass


def _received(messages: Any, workers: Sequence[Any]) -> Iterator[Message]:
    """What workers say, until every one of them has said that it ended.

    Raises:
        ModelError: a worker ended without a message.
    """
    left = len(workers)
    while left:
        try:
            message: Message = messages.get(timeout=1.0)
        except Empty:
            lost = [worker for worker in workers if worker.exitcode not in (None, 0)]
            if lost:
                raise ModelError(
                    f"a worker ended with exit code {lost[0].exitcode}, as when memory runs out; "
                    "what was finished is kept: run again with fewer workers"
                ) from None
            continue
        left -= isinstance(message, Ended)
        yield message


# --- in the worker ---


class _Sender:
    """A worker's progress, sent to the parent."""

    def __init__(self, messages: Any) -> None:
        self._messages = messages

    def start(self, total: float) -> None:
        """The parent knows."""

    def begin(self, what: str) -> None:
        """A unit begins."""
        self._messages.put(Begun(what))

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        """Work done."""
        self._messages.put(Advanced(weight, skipped))


def _work(job: Job, waiting: Any, messages: Any, silent: bool) -> None:
    """One worker: subjects from the queue until it holds None.

    An interrupt from the keyboard reaches it too; its run ends it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if silent:
        silence()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        make = job.start(_Sender(messages))
        for subject in iter(waiting.get, None):
            messages.put(Made(subject.name, make(subject)))
    except SycoscopeError as fault:
        messages.put(Failed(fault))
    except Exception:
        messages.put(Failed(ModelError(f"a worker failed:\n{traceback.format_exc()}")))
    messages.put(Ended())


def _end_with_parent() -> None:
    """A worker whose run was killed must not go on beside the run's next start."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
