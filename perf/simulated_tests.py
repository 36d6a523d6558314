"""How often do tests, margins and bounds say what they must not, and how often what they should? Simulated.

`perf/coverage_stats.py` runs these beside the coverage of the intervals (`simulated_intervals.py`) and writes
both tables of docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from perf.simulated_intervals import draw_cells
from sycoscope.stats import (
    benjamini_hochberg,
    correlation,
    holm,
    manski_difference,
    manski_rate,
    mcnemar,
    minimum_detectable_effect,
    rank_replicates,
)
from sycoscope.stats.interval import FloatArray
from sycoscope.stats.reference import (
    equivalence,
    minimum_detectable_difference,
    non_inferiority,
    sign_flip_test,
)

ALPHA = 0.05
N_BOOT = 399


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One procedure in one situation: `draw` makes a data set and says how often the event was seen in it.

    Attributes:
        event: What is counted, as `rejects`. wanted: `at most`, `at least` or `about`, with `target` in [0, 1].
    """

    procedure: str
    situation: str
    event: str
    wanted: str
    target: float
    draw: Callable[[np.random.Generator], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """The mean over simulated data sets, with its Monte-Carlo standard error."""

    value: float
    error: float

    def kept(self, what: Operation) -> bool:
        """Whether it is what is wanted, two Monte-Carlo errors aside (`about`: three points more)."""
        above = self.value - 2.0 * self.error > what.target + (0.03 if what.wanted == "about" else 0.0)
        below = self.value + 2.0 * self.error < what.target - (0.03 if what.wanted == "about" else 0.0)
        return not {"at most": above, "at least": below}.get(what.wanted, above or below)


def frequency(what: Operation, rng: np.random.Generator, n_sets: int = 2000) -> Frequency:
    """Draw `n_sets` data sets."""
    seen = np.array([what.draw(rng) for _ in range(n_sets)])
    spread = max(float(seen.var()), 1.0 / n_sets)
    return Frequency(value=float(seen.mean()), error=math.sqrt(spread / n_sets))


# --- one data set, by procedure ---------------------------------------------------------------


def _mcnemar(rng: np.random.Generator, *, n: int, rates: tuple[float, float], mid_p: bool) -> float:
    a, b = draw_cells(rng, rates, n, 1, 0.0, 0.4).T
    p = mcnemar(int(a @ (1 - b)), int(b @ (1 - a)), mid_p=mid_p).p_value
    return float(p is not None and p < ALPHA)


def _sign_flip(rng: np.random.Generator, *, g: int, m: int, numbers: bool) -> float:
    clusters = np.repeat(np.arange(g), m)
    if numbers:
        d = (rng.normal(size=(g, 1)) * 0.6 + rng.normal(size=(g, m)) * 0.8).ravel()
    else:
        a, b = draw_cells(rng, (0.2, 0.2), g, m, 0.3, 0.3).T
        d = a - b
    p = sign_flip_test(d, clusters, rng=rng, n_permutations=399).p_value
    return float(p is not None and p < ALPHA)


def _correlation(rng: np.random.Generator, *, n: int) -> float:
    p = correlation(rng.normal(size=n), rng.normal(size=n), rng=rng, n_permutations=399).p_value
    return float(p is not None and p < ALPHA)


def _p_values(rng: np.random.Generator, n_null: int, n_real: int) -> FloatArray:
    """Two-sided p of normal scores, correlated at 0.3; the last `n_real` have an effect of 3 standard errors."""
    from scipy.special import ndtr

    z = math.sqrt(0.3) * rng.normal() + math.sqrt(0.7) * rng.normal(size=n_null + n_real)
    z[n_null:] += 3.0
    return np.asarray(2.0 * ndtr(-np.abs(z)))


def _holm(rng: np.random.Generator, *, n_null: int, n_real: int) -> float:
    adjusted = holm(_p_values(rng, n_null, n_real).tolist())[:n_null]
    return float(any(p is not None and p < ALPHA for p in adjusted))


def _benjamini_hochberg(rng: np.random.Generator, *, n_null: int, n_real: int) -> float:
    adjusted = benjamini_hochberg(_p_values(rng, n_null, n_real).tolist())
    found = [p is not None and p < ALPHA for p in adjusted]
    return sum(found[:n_null]) / max(sum(found), 1)


def _margin(rng: np.random.Generator, *, g: int, m: int, one_sided: bool) -> float:
    clusters = np.repeat(np.arange(g), m)
    d = (rng.normal(size=(g, 1)) * 0.6 + rng.normal(size=(g, m)) * 0.8).ravel()
    # The true mean lies on the margin: saying that it lies inside is the error.
    if one_sided:
        return float(non_inferiority(d - 0.5, clusters, margin=0.5).shown or False)
    return float(equivalence(d + 0.5, clusters, low=-0.5, high=0.5).shown or False)


def _planned_power(rng: np.random.Generator, *, n: int, discordance: float) -> float:
    delta = minimum_detectable_difference(n, discordance) or 0.0
    b, c, _ = rng.multinomial(n, [(discordance + delta) / 2, (discordance - delta) / 2, 1 - discordance])
    return float(abs(b - c) / math.sqrt(max(b + c, 1)) > 1.959964)


def _observed_power(rng: np.random.Generator, *, n: int) -> float:
    from scipy.special import stdtrit

    effect = minimum_detectable_effect(1.0 / math.sqrt(n), df=n - 1)
    d = rng.normal(effect, 1.0, size=n)
    return float(abs(d.mean()) / (d.std(ddof=1) / math.sqrt(n)) > stdtrit(n - 1, 0.975))


def _bounds(rng: np.random.Generator, *, n: int, difference: bool) -> float:
    """The worst case: of the first rate only successes are missing, of the second only failures."""

    def one(p: float, lost: bool) -> tuple[int, int, int]:
        outcome = rng.random(n) < p
        missing = (outcome == lost) & (rng.random(n) < 0.4)
        return int(outcome[~missing].sum()), int((~missing).sum()), int(missing.sum())

    found, truth = manski_rate(*one(0.5, True)), 0.5
    if difference:
        found, truth = manski_difference(found, manski_rate(*one(0.3, False))), 0.2
    return float((found.outer_low or 0.0) <= truth <= (found.outer_high or 0.0))


def _ranks(rng: np.random.Generator, *, n: int) -> float:
    """Share of six subjects whose true place lies within its limits."""
    truth = np.array([0.30, 0.38, 0.46, 0.54, 0.62, 0.70])
    y = (rng.random((n, 6)) < truth).astype(float)
    boot = y[rng.integers(0, n, size=(N_BOOT, n))].mean(axis=1)
    found = rank_replicates(y.mean(axis=0), boot)
    place = np.array([6, 5, 4, 3, 2, 1])
    return float(np.mean((found.low <= place) & (place <= found.high)))


# --- the grid ---------------------------------------------------------------------------------


def operations() -> Iterator[Operation]:
    """Every row of the second table, in its order."""
    yield from _size_of_tests()
    yield from _several_tests()
    yield from _margins()
    yield from _detectable()
    yield from _bounds_and_ranks()


def _size_of_tests() -> Iterator[Operation]:
    """Rejections where nothing differs."""

    def size(procedure: str, situation: str, draw: Callable[[np.random.Generator], float]) -> Operation:
        return Operation(
            procedure=procedure, situation=situation, event="rejects where nothing differs", wanted="at most",
            target=ALPHA, draw=draw,
        )  # fmt: skip

    for mid_p in (False, True):
        name = "McNemar mid-p" if mid_p else "McNemar exact"
        for n, p in ((50, 0.2), (200, 0.05), (200, 0.5)):
            yield size(name, f"{n} pairs, p {p}", partial(_mcnemar, n=n, rates=(p, p), mid_p=mid_p))
    for g, m in ((20, 2), (50, 4)):
        for numbers in (False, True):
            kind = "normal numbers" if numbers else "0/1, p 0.2"
            yield size(
                "sign flips of clusters", f"{g} x {m}, {kind}", partial(_sign_flip, g=g, m=m, numbers=numbers)
            )
    for n in (6, 20):
        yield size("permutation of a correlation", f"{n} points, normal", partial(_correlation, n=n))


def _several_tests() -> Iterator[Operation]:
    for n_null, n_real in ((18, 0), (12, 6)):
        yield Operation(
            procedure="Holm", situation=f"{n_null} without effect, {n_real} with", event="rejects any without effect",
            wanted="at most", target=ALPHA, draw=partial(_holm, n_null=n_null, n_real=n_real),
        )  # fmt: skip
    for n_null, n_real in ((40, 0), (30, 10)):
        yield Operation(
            procedure="Benjamini-Hochberg", situation=f"{n_null} without effect, {n_real} with",
            event="false share of what is rejected", wanted="at most", target=ALPHA,
            draw=partial(_benjamini_hochberg, n_null=n_null, n_real=n_real),
        )  # fmt: skip


def _margins() -> Iterator[Operation]:
    for one_sided in (False, True):
        for g, m in ((40, 1), (40, 3)):
            yield Operation(
                procedure="non-inferiority" if one_sided else "two one-sided tests",
                situation=f"truth on the margin, {g} x {m}", event="says inside", wanted="at most", target=ALPHA,
                draw=partial(_margin, g=g, m=m, one_sided=one_sided),
            )  # fmt: skip


def _detectable() -> Iterator[Operation]:
    for n, psi in ((100, 0.3), (400, 0.2)):
        yield Operation(
            procedure="detectable difference, before", situation=f"{n} pairs, {psi} differ", event="is seen",
            wanted="about", target=0.8, draw=partial(_planned_power, n=n, discordance=psi),
        )  # fmt: skip
    for n in (20, 100):
        yield Operation(
            procedure="detectable effect, after", situation=f"{n} numbers", event="is seen", wanted="about",
            target=0.8, draw=partial(_observed_power, n=n),
        )  # fmt: skip


def _bounds_and_ranks() -> Iterator[Operation]:
    for difference in (False, True):
        for n in (50, 300):
            yield Operation(
                procedure="outer bounds of a difference" if difference else "outer bounds of a rate",
                situation=f"{n} trials, missing the worst way", event="hold the truth", wanted="at least", target=0.95,
                draw=partial(_bounds, n=n, difference=difference),
            )  # fmt: skip
    for n in (60, 200):
        yield Operation(
            procedure="limits of a rank", situation=f"6 subjects, {n} items", event="hold the true place",
            wanted="at least", target=0.95, draw=partial(_ranks, n=n),
        )  # fmt: skip
