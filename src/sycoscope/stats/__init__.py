"""Statistics on plain arrays: arrays in, numbers out. It never sees an item or a trial.

Rates lie in [0, 1]; `clusters` are labels, one per row (None: every row is independent); missing
observations are left out by the caller (a NaN is an error); `rng` is a `numpy.random.Generator`; every
`level` is 0.95 by default. An `Interval` has value, low, high (None where not computable, `note` says why),
level, method, n, n_clusters.

These are the statistics that a run decides with. `sycoscope.stats.reference` has more, tested likewise.

The decision rule (docs/decisions/0003-intervals.md):

1. 0/1 outcomes: Wilson for a rate, square-and-add of Wilson for any weighted sum of rates
   (`rate_contrast`; for a paired difference this is Newcombe's method 10). Clusters of single items: at n,
   with the normal quantile. Larger clusters: at the effective n, with Student's quantile.
2. A change of two subjects: the interval that inverts its test (docs/decisions/0012-the-verdict.md): sign flips of
   whole clusters for 0/1 outcomes of all items, Student's t robust to clusters for everything else.
3. Other numbers, and what is no weighted sum of rates: cluster bootstrap, BCa, read at the tail area for
   the clusters that differ from the most common one.
4. Where the bootstrap has zero width: Wilson's limit at the effective n (`degenerate_limits`).

::

    rate_contrast(numerators (n, k), denominators (n, k), weights (k), clusters=None) -> Interval
    mean(x, clusters=None, *, rng, bounds=None) -> Interval
    detection_contrast(says_signal (n, k), is_signal (n), contrast (k), clusters=None) -> Detection
    paired_mean(values (n), clusters=None, *, bounds, whole=True) -> Tested     (sign flips; t for numbers)
    linearised(sums (n_clusters, k), fn: (B, k) -> (B,), *, bounds=None) -> Tested    (t, robust to clusters)
    detection_change(...) as detection_contrast -> (Tested of d', Tested of the criterion)
    seed_interval(values (n_seeds, n_items), clusters=None, *, bounds=None) -> Interval
    correlation(x, y, *, rng, kind="pearson" | "spearman") -> Correlation

`rate_contrast` takes every weighted sum of rates: (1, -1) a difference of two rates with their own at-risk
sets (denominator 0 where not at risk), (1, -1, -1, 1) a difference in differences. It draws no random
numbers.

Any other smooth function of cluster sums, all from one set of joint resamples::

    cluster_sums(columns (n, k), clusters) -> (n_clusters, k)
    bootstrap_statistic(sums (n_clusters, k), fn: (B, k) -> (B,), *, rng, bounds=None) -> Interval
    bootstrap_statistics(sums, fn: (B, k) -> (B, m), *, rng, bounds=None) -> list[Interval]
    bootstrap_replicates(sums, fn, *, rng) -> (n_boot, m)
    resampled(sums, fn, *, rng) -> Resampled       (resampled.intervals(level): several levels, one set)
    rank_replicates(score (m), replicates (B, m)) -> Ranks

Counts of independent observations::

    wilson(successes, n) -> Interval
    newcombe_paired(both, only_a, only_b, neither) -> Interval
    mcnemar(only_a, only_b, *, mid_p=False) -> Significance
    manski_rate(successes, n_scored, n_missing) -> Bounds;  manski_difference(a, b) -> Bounds
    skew_p_value(places) -> float                            (are positions uniform?)
    same_place(places) -> "start" | "end" | None

Several tests, the smallest effect that could have been seen, agreement::

    holm(p_values), benjamini_hochberg(p_values) -> list[float | None]        (None passes through)
    minimum_detectable_effect(standard_error, *, alpha=0.05, power=0.8, df=inf) -> float
    items_needed(standard_error, n, distance, *, alpha=0.05, power=0.8) -> int
    kappa(a, b) -> float | None;  cohen_kappa(a, b, clusters=None, *, rng) -> Interval
    confusion(a, b) -> (labels, counts)

Clusters: kish_n(sizes), design_effect(x, clusters), effective_n(x, clusters),
cluster_standard_error(x, clusters) -> (error | None, df).
"""

from sycoscope.stats.agreement import cohen_kappa, confusion, kappa
from sycoscope.stats.association import Correlation, correlation
from sycoscope.stats.bootstrap import (
    Resampled,
    bootstrap_replicates,
    bootstrap_statistic,
    bootstrap_statistics,
    ratio,
    resampled,
)
from sycoscope.stats.clusters import (
    cluster_standard_error,
    cluster_sums,
    design_effect,
    effective_n,
    kish_n,
)
from sycoscope.stats.contrasts import rate_contrast
from sycoscope.stats.detection import Detection, d_prime_and_criterion, detection_change, detection_contrast
from sycoscope.stats.interval import Interval, Significance
from sycoscope.stats.means import mean
from sycoscope.stats.missing import Bounds, manski_difference, manski_rate
from sycoscope.stats.multiplicity import benjamini_hochberg, holm
from sycoscope.stats.paired import Tested, linearised, nothing_to_test, paired_mean
from sycoscope.stats.positions import same_place, skew_p_value
from sycoscope.stats.power import items_needed, minimum_detectable_effect
from sycoscope.stats.proportions import mcnemar, newcombe_paired, wilson
from sycoscope.stats.ranks import Ranks, rank_replicates
from sycoscope.stats.seeds import seed_interval

__all__ = [
    "Bounds", "Correlation", "Detection", "Interval", "Ranks", "Resampled", "Significance", "Tested",
    "benjamini_hochberg", "bootstrap_replicates", "bootstrap_statistic", "bootstrap_statistics",
    "cluster_standard_error", "cluster_sums", "cohen_kappa", "confusion", "correlation",
    "d_prime_and_criterion", "design_effect", "detection_change", "detection_contrast", "effective_n",
    "holm", "items_needed", "kappa", "kish_n", "linearised", "manski_difference", "manski_rate", "mcnemar", "mean",
    "minimum_detectable_effect", "newcombe_paired", "nothing_to_test", "paired_mean", "rank_replicates",
    "rate_contrast", "ratio", "resampled", "same_place", "seed_interval", "skew_p_value", "wilson",
]  # fmt: skip
