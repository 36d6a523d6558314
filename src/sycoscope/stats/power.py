"""The smallest effect that a study could have seen, and how many items would show more, from its standard error."""

from __future__ import annotations

import math

from sycoscope.core.errors import DataError


def normal_quantiles(alpha: float, power: float) -> tuple[float, float]:
    """Normal quantiles of 1 - alpha / 2 and of `power`; raises DataError for values out of range."""
    from scipy.special import ndtri

    if not (0.0 < alpha < 1.0 and alpha / 2.0 < power < 1.0):
        raise DataError(
            f"alpha is {alpha}, power is {power}; needed: 0 < alpha < 1 and alpha / 2 < power < 1"
        )
    return float(-ndtri(alpha / 2.0)), float(ndtri(power))


def minimum_detectable_effect(
    standard_error: float, *, alpha: float = 0.05, power: float = 0.8, df: float = math.inf
) -> float:
    """The true effect that a test with this standard error detects with the given power.

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
    z_alpha, z_power = normal_quantiles(alpha, power)
    if not math.isinf(df):
        z_alpha, z_power = float(-stdtrit(df, alpha / 2.0)), float(stdtrit(df, power))
    return (z_alpha + z_power) * standard_error


def items_needed(
    standard_error: float, n: int, distance: float, *, alpha: float = 0.05, power: float = 0.8
) -> int:
    """How many items like these a one-sided limit needs to stay clear of a margin with the given power.

    Args:
        standard_error: Observed on `n` items, > 0; it falls with the root of their number.
        distance: From the true effect to the margin, > 0, in the units of the standard error.

    Returns:
        n * ((z_{1 - alpha} + z_{power}) * standard_error / distance)^2, rounded up.

    Raises:
        DataError: Values out of range.

    Source: Julious 2004, Stat. Med. 23, 1921-1986, section 6 (non-inferiority).
    """
    if not (standard_error > 0.0 and distance > 0.0 and n > 0):
        raise DataError(
            f"standard error is {standard_error}, distance {distance}, n {n}; needed: all above 0"
        )
    z_alpha, z_power = normal_quantiles(2.0 * alpha, power)
    return math.ceil(n * ((z_alpha + z_power) * standard_error / distance) ** 2)
