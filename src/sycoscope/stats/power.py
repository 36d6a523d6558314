"""The smallest effect that a study could have seen, from its standard error."""

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
