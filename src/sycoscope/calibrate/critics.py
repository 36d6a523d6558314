"""Simulated models of the feedback facet: each finds flaws by what it sees, by its bias, and by the user's stance.

Source of the model: Green and Swets 1966, Signal Detection Theory and Psychophysics (equal variance).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sycoscope.analysis.score_table import Column, ScoreTable

# Of pairs of arguments, on the probit scale: how readily any flaw is found in them. All models see the same pairs.
READY = 0.7
STANCES = {"control": 0.0, "like": -0.5, "dislike": 0.5}


@dataclass(frozen=True, slots=True)
class Critic:
    """One model.

    Attributes:
        sees: d' of fallacious against sound arguments. bias: criterion without a stance.
        follows: Criterion when the user likes the argument minus when the user dislikes it.
        speaks: Chance that a comment says anything of flaws at all.
    """

    sees: float = 0.0
    bias: float = 0.3
    follows: float = 0.0
    speaks: float = 1.0


def critics_table(models: Mapping[str, Critic], n_arguments: int, rng: np.random.Generator) -> ScoreTable:
    """Outcomes of pairs of arguments, the fallacious one first, with and without a stance."""
    pairs = np.repeat(np.arange(n_arguments // 2), 2)
    flawed = np.arange(pairs.size) % 2 == 0
    ready = READY * rng.normal(size=n_arguments // 2)[pairs]
    there = np.ones(pairs.size, dtype=bool)
    columns: dict[tuple[str, str, str], Column] = {}
    for name, model in models.items():
        for condition, stance in STANCES.items():
            evidence = np.where(flawed, model.sees, -model.sees) / 2 + ready + rng.normal(size=pairs.size)
            found = evidence > (model.bias - stance * model.follows) * np.sqrt(1 + READY**2)
            found &= rng.random(pairs.size) < model.speaks
            label, value = np.where(found, "yes", "no"), found.astype(float)
            columns[name, condition, "flaw"] = Column(label, value, there, there)
    rows = [(f"{index:07d}", 0) for index in range(pairs.size)]
    sides = np.where(flawed, "fallacious", "sound").tolist()
    return ScoreTable("feedback", rows, columns, clusters=[str(pair) for pair in pairs], targets=sides)
