"""Which responses people are asked about one by one, and in which order.

Drawn by facet, subject, condition and reading, those that the rules could not read among them, and within a reading in
step over held and caved before and after. So within a reading each response is as likely to be drawn as any other,
which the correction by labels needs, and no part of the flip table is left out by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sycoscope.analysis.by_hand import MIN_LABELS, Key, ResponseCell, allocation
from sycoscope.analysis.flips import Flip
from sycoscope.core.files import digest_of
from sycoscope.core.types import Score
from sycoscope.facets import FACETS

# Why a response that there is has no reading.
UNREAD = ("unparsed", "truncated")
_SCALE = 16**24  # of a digest's numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """Responses of one subject under one condition that were read as one thing, or not read for one reason.

    Attributes:
        reading: A label of the facet, or a status as `unparsed`. clusters: of each response, as `keys`.
    """

    task: str
    subject: str
    condition: str
    reading: str
    keys: Sequence[Key]
    clusters: Sequence[str]


def readings(scores: Iterable[Score]) -> tuple[dict[Key, str], dict[Key, str]]:
    """What the rules say of each response, as a person would say it; and why they say nothing of others.

    Returns:
        (trial -> choice, trial -> `unparsed` or `truncated`). A request that failed is in neither.
    """
    read: dict[Key, str] = {}
    statuses: dict[Key, str] = {}
    for score in scores:
        by_hand = FACETS[score.task].by_hand if score.task in FACETS else None
        if by_hand is None or score.name != FACETS[score.task].main_score:
            continue
        key = (score.subject, score.task, score.item_id, score.condition, score.draw)
        if score.status == "scored":
            read[key] = by_hand.choice_of(score.label or "")
        elif score.status in UNREAD:
            statuses[key] = score.status
    return read, statuses


def label_of(key: Key, choice: str) -> str:
    """The label of a correction that a choice stands for."""
    by_hand = FACETS[key[1]].by_hand
    return by_hand.label_of(choice) if by_hand else choice


def is_counted(key: Key, choice: str) -> bool:
    """Whether a choice is what the facet's first corrected rate counts."""
    by_hand = FACETS[key[1]].by_hand
    return by_hand is not None and by_hand.label_of(choice) == by_hand.rates[0]


def strata_of(cells: Sequence[ResponseCell], statuses: Mapping[Key, str]) -> list[Stratum]:
    """The responses of cells by what became of them, in the order of the cells.

    Args:
        statuses: Why a response has no reading; one that is not named is left out, as one that failed.
    """
    found = []
    for cell in cells:
        groups: dict[str, list[int]] = {name: [] for name in cell.names}
        for row, code in enumerate(cell.reading):
            if code >= 0:
                groups[cell.names[code]].append(row)
            elif cell.unread[row] and cell.keys[row] in statuses:
                groups.setdefault(statuses[cell.keys[row]], []).append(row)
        found += [
            Stratum(
                task=cell.task, subject=cell.subject, condition=cell.condition, reading=reading,
                keys=[cell.keys[row] for row in rows], clusters=[str(cell.clusters[row]) for row in rows],
            )
            for reading, rows in groups.items()
            if rows
        ]  # fmt: skip
    return found


def draw_queue(
    strata: Sequence[Stratum], flips: Iterable[Flip], n: int, *, seed: int, order: Sequence[object] = ()
) -> list[Key]:
    """At most `n` responses, equally many of each facet: half by the size of strata, half equally over them.

    Args:
        seed: Draws which responses; the same for everybody who is to label the same ones.
        order: With the seed, shuffles them; something that is a person's own.

    Returns:
        Their keys, in an order that tells nothing of them.
    """
    cells = {(one.subject, one.task, one.item_id, one.draw): f"{one.before}-{one.after}" for one in flips}
    tasks = list(dict.fromkeys(one.task for one in strata))
    sizes = {task: sum(len(one.keys) for one in strata if one.task == task) for task in tasks}
    drawn: list[Key] = []
    for task, share in zip(tasks, _shares([sizes[task] for task in tasks], n), strict=True):
        for among, k in _parts([one for one in strata if one.task == task], share):
            wanted = allocation(np.array([len(one.keys) for one in among], dtype=np.int64), k)
            for stratum, most in zip(among, wanted, strict=True):
                drawn += _in_step(stratum.keys, cells, seed)[: int(most)]
    return sorted(drawn, key=lambda key: digest_of([seed, "order", *order, *key]))


def _parts(strata: Sequence[Stratum], n: int) -> list[tuple[list[Stratum], int]]:
    """What a facet's n responses are drawn from: (strata, how many).

    Of each subject and condition alone where that leaves enough for a correction of each; else of all together, so that
    a reading that is rare everywhere is drawn somewhere.
    """
    places: dict[tuple[str, str], list[Stratum]] = {}
    for one in strata:
        places.setdefault((one.subject, one.condition), []).append(one)
    if n < MIN_LABELS * len(places):
        return [(list(strata), n)]
    shares = _shares([sum(len(one.keys) for one in mine) for mine in places.values()], n)
    return list(zip(places.values(), shares, strict=True))


def _shares(sizes: Sequence[int], n: int) -> list[int]:
    """Equal parts of n, none above its size; what one cannot take goes to the others."""
    given = [0] * len(sizes)
    for _ in range(min(n, sum(sizes))):
        open_ = [i for i, size in enumerate(sizes) if given[i] < size]
        given[min(open_, key=lambda i: given[i])] += 1
    return given


def _in_step(keys: Sequence[Key], cells: Mapping[tuple[str, str, str, int], str], seed: int) -> list[Key]:
    """The keys in an order of which every beginning has the cells of the flip table in about their shares.

    Within a cell the order is one of chance, and so is where the first of it stands.
    """
    by_cell: dict[str, list[Key]] = {}
    for key in keys:
        subject, task, item, _, draw = key
        by_cell.setdefault(cells.get((subject, task, item, draw), ""), []).append(key)
    placed = []
    for cell, mine in by_cell.items():
        start = int(digest_of([seed, "start", cell, *mine[0][:2], mine[0][3]]), 16) / _SCALE
        ranked = sorted(mine, key=lambda key: digest_of([seed, *key]))
        placed += [((i + start) / len(mine), digest_of([seed, *key]), key) for i, key in enumerate(ranked)]
    return [key for _, _, key in sorted(placed)]
