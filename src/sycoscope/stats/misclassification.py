"""A rate seen through a reader who errs: corrected for sensitivity and specificity that were themselves estimated."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sycoscope.core.errors import DataError
from sycoscope.stats.interval import Interval, not_computable, z_of

METHOD = "Rogan-Gladen, Lang-Reiczigel limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRates:
    """What a reader said of labelled cases.

    Attributes:
        hits: Cases that are so, and were said to be; of n_positive. rejections: Cases that are not so, and were
            said not to be; of n_negative. All counts, 0 or more.
    """

    hits: int
    n_positive: int
    rejections: int
    n_negative: int

    def __post_init__(self) -> None:
        if not (0 <= self.hits <= self.n_positive and 0 <= self.rejections <= self.n_negative):
            raise DataError(
                f"{self.hits} hits of {self.n_positive} and {self.rejections} rejections of {self.n_negative}; "
                "needed: 0 <= hits <= n_positive and 0 <= rejections <= n_negative"
            )

    @property
    def sensitivity(self) -> float | None:
        """P(said | so), in [0, 1]; None without such cases."""
        return self.hits / self.n_positive if self.n_positive else None

    @property
    def specificity(self) -> float | None:
        """P(not said | not so), in [0, 1]; None without such cases."""
        return self.rejections / self.n_negative if self.n_negative else None


def corrected_rate(successes: float, n: float, errors: ErrorRates, *, level: float = 0.95) -> Interval:
    """The true rate behind one that was read with errors.

    Args:
        successes: How often it was said, in [0, n]. n: Number of independent trials; neither need be whole
            (an effective n).
        errors: Of the same reader, on labelled cases that are none of these trials.

    Returns:
        Value and limits in [0, 1]; not computable where the reader tells nothing (sensitivity + specificity <= 1).

    Raises:
        DataError: successes outside [0, n].

    Source: point: Rogan and Gladen 1978, Am. J. Epidemiol. 107, 71-76; limits: Lang and Reiczigel 2014, Prev.
        Vet. Med. 113, 13-22, equations 6 to 17 (each of the three proportions moved towards one half, and the
        centre moved by the skew that estimated error rates leave).
    """
    if not (math.isfinite(n) and 0.0 <= successes <= n):
        raise DataError(f"{successes!r} successes of {n!r} trials; needed: 0 <= successes <= n")
    sensitivity, specificity = errors.sensitivity, errors.specificity
    if n == 0:
        return not_computable("no observations", level=level)
    if sensitivity is None or specificity is None or sensitivity + specificity <= 1.0:
        return not_computable(
            "the reader's error rates leave the rate open (sensitivity + specificity must be above 1)",
            level=level, n=round(n),
        )  # fmt: skip
    value = (successes / n + specificity - 1.0) / (sensitivity + specificity - 1.0)
    limits = _limits(successes, n, errors, z_of(level))
    if limits is None:
        return not_computable(
            "too few labelled cases to correct for the reader's errors", level=level, n=round(n)
        )
    return Interval(
        value=_clipped(value), low=limits[0], high=limits[1], level=level, method=METHOD, n=round(n),
        n_clusters=round(n),
        note="" if 0.0 <= value <= 1.0 else f"corrected value {value:.3f} set to the nearest possible rate",
    )  # fmt: skip


def _limits(successes: float, n: float, errors: ErrorRates, z: float) -> tuple[float, float] | None:
    z2 = z * z
    n_seen, n_so, n_not = n + z2, errors.n_positive + 2.0, errors.n_negative + 2.0
    seen = (successes + z2 / 2.0) / n_seen
    hit, rejected = (errors.hits + 1.0) / n_so, (errors.rejections + 1.0) / n_not
    power = hit + rejected - 1.0
    if power <= 0.0:
        return None
    rate = (seen + rejected - 1.0) / power
    of_hits, of_rejections = hit * (1.0 - hit) / n_so, rejected * (1.0 - rejected) / n_not
    shift = 2.0 * z2 * (rate * of_hits - (1.0 - rate) * of_rejections)
    variance = seen * (1.0 - seen) / n_seen + rate**2 * of_hits + (1.0 - rate) ** 2 * of_rejections
    half = z * math.sqrt(variance) / power
    return _clipped(rate + shift - half), _clipped(rate + shift + half)


def _clipped(value: float) -> float:
    return min(max(value, 0.0), 1.0)
