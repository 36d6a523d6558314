"""Before a study: the power of n pairs, and the smallest paired difference of rates that they detect."""

from __future__ import annotations

import math

from sycoscope.core.errors import DataError
from sycoscope.stats.power import normal_quantiles


def paired_power(difference: float, n: float, discordance: float, *, alpha: float = 0.05) -> float:
    """Power of McNemar's test (normal approximation, two-sided).

    Args:
        difference: True p_a - p_b, |difference| <= discordance.
        n: Pairs (an effective n where items cluster). discordance: share of pairs that differ, in (0, 1].

    Raises:
        DataError: Values out of range.

    Source: Connor 1987, Biometrics 43, 207-211, equation 1.
    """
    from scipy.special import ndtr

    _check_plan(n, discordance)
    if abs(difference) > discordance:
        raise DataError(f"difference {difference} exceeds the discordance {discordance}; it cannot")
    z, _ = normal_quantiles(alpha, 0.8)
    spread = math.sqrt(max(discordance - difference**2, 1e-300))
    return float(ndtr((abs(difference) * math.sqrt(n) - z * math.sqrt(discordance)) / spread))


def _check_plan(n: float, discordance: float) -> None:
    if not n > 0.0 or not 0.0 < discordance <= 1.0:
        raise DataError(f"n is {n}, discordance is {discordance}; needed: n > 0 and 0 < discordance <= 1")


def minimum_detectable_difference(
    n: float, discordance: float, *, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Before: the smallest paired difference of rates that n pairs detect with the given power.

    None where even the largest possible difference (all discordant pairs one way) is not detected.

    Args:
        n: Pairs (an effective n where items cluster). discordance: share of pairs that differ, in (0, 1].
        alpha: Two-sided; divide by the number of primaries for a study that adjusts.

    Raises:
        DataError: Values out of range.

    Source: Connor 1987, equation 3, solved for the difference.
    """
    _check_plan(n, discordance)
    z_alpha, z_power = normal_quantiles(alpha, power)
    # delta * sqrt(n) = z_alpha * sqrt(psi) + z_power * sqrt(psi - delta^2), a quadratic in delta.
    inside = discordance * (n + z_power**2 - z_alpha**2)
    if inside < 0.0:
        return None
    delta = (z_alpha * math.sqrt(n * discordance) + z_power * math.sqrt(inside)) / (n + z_power**2)
    return delta if delta <= discordance else None
