"""Single rates, paired differences and ratios by the decision rule; a run takes them as `rate_contrast` and `mean`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.stats.bootstrap import N_BOOT, bootstrap_statistic, ratio
from sycoscope.stats.clusters import cluster_sums
from sycoscope.stats.contrasts import rate_contrast
from sycoscope.stats.interval import (
    FloatArray,
    Interval,
    Labels,
    as_vector,
    check_level,
    cluster_codes,
    not_computable,
    same_length,
)
from sycoscope.stats.means import mean
from sycoscope.stats.resampling import Kind


def _is_binary(values: FloatArray) -> bool:
    return bool(np.all((values == 0.0) | (values == 1.0)))


def rate(
    x: ArrayLike,
    clusters: Labels | None = None,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
) -> Interval:
    """A rate with the interval of the decision rule.

    Args:
        x: (n,) outcomes in [0, 1]; missing ones are left out by the caller.
        clusters: (n,) labels; None: every observation is independent.
        rng: Used by the bootstrap only, that is for outcomes between 0 and 1.

    Raises:
        DataError: A value outside [0, 1] or missing, or another number of labels.
    """
    values = as_vector("x", x, low=0.0, high=1.0)
    codes, _ = cluster_codes(clusters, values.size)
    check_level(level)
    if values.size == 0:
        return not_computable("no observations", level=level)
    if _is_binary(values):
        column = values[:, None]
        interval = rate_contrast(column, np.ones_like(column), (1.0,), codes, level=level)
        return replace(interval, method=interval.method.removeprefix("square-and-add "))
    return mean(values, codes, rng=rng, level=level, n_boot=n_boot, bounds=(0.0, 1.0))


def paired_rate_difference(
    a: ArrayLike,
    b: ArrayLike,
    clusters: Labels | None = None,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
) -> Interval:
    """mean(a) - mean(b) of two rates of the same items, with the interval of the decision rule.

    Args:
        a, b: (n,) outcomes in [0, 1]; row i of both is the same item (and draw).
        clusters: (n,) labels; None: every item is independent.

    Raises:
        DataError: Lengths that differ, a value outside [0, 1] or missing.
    """
    first, second = as_vector("a", a, low=0.0, high=1.0), as_vector("b", b, low=0.0, high=1.0)
    same_length(a=first, b=second)
    codes, _ = cluster_codes(clusters, first.size)
    check_level(level)
    if first.size == 0:
        return not_computable("no pairs", level=level)
    if _is_binary(first) and _is_binary(second):
        cells = np.stack([first, second], axis=1)
        interval = rate_contrast(cells, np.ones_like(cells), (1.0, -1.0), codes, level=level)
        return replace(interval, method=interval.method.replace("square-and-add Wilson", "Newcombe 10"))
    return mean(first - second, codes, rng=rng, level=level, n_boot=n_boot, bounds=(-1.0, 1.0))


def mean_difference(
    x: ArrayLike,
    y: ArrayLike,
    clusters: Labels | None = None,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """mean(x) - mean(y), paired per item; arguments as `mean` (`bounds` are those of one x - y)."""
    first, second = as_vector("x", x), as_vector("y", y)
    same_length(x=first, y=second)
    return mean(first - second, clusters, rng=rng, level=level, n_boot=n_boot, bounds=bounds)


def ratio_difference(sums: FloatArray) -> FloatArray:
    """Column 0 / column 1 - column 2 / column 3: the `fn` of a difference of two rates."""
    return np.asarray(sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3])


def bootstrap_ratio(
    numerators: ArrayLike,
    denominators: ArrayLike,
    clusters: Labels | None,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
    kind: Kind = "bca",
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Cluster bootstrap of sum(numerators) / sum(denominators), as a rate among those at risk.

    Args:
        numerators: (n,). denominators: (n,), 0 or more: weight of each row, 0 where not at risk.
        clusters: (n,) labels, or None.
        bounds, kind: As `bootstrap_statistics`.

    Raises:
        DataError: Lengths that differ, or values that are not finite.
    """
    top, bottom = as_vector("numerators", numerators), as_vector("denominators", denominators, low=0.0)
    same_length(numerators=top, denominators=bottom)
    sums = cluster_sums(np.stack([top, bottom], axis=1), clusters)
    squares = float(np.sum(sums[:, 1] ** 2))
    return bootstrap_statistic(
        sums,
        ratio,
        rng=rng,
        level=level,
        n_boot=n_boot,
        kind=kind,
        bounds=bounds,
        n_effective=float(sums[:, 1].sum()) ** 2 / squares if squares > 0 else None,
        n=int(np.count_nonzero(bottom)),
    )
