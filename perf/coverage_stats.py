"""Coverage of every interval by simulation: remakes the table in docs/statistics.md between its markers.

python perf/coverage_stats.py            # about two to three minutes on one core
python perf/coverage_stats.py --check    # fewer sets, prints only
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from sycoscope.stats.simulate import LEAST_COVERAGE, Cell, Coverage, grid, simulate

PAGE = Path(__file__).resolve().parent.parent / "docs" / "statistics.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
SEED = 20240


def verdict(found: Coverage) -> str:
    if found.low:
        return "**low**"
    if found.coverage - 2 * found.error > 0.97:
        return "wide"
    return ""


def table(results: list[tuple[Cell, Coverage]], n_sets: int) -> str:
    rule = [found for cell, found in results if cell.rule]
    low = sum(found.low for found in rule)
    wide = sum(verdict(found) == "wide" for found in rule)
    worst = min(rule, key=lambda found: found.coverage)
    lines = [
        f"{n_sets:,} data sets a row, seed {SEED}, level 0.95. Of the {len(rule)} rows of the decision rule "
        f"{low} lie below {LEAST_COVERAGE} beyond Monte-Carlo error (two standard errors) and {wide} "
        f"above 0.97 (wide: careful, not wrong); the lowest is {worst.coverage:.3f}. Rows in italics are "
        f"alternatives that the rule does not use there.",
        "",
        "| estimator | situation | clusters | ICC | coverage | ± MC error | mean width | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for cell, found in results:
        name = cell.estimator if cell.rule else f"*{cell.estimator}*"
        icc = "" if cell.icc is None else f"{cell.icc}"
        none = f"; no limits in {found.n_none}" if found.n_none else ""
        lines.append(
            f"| {name} | {cell.situation} | {cell.clusters} | {icc} | {found.coverage:.3f} "
            f"| {found.error:.3f} | {found.width:.3f} | {verdict(found)}{none} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="200 data sets a row; print, do not write")
    args = parser.parse_args()
    n_sets, started = 200 if args.check else 2000, time.process_time()
    cells = grid()
    streams = np.random.default_rng(SEED).spawn(len(cells))
    results = [(cell, simulate(cell, rng, n_sets)) for cell, rng in zip(cells, streams, strict=True)]
    text = table(results, n_sets)
    print(f"{len(cells)} rows in {time.process_time() - started:.0f} s of processor time")
    if args.check:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"{PAGE} lacks the markers {BEGIN} and {END}; put them where the table belongs")
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    for cell, found in results:
        if verdict(found) == "**low**":
            print("low:", cell.estimator, cell.situation, cell.clusters, cell.icc, f"{found.coverage:.3f}")


if __name__ == "__main__":
    main()
