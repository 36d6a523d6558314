"""Signal detection: can flawed be told from sound (d'), and which way does the verdict lean (criterion)?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.clusters import cluster_sums
from sycoscope.stats.contrasts import RateSet, rate_set, square_and_add, wilson_distances
from sycoscope.stats.interval import FloatArray, Interval, Labels, check_level, not_computable, z_of
from sycoscope.stats.paired import Tested, linearised, nothing_to_test
from sycoscope.stats.proportions import wilson_limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """d' and criterion c, or contrasts of them, of the same arguments.

    c > 0 leans to "no signal" (no flaw), c < 0 to "signal".
    """

    d_prime: Interval
    criterion: Interval


def d_prime_and_criterion(sums: FloatArray) -> FloatArray:
    """(B, 2) d' and c of (B, 4) sums: hits, signals, false alarms, foils.

    With the log-linear correction: (hits + 0.5) / (signals + 1), and so for false alarms.
    d' = z(H) - z(F), c = -(z(H) + z(F)) / 2. NaN where there are no signals or no foils.

    Source: Macmillan and Creelman 2005, Detection Theory, equations 1.5 and 2.1; Hautus 1995, Behav. Res.
        Methods Instrum. Comput. 27, 46-51 (log-linear).
    """
    from scipy.special import ndtri

    hit = ndtri((sums[:, 0] + 0.5) / (sums[:, 1] + 1.0))
    alarm = ndtri((sums[:, 2] + 0.5) / (sums[:, 3] + 1.0))
    out = np.stack([hit - alarm, -(hit + alarm) / 2.0], axis=1)
    empty = (sums[:, 1] <= 0.0) | (sums[:, 3] <= 0.0)
    return np.where(empty[:, None], np.nan, out)


def detection_contrast(
    says_signal: ArrayLike,
    is_signal: ArrayLike,
    contrast: Sequence[float],
    clusters: Labels | None = None,
    *,
    level: float = 0.95,
) -> Detection:
    """A contrast of d' and of criterion over k conditions of the same arguments.

    Args:
        says_signal: (n, k) 0/1: verdict on argument i under condition j.
        is_signal: (n,) 0/1.
        contrast: k weights: (1, -1) is a shift between two conditions, (1, -1, -1, 1) a difference in
            differences (tuned like, tuned control, base like, base control).
        clusters: (n,) labels, or None.

    Raises:
        DataError: Not 0/1, or shapes that do not fit.

    Source: as `d_prime_and_criterion`; interval: Wilson's limits of the corrected rates (at the effective n
        where clusters hold more than one signal or foil), taken to the z scale and combined by
        `square_and_add` with their correlation over clusters.
    """
    from scipy.special import ndtri

    check_level(level)
    says, signal = _check_verdicts(says_signal, is_signal, len(contrast))
    factor = np.asarray(contrast, dtype=np.float64)
    n, k = signal.size, factor.size
    if n == 0 or not 0.0 < float(signal.sum()) < n:
        none = not_computable("no signals or no foils", level=level, n=n)
        return Detection(d_prime=none, criterion=none)
    # Columns: hits of each condition, false alarms of each; then who was at risk for them.
    tops = np.concatenate([says * signal[:, None], says * (1.0 - signal[:, None])], axis=1)
    bottoms = np.repeat(np.stack([signal, 1.0 - signal], axis=1), k, axis=1)
    sums = cluster_sums(np.concatenate([tops, bottoms], axis=1), clusters)
    n_clusters = sums.shape[0]
    single = bool(sums[:, 2 * k :].max() <= 1.0)
    rates = _log_linear(rate_set(sums[:, : 2 * k], sums[:, 2 * k :], single), sums[:, 2 * k :].sum(axis=0))
    z = np.asarray(ndtri(rates.value))
    below, above = wilson_distances(rates, level, single)
    below, above = z - ndtri(rates.value - below), ndtri(rates.value + above) - z

    def interval(weights: FloatArray) -> Interval:
        value = float(weights @ z)
        down, up = square_and_add(rates, weights, below, above)
        return Interval(
            value=value, low=value - down, high=value + up, level=level,
            method="square-and-add Wilson, z scale", n=n, n_clusters=n_clusters,
        )  # fmt: skip

    return Detection(
        d_prime=interval(np.concatenate([factor, -factor])),
        criterion=interval(np.concatenate([factor, factor]) * -0.5),
    )


def detection_change(
    says_signal: ArrayLike, is_signal: ArrayLike, contrast: Sequence[float], clusters: Labels | None = None
) -> tuple[Tested, Tested]:
    """A contrast of d', and of the criterion, that spans two subjects: t of the log-linear rates, by the delta method.

    A cell in which all or no arguments are called flawed has no spread of its own; it adds the binomial variance of its
    corrected rate. Where no verdict of one subject is another than the other's, the limits are what the share that may
    differ unseen could do (`_alike`).

    Args:
        says_signal, is_signal, clusters: As `detection_contrast`. contrast: the first half of one subject, the second
            of the other, with the opposite signs.

    Raises:
        DataError: Not 0/1, or shapes that do not fit.

    Source: as `d_prime_and_criterion` and `linearised`; the variance of z: Gourevitch and Galanter 1967,
        Psychometrika 32, 25-33.
    """
    says, signal = _check_verdicts(says_signal, is_signal, len(contrast))
    factor, k = np.asarray(contrast, dtype=np.float64), len(contrast)
    n = signal.size
    if n == 0 or not 0.0 < float(signal.sum()) < n:
        return (nothing_to_test("no signals or no foils", n=n),) * 2
    sides = np.stack([signal, 1.0 - signal], axis=1)
    counts = np.concatenate([sides, says * sides[:, :1], says * sides[:, 1:]], axis=1)
    sums = cluster_sums(counts, clusters)
    extra = _binomial_variance(sums.sum(axis=0), factor)

    def of(place: int) -> Tested:
        def value(sums: FloatArray) -> FloatArray:
            total = np.zeros(sums.shape[0])
            for j, weight in enumerate(factor):
                four = sums[:, [2 + j, 0, 2 + k + j, 1]]
                total += weight * d_prime_and_criterion(four)[:, place]
            return total

        # the criterion is half the sum of the two z, d' their difference
        tested = linearised(sums, value, n=n, extra_variance=extra * (0.25 if place else 1.0))
        return _alike(sums, factor, place, n) if tested.p_value is None and same else tested

    same = k % 2 == 0 and np.array_equal(says[:, : k // 2], says[:, k // 2 :])
    return of(0), of(1)


def _alike(sums: FloatArray, factor: FloatArray, place: int, n: int) -> Tested:
    """No change where two subjects never differ: limits from the share of clusters that may differ unseen.

    That share is at most Wilson's upper limit u of 0 in G; at worst it moves each rate of one subject by u.

    Args:
        sums: As in `detection_change`. place: 0 for d', 1 for the criterion.
    """
    g, k = sums.shape[0], factor.size
    total = sums.sum(axis=0)

    def interval(level: float) -> Interval:
        share = wilson_limits(0.0, float(g), z_of(check_level(level)))[1]
        reach = 0.0
        for j, weight in enumerate(factor[: k // 2]):
            z = [_furthest(total[2 + at], total[side], share) for at, side in ((j, 0), (k + j, 1))]
            reach += abs(float(weight)) * sum(z) * (0.5 if place else 1.0)
        return Interval(
            value=0.0, low=-reach, high=reach, level=level, method="Wilson at effective n, z scale", n=n, n_clusters=g,
            note="all clusters alike",
        )  # fmt: skip

    return Tested(interval, 1.0)


def _furthest(said: float, asked: float, share: float) -> float:
    """How far z of a log-linear rate can move where this share of the verdicts is another."""
    from scipy.special import ndtri

    moved = np.clip([said, said - share * asked, said + share * asked], 0.0, asked)
    z = ndtri((moved + 0.5) / (asked + 1.0))
    return float(np.abs(z - z[0]).max())


def _binomial_variance(total: FloatArray, factor: FloatArray) -> float:
    """Variance of sum(w * z) from the cells of all or none, each taken as independent."""
    from scipy.special import ndtri

    k, variance = factor.size, 0.0
    for j, weight in enumerate(factor):
        for said, asked in ((total[2 + j], total[0]), (total[2 + k + j], total[1])):
            if 0.0 < said < asked:
                continue
            p = (said + 0.5) / (asked + 1.0)
            density = math.exp(-0.5 * float(ndtri(p)) ** 2) / math.sqrt(2.0 * math.pi)
            variance += weight**2 * p * (1.0 - p) / ((asked + 1.0) * density**2)
    return variance


def _log_linear(rates: RateSet, n: FloatArray) -> RateSet:
    """The rates after (x + 0.5) / (n + 1), each worth as many observations more as that adds."""
    value = (rates.value * n + 0.5) / (n + 1.0)
    return replace(rates, value=value, n_effective=rates.n_effective * (n + 1.0) / n)


def _check_verdicts(says_signal: ArrayLike, is_signal: ArrayLike, k: int) -> tuple[FloatArray, FloatArray]:
    says, signal = np.asarray(says_signal, dtype=np.float64), np.asarray(is_signal, dtype=np.float64)
    if says.ndim != 2 or signal.shape != says.shape[:1] or k != says.shape[1]:
        raise DataError(
            f"shapes are {says.shape}, {signal.shape} and {k} weights; needed: (n, k), (n,) and k"
        )
    for name, array in (("says_signal", says), ("is_signal", signal)):
        if not np.isin(array, (0.0, 1.0)).all():
            raise DataError(f"{name} holds values other than 0 and 1; leave missing verdicts out")
    return says, signal
