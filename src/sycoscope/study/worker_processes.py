"""Workers that are processes of this machine, each with a model of its own.

Small products gain little from a second thread, so two workers of one thread (`model.threads: 1`) do more in a minute
than one worker of two. The number of threads is the study's and not a share of the processors: it changes how products
are rounded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from sycoscope.core.errors import ModelError, SycoscopeError
from sycoscope.core.quiet import is_silent, silence
from sycoscope.study.executors import Advanced, Begun, Closed, Died, Failed, Job, Made, Message, Ready
from sycoscope.study.units import Outcome, Unit

# How long a worker that has nothing left to do may take to end (s).
PATIENCE = 20.0


class ProcessPool:
    """Spawned processes, each at the end of a pipe of its own.

    Of a queue that all share, a worker that is killed while it holds the lock would stop the others.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._context = multiprocessing.get_context("spawn")  # a fork would copy the threads of the libraries
        self._processes: list[Any] = []
        self._pipes: dict[int, Any] = {}  # of those that have not ended
        self._job: Job | None = None

    @contextmanager
    def opened(self, job: Job) -> Iterator[Sequence[int]]:
        """Start the processes; at the end of the context all are gone."""
        self._job = job
        try:
            yield [self._start() for _ in range(self.count)]
            # one that is ended in the middle of its exit leaves a warning behind
            for worker, process in enumerate(self._processes):
                if worker not in self._pipes:
                    process.join(timeout=PATIENCE)
        finally:
            for process in self._processes:
                process.terminate()
                process.join()
            for pipe in self._pipes.values():
                pipe.close()

    def give(self, worker: int, unit: Unit, tuned: Mapping[str, Outcome]) -> None:
        """Send a unit; that the worker is dead is heard when it is waited for."""
        self._send(worker, (unit, tuned))

    def dismiss(self, worker: int) -> None:
        """Send the end."""
        self._send(worker, None)

    def replace(self, worker: int) -> int:
        """Another process."""
        return self._start()

    def next(self) -> tuple[int, Message]:
        """Wait for the next message of any process, or for the end of one."""
        workers = {pipe: worker for worker, pipe in self._pipes.items()}
        pipe: Any = wait(list(workers))[0]
        worker = workers[pipe]
        try:
            message: Message = pipe.recv()
        except (EOFError, OSError):
            message = Died(self._end_of(worker))
        if isinstance(message, Died | Closed):
            self._pipes.pop(worker).close()
        return worker, message

    def _start(self) -> int:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(self._job, theirs, is_silent()), daemon=True)
        process.start()
        theirs.close()  # the pipe ends with the process
        self._processes.append(process)
        self._pipes[len(self._processes) - 1] = ours
        return len(self._processes) - 1

    def _send(self, worker: int, order: tuple[Unit, Mapping[str, Outcome]] | None) -> None:
        with suppress(OSError):
            self._pipes[worker].send(order)

    def _end_of(self, worker: int) -> str:
        process = self._processes[worker]
        process.join(timeout=PATIENCE)
        return f"exit code {process.exitcode}, as when memory runs out"


# --- in the worker ---


class _Sender:
    """A worker's progress, sent to the run."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def start(self, total: float) -> None:
        """The run knows."""

    def begin(self, what: str) -> None:
        """A unit begins."""
        self._pipe.send(Begun(what))

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        """Work done."""
        self._pipe.send(Advanced(weight, skipped))


def _work(job: Job, pipe: Connection, silent: bool) -> None:
    """One worker: units from the pipe until it brings None.

    An interrupt from the keyboard reaches it too; its run ends it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if silent:
        silence()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        maker = job.start(_Sender(pipe))
        pipe.send(Ready())
        for unit, tuned in iter(pipe.recv, None):
            pipe.send(Made(maker.make(unit, tuned)))
        pipe.send(Closed(maker.close()))
    except SycoscopeError as fault:
        pipe.send(Failed(fault))
    except Exception:
        pipe.send(Failed(ModelError(f"a worker failed:\n{traceback.format_exc()}")))


def _end_with_parent() -> None:
    """A worker whose run was killed must not go on beside the run's next start."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
