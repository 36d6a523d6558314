"""Statistics that no run uses: tested against other software, for comparison and for work outside a study.

What a run decides with stands in `sycoscope.stats`; conventions are the same.

Rates and ratios::

    rate(x, clusters=None, *, rng) -> Interval
    paired_rate_difference(a, b, clusters=None, *, rng) -> Interval
    mean_difference(x, y, clusters=None, *, rng, bounds=None) -> Interval
    bootstrap_ratio(numerators, denominators, clusters, *, rng, bounds=None) -> Interval
    ratio_difference(sums (B, 4)) -> (B,)
    tango(both, only_a, only_b, neither) -> Interval

Tests, margins, power::

    sign_flip_test(differences, clusters=None, *, rng, n_permutations=9999) -> Significance
    equivalence(differences, clusters=None, *, low, high, alpha=0.05, bounds=None) -> MarginTest
    non_inferiority(differences, clusters=None, *, margin, alpha=0.05, bounds=None) -> MarginTest
    minimum_detectable_difference(n, discordance, *, alpha=0.05, power=0.8) -> float | None
    paired_power(difference, n, discordance, *, alpha=0.05) -> float

Seeds, ranks, signal detection::

    nested_bootstrap(values (n_seeds, n_items), clusters=None, *, rng, same_items=True) -> Interval
    rank_uncertainty(sums, fn: (B, k) -> (B, m), *, rng) -> Ranks
    detection(says_signal, is_signal, clusters=None) -> Detection(d_prime, criterion)
"""

from sycoscope.stats.reference.detection import detection
from sycoscope.stats.reference.equivalence import MarginTest, equivalence, non_inferiority
from sycoscope.stats.reference.permutation import sign_flip_test
from sycoscope.stats.reference.power import minimum_detectable_difference, paired_power
from sycoscope.stats.reference.proportions import tango
from sycoscope.stats.reference.ranks import rank_uncertainty
from sycoscope.stats.reference.rates import (
    bootstrap_ratio,
    mean_difference,
    paired_rate_difference,
    rate,
    ratio_difference,
)
from sycoscope.stats.reference.seeds import nested_bootstrap

__all__ = [
    "MarginTest", "bootstrap_ratio", "detection", "equivalence", "mean_difference",
    "minimum_detectable_difference", "nested_bootstrap", "non_inferiority", "paired_power",
    "paired_rate_difference", "rank_uncertainty", "rate", "ratio_difference", "sign_flip_test", "tango",
]  # fmt: skip
