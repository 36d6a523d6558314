"""Whether people who label a run's responses agree with the rules, and with one another.

A sample is drawn by reading, so a rare reading is drawn more often than it occurs. Here every response counts for as
many as it stands for: those of its stratum, over the labelled ones of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sycoscope.analysis.by_hand import Key, weighted_share
from sycoscope.analysis.label_queue import Stratum
from sycoscope.core.files import digest_of
from sycoscope.facets import FACETS
from sycoscope.stats import Interval
from sycoscope.stats.agreement import cohen_kappa, confusion

RULES = "the rules"
# Of the bootstrap, so that the same labels give the same limits.
_SEED = 0


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A response that was read in two ways."""

    key: Key
    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """Two readers of one facet's responses; of a person and the rules, the person first.

    Attributes:
        n: Responses that both read. n_unread: labelled by the person, and not read by the rules; they are not in n.
        coverage: n, of all responses that could be drawn.
        agreement: Share read alike (Wilson, at the effective n of the weights). kappa: Cohen's, with the interval of a
            cluster bootstrap; no value where both give one label throughout.
        labels, table: Counts, not weighted: row is the first's label, column the second's.
    """

    task: str
    first: str
    second: str
    n: int
    n_unread: int
    coverage: float
    agreement: Interval
    kappa: Interval
    labels: Sequence[str]
    table: Sequence[Sequence[int]]
    disagreements: Sequence[Disagreement]


def pair_agreements(
    said: Mapping[str, Mapping[Key, str]], read: Mapping[Key, str], strata: Sequence[Stratum]
) -> list[PairAgreement]:
    """Each person with the rules, then each two people, by facet; of pairs with a response that both read.

    Args:
        said: Person -> trial -> choice. read: trial -> choice that its reading stands for, of those that were read.
        strata: Of all responses that could be drawn; labels of others are left out.
    """
    found = []
    for task in dict.fromkeys(one.task for one in strata):
        mine = [one for one in strata if one.task == task]
        for first, second, one, other in _pairs(said, read):
            known = [key for stratum in mine for key in stratum.keys if key in one]
            shared = [key for key in known if key in other]
            if shared:
                unread = len(known) - len(shared) if second == RULES else 0
                found.append(_pair(task, (first, second), (one, other), set(shared), unread, mine))
    return found


def _pairs(
    said: Mapping[str, Mapping[Key, str]], read: Mapping[Key, str]
) -> Iterator[tuple[str, str, Mapping[Key, str], Mapping[Key, str]]]:
    for who, labels in said.items():
        yield who, RULES, labels, read
    for first, second in combinations(said, 2):
        yield first, second, said[first], said[second]


def _pair(
    task: str,
    names: tuple[str, str],
    readings: tuple[Mapping[Key, str], Mapping[Key, str]],
    shared: set[Key],
    n_unread: int,
    strata: Sequence[Stratum],
) -> PairAgreement:
    keys, weights, clusters = [], [], []
    for stratum in strata:
        drawn = [i for i, key in enumerate(stratum.keys) if key in shared]
        keys += [stratum.keys[i] for i in drawn]
        clusters += [stratum.clusters[i] for i in drawn]
        weights += [len(stratum.keys) / max(len(drawn), 1)] * len(drawn)
    first, second = ([one[key] for key in keys] for one in readings)
    alike = np.array([a == b for a, b in zip(first, second, strict=True)])
    each = np.array(weights)
    found, counts = confusion(first, second)
    by_hand = FACETS[task].by_hand
    order = {name: i for i, name in enumerate(by_hand.choices)} if by_hand else {}
    place = sorted(range(len(found)), key=lambda i: order.get(str(found[i]), len(order)))
    kappa = cohen_kappa(first, second, clusters, weights=each, rng=np.random.default_rng(_SEED))
    return PairAgreement(
        task=task, first=names[0], second=names[1], n=len(keys), n_unread=n_unread,
        coverage=len(keys) / sum(len(one.keys) for one in strata),
        agreement=weighted_share(alike, each, np.ones(alike.size, dtype=bool)), kappa=kappa,
        labels=[str(found[i]) for i in place],
        table=[[int(counts[i, j]) for j in place] for i in place],
        disagreements=[
            Disagreement(key, a, b) for key, a, b in zip(keys, first, second, strict=True) if a != b
        ],
    )  # fmt: skip


def agreed(said: Sequence[Mapping[Key, str]]) -> tuple[dict[Key, str], list[Key]]:
    """One label of each response: the one that most people gave.

    Where as many gave one as another, it is drawn among these, the same each time: to leave such responses out would
    leave out those that are hard to read.

    Args:
        said: Of each person, trial -> label.

    Returns:
        (trial -> label, the trials whose label was drawn).
    """
    votes: dict[Key, Counter[str]] = {}
    for labels in said:
        for key, label in labels.items():
            votes.setdefault(key, Counter())[label] += 1
    found, drawn = {}, []
    for key, counter in votes.items():
        most = max(counter.values())
        leading = [label for label, n in counter.items() if n == most]
        if len(leading) > 1:
            drawn.append(key)
        found[key] = min(leading, key=lambda label: digest_of([*key, label]))
    return found, drawn
