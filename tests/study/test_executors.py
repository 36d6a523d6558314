"""Executors: who makes the subjects, in which order, what is reported, and what a fault or a lost worker does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sycoscope.core.errors import DataError, ModelError
from sycoscope.study.executors import InProcess, Processes, executor_for
from sycoscope.study.subjects import Subject

from .jobs import Job

SUBJECTS = [Subject(name, "other", "", 1) for name in ("dear", "middling", "cheap", "free")]


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


def test_the_executor_is_chosen_by_workers_and_subjects() -> None:
    assert isinstance(executor_for(1, 9), InProcess)
    assert isinstance(executor_for(4, 1), InProcess)  # one subject is not worth a process
    assert executor_for(2, 9) == Processes(2)
    assert executor_for(8, 3) == Processes(3)


def test_in_process_nothing_is_made_ahead(tmp_path: Path) -> None:
    assert list(InProcess().run(SUBJECTS, Job(tmp_path), Told())) == []
    assert list(tmp_path.iterdir()) == []


def test_processes_share_the_subjects_and_tell_what_they_do(tmp_path: Path) -> None:
    told = Told()
    made = list(Processes(2).run(SUBJECTS, Job(tmp_path), told))
    assert sorted(one.subject for one in made) == sorted(subject.name for subject in SUBJECTS)
    assert all(timing["subject"] == one.subject for one in made for timing in one.timings)
    assert sorted(told.begun) == sorted(f"{subject.name}: work" for subject in SUBJECTS)
    assert sorted(told.weights) == [(1.0, True)] * 4 + [(2.0, False)] * 4
    assert os.getpid() not in {int(timing["seconds"]) for one in made for timing in one.timings}
    assert len(list(tmp_path.glob("worker-*"))) == 2


def test_the_first_of_the_list_is_begun_first(tmp_path: Path) -> None:
    list(Processes(1).run(SUBJECTS, Job(tmp_path), Told()))
    assert (tmp_path / "order").read_text().split() == [subject.name for subject in SUBJECTS]


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("user", DataError, "^row 3 is empty; fill it$"),
        ("bug", ModelError, "(?s)a worker failed:.*ZeroDivisionError: one by none"),
        (
            "killed",
            ModelError,
            "exit code 9, as when memory runs out; what was finished is kept: run again with",
        ),
    ],
)
def test_a_fault_of_a_worker_is_the_run_s(
    tmp_path: Path, fault: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        list(Processes(2).run(SUBJECTS, Job(tmp_path, fault, at="middling"), Told()))


PARENT = """
import sys
from pathlib import Path
from {module} import Job
from sycoscope.study.executors import Processes
from sycoscope.study.progress import Silent
from sycoscope.study.subjects import Subject

if __name__ == "__main__":
    list(Processes(1).run([Subject("a", "other", "", 1)], Job(Path(sys.argv[1]), "hangs", at="a"), Silent()))
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
