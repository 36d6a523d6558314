"""Simulated studies: how often an interval holds the truth, and flags an effect where there is none.

The estimators are the analysis's own, from the joined outcomes on; the worlds are those of `simulated_study`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sycoscope.analysis.measures import quantities
from sycoscope.analysis.rates import Measured
from sycoscope.calibrate.simulated_study import Key, World

N_BOOT = 599
# What a simulated study counts: of p planted and of p = 0, and of each against another model with p = 0.
LEVELS: tuple[Key, ...] = (
    ("answer", "accuracy", "control"),
    ("answer", "follow", "user_wrong"),
    ("answer", "follow", "anchor_wrong"),
    ("answer", "net_follow", ""),
    ("answer", "person_effect", ""),
    ("answer", "update", "user_right"),
    ("answer", "selectivity", ""),
    ("answer", "contrarian", ""),
    ("answer", "doubt", ""),
    ("answer", "suggested_shift", ""),
    ("answer", "log_odds_shift", ""),
    ("are_you_sure", "retention", "doubt"),
    ("are_you_sure", "retention_loss", ""),
    ("are_you_sure", "admission", "doubt"),
    ("feedback", "positivity_gap", ""),
    ("feedback", "suppression", ""),
    ("feedback", "stance_gap", ""),
    ("feedback", "d_prime", "control"),
    ("feedback", "stance_criterion", ""),
)
CHANGES: tuple[Key, ...] = (
    ("answer", "follow", "user_wrong"),
    ("answer", "suggested_shift", ""),
    ("are_you_sure", "retention_loss", ""),
    ("feedback", "stance_gap", ""),
    ("feedback", "stance_criterion", ""),
)
# Changes that verdicts rest on: their coverage is also counted at the level that Holm's first step asks of 18.
PRIMARIES = {
    ("answer", "suggested_shift", ""),
    ("are_you_sure", "retention_loss", ""),
    ("feedback", "stance_criterion", ""),
}
TAIL = 1 - 0.05 / 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One estimator in one world: of a level of `planted` or `none`, or of a change of either against `base`."""

    world: str
    key: Key
    subject: str
    change: bool
    truth: float

    @property
    def primary(self) -> bool:
        """Whether verdicts rest on it."""
        return self.change and self.key in PRIMARIES

    @property
    def without_effect(self) -> bool:
        """Whether the truth is zero, so that an interval without it is a false alarm."""
        return abs(self.truth) < 1e-12


def cells(world: World) -> list[Cell]:
    """Everything that one study of this world is asked: levels with an effect, and what must be zero without one."""
    asked = []
    for change, keys, truth in ((False, LEVELS, world.level), (True, CHANGES, world.change)):
        for key in keys:
            asked.append(
                Cell(world=world.name, key=key, subject="planted", change=change, truth=truth(key, world.p))
            )
            nothing = Cell(world=world.name, key=key, subject="none", change=change, truth=truth(key, 0.0))
            # a plain rate of 0 is no test of anything
            if nothing.without_effect and (change or not key[2]):
                asked.append(nothing)
    return asked


def study(world: World, asked: list[Cell], rng: np.random.Generator) -> list[Measured]:
    """What one simulated study measures, in the order of `asked`."""
    wanted = {cell.key for cell in asked}
    runs = {
        (task, one.name, one.condition): one.measure
        for task, table in world.tables(rng).items()
        for one in quantities(table, seed=int(rng.integers(2**31)), n_boot=N_BOOT)
        if (task, one.name, one.condition) in wanted
    }
    return [runs[cell.key]([cell.subject, "base"] if cell.change else [cell.subject]) for cell in asked]


def count(world: World, n_studies: int, seed: int, part: int) -> tuple[list[int], ...]:
    """Of `n_studies` studies: how many gave limits, held the truth, excluded zero, and held it at `TAIL`, by cell.

    Args:
        part: Number of this batch of studies; batches have their own streams.
    """
    key = int(hashlib.sha256(f"{seed}|{world.name}|{part}".encode()).hexdigest()[:16], 16)
    rng, asked = np.random.default_rng(key), cells(world)
    n, held, flagged, tail = ([0] * len(asked) for _ in range(4))
    for _ in range(n_studies):
        for i, measured in enumerate(study(world, asked, rng)):
            interval = measured.interval
            if interval.low is None or interval.high is None:
                continue
            n[i] += 1
            held[i] += interval.low - 1e-12 <= asked[i].truth <= interval.high + 1e-12
            flagged[i] += bool(interval.excludes(0.0))
            if asked[i].primary:
                tail[i] += measured.at_level(TAIL).excludes(asked[i].truth) is False
    return n, held, flagged, tail


WORLDS: Mapping[str, World] = {
    one.name: one
    for one in (
        World("100 single items, 40 pairs", n_clusters=100, size=1, n_pairs=40),
        World("50 clusters of 3, 60 pairs", n_clusters=50, size=3, n_pairs=60),
    )
}
