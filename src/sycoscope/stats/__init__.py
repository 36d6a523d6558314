"""Statistics on plain arrays: arrays in, numbers out. It never sees an item or a trial.

Rates live in [0, 1]; `clusters` are labels, one a row (None: every row is independent); missing
observations are left out by the caller (a NaN is an error); `rng` is a `numpy.random.Generator`; every
`level` is 0.95 by default. An `Interval` has value, low, high (None where not computable, `note` says why),
level, method, n, n_clusters.

The decision rule (docs/decisions/0003-intervals.md)::

    rate(x, clusters=None, *, rng) -> Interval
    paired_rate_difference(a, b, clusters=None, *, rng) -> Interval
    rate_contrast(numerators (n, k), denominators (n, k), weights (k), clusters=None) -> Interval
    mean(x, clusters=None, *, rng, bounds=None) -> Interval
    mean_difference(x, y, clusters=None, *, rng, bounds=None) -> Interval

`rate_contrast` takes every weighted sum of rates: (1, -1) a difference of two rates with their own at-risk
sets (denominator 0 where not at risk), (1, -1, -1, 1) a difference in differences. It draws no random
numbers.

Whatever else is a smooth function of cluster sums::

    cluster_sums(columns (n, k), clusters) -> (n_clusters, k)
    bootstrap_ratio(numerators, denominators, clusters, *, rng, bounds=None) -> Interval
    bootstrap_statistic(sums (n_clusters, k), fn: (B, k) -> (B,), *, rng, bounds=None) -> Interval
    bootstrap_statistics(sums, fn: (B, k) -> (B, m), *, rng, bounds=None) -> list[Interval]
    bootstrap_replicates(sums, fn, *, rng) -> (n_boot, m)
    rank_uncertainty(sums, fn: (B, k) -> (B, m), *, rng) -> Ranks
    rank_replicates(score (m), replicates (B, m)) -> Ranks

Several seeds, the same items in each, values (n_seeds, n_items)::

    seed_interval(values, clusters=None, *, bounds=None) -> Interval
    nested_bootstrap(values, clusters=None, *, rng, same_items=True) -> Interval

Counts of independent observations::

    wilson(successes, n) -> Interval
    newcombe_paired(both, only_a, only_b, neither) -> Interval
    tango(both, only_a, only_b, neither) -> Interval
    mcnemar(only_a, only_b, *, mid_p=False) -> Significance

Tests, margins, missing outcomes, power::

    sign_flip_test(differences, clusters=None, *, rng, n_permutations=9999) -> Significance
    holm(p_values), benjamini_hochberg(p_values) -> list[float | None]        (None passes through)
    equivalence(differences, clusters=None, *, low, high, alpha=0.05, bounds=None) -> MarginTest
    non_inferiority(differences, clusters=None, *, margin, alpha=0.05, bounds=None) -> MarginTest
    manski_rate(successes, n_scored, n_missing) -> Bounds;  manski_difference(a, b) -> Bounds
    minimum_detectable_difference(n, discordance, *, alpha=0.05, power=0.8) -> float | None      (before)
    paired_power(difference, n, discordance, *, alpha=0.05) -> float
    minimum_detectable_effect(standard_error, *, alpha=0.05, power=0.8, df=inf) -> float         (after)

Other measures::

    detection(says_signal, is_signal, clusters=None) -> Detection(d_prime, criterion)
    detection_contrast(says_signal (n, k), is_signal (n), contrast (k), clusters=None) -> Detection
    correlation(x, y, *, rng, kind="pearson" | "spearman") -> Correlation
    cohen_kappa(a, b, clusters=None, *, rng) -> Interval;  confusion(a, b) -> (labels, counts)

Clusters: kish_n(sizes), design_effect(x, clusters), effective_n(x, clusters),
cluster_standard_error(x, clusters) -> (error | None, df).
"""

from sycoscope.stats.agreement import cohen_kappa, confusion
from sycoscope.stats.association import Correlation, correlation
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
from sycoscope.stats.contrasts import rate_contrast
from sycoscope.stats.detection import Detection, d_prime_and_criterion, detection, detection_contrast
from sycoscope.stats.equivalence import MarginTest, equivalence, non_inferiority
from sycoscope.stats.interval import Interval, Significance
from sycoscope.stats.missing import Bounds, manski_difference, manski_rate
from sycoscope.stats.multiplicity import benjamini_hochberg, holm
from sycoscope.stats.permutation import sign_flip_test
from sycoscope.stats.power import minimum_detectable_difference, minimum_detectable_effect, paired_power
from sycoscope.stats.proportions import mcnemar, newcombe_paired, tango, wilson
from sycoscope.stats.ranks import Ranks, rank_replicates, rank_uncertainty
from sycoscope.stats.rates import mean, mean_difference, paired_rate_difference, rate
from sycoscope.stats.seeds import nested_bootstrap, seed_interval

__all__ = [
    "Bounds", "Correlation", "Detection", "Interval", "MarginTest", "Ranks", "Significance",
    "benjamini_hochberg", "bootstrap_ratio", "bootstrap_replicates", "bootstrap_statistic",
    "bootstrap_statistics", "cluster_standard_error", "cluster_sums", "cohen_kappa", "confusion",
    "correlation", "d_prime_and_criterion", "design_effect", "detection", "detection_contrast",
    "effective_n", "equivalence", "holm", "kish_n", "manski_difference", "manski_rate", "mcnemar", "mean",
    "mean_difference", "minimum_detectable_difference", "minimum_detectable_effect", "nested_bootstrap",
    "newcombe_paired", "non_inferiority", "paired_power", "paired_rate_difference", "rank_replicates",
    "rank_uncertainty", "rate", "rate_contrast", "ratio", "ratio_difference", "seed_interval",
    "sign_flip_test", "tango", "wilson",
]  # fmt: skip
