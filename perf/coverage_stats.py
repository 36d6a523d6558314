"""Every interval, test, margin and bound by simulation: remakes both tables of docs/statistics.md.

python -m perf.coverage_stats            # a few minutes on one core
python -m perf.coverage_stats --check    # fewer sets, prints only
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np

from perf.simulated_changes import change_cells
from perf.simulated_intervals import Cell, Coverage, level_cells, simulate
from perf.simulated_tests import Frequency, Operation, frequency, operations

PAGE = Path(__file__).resolve().parent.parent / "docs" / "statistics.md"
SEED = 20240


def verdict(found: Coverage) -> str:
    if found.low:
        return "**low**"
    return "wide" if found.wide else ""


def grid() -> list[Cell]:
    """Every cell of the table, in its order: each has a stream of its own by its place, so new ones come last."""
    return [*level_cells(), *change_cells()]


def table(results: list[tuple[Cell, Coverage]], n_sets: int) -> str:
    rule = [found for cell, found in results if cell.rule]
    low = sum(found.low for found in rule)
    wide = sum(verdict(found) == "wide" for found in rule)
    worst = min(rule, key=lambda found: found.coverage - found.level)
    lines = [
        f"{n_sets:,} data sets per row, seed {SEED}, level 0.95 unless a row says another. Of the {len(rule)} rows of "
        f"the decision rule {low} lie below 0.93 (of 0.997: 0.996) beyond Monte-Carlo error (two standard errors) and "
        f"{wide} above 0.97 (0.998; wide: careful, not wrong); the lowest is {worst.coverage:.3f}. Rows in italics are "
        f"alternatives that the rule does not use there.",
        "",
        "| estimator | situation | clusters | ICC | coverage | ± MC error | mean width | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for cell, found in results:
        name = cell.estimator if cell.rule else f"*{cell.estimator}*"
        icc = "" if cell.icc is None else f"{cell.icc}"
        none = f"; no limits in {found.n_none}" if found.n_none else ""
        level = "" if cell.level == 0.95 else f"; level {cell.level}"
        lines.append(
            f"| {name} | {cell.situation}{level} | {cell.clusters} | {icc} | {found.coverage:.3f} "
            f"| {found.error:.3f} | {found.width:.3f} | {verdict(found)}{none} |"
        )
    return "\n".join(lines)


def tests_table(results: list[tuple[Operation, Frequency]], n_sets: int) -> str:
    missed = sum(not found.kept(what) for what, found in results)
    lines = [
        f"{n_sets:,} data sets per row, seed {SEED + 1}, tests at 0.05. Of the {len(results)} rows {missed} are not "
        "as wanted beyond two Monte-Carlo errors (*about*: three points beyond).",
        "",
        "| procedure | situation | how often it | wanted | seen | ± MC error | |",
        "|---|---|---|---|---|---|---|",
    ]
    for what, found in results:
        lines.append(
            f"| {what.procedure} | {what.situation} | {what.event} | {what.wanted} {what.target:g} "
            f"| {found.value:.3f} | {found.error:.3f} | {'' if found.kept(what) else '**missed**'} |"
        )
    return "\n".join(lines)


def put(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    if not after:
        raise SystemExit(f"{PAGE} lacks the markers {begin} and {end}; put them where the table belongs")
    return f"{before}{begin}\n{text}\n{end}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="200 data sets per row; print, do not write")
    args = parser.parse_args()
    n_sets, started = 200 if args.check else 2000, time.perf_counter()
    cells, procedures = grid(), list(operations())
    streams = np.random.default_rng(SEED).spawn(len(cells))
    others = np.random.default_rng(SEED + 1).spawn(len(procedures))
    # every row has a stream of its own, so that the number of processes changes nothing
    with ProcessPoolExecutor() as pool:
        covered = list(pool.map(simulate, cells, streams, repeat(n_sets)))
        frequent = list(pool.map(frequency, procedures, others, repeat(n_sets)))
    results = list(zip(cells, covered, strict=True))
    seen = list(zip(procedures, frequent, strict=True))
    text, tests = table(results, n_sets), tests_table(seen, n_sets)
    rows = len(cells) + len(procedures)
    print(f"{rows} rows in {time.perf_counter() - started:.0f} s")
    if args.check:
        print(text, tests, sep="\n\n")
        return
    page = put(PAGE.read_text(encoding="utf-8"), "coverage", text)
    PAGE.write_text(put(page, "tests", tests), encoding="utf-8")
    for what, found in seen:
        if not found.kept(what):
            print("missed:", what.procedure, what.situation, f"{found.value:.3f}")
    for cell, covering in results:
        if verdict(covering) == "**low**":
            print("low:", cell.estimator, cell.situation, cell.clusters, cell.icc, f"{covering.coverage:.3f}")


if __name__ == "__main__":
    main()
