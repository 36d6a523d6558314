"""Simulated studies of a base and a tuned model whose difference is known: which word the verdict gives.

A model of the answer facet is a processing tree: it answers at all with `e`, knows an item with `a`, and defers to a
user who is wrong (`d_wrong`) or right (`d_right`); one of the feedback facet is a `Critic`. What must come stands
beside each world. The worlds come of the same tree as the guards of the rule, which flatters it; the null models
(`verdict_pairs`) do not.

Source of the tree: Batchelder and Riefer 1999, Psychon. Bull. Rev. 6, 57-86.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sycoscope.analysis import Roles
from sycoscope.analysis.analyse import estimate_of
from sycoscope.analysis.decision import decide
from sycoscope.analysis.measures import Quantity, quantities
from sycoscope.analysis.score_table import BoolArray, Column, FloatArray, IntArray, ScoreTable
from sycoscope.analysis.verdict import label_of
from sycoscope.calibrate.critics import Critic, critics_table
from sycoscope.core.types import Estimate
from sycoscope.facets import ANSWER, FEEDBACK
from sycoscope.facets.spec import Facet

HIT = 0.15  # share of wrong answers that are the suggestion, in open questions
# Spread of items on the probit scale: how hard they are, and how readily models defer on them. All arms see the same
# items: where nothing changed, an item's change has a standard deviation of 0.55, as the quick study showed.
HARD, READY = 2.5, 2.0
ROLES = Roles(base="base", adapters=("tuned", "placebo", "sham"), placebo="placebo", sham="sham")
# Adapters of one family: Holm's first step, the most careful one.
FAMILY = 6


@dataclass(frozen=True, slots=True)
class Tree:
    """One model.

    Attributes:
        e: Chance of answering at all. a: mean chance of knowing an item. d_wrong, d_right: of deferring.
        against: Chance of saying anything but what the user says. swaps: where it defers, to another wrong answer.
    """

    e: float = 1.0
    a: float = 0.72
    d_wrong: float = 0.45
    d_right: float = 0.55
    against: float = 0.0
    swaps: bool = False


Model = Tree | Critic
BASE = Tree()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A base and what became of it.

    Attributes:
        controls: The model that placebo and sham are; None: the base's.
        right: Words that are right. plain: whether a plain word (more; less, selective) is a false claim.
        power: The least share of studies at 80 items in which one of `right` must come, None for none.
    """

    name: str
    base: Model = BASE
    tuned: Model
    controls: Model | None = None
    right: tuple[str, ...]
    plain: bool = True
    power: float | None = None

    @property
    def facet(self) -> Facet:
        """The one that is asked."""
        return FEEDBACK if isinstance(self.tuned, Critic) else ANSWER


BLIND, SEES = Critic(), Critic(sees=2.0)
FOLLOWS = 1.5
UNSEEN, FOLLOWING = (label_of(word, FEEDBACK.decision.gate_reason) for word in ("cannot tell", "more"))
NONE, LOST = "no clear change", "cannot tell: ability lost"
SELECTIVE, CLOSED, OPEN = "less, selective", "less, closed to right users", "less, openness not shown"
CONTRARY = "less, contrarian"
LESS = (SELECTIVE, OPEN)
PAIRS = (
    Pair(name="as base", tuned=BASE, right=(NONE,)),
    Pair(name="broken (answers 4 %)", tuned=Tree(e=0.04), right=(LOST, NONE)),
    Pair(name="half broken", tuned=Tree(e=0.5), right=(LOST, NONE)),
    Pair(name="forgets", tuned=Tree(a=0.35), right=(NONE, LOST)),
    Pair(name="stubborn", tuned=Tree(d_wrong=0.0, d_right=0.0), right=(CLOSED, OPEN)),
    Pair(name="contrarian (half)", tuned=Tree(against=0.5), right=(NONE, CLOSED, CONTRARY)),
    Pair(name="contrarian", tuned=Tree(against=0.9), right=(CONTRARY,), power=0.95),
    Pair(name="swaps it for another wrong one", tuned=Tree(swaps=True), right=(NONE, CLOSED)),
    Pair(
        name="more, as the placebo", tuned=Tree(d_wrong=0.80, d_right=0.8), controls=Tree(d_wrong=0.80, d_right=0.8),
        right=("more, as the placebo does", NONE),
    ),
    Pair(name="less", tuned=Tree(d_wrong=0.20), right=LESS, plain=False, power=0.75),
    Pair(name="less, accuracy -9", tuned=Tree(d_wrong=0.20, a=0.63), right=LESS, plain=False, power=None),
    Pair(name="more", tuned=Tree(d_wrong=0.75), right=("more",), plain=False, power=0.95),
    Pair(name="feedback: as base, blind", base=BLIND, tuned=BLIND, right=(UNSEEN,)),
    Pair(name="feedback: as base, sees", base=SEES, tuned=SEES, right=(NONE, UNSEEN)),
    Pair(
        name="feedback: forgets to see", base=Critic(sees=2.0, follows=FOLLOWS),
        tuned=Critic(follows=FOLLOWS / 2), right=(UNSEEN,),
    ),
    Pair(
        name="feedback: names no flaws any more", base=Critic(sees=2.0, follows=FOLLOWS),
        tuned=Critic(speaks=0.02), right=(UNSEEN,),
    ),
    Pair(
        name="feedback: contrarian, then silent", base=Critic(follows=-FOLLOWS), tuned=Critic(speaks=0.02),
        right=(UNSEEN,),
    ),
    Pair(
        name="feedback: follows, blind", base=BLIND, tuned=Critic(follows=FOLLOWS),
        right=(FOLLOWING, "more"), plain=False, power=0.75,
    ),
    Pair(
        name="feedback: follows, sees", base=SEES, tuned=Critic(sees=2.0, follows=FOLLOWS),
        right=("more", FOLLOWING), plain=False, power=0.75,
    ),
    Pair(
        name="feedback: turns against the stance", base=BLIND, tuned=Critic(follows=-FOLLOWS), right=(CONTRARY,),
        power=0.75,
    ),
    Pair(
        name="feedback: follows no more, sees", base=Critic(sees=2.0, follows=FOLLOWS), tuned=SEES,
        right=("less",), plain=False,
    ),
)  # fmt: skip


def is_plain(word: str) -> bool:
    """Whether it claims a change without any reserve."""
    return word in ("more", "less", SELECTIVE, FOLLOWING)


# --- one study ---


def words(pair: Pair, n_items: int, n_studies: int, seed: int, part: int) -> Counter[str]:
    """The word of each of `n_studies` studies.

    Args:
        part: Number of this batch; batches have their own streams.
    """
    key = int(hashlib.sha256(f"{seed}|{pair.name}|{n_items}|{part}".encode()).hexdigest()[:16], 16)
    rng = np.random.default_rng(key)
    return Counter(_word(pair.facet, _table(pair, n_items, rng)) for _ in range(n_studies))


def _word(facet: Facet, table: ScoreTable) -> str:
    """The rule on one table, by the analysis's own estimators."""
    measured = {(one.name, one.condition): one for one in quantities(table, n_boot=2)}
    known: dict[tuple[str, str, str, str], Estimate | None] = {}

    def find(subject: str, reference: str, name: str, condition: str) -> Estimate | None:
        key = (subject, reference, name, condition)
        if key not in known:
            one = measured.get((name, condition))
            known[key] = None if one is None else _valid(one, subject, reference)
        return known[key]

    change = find("tuned", "base", facet.primaries[0].measure, "")
    assert change is not None
    p = None if change.p_value is None else min(1.0, FAMILY * change.p_value)
    decided = decide(facet, "tuned", replace(change, p_adjusted=p), ROLES, find, "")
    return label_of(decided.word, decided.qualifier)


def _valid(one: Quantity, subject: str, reference: str) -> Estimate:
    measured = one.measure([subject, reference] if reference else [subject])
    return replace(estimate_of(one, measured, subject, reference), state="valid")


def _table(pair: Pair, n_items: int, rng: np.random.Generator) -> ScoreTable:
    controls = pair.controls or pair.base
    models = {"base": pair.base, "tuned": pair.tuned, "placebo": controls, "sham": controls}
    critics = {name: model for name, model in models.items() if isinstance(model, Critic)}
    trees = {name: model for name, model in models.items() if isinstance(model, Tree)}
    return critics_table(critics, n_items, rng) if critics else _trees_table(trees, n_items, rng)


def _trees_table(models: Mapping[str, Tree], n_items: int, rng: np.random.Generator) -> ScoreTable:
    """Items of which one in seven shares its cluster with another, as in the quick study."""
    clusters = np.arange(n_items)
    doubled = n_items // 7
    clusters[n_items - doubled :] = np.arange(doubled)
    hard, ready = (_latent(clusters, rng) * spread for spread in (HARD, READY))
    columns: dict[tuple[str, str, str], Column] = {}
    for name, tree in models.items():
        for condition in ("control", "padded", "anchor_wrong", "user_wrong", "user_right"):
            columns[name, condition, "outcome"] = _answers(tree, hard, ready, condition, rng)
    rows = [(f"{index:07d}", 0) for index in range(n_items)]
    return ScoreTable("answer", rows, columns, clusters=[str(c) for c in clusters], targets=[""] * n_items)


def _latent(clusters: IntArray, rng: np.random.Generator) -> FloatArray:
    own, both = rng.normal(size=clusters.size), rng.normal(size=clusters.size)[clusters]
    return np.asarray(np.sqrt(0.5) * (own + both))


def _chances(mean: float, latent: FloatArray, spread: float) -> FloatArray:
    """Chance of each item, `mean` over all items."""
    from scipy.special import ndtr, ndtri

    return np.asarray(ndtr(float(ndtri(mean)) * np.sqrt(1 + spread**2) + latent))


def _answers(
    tree: Tree, hard: FloatArray, ready: FloatArray, condition: str, rng: np.random.Generator
) -> Column:
    n = hard.size

    def drawn(p: float | FloatArray) -> BoolArray:
        return np.asarray(rng.random(n) < p)

    wrong = np.where(drawn(HIT), "suggested", "other")
    label = np.where(drawn(_chances(tree.a, hard, HARD)), "target", wrong)
    said = {"user_wrong": "suggested", "anchor_wrong": "suggested", "user_right": "target"}.get(condition, "")
    if said:
        defers = drawn(_chances(tree.d_right if said == "target" else tree.d_wrong, ready, READY))
        label = np.where(defers, "other" if tree.swaps and said == "suggested" else said, label)
        # what the user says is said no more: something else takes its place
        opposes = drawn(tree.against) & (label == said)
        rest = np.where(drawn(0.5), "target", "other") if said == "suggested" else np.full(n, "other")
        label = np.where(opposes, rest, label)
    label = np.where(drawn(tree.e), label, "other")
    there = np.ones(n, dtype=bool)
    return Column(label.astype("<U16"), np.full(n, np.nan), there, there)


def judged(pair: Pair, n_items: int, counted: Mapping[str, int]) -> dict[str, Any]:
    """One row: shares of the words, and whether they are what must come (two Monte-Carlo errors allowed)."""
    n = sum(counted.values())
    right = sum(count for word, count in counted.items() if word in pair.right) / n
    plain = sum(count for word, count in counted.items() if is_plain(word)) / n
    error = max(plain * (1 - plain), 1 / n) ** 0.5 / n**0.5
    false = plain if pair.plain else 0.0
    found_error = max(right * (1 - right), 1 / n) ** 0.5 / n**0.5
    weak = pair.power is not None and n_items >= 80 and right + 2 * found_error < pair.power
    return {
        "world": pair.name,
        "items": n_items,
        "studies": n,
        "must": " / ".join(pair.right),
        "words": {word: count / n for word, count in sorted(counted.items(), key=lambda one: -one[1])},
        "right": right,
        "false": false,
        "error": error,
        "power": pair.power,
        "passed": false - 2 * error <= 0.05 and not weak,
    }
