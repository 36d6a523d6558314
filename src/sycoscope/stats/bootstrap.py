"""Cluster bootstrap of statistics that are smooth functions of cluster sums.

Sum what the statistic needs within each cluster (`cluster_sums`), write the statistic as a function of
the total sums, and the clusters are resampled jointly: everything computed from one call shares its weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.clusters import cluster_sums
from sycoscope.stats.interval import (
    FloatArray,
    Interval,
    Labels,
    as_vector,
    check_level,
    not_computable,
    same_length,
)
from sycoscope.stats.proportions import degenerate_limits
from sycoscope.stats.resampling import (
    Kind,
    Rows,
    Statistic,
    bundled,
    distinct_rows,
    evaluate,
    limits,
    n_informative,
    replicates,
)

N_BOOT = 2000
# Where more replicates than this have an empty denominator, no interval is given.
_MOST_UNDEFINED = 0.2


def check_sums(sums: ArrayLike) -> FloatArray:
    """Cluster sums as (n_clusters, k); raises DataError otherwise."""
    table = np.asarray(sums, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise DataError(f"sums has shape {table.shape}; a finite (n_clusters, k) array is needed")
    return table


def bootstrap_replicates(
    sums: ArrayLike, fn: Statistic, *, rng: np.random.Generator, n_boot: int = N_BOOT
) -> FloatArray:
    """(n_boot, m) replicates of m statistics over jointly resampled clusters.

    Args:
        sums: (n_clusters, k), from `cluster_sums`.
        fn: (B, k) total sums -> (B,) or (B, m). It must not change when all sums are multiplied by one factor
            (ratios of sums, and functions of them).

    Raises:
        DataError: Shapes that do not fit, or no cluster with anything in it.
    """
    rows = distinct_rows(check_sums(sums))
    if rows.n_clusters == 0:
        raise DataError("all cluster sums are 0; there is nothing to resample")
    return replicates(bundled(rows, rng), fn, n_boot, rng)


def bootstrap_statistics(
    sums: ArrayLike,
    fn: Statistic,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
    kind: Kind = "bca",
    bounds: tuple[float, float] | None = None,
    n_effective: float | None = None,
    n: int | None = None,
) -> list[Interval]:
    """Intervals of m statistics over jointly resampled clusters.

    Args:
        sums, fn: As `bootstrap_replicates`.
        kind: `bca` or `percentile`; both are read at the tail area for few clusters (`tail_area`).
        bounds: Range of the statistic, as (0, 1) for a rate and (-1, 1) for a difference of rates. Limits are
            cut there, and a bootstrap of zero width falls back to `degenerate_limits` at `n_effective`
            (default: the number of clusters). Without bounds zero width leaves the limits out.
        n: Observations, for the record (default: the number of clusters).

    Returns:
        m intervals. Where a denominator is empty: value None.

    Raises:
        DataError: Shapes that do not fit, or a level outside (0, 1).

    Source: Davison and Hinkley 1997, Bootstrap Methods, section 3.8 (resampling whole clusters); BCa and the
        tail area: see `limits` and `tail_area`.
    """
    check_level(level)
    rows = distinct_rows(check_sums(sums))
    n = rows.n_clusters if n is None else n
    value = evaluate(fn, rows.total[None, :])[0]
    if rows.n_clusters == 0 or np.isnan(value).all():
        return [not_computable("no observations", level=level, n=n, n_clusters=rows.n_clusters)] * value.size
    pool = bundled(rows, rng)
    boot = replicates(pool, fn, n_boot, rng)
    left_out = evaluate(fn, pool.total - pool.table)
    informative = n_informative(evaluate(fn, pool.table), pool.counts)
    low, high = limits(value, boot, left_out, pool.counts, informative=informative, level=level, kind=kind)
    undefined = np.mean(np.isnan(boot), axis=0)
    return [
        _one(
            float(value[i]), float(low[i]), float(high[i]), float(undefined[i]),
            rows=rows, level=level, kind=kind, bounds=bounds, n=n,
            n_effective=float(rows.n_clusters) if n_effective is None else n_effective,
        )
        for i in range(value.size)
    ]  # fmt: skip


def _one(
    value: float,
    low: float,
    high: float,
    undefined: float,
    *,
    rows: Rows,
    level: float,
    kind: Kind,
    bounds: tuple[float, float] | None,
    n: int,
    n_effective: float,
) -> Interval:
    """One statistic's interval: cut to the bounds, with the fallback and the notes."""
    if np.isnan(value):
        return not_computable("no observations", level=level, n=n, n_clusters=rows.n_clusters)
    name = "cluster bootstrap BCa" if kind == "bca" else "cluster bootstrap percentile"

    def interval(ends: tuple[float, float] | None, method: str, note: str = "") -> Interval:
        if ends is not None and bounds is not None:
            ends = max(ends[0], min(bounds[0], value)), min(ends[1], max(bounds[1], value))
        return Interval(
            value=value,
            low=None if ends is None else ends[0],
            high=None if ends is None else ends[1],
            level=level,
            method=method,
            n=n,
            n_clusters=rows.n_clusters,
            note=note,
        )

    if undefined > _MOST_UNDEFINED:
        return interval(None, "", f"too few clusters: {undefined:.0%} of resamples have an empty denominator")
    if not high - low > 1e-12 * max(1.0, abs(value)):
        if bounds is None:
            return interval(None, "", "all clusters alike: the bootstrap has zero width")
        ends = degenerate_limits(value, n_effective, bounds, level)
        return interval(ends, "Wilson at effective n", "the bootstrap has zero width")
    note = f"{undefined:.1%} of resamples had an empty denominator" if undefined > 0 else ""
    return interval((low, high), name, note)


def bootstrap_statistic(
    sums: ArrayLike,
    fn: Statistic,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_boot: int = N_BOOT,
    kind: Kind = "bca",
    bounds: tuple[float, float] | None = None,
    n_effective: float | None = None,
    n: int | None = None,
) -> Interval:
    """Interval of one statistic; as `bootstrap_statistics`, for `fn`: (B, k) -> (B,)."""
    found = bootstrap_statistics(
        sums, fn, rng=rng, level=level, n_boot=n_boot, kind=kind, bounds=bounds, n_effective=n_effective, n=n
    )
    if len(found) != 1:
        raise DataError(f"fn gives {len(found)} statistics; call bootstrap_statistics for more than one")
    return found[0]


def ratio(sums: FloatArray) -> FloatArray:
    """First column over second: the `fn` of a ratio of sums."""
    return np.asarray(sums[:, 0] / sums[:, 1])


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
