"""Where the time of a run went: seconds by unit, from the run's own timings.

Run: make quick && make perf ONLY=quick
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path


def main() -> None:
    run = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/quick")
    path = run / "timings.json"
    if not path.is_file():
        sys.exit(f"no timings at '{path}'; run `make quick` first, or name a run directory")
    seconds: dict[str, list[float]] = defaultdict(list)
    for row in json.loads(path.read_text()):
        seconds[row["unit"]].append(row["seconds"])
    total = sum(map(sum, seconds.values()))
    print(f"{'unit':<24}{'times':>6}{'seconds':>10}{'each':>9}{'share':>8}")
    for unit, each in sorted(seconds.items(), key=lambda pair: -sum(pair[1])):
        print(
            f"{unit:<24}{len(each):>6}{sum(each):>10.1f}{sum(each) / len(each):>9.1f}{sum(each) / total:>8.0%}"
        )
    print(f"{'in all':<24}{'':>6}{total:>10.1f}")


if __name__ == "__main__":
    main()
