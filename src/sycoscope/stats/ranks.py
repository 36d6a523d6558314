"""A ranking and how certain each place in it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.interval import FloatArray, check_level


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Ranks of m subjects; 1 is the highest score.

    Attributes:
        score: (m,). rank: (m,), ties share the mean of their places.
        low, high: (m,) limits of the rank at `level` (bootstrap percentiles).
        probability: (m, m): row i, column r: probability that subject i has place r + 1. Rows sum to 1; ties
            share their places evenly.
        best: (m,), probability of being first: column 0 of `probability`.
    """

    score: FloatArray
    rank: FloatArray
    low: FloatArray
    high: FloatArray
    probability: FloatArray
    level: float

    @property
    def best(self) -> FloatArray:
        """(m,) probability of being first."""
        return np.asarray(self.probability[:, 0])


def _ranks(scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(B, m) first place and number of ties of each of (B, m) scores, the highest first."""
    slack = 1e-12 * max(1.0, float(np.max(np.abs(scores), initial=0.0)))
    gap = scores[:, None, :] - scores[:, :, None]
    above = np.sum(gap > slack, axis=2).astype(np.float64)
    ties = np.sum(np.abs(gap) <= slack, axis=2).astype(np.float64)
    return above + 1.0, ties


def rank_replicates(score: ArrayLike, replicates: ArrayLike, *, level: float = 0.95) -> Ranks:
    """Rank uncertainty from joint bootstrap replicates of the scores.

    Args:
        score: (m,) point scores. replicates: (B, m), one joint resample per row (`bootstrap_replicates`).

    Raises:
        DataError: Shapes that do not fit, or missing scores.

    Source: Goldstein and Spiegelhalter 1996, J. R. Stat. Soc. A 159, 385-443 (uncertainty of ranks).
    """
    check_level(level)
    point, boot = np.asarray(score, dtype=np.float64), np.asarray(replicates, dtype=np.float64)
    if point.ndim != 1 or boot.ndim != 2 or boot.shape[1] != point.size or boot.shape[0] == 0:
        raise DataError(f"score has shape {point.shape}, replicates {boot.shape}; needed: (m,) and (B, m)")
    if not (np.isfinite(point).all() and np.isfinite(boot).all()):
        raise DataError("scores hold missing values; a subject without a score cannot be ranked")
    first, ties = _ranks(boot)
    place = np.arange(1, point.size + 1)
    inside = (place >= first[:, :, None]) & (place < (first + ties)[:, :, None])
    probability = np.mean(inside / ties[:, :, None], axis=0)
    middle = first + (ties - 1.0) / 2.0
    tail = (1.0 - level) / 2.0
    limits = np.quantile(middle, [tail, 1.0 - tail], axis=0, method="inverted_cdf")
    own_first, own_ties = _ranks(point[None, :])
    rank = (own_first + (own_ties - 1.0) / 2.0)[0]
    return Ranks(score=point, rank=rank, low=limits[0], high=limits[1], probability=probability, level=level)
