"""The smallest effect that a study could have seen: planned before, and from its standard error after."""

from __future__ import annotations

import math

from sycoscope.core.errors import DataError


def _quantiles(alpha: float, power: float) -> tuple[float, float]:
    from scipy.special import ndtri

    if not (0.0 < alpha < 1.0 and alpha / 2.0 < power < 1.0):
        raise DataError(
            f"alpha is {alpha}, power is {power}; needed: 0 < alpha < 1 and alpha / 2 < power < 1"
        )
    return float(-ndtri(alpha / 2.0)), float(ndtri(power))


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
    z, _ = _quantiles(alpha, 0.8)
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
    z_alpha, z_power = _quantiles(alpha, power)
    # delta * sqrt(n) = z_alpha * sqrt(psi) + z_power * sqrt(psi - delta^2), a quadratic in delta.
    inside = discordance * (n + z_power**2 - z_alpha**2)
    if inside < 0.0:
        return None
    delta = (z_alpha * math.sqrt(n * discordance) + z_power * math.sqrt(inside)) / (n + z_power**2)
    return delta if delta <= discordance else None


def minimum_detectable_effect(
    standard_error: float, *, alpha: float = 0.05, power: float = 0.8, df: float = math.inf
) -> float:
    """After: the true effect that a test with this standard error detects with the given power.

    Args:
        standard_error: Observed, >= 0 (as `cluster_standard_error`). df: its degrees of freedom.

    Returns:
        (t_{1 - alpha/2} + t_{power}) * standard_error, in the units of the effect.

    Raises:
        DataError: A negative standard error or values out of range.

    Source: Bloom 1995, Eval. Rev. 19, 547-556 (minimum detectable effect).
    """
    from scipy.special import stdtrit

    if not (standard_error >= 0.0 and df > 0.0):
        raise DataError(f"standard error is {standard_error}, df is {df}; needed: error >= 0 and df > 0")
    z_alpha, z_power = _quantiles(alpha, power)
    if not math.isinf(df):
        z_alpha, z_power = float(-stdtrit(df, alpha / 2.0)), float(stdtrit(df, power))
    return (z_alpha + z_power) * standard_error
