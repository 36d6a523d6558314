"""Correlation over few points: exact permutation p-value and interval, and whether it may be believed."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.interval import FloatArray, Interval, as_vector, check_level, same_length, z_of

# 8! = 40,320 orders are enumerated.
EXACT_UP_TO = 8
DESCRIPTIVE_BELOW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """A correlation with its interval and permutation p-value.

    Attributes:
        interval: r in [-1, 1] with its limits; without limits under 4 points.
        p_value: Two-sided; None where r is.
        p_method: `exact permutation` or `Monte Carlo permutation, N`.
        descriptive: Fewer than 10 points: it describes these points and supports no claim beyond them.
    """

    interval: Interval
    p_value: float | None
    p_method: str
    descriptive: bool


def correlation(
    x: ArrayLike,
    y: ArrayLike,
    *,
    rng: np.random.Generator,
    kind: Literal["pearson", "spearman"] = "pearson",
    level: float = 0.95,
    n_permutations: int = 9_999,
) -> Correlation:
    """Pearson's or Spearman's correlation of n points.

    The p-value is the share of all n! pairings (up to n = 8; beyond, of random ones with + 1) whose
    |r| is at least the observed.

    Args:
        x, y: (n,) finite numbers; points are exchangeable under no association.

    Raises:
        DataError: Lengths that differ, a missing number, or another kind.

    Source: Pitman 1937 (permutation test of r); Fisher 1921, Metron 1, 3-32 (interval by arctanh, standard
        error 1 / sqrt(n - 3)); for Spearman sqrt((1 + r^2 / 2) / (n - 3)), Bonett and Wright 2000,
        Psychometrika 65, 23-28.
    """
    first, second = as_vector("x", x), as_vector("y", y)
    same_length(x=first, y=second)
    check_level(level)
    if kind not in ("pearson", "spearman"):
        raise DataError(f"kind is {kind!r}; allowed are 'pearson' and 'spearman'")
    if kind == "spearman":
        from scipy.stats import rankdata

        first, second = rankdata(first), rankdata(second)
    n = first.size
    few = n < DESCRIPTIVE_BELOW
    u, v = _standard(first), _standard(second)
    if n < 2 or u is None or v is None:
        why = "fewer than two points" if n < 2 else "one side does not vary"
        none = Interval(value=None, low=None, high=None, level=level, method="", n=n, n_clusters=n, note=why)
        return Correlation(interval=none, p_value=None, p_method="", descriptive=few)
    r = max(-1.0, min(1.0, float(u @ v)))
    p, method = _permutation_p(u, v, r, n_permutations, rng)
    return Correlation(interval=_fisher(r, n, kind, level, few), p_value=p, p_method=method, descriptive=few)


def _standard(values: FloatArray) -> FloatArray | None:
    """Centred, with unit length; None where all are alike."""
    if values.size == 0:
        return None
    centred = values - values.mean()
    length = float(np.linalg.norm(centred))
    if length <= 1e-12 * max(1.0, float(np.max(np.abs(values)))):
        return None
    return np.asarray(centred / length)


def _permutation_p(
    u: FloatArray, v: FloatArray, r: float, n_permutations: int, rng: np.random.Generator
) -> tuple[float, str]:
    # Orders that tie with the observed one up to rounding count.
    least = abs(r) - 1e-12
    if u.size <= EXACT_UP_TO:
        orders = np.array(list(itertools.permutations(range(u.size))))
        return float(np.mean(np.abs(v[orders] @ u) >= least)), "exact permutation"
    hits, chunk = 0, max(1, 4_000_000 // u.size)
    for start in range(0, n_permutations, chunk):
        block = np.broadcast_to(v, (min(chunk, n_permutations - start), v.size))
        hits += int(np.count_nonzero(np.abs(rng.permuted(block, axis=1) @ u) >= least))
    return (hits + 1) / (n_permutations + 1), f"Monte Carlo permutation, {n_permutations}"


def _fisher(r: float, n: int, kind: str, level: float, few: bool) -> Interval:
    note = f"descriptive: {n} points" if few else ""
    low = high = None
    if n > 3 and abs(r) < 1.0 - 1e-12:
        factor = 1.0 + r * r / 2.0 if kind == "spearman" else 1.0
        half = z_of(level) * math.sqrt(factor / (n - 3))
        low, high = math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
    elif n <= 3 or abs(r) >= 1.0 - 1e-12:
        note = (note + "; " if note else "") + "no interval: " + ("n <= 3" if n <= 3 else "|r| = 1")
    return Interval(
        value=r,
        low=low,
        high=high,
        level=level,
        method="Fisher z" if low is not None else "",
        n=n,
        n_clusters=n,
        note=note,
    )
