"""Executors: who makes the units, in which order, what is reported, and what a fault or a lost worker does."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sycoscope.config import parse_study
from sycoscope.core.errors import DataError, ModelError
from sycoscope.study.executors import Alone, Pooled
from sycoscope.study.run import executor_for
from sycoscope.study.units import Unit
from sycoscope.study.work_queue import MAX_TRIES
from sycoscope.study.worker_processes import ProcessPool

from .jobs import Job

UNITS = [
    Unit("facet", name, "work", weight=weight)
    for name, weight in (("free", 0.0), ("cheap", 1.0), ("middling", 2.0), ("dear", 4.0))
]
BY_COST = ["dear", "middling", "cheap", "free"]
STUDY = {"study": "s", "model": {"name": "null:ideal"}, "facets": {"answer": {"limit": 1}}}


class Told:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.weights: list[tuple[float, bool]] = []

    def start(self, total: float) -> None:
        raise AssertionError("the run has said so already")

    def begin(self, what: str) -> None:
        self.begun.append(what)

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        self.weights.append((weight, skipped))

    @property
    def total(self) -> float:
        return sum(weight for weight, _ in self.weights)


def pool(count: int) -> Pooled:
    return Pooled(ProcessPool(count))


def order(folder: Path) -> list[str]:
    return (folder / "order").read_text().split()


def test_the_executor_is_chosen_by_workers_and_units() -> None:
    def count(workers: int, n_units: int) -> int:
        executor = executor_for(parse_study(STUDY | {"workers": workers}), n_units)
        if isinstance(executor, Alone):
            return 1
        assert isinstance(executor, Pooled)
        assert isinstance(executor.pool, ProcessPool)
        return executor.pool.count

    assert [count(1, 9), count(4, 1), count(2, 9), count(8, 3)] == [1, 1, 2, 3]


def test_alone_the_units_are_made_in_their_order(tmp_path: Path) -> None:
    job, told = Job(tmp_path), Told()
    job.before()
    work = Alone().run(UNITS, job, told)
    assert order(tmp_path) == [unit.subject for unit in UNITS]
    assert list(work.outcomes) == UNITS
    assert work.base_unchanged is True


def test_processes_share_the_units_and_tell_what_they_do(tmp_path: Path) -> None:
    told = Told()
    work = pool(2).run(UNITS, Job(tmp_path), told)
    assert work.base_unchanged is True
    assert {unit.subject: outcome.key for unit, outcome in work.outcomes.items()} == {
        name: f"made {name}" for name in BY_COST
    }
    assert sorted(told.begun) == sorted(f"{name}: work" for name in BY_COST)
    assert told.total == sum(unit.weight for unit in UNITS)
    assert sum(weight for weight, skipped in told.weights if skipped) == told.total / 4
    pids = {int(one["seconds"]) for outcome in work.outcomes.values() for one in outcome.timings}
    assert os.getpid() not in pids
    assert len(list(tmp_path.glob("worker-*"))) == 2


def test_the_costliest_is_begun_first(tmp_path: Path) -> None:
    pool(1).run(UNITS, Job(tmp_path), Told())
    assert order(tmp_path) == BY_COST


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("user", DataError, "^row 3 is empty; fill it$"),
        ("bug", ModelError, "(?s)a worker failed:.*ZeroDivisionError: one by none"),
        (
            "killed",
            ModelError,
            "exit code 9, as when memory runs out.; what was finished is kept: run again with fewer",
        ),
        ("killed while loading", ModelError, "exit code 9.*run again with fewer"),
    ],
)
def test_a_fault_of_a_worker_is_the_run_s_and_so_is_a_death_before_anything_is_made(
    tmp_path: Path, fault: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        pool(1).run(UNITS[-1:], Job(tmp_path, fault, at="dear"), Told())


@pytest.mark.parametrize("times", [1, 2])
def test_a_worker_that_dies_is_replaced_and_its_unit_begun_again_after_the_others(
    tmp_path: Path, times: int, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()
    with caplog.at_level(logging.WARNING, "sycoscope.study"):
        work = pool(1).run(UNITS, Job(tmp_path, "killed", at="middling", times=times), told)
    assert not any(outcome.lost for outcome in work.outcomes.values())
    assert len(work.outcomes) == len(UNITS)
    assert order(tmp_path) == ["dear", "middling", "cheap", "free", *["middling"] * times]
    assert told.total == sum(unit.weight for unit in UNITS)  # what was done twice counts once
    assert caplog.text.count("at 'middling: work', which is begun again by another") == times
    assert len(list(tmp_path.glob("worker-*"))) == 1 + times


def test_a_unit_that_is_lost_too_often_is_given_up_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()
    with caplog.at_level(logging.WARNING, "sycoscope.study"):
        work = pool(1).run(UNITS, Job(tmp_path, "killed", at="middling"), told)
    lost = {unit.subject: outcome.lost for unit, outcome in work.outcomes.items() if outcome.lost}
    assert list(lost) == ["middling"]
    assert "exit code 9" in lost["middling"]
    assert order(tmp_path).count("middling") == MAX_TRIES
    assert told.total == sum(unit.weight for unit in UNITS)
    assert "the same command begins it again" in caplog.text


def test_a_worker_that_dies_while_it_loads_leaves_the_work_to_the_others(tmp_path: Path) -> None:
    work = pool(2).run(UNITS, Job(tmp_path, "killed while loading", times=1), Told())
    assert len(work.outcomes) == len(UNITS)
    assert len(list(tmp_path.glob("worker-*"))) == 2


def test_what_is_needed_is_made_before_and_handed_on(tmp_path: Path) -> None:
    tuned = [
        Unit("training", "late", needs="early", weight=1.0),
        Unit("training", "early", weight=1.0),
        Unit("facet", "late", "work", weight=5.0, needs="late"),
        Unit("facet", "other", "work", weight=9.0),
    ]
    pool(1).run(tuned, Job(tmp_path), Told())
    assert order(tmp_path) == ["early", "late", "late", "other"]


PARENT = """
import sys
from pathlib import Path
from {module} import Job
from sycoscope.study.executors import Pooled
from sycoscope.study.progress import Silent
from sycoscope.study.units import Unit
from sycoscope.study.worker_processes import ProcessPool

if __name__ == "__main__":
    Pooled(ProcessPool(1)).run([Unit("facet", "a")], Job(Path(sys.argv[1]), "hangs", at="a"), Silent())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(module=Job.__module__))
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path)], env=env)
    workers: list[Path] = []
    deadline = time.monotonic() + 60
    while not workers and time.monotonic() < deadline:
        time.sleep(0.05)
        workers = list(tmp_path.glob("worker-*"))
    parent.kill()
    parent.wait()
    pid = int(workers[0].name.removeprefix("worker-"))
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
