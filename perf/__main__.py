"""`make perf` (or `make perf ONLY=quick`): run the benchmarks of this folder, one after the other."""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path

# name -> (script, what it prints)
BENCHMARKS = {
    "quick": ("quick_parts.py", "parts of the last `make quick`: seconds by unit"),
    "engine": ("bench_engine.py", "scoring and generation: the fast engine against the plain one"),
    "stats": ("stats_scale.py", "all estimates of ten million trials: seconds and memory"),
    "coverage": ("coverage_stats.py", "coverage of every interval; rewrites the table in docs/statistics.md"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(BENCHMARKS))
    parser.add_argument("--data", help="folder in the public layouts; the engine's benchmark needs one")
    asked = parser.parse_args()
    only = asked.only
    for name, (script, says) in BENCHMARKS.items():
        if only in (None, name):
            print(f"== {name}: {says}", flush=True)
            if name == "engine" and not asked.data:
                print("left out: it reads the public sets; name a folder with make perf DATA=FOLDER")
                continue
            sys.argv = [script, *(["--data", asked.data] if name == "engine" else [])]
            try:
                runpy.run_path(str(Path(__file__).with_name(script)), run_name="__main__")
            except SystemExit as stop:
                if stop.code not in (None, 0):
                    print(f"{name}: stopped with {stop.code}", file=sys.stderr)


if __name__ == "__main__":
    main()
