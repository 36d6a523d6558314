"""The table: our engine against the peers, same items, network, precision, threads and run.

    make perf ONLY=mmlu5 DATA=FOLDER

Sides take turns and the least time of each counts; the peer runs at the batch size that was fastest on a few of
the items. Rewrites the row in perf/results.json and the table in docs/performance.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from perf import asked, page, sides
from perf.adapters import adapters_row
from perf.count import Passes, counted, totals
from perf.machine import Time, compared, described, measured, now, timed
from perf.monitor import monitor_row
from perf.sides import Answers
from perf.tuning import tuning_row
from perf.workers import workers_row

# What is tried as the peer's batch size, until one is slower: when it scores (more would not fit into memory,
# with logits at every position), on the battery, and on GSM8K's items.
SCORING, BATTERY, GSM8K = (1, 4, 16), (32, 64), (20, 40)
# On what they are compared: so many items, of each facet; GSM8K's all, with fewer examples and new tokens.
FEW, FEW_OF_FACET = 8, 8
SHORTER: dict[str, Any] = {"num_fewshot": 2, "max_tokens": 24}
# Rows at a time of ours when generating.
ROWS = 64
# Sides that took less than this together (s) run once more.
SHORT = 60.0


@dataclass(frozen=True)
class Work:
    """A row: who the peer is, and the least ratio that we want."""

    peer: str
    target: float


LM_EVAL = "lm-eval HF"
WORKS = {
    "mmlu5": Work(LM_EVAL, 6.0),
    "mmlu0": Work(LM_EVAL, 1.6),
    "hellaswag": Work(LM_EVAL, 3.0),
    "truthfulqa": Work(LM_EVAL, 15.0),
    "gsm8k": Work(LM_EVAL, 4.0),
    "battery_batched": Work("transformers.generate, length-sorted batches", 3.0),
    "battery_single": Work("transformers.generate, one prompt at a time", 12.0),
    "adapters": Work("lm-eval HF, one process per adapter", 8.0),
    "monitor": Work("the same training, not watched", 0.95),
    "tuning": Work("TRL's SFTTrainer, defaults", 1.5),
    "workers": Work("the same command, one worker", 1.6),
}


# Rows that are made in a folder of work.
_ALONE: dict[str, Callable[[Path | None, str, Path], dict[str, Any]]] = {
    "adapters": adapters_row,
    "monitor": lambda _, dtype, scratch: monitor_row(dtype, scratch),
    "tuning": lambda _, dtype, scratch: tuning_row(dtype, scratch),
    "workers": lambda _, dtype, scratch: workers_row(dtype, scratch),
}


@dataclass(frozen=True)
class Sides:
    """Both sides of a row in this process; `peer` takes a batch size and whether only a few items are asked."""

    model: Any
    ours: Callable[[], Answers]
    peer: Callable[[int, bool], Answers]
    batches: tuple[int, ...]
    asked: int


def run(name: str, data: Path | None, dtype: str) -> None:
    """Measure one row and rewrite it everywhere."""
    if name in _ALONE:
        with tempfile.TemporaryDirectory() as scratch:
            row = _ALONE[name](data, dtype, Path(scratch))
    else:
        row = _row(_sides(name, data, dtype), dtype)
    work = WORKS[name]
    row = {"work": name, "peer": work.peer, "target": work.target, **row}
    row |= {"items": "bank" if data is None else "public sets", "dtype": dtype, **described()}
    page.put_row(row, WORKS)
    print(page.table([row]))


def _sides(name: str, data: Path | None, dtype: str) -> Sides:
    from sycoscope.models.settings import TorchSettings
    from sycoscope.models.torch_model import TorchModel

    model = TorchModel(TorchSettings(name=asked.MODEL, device="cpu", dtype=dtype, batch_rows=ROWS))
    if name.startswith("battery"):
        materials = asked.battery(data)
        return Sides(
            model,
            lambda: sides.on_battery(model, materials),
            lambda batch, few: sides.on_battery(
                sides.Generate(model, batch), materials, FEW_OF_FACET if few else None
            ),
            (1,) if name == "battery_single" else BATTERY,
            sum(len(one.items) * len(one.task.conditions) for one in materials),
        )
    specs = asked.benchmark(name, data)
    generates = name == "gsm8k"
    few = [replace(spec, **(SHORTER if generates else {"limit": FEW})) for spec in specs]
    whole, few_configs = asked.configs(specs), asked.configs(few)
    return Sides(
        model,
        lambda: sides.ours_on_benchmarks(model, whole),
        lambda batch, part: sides.on_benchmarks(
            sides.harness_peer(model, batch), few_configs if part else whole
        ),
        GSM8K if generates else SCORING,
        asked.ITEMS[name],
    )


def _row(both: Sides, dtype: str) -> dict[str, Any]:
    batch = _best_batch(both)
    work = {"ours": both.ours, "peer": lambda: both.peer(batch, False)}
    times: dict[str, list[Time]] = {side: [] for side in work}
    answers: dict[str, Answers] = {}
    passes: dict[str, Passes] = {}
    for turn in range(2):
        if turn and sum(found[0].wall for found in times.values()) > SHORT:
            break
        for side, play in work.items():
            both.model.template.forget()
            with counted(both.model.network) as passes[side], timed(times[side]):
                answers[side] = play()
            print(side, times[side][-1], flush=True)
    best = {side: min(found, key=lambda one: one.wall) for side, found in times.items()}
    machine = measured(both.model.network, dtype)
    largest, differing = sides.difference(answers["ours"], answers["peer"])
    return {
        "n": both.asked,
        **compared(best["ours"], best["peer"]),
        "ceiling": round(machine.seconds(passes["peer"]) / machine.seconds(passes["ours"]), 2),
        "max_difference": float(f"{largest:.2g}"),
        "differing": differing,
        "compared": len(answers["ours"]),
        "peer_batch": batch,
        "ours_counts": totals(passes["ours"]),
        "peer_counts": totals(passes["peer"]),
    }


def _best_batch(both: Sides) -> int:
    """The peer's fastest batch size on a few items."""
    if len(both.batches) == 1:
        return both.batches[0]
    seconds: dict[int, float] = {}
    for batch in both.batches:
        start = now()
        both.peer(batch, True)
        seconds[batch] = now() - start
        if seconds[batch] > 1.1 * min(seconds.values()):
            break
    print(
        "peer's seconds on a few items, by batch size:",
        {k: round(v, 2) for k, v in seconds.items()},
        flush=True,
    )
    return min(seconds, key=seconds.__getitem__)
