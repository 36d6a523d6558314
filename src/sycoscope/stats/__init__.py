"""Statistics on plain arrays: arrays in, numbers out. It never sees an item or a trial.

Rates live in [0, 1]; `clusters` are any hashable labels, one a row (None: every row is independent); missing
observations are left out by the caller (a NaN is an error); `rng` is a `numpy.random.Generator`.

The decision rule (docs/decisions/0003-intervals.md)::

    rate(x, clusters=None, *, rng, level=0.95) -> Interval
    paired_rate_difference(a, b, clusters=None, *, rng, level=0.95) -> Interval
    mean(x, clusters=None, *, rng, level=0.95, bounds=None) -> Interval
    mean_difference(x, y, clusters=None, *, rng, level=0.95, bounds=None) -> Interval

Contrasts that are functions of cluster sums::

    cluster_sums(columns (n, k), clusters) -> (n_clusters, k)
    bootstrap_ratio(numerators, denominators, clusters, *, rng, level=0.95, bounds=None) -> Interval
    bootstrap_statistic(sums (n_clusters, k), fn: (B, k) -> (B,), *, rng, level=0.95, bounds=None) -> Interval
    bootstrap_statistics(sums, fn: (B, k) -> (B, m), *, rng, ...) -> list[Interval]
    bootstrap_replicates(sums, fn, *, rng) -> (n_boot, m)

Counts of independent observations::

    wilson(successes, n, *, level=0.95) -> Interval
    newcombe_paired(both, only_a, only_b, neither, *, level=0.95) -> Interval
    tango(both, only_a, only_b, neither, *, level=0.95) -> Interval
    mcnemar(only_a, only_b, *, mid_p=False) -> Significance

Clusters: kish_n(sizes), design_effect(x, clusters), effective_n(x, clusters),
cluster_standard_error(x, clusters) -> (error | None, df).
"""

from sycoscope.stats.bootstrap import (
    bootstrap_ratio,
    bootstrap_replicates,
    bootstrap_statistic,
    bootstrap_statistics,
    ratio,
    ratio_difference,
)
from sycoscope.stats.clusters import (
    cluster_standard_error,
    cluster_sums,
    design_effect,
    effective_n,
    kish_n,
)
from sycoscope.stats.interval import Interval, Significance
from sycoscope.stats.proportions import mcnemar, newcombe_paired, tango, wilson
from sycoscope.stats.rates import mean, mean_difference, paired_rate_difference, rate

__all__ = [
    "Interval",
    "Significance",
    "bootstrap_ratio",
    "bootstrap_replicates",
    "bootstrap_statistic",
    "bootstrap_statistics",
    "cluster_standard_error",
    "cluster_sums",
    "design_effect",
    "effective_n",
    "kish_n",
    "mcnemar",
    "mean",
    "mean_difference",
    "newcombe_paired",
    "paired_rate_difference",
    "rate",
    "ratio",
    "ratio_difference",
    "tango",
    "wilson",
]
