"""The same answers on an idle machine and beside a program that keeps processors busy: what spinning threads cost.

Each row is one `sycoscope eval` in a process of its own, on the same questions; seconds are of the answers alone (the
run's own record), so loading does not count. `spinning` is what torch does where nobody says otherwise.

Run: make perf ONLY=busy
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perf.asked import MODEL

N_ITEMS = 40
# What waits how -> (more of the environment, more options); `{all}` is the number of processors.
WAYS: dict[str, tuple[dict[str, str], list[str]]] = {
    "as it is": ({}, []),
    "one thread": ({}, ["--threads", "1"]),
    "all threads, waiting": ({"OMP_WAIT_POLICY": "PASSIVE"}, ["--threads", "{all}"]),
    "all threads, spinning": ({"OMP_WAIT_POLICY": "ACTIVE"}, ["--threads", "{all}"]),
}
SPIN = "while True: pass"


def main() -> None:
    processors = len(os.sched_getaffinity(0))
    n_busy = max(1, processors // 2)
    print(f"{N_ITEMS} questions of the answer facet, {processors} processors, {n_busy} of them kept busy")
    print(f"{'':<24}{'idle s':>8}{'busy s':>8}{'ratio':>7}")
    with tempfile.TemporaryDirectory() as cache:
        seconds(cache, "one thread")  # converts the embedded model
        for way in WAYS:
            idle = seconds(cache, way)
            with busy(n_busy):
                beside = seconds(cache, way)
            print(f"{way:<24}{idle:>8.1f}{beside:>8.1f}{beside / idle:>7.1f}", flush=True)


def seconds(cache: str, way: str) -> float:
    """Seconds of the answers of one run."""
    environment, options = WAYS[way]
    given = [option.format(all=len(os.sched_getaffinity(0))) for option in options]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [
            *(sys.executable, "-c", "from sycoscope.cli import main; main()", "eval", MODEL),
            *("--facets", "answer", "--benchmarks", "none", "--difficulty", "easy", "--limit", str(N_ITEMS)),
            *("--out", str(out), *given),
        ]
        kept = {key: value for key, value in os.environ.items() if not key.startswith("OMP_")}
        done = subprocess.run(
            command,
            env=kept | environment | {"XDG_CACHE_HOME": cache},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stderr)
        return sum(unit["seconds"] for unit in json.loads((out / "timings.json").read_text()))


@contextmanager
def busy(n: int) -> Iterator[None]:
    """So many processes that never wait."""
    running = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(n)]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


if __name__ == "__main__":
    main()
