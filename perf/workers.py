"""The row `workers`: `eval` of one model by two workers against one, whole commands with loading and report.

Each worker has one thread, so that both ask in the same way: what is compared are the bytes of their tables. The
ceiling is the number of workers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from perf import asked
from perf.machine import Time, compared, timed
from sycoscope.run.store import RunDirectory

WORKERS = 2
# Items per facet and benchmark: enough that loading and the report weigh little, as in a study.
LIMIT = 120
TABLES = ("items", "trials", "scores", "estimates")


def workers_row(dtype: str, scratch: Path, limit: int = LIMIT) -> dict[str, Any]:
    """Measure both sides."""
    times: dict[int, list[Time]] = {WORKERS: [], 1: []}
    for count, into in times.items():
        with timed(into, children=True):
            _evaluate(count, dtype, scratch / str(count), limit)
        print(count, into[0], flush=True)
    ours, peer = (RunDirectory(scratch / str(count) / "run") for count in times)
    differing = sum(
        ours.table_path(kind).read_bytes() != peer.table_path(kind).read_bytes() for kind in TABLES
    )
    return {
        "n": len(ours.rows("trials")),
        **compared(times[WORKERS][0], times[1][0]),
        "ceiling": float(WORKERS),
        "max_difference": float(differing > 0),
        "differing": differing,
        "compared": len(TABLES),
        "peer_batch": 1,
        "limit": limit,
    }


def _evaluate(count: int, dtype: str, place: Path, limit: int) -> None:
    """The command, with a cache of its own; what models are converted to is shared, and lies there already."""
    command = [
        *(sys.executable, "-c", "from sycoscope.cli import main; main()"),
        *("eval", asked.MODEL, "--out", str(place / "run"), "--limit", str(limit), "--difficulty", "easy"),
        *("--threads", "1", "--device", "cpu", "--dtype", dtype, "--set", f"workers={count}"),
    ]
    done = subprocess.run(
        command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
