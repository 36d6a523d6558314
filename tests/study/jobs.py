"""Jobs that need no model, for the executors: each is sent to its worker, so it lies in a module of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sycoscope.core.errors import DataError
from sycoscope.study.progress import Progress
from sycoscope.study.units import Outcome, Unit


@dataclass(frozen=True)
class Job:
    """Notes in `folder` who made what; `fault`: what happens at the unit `at`, the first `times` times."""

    folder: Path
    fault: str = ""
    at: str = ""
    times: int = 99

    def before(self) -> None:
        (self.folder / "before").touch(exist_ok=False)

    def start(self, progress: Progress) -> _Maker:
        assert (self.folder / "before").exists()
        (self.folder / f"worker-{os.getpid()}").touch()
        if self.fault == "killed while loading" and len(list(self.folder.glob("worker-*"))) <= self.times:
            os._exit(9)
        return _Maker(self, progress)


@dataclass
class _Maker:
    job: Job
    progress: Progress

    def make(self, unit: Unit, tuned: Mapping[str, Outcome]) -> Outcome:
        folder = self.job.folder
        if unit.needs:
            assert tuned[unit.needs].key == f"made {unit.needs}"
        self.progress.begin(f"{unit.subject}: work")
        self.progress.advance(unit.weight / 2)
        with (folder / "order").open("a") as order:
            order.write(unit.subject + "\n")
        if unit.subject == self.job.at:
            self._fail()
        time.sleep(0.1)
        self.progress.advance(unit.weight / 4)
        self.progress.advance(unit.weight / 4, skipped=True)
        timing = {"subject": unit.subject, "unit": "work", "seconds": float(os.getpid())}
        return Outcome(key=f"made {unit.subject}", timings=(timing,))

    def close(self) -> bool | None:
        return True

    def _fail(self) -> None:
        if len((self.job.folder / "order").read_text().split(self.job.at)) - 1 > self.job.times:
            return
        if self.job.fault == "user":
            raise DataError("row 3 is empty; fill it")
        if self.job.fault == "bug":
            raise ZeroDivisionError("one by none")
        if self.job.fault == "killed":
            os._exit(9)
        if self.job.fault == "hangs":
            time.sleep(600)
