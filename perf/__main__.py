"""`make perf` (or `make perf ONLY=mmlu5 DATA=FOLDER`): measure, and rewrite perf/*.json and docs/performance.md.

Every name runs in a process of its own, so that none finds the memory of another.
"""

from __future__ import annotations

import argparse
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from perf import engines, growth, machine, table

# name -> what measures it, given the data folder and the precision
MEASURES: dict[str, Callable[[Path | None, str], None]] = {
    **{name: lambda data, dtype, name=name: table.run(name, data, dtype) for name in table.WORKS},
    "limits": machine.run,
    "growth": growth.run,
    "engines": engines.run,
}
# name -> script that prints
SCRIPTS = {
    "quick": "quick_parts.py",
    "stats": "stats_scale.py",
    "coverage": "coverage_stats.py",
    "noise": "batch_noise.py",
    "busy": "busy_core.py",
    "served": "served.py",
    "viewer": "viewer.py",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=[*MEASURES, *SCRIPTS])
    parser.add_argument(
        "--data", type=Path, help="folder in the public layouts; without it the bank is asked"
    )
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    asked = parser.parse_args()
    if asked.only in MEASURES:
        MEASURES[asked.only](asked.data, asked.dtype)
    elif asked.only:
        sys.argv = [SCRIPTS[asked.only]]
        runpy.run_path(str(Path(__file__).with_name(SCRIPTS[asked.only])), run_name="__main__")
    else:
        for name in (*MEASURES, *SCRIPTS):
            print(f"== {name}", flush=True)
            done = subprocess.run([sys.executable, "-m", "perf", *sys.argv[1:], "--only", name], check=False)
            if done.returncode:
                print(f"{name}: stopped with {done.returncode}", file=sys.stderr)


if __name__ == "__main__":
    main()
