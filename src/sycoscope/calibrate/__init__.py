"""Does the instrument show what is there? Models of known behaviour, and studies of known truth.

- `end_to_end`: every null model and planted yields end to end (bank items, runner, scoring, analysis)
- `verdict_check`: the word of pairs whose difference is known (null models, and simulated worlds)
- `simulate`: coverage and false alarms over simulated studies, by the same estimators
- `simulated_study`: studies whose truth is known
"""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sycoscope.calibrate import end_to_end, simulate
from sycoscope.calibrate.verdict_check import Run, check_verdicts
from sycoscope.core.errors import ConfigError
from sycoscope.core.quiet import is_silent, silence

MIN_COVERAGE = 0.93
ALPHA = 0.05
# Over-coverage is reported from here on, and is no fault: such an interval is careful.
WIDE = 0.97
BATCH = 100
PRIMARY_MARGIN = 0.01
# How many Monte-Carlo errors a share may lie beyond its limit: false alarms sit on their limit by design, and there
# are some thirty of them.
COVERAGE_ERRORS, ALARM_ERRORS = 2.0, 3.0
# Misses of the 95 % intervals that a right instrument exceeds once in a thousand runs.
MISSES_P = 0.001
MIN_ITEMS = 40


def calibrate(
    *,
    n_items: int = 160,
    n_studies: int = 2000,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Play the null models and simulate studies.

    Args:
        n_items: Facts of the bank that each model is asked (and half as many argument pairs), >= 40: under that
            too few are at risk.
        n_studies: Simulated studies per world; 0 leaves the simulation out.
        workers: Processes; 1 stays in this one. Results do not depend on it.
        progress: Told what begins.

    Returns:
        Plain values: `passed`; `verdicts` as `verdict_check.check_verdicts`; `line` {`passed`, `rows`, `n_chance`,
        `n_missed`, `most_missed`}; `coverage`
        {`passed`, `n_studies`, `rows`}. See `end_to_end.Row`; coverage rows have world, task, measure, condition, of
        (`level` or `change`), effect, truth, n, coverage, flagged, error, wide, passed.

    Raises:
        ConfigError: A number out of range.
    """
    if n_items < MIN_ITEMS or n_studies < 0 or workers < 1:
        raise ConfigError(
            f"calibrate: {n_items} items, {n_studies} studies, {workers} workers; needed: at least {MIN_ITEMS} "
            "items, 0 or more studies, 1 or more workers"
        )
    with _pool(workers) as run:
        progress("null models end to end")
        specs = end_to_end.specs()
        tables = run(end_to_end.play_model, [(spec, n_items, seed) for spec in specs])
        rows = end_to_end.rows(dict(zip(specs, tables, strict=True)), n_items, seed)
        progress("verdicts of known pairs")
        words = check_verdicts(run, n_items, n_studies, seed)
        progress("simulated studies")
        covered = _coverage(run, n_studies, seed) if n_studies else []
    known = _against_expected(rows)
    coverage = {
        "passed": all(row["passed"] for row in covered),
        "n_studies": n_studies,
        "n_low": sum(not row["passed"] and row["low"] for row in covered),
        "n_wide": sum(row["wide"] for row in covered),
        "rows": covered,
    }
    return {
        "passed": known["passed"] and coverage["passed"] and words["passed"],
        "seed": seed,
        "n_items": n_items,
        "line": known,
        "verdicts": words,
        "coverage": coverage,
    }


@contextmanager
def _pool(workers: int) -> Iterator[Run]:
    """Calls of a function on many arguments, in order: here, or in processes of their own."""
    if workers == 1:
        yield lambda fn, calls: [fn(*call) for call in calls]
        return
    from multiprocessing import get_context

    executor: Executor
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, _begin, (is_silent(),)) as executor:
        yield lambda fn, calls: [done.result() for done in [executor.submit(fn, *call) for call in calls]]


def _begin(silent: bool) -> None:
    """In each process: an interrupt from the keyboard is its parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if silent:
        silence()


def _against_expected(rows: list[end_to_end.Row]) -> dict[str, Any]:
    """The rows, and whether the 95 % intervals of those left to chance miss no more often than they may."""
    from scipy.stats import binom

    chance = [row for row in rows if row.inside is not None]
    missed = sum(not row.inside for row in chance)
    most = int(binom.isf(MISSES_P, len(chance), 1 - 0.95))
    return {
        "passed": all(row.passed for row in rows) and missed <= most,
        "n_chance": len(chance),
        "n_missed": missed,
        "most_missed": most,
        "rows": [_plain(row) for row in rows],
    }


def _plain(row: end_to_end.Row) -> dict[str, Any]:
    """A row in values that JSON has: an open end of a range is None."""
    plain = asdict(row)
    if isinstance(row.expected, tuple):
        plain["expected"] = [None if math.isinf(end) else end for end in row.expected]
    return plain


def _coverage(run: Run, n_studies: int, seed: int) -> list[dict[str, Any]]:
    sizes = [min(BATCH, n_studies - start) for start in range(0, n_studies, BATCH)]
    worlds = list(simulate.WORLDS.values())
    calls = [(world, size, seed, part) for world in worlds for part, size in enumerate(sizes)]
    counted = run(simulate.count, calls)
    rows = []
    for index, world in enumerate(worlds):
        parts = counted[index * len(sizes) : (index + 1) * len(sizes)]
        for place, cell in enumerate(simulate.cells(world)):
            n, held, flagged, tail = (sum(part[kind][place] for part in parts) for kind in range(4))
            rows.append(_judged(cell, n, held, flagged, tail))
    return rows


def _judged(cell: simulate.Cell, n: int, held: int, flagged: int, tail: int = 0) -> dict[str, Any]:
    """One cell: coverage not below 0.93, and without effect not more than 0.05 flagged, beyond Monte-Carlo error.

    A primary must lie within 0.01 of nominal, at 0.95 and in the tail.
    """
    coverage, alarms = held / max(n, 1), flagged / max(n, 1)
    error, slack = (_error(share, n) for share in (coverage, alarms))
    low = n == 0 or coverage + COVERAGE_ERRORS * error < MIN_COVERAGE
    alarming = cell.without_effect and alarms - ALARM_ERRORS * slack > ALPHA
    far = cell.primary and not (_near(coverage, 0.95, n) and _near(tail / max(n, 1), simulate.TAIL, n))
    task, measure, condition = cell.key
    return {
        "world": cell.world,
        "task": task,
        "measure": measure,
        "condition": condition,
        "of": "change" if cell.change else "level",
        "effect": not cell.without_effect,
        "truth": cell.truth + 0.0,
        "n": n,
        "coverage": coverage,
        "error": error,
        "flagged": alarms,
        "low": low,
        "alarming": alarming,
        "primary": cell.primary,
        "tail": tail / max(n, 1) if cell.primary else None,
        "far": far,
        "wide": coverage - COVERAGE_ERRORS * error > WIDE,
        "passed": not (low or alarming or far),
    }


def _near(share: float, nominal: float, n: int) -> bool:
    """Within 0.01 of the nominal level, two Monte-Carlo errors allowed."""
    return abs(share - nominal) <= PRIMARY_MARGIN + COVERAGE_ERRORS * _error(nominal, n)


def _error(share: float, n: int) -> float:
    """Monte-Carlo standard error of a share; of 0 and 1 that of one case."""
    return math.sqrt(max(share * (1 - share), 1 / max(n, 1)) / max(n, 1))


def summary(result: Mapping[str, Any]) -> str:
    """The result in one paragraph."""
    known, covered = result["line"], result["coverage"]
    failed = sum(not row["passed"] for row in known["rows"])
    text = (
        f"{len(known['rows'])} estimates of null models and planted probabilities: {failed} off their expected line; "
        f"of {known['n_chance']} that are left to chance {known['n_missed']} lie outside their 95 % interval "
        f"(at most {known['most_missed']})."
    )
    wrong = [row for key in ("pairs", "worlds") for row in result["verdicts"][key] if not row["passed"]]
    n_words = sum(len(result["verdicts"][key]) for key in ("pairs", "worlds"))
    text += f" {n_words} verdicts and worlds of known pairs: {len(wrong)} not as they must be."
    if covered["rows"]:
        least = min(row["coverage"] for row in covered["rows"])
        most = max((row["flagged"] for row in covered["rows"] if not row["effect"]), default=0.0)
        text += (
            f" {covered['n_studies']} simulated studies per world: lowest coverage {least:.3f} (limit {MIN_COVERAGE}), "
            f"{covered['n_wide']} of {len(covered['rows'])} estimates wide (above {WIDE}); without effect at most "
            f"{most:.3f} flagged (nominal {ALPHA})."
        )
    return f"{text} {'Passed.' if result['passed'] else 'FAILED.'}"
