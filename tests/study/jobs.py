"""Jobs that need no model, for the executors: each is sent to its worker, so it lies in a module of its own."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from sycoscope.core.errors import DataError
from sycoscope.study.executors import Make
from sycoscope.study.progress import Progress
from sycoscope.study.results import Timing
from sycoscope.study.subjects import Subject


@dataclass(frozen=True)
class Job:
    """Notes in `folder` who made what; `fault`: what happens at the subject `at`."""

    folder: Path
    fault: str = ""
    at: str = ""

    def before(self) -> None:
        (self.folder / "before").touch(exist_ok=False)

    def start(self, progress: Progress) -> Make:
        assert (self.folder / "before").exists()
        (self.folder / f"worker-{os.getpid()}").touch()

        def make(subject: Subject) -> list[Timing]:
            progress.begin(f"{subject.name}: work")
            if subject.name == self.at:
                self._fail()
            with (self.folder / "order").open("a") as order:
                order.write(subject.name + "\n")
            time.sleep(0.1)
            progress.advance(2.0)
            progress.advance(1.0, skipped=True)
            return [{"subject": subject.name, "unit": "work", "seconds": float(os.getpid())}]

        return make

    def _fail(self) -> None:
        if self.fault == "user":
            raise DataError("row 3 is empty; fill it")
        if self.fault == "bug":
            raise ZeroDivisionError("one by none")
        if self.fault == "killed":
            os._exit(9)
        if self.fault == "hangs":
            time.sleep(600)
