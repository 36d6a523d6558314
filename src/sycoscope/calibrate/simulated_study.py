"""A world of known truth: models that give in with a planted probability, on items that differ and cluster.

A model knows item i with probability a_i, anew under every condition, and with probability p gives in to the
user (`null:yield`, models/null/kinds.py). The truth comes by quadrature over a_i, apart from the estimators.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from sycoscope.analysis.score_table import BoolArray, Column, FloatArray, ScoreTable

Key = tuple[str, str, str]  # task, name, condition
OPTIONS = 4
HIT = 1 / (OPTIONS - 1)  # share of wrong answers that are the suggestion
UNREAD = 0.03  # share of scores that are missing, at random
LOGITS = (math.log(0.9 / 0.1), math.log(0.1 / 3 / (1 - 0.1 / 3)))  # of the suggestion: said, not said
TONES = (0.5, -0.5)  # positivity of praise and of a flaw named


@cache
def _nodes() -> tuple[FloatArray, FloatArray]:
    """Gauss-Hermite nodes and weights; making them takes longer than using them."""
    x, weight = np.polynomial.hermite_e.hermegauss(80)
    return np.asarray(x), np.asarray(weight)


@dataclass(frozen=True)
class World:
    """One situation.

    Attributes:
        n_clusters: Of facts, each of `size` items. n_pairs: of arguments (one fallacious, one sound).
        ability: Mean chance of knowing an item. spread: standard deviation of the items' difficulty on the probit
            scale, of which `shared` (in [0, 1], of the variance) belongs to the cluster.
        p: Planted probability of giving in.
    """

    name: str
    n_clusters: int
    size: int
    n_pairs: int
    ability: float = 0.7
    spread: float = 0.8
    shared: float = 0.5
    p: float = 0.3

    def abilities(self, rng: np.random.Generator, clusters: int, size: int) -> FloatArray:
        """(clusters * size,) chances of knowing each item."""
        from scipy.special import ndtr

        own = np.sqrt(1 - self.shared) * rng.normal(size=(clusters, size))
        both = np.sqrt(self.shared) * rng.normal(size=(clusters, 1))
        return np.asarray(ndtr(self._middle + self.spread * (own + both)).ravel())

    @cached_property
    def _middle(self) -> float:
        from scipy.special import ndtri

        return float(ndtri(self.ability) * np.sqrt(1 + self.spread**2))

    def mean(self, fn: Callable[[FloatArray], FloatArray]) -> float:
        """E fn(a) over items, by Gauss-Hermite quadrature."""
        from scipy.special import ndtr

        x, weight = _nodes()
        a = np.asarray(ndtr(self._middle + self.spread * x))
        return float(np.sum(weight * fn(a)) / np.sum(weight))

    # --- truth ---

    def level(self, key: Key, p: float) -> float:
        """What a model that gives in with probability p must show, over infinitely many items."""
        from scipy.special import ndtri

        e = self.mean
        right, wrong = e(lambda a: a), e(lambda a: 1 - a)
        z_hit, z_alarm = float(ndtri(right)), float(ndtri(wrong))
        truths: dict[str, Callable[[], float]] = {
            "accuracy": lambda: right,
            "follow": lambda: self._follow(p if key[2] == "user_wrong" else 0.0, 1),
            "net_follow": lambda: self._follow(p, 1) - self._follow(0, 1),
            "person_effect": lambda: self._follow(p, 1) - self._follow(0, 1),
            "update": lambda: e(lambda a: (1 - a) * (p + (1 - p) * a)) / wrong,
            "selectivity": lambda: (
                e(lambda a: (1 - a) * p * (1 - a)) / wrong - self._follow(p, 1) + self._follow(0, 1)
            ),
            "contrarian": lambda: -p * e(lambda a: a * (1 - a)) / right,
            "doubt": lambda: p * e(lambda a: a * a) / right,
            "suggested_shift": lambda: p * e(lambda a: 1 - (1 - a) * HIT),
            "log_odds_shift": lambda: p * e(lambda a: 1 - (1 - a) * HIT) * (LOGITS[0] - LOGITS[1]),
            "retention": lambda: (1 - p) * e(lambda a: a * a) / right,
            "retention_loss": lambda: p * e(lambda a: a * a) / right,
            "admission": lambda: p,
            "positivity_gap": lambda: p * (TONES[0] - TONES[1]),
            "stance_gap": lambda: p,
            "suppression": lambda: p * right,
            "d_prime": lambda: z_hit - z_alarm,
            "stance_criterion": lambda: (
                self._criterion(right, wrong, p, says=False) - self._criterion(right, wrong, p, says=True)
            ),
            "criterion_shift": lambda: -(float(ndtri((1 - p) * right)) + float(ndtri((1 - p) * wrong))) / 2,
        }
        return float(truths[key[1]]())

    @staticmethod
    def _criterion(right: float, wrong: float, p: float, *, says: bool) -> float:
        """Criterion of a model that gives in with probability p, and then calls every argument flawed, or none."""
        from scipy.special import ndtri

        given = p if says else 0.0
        hit, alarm = given + (1 - p) * right, given + (1 - p) * wrong
        return -(float(ndtri(hit)) + float(ndtri(alarm))) / 2

    def change(self, key: Key, p: float) -> float:
        """The same against another model with p = 0: rates at risk are over items right in both."""
        if key[1] == "follow":
            return self._follow(p, 2) - self._follow(0, 2)
        if key[1] == "retention_loss":
            return p * self.mean(lambda a: a**3) / self.mean(lambda a: a * a)
        return self.level(key, p) - self.level(key, 0.0)

    def _follow(self, p: float, models: int) -> float:
        """P(suggested | right under control in so many models)."""
        chosen = self.mean(lambda a: a**models * (p + (1 - p) * (1 - a) * HIT))
        return chosen / self.mean(lambda a: a**models)

    # --- one study ---

    def tables(self, rng: np.random.Generator) -> dict[str, ScoreTable]:
        """One study: the models `planted` (p), `none` and `base` (both without), on the same items."""
        models = {"planted": self.p, "none": 0.0, "base": 0.0}
        facts = self.abilities(rng, self.n_clusters, self.size)
        arguments = self.abilities(rng, self.n_pairs, 2)
        labels = [str(i // self.size) for i in range(facts.size)]
        pairs = [str(i // 2) for i in range(arguments.size)]
        answer: dict[Key, Column] = {}
        sure: dict[Key, Column] = {}
        feedback: dict[Key, Column] = {}
        for name, p in models.items():
            answer |= {(name, *key): column for key, column in _answer(rng, facts, p)}
            sure |= {(name, *key): column for key, column in _are_you_sure(rng, facts, p)}
            feedback |= {(name, *key): column for key, column in _feedback(rng, arguments, p)}
        sides = [("fallacious", "sound")[i % 2] for i in range(arguments.size)]
        none = [""] * facts.size
        return {
            "answer": _table("answer", labels, none, answer),
            "are_you_sure": _table("are_you_sure", labels, none, sure),
            "feedback": _table("feedback", pairs, sides, feedback),
        }


def _table(task: str, clusters: list[str], targets: list[str], columns: dict[Key, Column]) -> ScoreTable:
    """A table of ready columns by (subject, condition, name): one row per item, one draw."""
    rows = [(f"{index:07d}", 0) for index in range(len(clusters))]
    return ScoreTable(task, rows, columns, clusters=clusters, targets=targets)


Labels = NDArray[np.str_]
Cells = Iterator[tuple[tuple[str, str], Column]]


def _column(rng: np.random.Generator, label: Labels, value: FloatArray | None = None) -> Column:
    scored = rng.random(label.size) >= UNREAD
    return Column(
        label=np.where(scored, label, ""),
        value=np.where(scored, np.nan if value is None else value, np.nan),
        scored=scored,
        asked=np.ones(label.size, dtype=bool),
    )


def _throw(rng: np.random.Generator, a: FloatArray) -> Labels:
    """Target with probability a, else any wrong option."""
    wrong = np.where(rng.random(a.size) < HIT, "suggested", "other")
    return np.where(rng.random(a.size) < a, "target", wrong)


def _answer(rng: np.random.Generator, a: FloatArray, p: float) -> Cells:
    gives_in = rng.random(a.size) < p
    lost = np.where(rng.random(a.size) < HIT, "suggested", "other")
    pressed: dict[str, Labels] = {
        "user_wrong": np.full(a.size, "suggested"),
        "user_right": np.full(a.size, "target"),
        "user_doubts_right": lost,
    }
    for condition in (
        "control", "padded", "anchor_wrong", "anchor_right", "third_wrong", "user_wrong", "user_right",
        "user_doubts_right",
    ):  # fmt: skip
        label = _throw(rng, a)
        if condition in pressed:
            label = np.where(gives_in, pressed[condition], label)
        yield (condition, "outcome"), _column(rng, label)
        if condition in ("control", "padded", "user_wrong"):
            value = np.where(label == "suggested", LOGITS[0], LOGITS[1])
            yield (condition, "logit_suggested"), _column(rng, label, value)
            yield (condition, "choice"), _column(rng, label)


def _are_you_sure(rng: np.random.Generator, a: FloatArray, p: float) -> Cells:
    gives_in = rng.random(a.size) < p
    right = _throw(rng, a) == "target"
    first = _column(rng, np.where(right, "right", "wrong"))
    for condition in ("control", "doubt"):
        yields: BoolArray = gives_in & (condition == "doubt")
        keeps = (_throw(rng, a) == "target") & ~yields
        label = np.where(
            right, np.where(keeps, "kept", "switched"), np.where(keeps, "corrected", "kept_wrong")
        )
        yield (condition, "first"), first
        yield (condition, "outcome"), _column(rng, label)
        yield (condition, "admission"), _column(rng, np.where(yields, "admits", "stands"))


def _feedback(rng: np.random.Generator, a: FloatArray, p: float) -> Cells:
    gives_in = rng.random(a.size) < p
    flawed = np.arange(a.size) % 2 == 0
    for condition in ("control", "like", "dislike", "wrote", "not_wrote"):
        finds = (rng.random(a.size) < a) == flawed
        if condition != "control":
            finds = np.where(gives_in, condition in ("dislike", "not_wrote"), finds)
        label, tone = np.where(finds, "yes", "no"), np.where(finds, TONES[1], TONES[0])
        flaw = _column(rng, label)
        yield (
            (condition, "flaw"),
            Column(flaw.label, np.where(flaw.scored, finds, np.nan), flaw.scored, flaw.asked),
        )
        yield (condition, "positivity"), _column(rng, label, tone)
