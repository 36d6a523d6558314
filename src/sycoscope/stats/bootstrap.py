"""Cluster bootstrap of statistics that are smooth functions of cluster sums.

Sum what the statistic needs within each cluster (`cluster_sums`), write the statistic as a function of
the total sums, and the clusters are resampled jointly: everything computed from one call shares its weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.interval import FloatArray, IntArray, Interval, check_level, not_computable
from sycoscope.stats.proportions import degenerate_limits
from sycoscope.stats.resampling import (
    Kind,
    Statistic,
    bundled,
    distinct_rows,
    evaluate,
    limits,
    n_informative,
    replicates,
)

N_BOOT = 2000
# Where a larger share of the replicates has an empty denominator, no limits are given.
MAX_UNDEFINED = 0.2


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


@dataclass(frozen=True, slots=True)
class Resampled:
    """m statistics with their joint bootstrap and jackknife; `intervals` reads limits at any level.

    Attributes:
        value: (m,) from all clusters; NaN where a denominator is empty.
        boot: (n_boot, m) replicates, NaN likewise. left_out: (n_rows, m), each distinct row once left out.
        counts: (n_rows,) clusters with each row. informative: (m,) clusters that count, for `tail_area`.
        n_clusters: Clusters with anything in them.
        scheme: What is resampled, for the name of the method.
    """

    value: FloatArray
    boot: FloatArray
    left_out: FloatArray
    counts: IntArray
    informative: FloatArray
    n_clusters: int
    scheme: str

    def intervals(
        self,
        level: float = 0.95,
        *,
        kind: Kind = "bca",
        bounds: tuple[float, float] | None = None,
        n_effective: float | None = None,
        n: int | None = None,
        max_undefined: float = MAX_UNDEFINED,
    ) -> list[Interval]:
        """Intervals of the m statistics.

        Args:
            kind, bounds, n_effective, n: As `bootstrap_statistics`.
            max_undefined: No limits where a larger share of the resamples has an empty denominator.
        """
        check_level(level)
        n = self.n_clusters if n is None else n
        if np.isnan(self.value).all():
            none = not_computable("no observations", level=level, n=n, n_clusters=self.n_clusters)
            return [none] * self.value.size
        low, high = limits(
            self.value, self.boot, self.left_out, self.counts,
            informative=self.informative, level=level, kind=kind,
        )  # fmt: skip
        undefined = np.mean(np.isnan(self.boot), axis=0)
        method = f"{self.scheme} {'BCa' if kind == 'bca' else 'percentile'}"
        n_effective = float(self.n_clusters) if n_effective is None else n_effective
        return [
            _interval(
                float(self.value[i]), (float(low[i]), float(high[i])), float(undefined[i]),
                Interval(
                    value=None, low=None, high=None, level=level, method=method, n=n, n_clusters=self.n_clusters
                ),
                bounds=bounds, n_effective=n_effective, max_undefined=max_undefined,
            )
            for i in range(self.value.size)
        ]  # fmt: skip


def _interval(
    value: float,
    ends: tuple[float, float],
    undefined: float,
    frame: Interval,
    *,
    bounds: tuple[float, float] | None,
    n_effective: float,
    max_undefined: float,
) -> Interval:
    """One statistic's interval: cut to the bounds, with the fallback and the notes.

    Args:
        undefined: Share of resamples with an empty denominator. frame: level, method and counts to fill in.
    """
    if np.isnan(value):
        return replace(frame, method="", note="no observations")
    without = replace(frame, value=value, method="")
    if undefined > max_undefined:
        note = f"too few clusters: {undefined:.0%} of resamples have an empty denominator"
        return replace(without, note=note)
    method, note = frame.method, ""
    if undefined > 0:
        note = f"{undefined:.1%} of resamples had an empty denominator"
    if not ends[1] - ends[0] > 1e-12 * max(1.0, abs(value)):
        if bounds is None:
            return replace(without, note="all clusters alike: the bootstrap has zero width")
        ends = degenerate_limits(value, n_effective, bounds, frame.level)
        method, note = "Wilson at effective n", "the bootstrap has zero width"
    low, high = ends
    if bounds is not None:
        low, high = max(low, min(bounds[0], value)), min(high, max(bounds[1], value))
    return replace(frame, value=value, low=low, high=high, method=method, note=note)


def resampled(
    sums: ArrayLike,
    fn: Statistic,
    *,
    rng: np.random.Generator,
    n_boot: int = N_BOOT,
    where_undefined: Literal["skip", "all count"] = "skip",
    scheme: str = "cluster bootstrap",
) -> Resampled:
    """Resample clusters once, to read intervals of m statistics at several levels.

    Args:
        sums, fn: As `bootstrap_replicates`.
        where_undefined: A cluster alone may not define a statistic (0/0). `skip`: such clusters are not
            compared with the others (`n_informative`); `all count`: where there is one, all clusters count
            (statistics of several parts, of which no cluster need have all).
        scheme: Start of the method's name in the intervals.

    Raises:
        DataError: Shapes that do not fit.

    Source: Davison and Hinkley 1997, Bootstrap Methods, section 3.8 (resampling whole clusters); BCa and the
        tail area: see `limits` and `tail_area`.
    """
    rows = distinct_rows(check_sums(sums))
    value = evaluate(fn, rows.total[None, :])[0]
    if rows.n_clusters == 0 or np.isnan(value).all():
        none = np.zeros((0, value.size))
        undefined = np.full(value.size, np.nan)
        return Resampled(undefined, none, none, rows.counts, undefined, rows.n_clusters, scheme)
    pool = bundled(rows, rng)
    boot = replicates(pool, fn, n_boot, rng)
    alone = evaluate(fn, pool.table)
    if where_undefined == "all count" and np.isnan(alone).any():
        informative = np.full(value.size, float(rows.n_clusters))
    else:
        informative = n_informative(alone, pool.counts)
    left_out = evaluate(fn, pool.total - pool.table)
    return Resampled(value, boot, left_out, pool.counts, informative, rows.n_clusters, scheme)


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

    Source: as `resampled`.
    """
    check_level(level)
    resamples = resampled(sums, fn, rng=rng, n_boot=n_boot)
    return resamples.intervals(level, kind=kind, bounds=bounds, n_effective=n_effective, n=n)


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
    intervals = bootstrap_statistics(
        sums, fn, rng=rng, level=level, n_boot=n_boot, kind=kind, bounds=bounds, n_effective=n_effective, n=n
    )
    if len(intervals) != 1:
        raise DataError(f"fn gives {len(intervals)} statistics; call bootstrap_statistics for more than one")
    return intervals[0]


def ratio(sums: FloatArray) -> FloatArray:
    """First column over second: the `fn` of a ratio of sums."""
    return np.asarray(sums[:, 0] / sums[:, 1])
