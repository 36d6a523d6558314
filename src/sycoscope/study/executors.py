"""Who makes the units of a study: this process alone, or a pool of workers (processes, or a cluster's).

What units consist of lies in the cache, under keys that know nothing of executors; an executor gives what the cache
does not tell, an `Outcome` per unit. The tables are the same whoever made them. `share_out` is what all pools have in
common: which worker makes what, progress, and what is done about a worker that dies. Another kind of workers is
another `Pool`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from sycoscope.core.errors import ModelError, SycoscopeError
from sycoscope.study.progress import Progress
from sycoscope.study.units import Outcome, Unit
from sycoscope.study.work_queue import MAX_TRIES, WorkQueue

_log = logging.getLogger("sycoscope.study")


class Maker(Protocol):
    """Makes units, on one model."""

    def make(self, unit: Unit, tuned: Mapping[str, Outcome]) -> Outcome:
        """Make a unit into the cache; `tuned`: subject -> the training that it needs."""
        ...

    def close(self) -> bool | None:
        """Nothing more comes: whether the base of its model answers as before any adapter; None: not known."""
        ...


class Job(Protocol):
    """What a worker does; it is sent to the worker, so it holds plain values."""

    def before(self) -> None:
        """Do once, ahead of all workers, what they would otherwise all do."""
        ...

    def start(self, progress: Progress) -> Maker:
        """Make ready (load a model), in the worker."""
        ...


@dataclass
class Work:
    """What an executor did.

    Attributes:
        outcomes: In no order.
        base_unchanged: Whether the base of every worker answers as before its adapters; None: no worker could tell.
    """

    outcomes: dict[Unit, Outcome] = field(default_factory=dict)
    base_unchanged: bool | None = None

    def closed(self, base_unchanged: bool | None) -> None:
        """A worker has ended, and says whether its base is unchanged."""
        if base_unchanged is not None:
            self.base_unchanged = base_unchanged and self.base_unchanged is not False

    def needed(self, unit: Unit) -> dict[str, Outcome]:
        """The training that a unit needs, by subject."""
        return {
            other.subject: outcome
            for other, outcome in self.outcomes.items()
            if other.kind == "training" and other.subject == unit.needs
        }


class Executor(Protocol):
    """Makes all units of a study."""

    def run(self, units: Sequence[Unit], job: Job, progress: Progress) -> Work:
        """Make the units.

        Raises:
            SycoscopeError: the first fault that a worker met, or there are no workers left.
        """
        ...


class Alone:
    """This process makes one unit after another, in the order given."""

    def run(self, units: Sequence[Unit], job: Job, progress: Progress) -> Work:
        """Make the units here."""
        work = Work()
        maker = job.start(progress)
        try:
            for unit in units:
                work.outcomes[unit] = maker.make(unit, work.needed(unit))
        finally:
            work.closed(maker.close())
        return work


# --- what workers report ---


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has loaded its model."""


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
class Made:
    """The unit that a worker was given lies in the cache."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker met a fault."""

    fault: SycoscopeError


@dataclass(frozen=True, slots=True)
class Closed:
    """A worker has ended as it was told to."""

    base_unchanged: bool | None


@dataclass(frozen=True, slots=True)
class Died:
    """A worker is no more; `why`: how it ended, as `exit code 9`."""

    why: str


Message = Ready | Begun | Advanced | Made | Failed | Closed | Died


class Pool(Protocol):
    """Workers that are long-lived: each loads its model once. They are known by numbers."""

    def opened(self, job: Job) -> AbstractContextManager[Sequence[int]]:
        """Start the workers; at the end of the context all are gone."""
        ...

    def give(self, worker: int, unit: Unit, tuned: Mapping[str, Outcome]) -> None:
        """Let a worker make a unit."""
        ...

    def next(self) -> tuple[int, Message]:
        """Wait for what a worker reports.

        Raises:
            SycoscopeError: nothing can come any more.
        """
        ...

    def replace(self, worker: int) -> int:
        """Start another worker in the place of one that died."""
        ...

    def dismiss(self, worker: int) -> None:
        """Tell a worker to end; it answers `Closed`, or `Died`."""
        ...


class Pooled:
    """Shares the units out over the workers of a pool."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def run(self, units: Sequence[Unit], job: Job, progress: Progress) -> Work:
        """Make the units, each by the next worker that is free."""
        job.before()
        with self.pool.opened(job) as workers:
            return _Sharing(self.pool, units, progress, workers).run()


class _Sharing:
    """One study's units on their way through the workers of a pool."""

    def __init__(self, pool: Pool, units: Sequence[Unit], progress: Progress, workers: Sequence[int]) -> None:
        self._pool = pool
        self._queue = WorkQueue(units)
        self._told = _Told(progress)
        self._work = Work()
        self._there = set(workers)
        self._free: dict[int, str] = {}  # worker -> the subject that it was at
        self._at: dict[int, Unit] = {}

    def run(self) -> Work:
        """Until all is made or lost."""
        while not self._queue.finished:
            self._give()
            self._hear(*self._pool.next())
        self._close()
        return self._work

    def _give(self) -> None:
        for worker in sorted(self._free):
            unit = self._queue.take(self._free[worker])
            if unit is not None:
                del self._free[worker]
                self._at[worker] = unit
                self._pool.give(worker, unit, self._work.needed(unit))

    def _hear(self, worker: int, message: Message) -> None:
        match message:
            case Ready():
                self._free[worker] = ""
            case Begun(what):
                self._told.begin(what)
            case Advanced(weight, skipped):
                self._told.advance(self._at.get(worker), weight, skipped=skipped)
            case Made(outcome):
                unit = self._at.pop(worker)
                self._work.outcomes[unit] = outcome
                self._queue.done(unit)
                self._free[worker] = unit.subject
            case Failed(fault):
                raise fault
            case Died(why):
                self._died(worker, why)
            case Closed():
                raise AssertionError("no worker ends before it is told to")

    def _close(self) -> None:
        """Let the workers end that have loaded their model; those that have not are not waited for."""
        left = set(self._free)
        for worker in left:
            self._pool.dismiss(worker)
        while left:
            worker, message = self._pool.next()
            if isinstance(message, Failed):
                raise message.fault
            if isinstance(message, Closed):
                self._work.closed(message.base_unchanged)
            if isinstance(message, Closed | Died):
                left.discard(worker)

    def _died(self, worker: int, why: str) -> None:
        self._there.discard(worker)
        self._free.pop(worker, None)
        unit = self._at.pop(worker, None)
        if unit is not None:
            self._lost(unit, why)
            if not self._queue.finished:
                self._there.add(self._pool.replace(worker))
        elif not self._queue.finished:
            left = len(self._there)
            _log.warning("a worker ended (%s) before it was given anything; %d left", why, left)
            if not left:
                raise _no_workers(why)

    def _lost(self, unit: Unit, why: str) -> None:
        self._told.again(unit)
        if self._queue.lost(unit):
            _log.warning("a worker ended (%s) at '%s', which is begun again by another", why, unit.label)
            return
        if not self._work.outcomes:
            raise _no_workers(why)
        reason = f"workers ended at it {MAX_TRIES} times ({why})"
        _log.warning("%s: %s; the same command begins it again", unit.label, reason)
        self._work.outcomes[unit] = Outcome(lost=reason)
        self._told.rest(unit)


def _no_workers(why: str) -> ModelError:
    return ModelError(f"a worker ended ({why}); what was finished is kept: run again with fewer workers")


class _Told:
    """Progress of units that may be begun more than once: none counts for more than it weighs."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._told: dict[Unit, float] = {}  # counted
        self._seen: dict[Unit, float] = {}  # since the unit was last begun

    def begin(self, what: str) -> None:
        """Work begins."""
        self._progress.begin(what)

    def advance(self, unit: Unit | None, weight: float, *, skipped: bool) -> None:
        """A worker did work at its unit, or found it done."""
        if unit is None:
            return
        self._seen[unit] = self._seen.get(unit, 0.0) + weight
        fresh = self._seen[unit] - self._told.get(unit, 0.0)
        if fresh >= 0:
            self._told[unit] = self._seen[unit]
            self._progress.advance(fresh, skipped=skipped)

    def again(self, unit: Unit) -> None:
        """The unit is begun anew."""
        self._seen[unit] = 0.0

    def rest(self, unit: Unit) -> None:
        """Nothing more comes of the unit."""
        self._progress.advance(unit.weight - self._told.get(unit, 0.0), skipped=True)
