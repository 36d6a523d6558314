"""Rates corrected by labels that people gave to a sample of a run's own responses.

The sample is drawn within each subject and condition by what a response was read as; so errors of the rules are
estimated where they are made, and one condition's say nothing of another's (docs/decisions/0014-labels.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sycoscope.analysis.rates import measure_rate
from sycoscope.analysis.roles import Roles
from sycoscope.analysis.score_table import BoolArray, ScoreTable
from sycoscope.analysis.verdict import Verdict
from sycoscope.core.files import digest_of
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.facets.by_hand import ByHand
from sycoscope.facets.measure import RateMeasure, Term
from sycoscope.stats import Interval, kish_n, wilson
from sycoscope.stats.agreement import kappa_of
from sycoscope.stats.double_sampling import ReadCell, double_sampled
from sycoscope.stats.interval import FloatArray, IntArray, not_computable

_OTHER, _OPEN = "of the other sign", "which may be 0"
# Labels of a subject under a condition below which nothing is corrected: at 20 a share of one half is known to +- 0.2.
MIN_LABELS = 20
ObjectArray = NDArray[np.object_]
Key = tuple[str, str, str, str, int]  # subject, task, item_id, condition, draw: as a trial's


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCell:
    """The responses of one subject under one condition that the facet's primary is taken over, as they were read.

    Attributes:
        keys: (n,) of the table's rows. reading: (n,) which of the facet's labels the rules' reading says; -1 for a row
            that is not at risk or not read. label: (n,) the person's; -1 without one.
        unread: (n,) whether a row is at risk and asked, and was not read. clusters: (n,) of the rows.
    """

    task: str
    subject: str
    condition: str
    keys: Sequence[Key]
    reading: IntArray
    label: IntArray
    unread: BoolArray
    clusters: ObjectArray

    @property
    def by_hand(self) -> ByHand:
        """What a person is asked."""
        asked = FACETS[self.task].by_hand
        assert asked is not None
        return asked

    @property
    def names(self) -> tuple[str, ...]:
        """What the codes of `reading` and `label` stand for."""
        return tuple(self.by_hand.labels)

    @property
    def sizes(self) -> IntArray:
        """(k,) how many responses have each reading."""
        return _counts(self.reading[self.reading >= 0], len(self.names))

    @property
    def labelled(self) -> IntArray:
        """(k,) how many of each reading have a label."""
        return _counts(self.reading[self.with_label], len(self.names))

    @property
    def with_label(self) -> IntArray:
        """Places of the rows that are read and labelled."""
        return np.flatnonzero((self.reading >= 0) & (self.label >= 0))

    @property
    def weights(self) -> FloatArray:
        """(labelled rows,) how many responses each stands for: those of its reading, over the labelled ones."""
        return (self.sizes / np.maximum(self.labelled, 1))[self.reading[self.with_label]]

    def as_drawn(self, rate: str, rows: BoolArray) -> ReadCell:
        """What the labels say of one rate, of some rows only."""
        at, k = self.with_label, len(self.names)
        said = np.array(self.names, dtype=object)[self.label[at]]
        return ReadCell(
            reading=np.where(rows, self.reading, -1),
            drawn_from=self.sizes,
            labelled=self.labelled,
            counted=_counts(self.reading[at][said == rate], k),
            outside=_counts(self.reading[at][said == self.by_hand.outside], k),
        )

    def lacks(self) -> str:
        """Why no rate can be corrected; empty where one can."""
        n = int(self.labelled.sum())
        if n == 0:
            return "no labels"
        if n < MIN_LABELS:
            return f"too few labels: {n} (needed: {MIN_LABELS})"
        gaps = [
            f"none of the {size} responses read as '{name}' is labelled"
            for name, size, labels in zip(self.names, self.sizes, self.labelled, strict=True)
            if size and not labels
        ]
        return "; ".join(gaps)


def _counts(codes: IntArray, k: int) -> IntArray:
    return np.bincount(codes, minlength=k).astype(np.int64)


def terms_of(task: str) -> dict[str, Term]:
    """Condition -> its term of the facet's primary; empty of a facet that nobody is asked about."""
    facet = FACETS.get(task)
    if facet is None or facet.by_hand is None or facet.primary_rate is None:
        return {}
    return {term.condition: term for term in facet.primary_rate.terms}


def response_cells(tables: Mapping[str, ScoreTable], labels: Mapping[Key, str]) -> list[ResponseCell]:
    """Every subject and condition whose responses a person can be asked about, with the labels that there are.

    A condition that is none of the primary's is taken over the same items at risk; conditions whose first answer was
    given are left out.
    """
    cells = []
    for task, table in tables.items():
        terms = terms_of(task)
        asked = [c.name for c in FACETS[task].conditions if not c.given] if terms else []
        for subject in table.subjects:
            for condition in asked:
                if table.has(subject, condition, FACETS[task].main_score):
                    term = replace(next(iter(terms.values())), condition=condition)
                    cells.append(_cell(table.signals, subject, terms.get(condition, term), labels))
    return cells


def _cell(table: ScoreTable, subject: str, term: Term, labels: Mapping[Key, str]) -> ResponseCell:
    by_hand = FACETS[table.task].by_hand
    assert by_hand is not None
    code = {name: number for number, name in enumerate(by_hand.labels)}
    column = table.column(subject, term.condition, term.name)
    at_risk = table.at_risk(subject, term.at_risk)
    read = at_risk & column.scored
    said = np.array([code[by_hand.said(str(label))] for label in column.label], dtype=np.int64)
    keys = [(subject, table.task, item, term.condition, draw) for item, draw in table.rows]
    given = np.array([code.get(labels.get(key, ""), -1) for key in keys], dtype=np.int64)
    return ResponseCell(
        task=table.task, subject=subject, condition=term.condition, keys=keys,
        reading=np.where(read, said, -1), label=given, unread=at_risk & column.asked & ~column.scored,
        clusters=table.clusters,
    )  # fmt: skip


# --- the sample ---


def draw_sample(cells: Sequence[ResponseCell], n: int, *, seed: int) -> list[Key]:
    """At most `n` responses of each cell, in an order that tells nothing of them.

    Of a reading those of the lowest rank are taken, by a hash of seed and key.
    """

    def rank(key: Key) -> str:
        return digest_of([seed, *key])

    drawn: list[Key] = []
    for cell in cells:
        for code, wanted in enumerate(allocation(cell.sizes, n)):
            rows = np.flatnonzero(cell.reading == code).tolist()
            drawn += sorted((cell.keys[row] for row in rows), key=rank)[:wanted]
    return sorted(drawn, key=rank)


def allocation(sizes: IntArray, n: int) -> IntArray:
    """(k,) how many to draw of each reading: half in proportion to how often it occurs, half equally; all where few.

    Args:
        sizes: (k,) responses of each reading. n: how many in all.
    """
    given = np.zeros_like(sizes)
    occurs = sizes > 0
    if not occurs.any():
        return given
    wanted = np.where(occurs, n / 2 * (1 / occurs.sum() + sizes / sizes.sum()), 0.0)
    for _ in range(min(n, int(sizes.sum()))):
        lacking = np.where(given < sizes, wanted - given, -np.inf)
        given[int(np.argmax(lacking))] += 1
    return given


# --- what the labels say ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The rules against people, under one condition of a facet; every response counts for as many as it stands for.

    Attributes:
        n: Labelled responses. agreement: Wilson's interval, at the effective n of the weights. kappa: Cohen's; None
            where both give one label throughout.
        errors: Outcome -> sensitivity P(read so | so) and specificity P(not read so | not so).
    """

    task: str
    condition: str
    n: int
    agreement: Interval
    kappa: float | None
    errors: Mapping[str, tuple[Interval, Interval]]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A number by the rules, and by the labels.

    Attributes:
        n_labels: Labelled responses behind the second, over its cells.
    """

    as_read: Estimate
    corrected: Estimate
    n_labels: int


def agreements(cells: Sequence[ResponseCell]) -> list[Agreement]:
    """By facet and condition, over all subjects; of conditions with labels."""
    groups: dict[tuple[str, str], list[ResponseCell]] = {}
    for cell in cells:
        if cell.labelled.any():
            groups.setdefault((cell.task, cell.condition), []).append(cell)
    return [_agreement(group) for group in groups.values()]


def _agreement(cells: Sequence[ResponseCell]) -> Agreement:
    read = np.concatenate([cell.reading[cell.with_label] for cell in cells])
    so = np.concatenate([cell.label[cell.with_label] for cell in cells])
    weights = np.concatenate([cell.weights for cell in cells])
    first, names = cells[0], cells[0].names
    table = np.zeros((len(names), len(names)))
    np.add.at(table, (so, read), weights)
    errors = {
        rate: (
            weighted_share(read == code, weights, so == code),
            weighted_share(read != code, weights, so != code),
        )
        for rate in first.by_hand.rates
        for code in [names.index(rate)]
    }
    everything = np.ones(so.size, dtype=bool)
    return Agreement(
        task=first.task, condition=first.condition, n=so.size,
        agreement=weighted_share(read == so, weights, everything), kappa=kappa_of(table), errors=errors,
    )  # fmt: skip


def weighted_share(right: BoolArray, weights: FloatArray, among: BoolArray) -> Interval:
    """Share of rows that are right, each for as many as it stands for: Wilson's interval at the effective n.

    Args:
        right, among: (n,) what is counted, and of which rows. weights: (n,) above 0.
    """
    used = weights[among]
    if not used.size:
        return not_computable("no such label", level=0.95)
    n = kish_n(used)
    value = float(np.sum(used * right[among]) / used.sum())
    return replace(wilson(value * n, n), n=int(used.size))


def corrected_rates(tables: Mapping[str, ScoreTable], cells: Sequence[ResponseCell]) -> list[Corrected]:
    """Rates by subject and condition, of facets with labels: the primary's conditions, and others with labels."""
    with_labels = {(cell.task, cell.condition) for cell in cells if cell.labelled.any()}
    tasks = {task for task, _ in with_labels}
    return [
        _rate(tables[cell.task].signals, cell, rate)
        for cell in cells
        if cell.task in tasks
        if cell.condition in terms_of(cell.task) or (cell.task, cell.condition) in with_labels
        for rate in cell.by_hand.rates
    ]


def _rate(table: ScoreTable, cell: ResponseCell, rate: str) -> Corrected:
    term = replace(
        next(iter(terms_of(cell.task).values())),
        weight=1, condition=cell.condition, labels=cell.by_hand.outcomes[rate],
    )  # fmt: skip
    read = measure_rate(table, RateMeasure(rate, (term,), cell.condition), (cell.subject,))
    lacking = cell.lacks()
    found = (
        not_computable(lacking, level=0.95)
        if lacking
        else double_sampled([cell.as_drawn(rate, cell.reading >= 0)], (1,), table.clusters.astype(str))
    )
    who = Estimate(subject=cell.subject, task=cell.task, name=rate, condition=cell.condition, value=None)
    return Corrected(
        _estimate(who, read.interval, read.coverage),
        _estimate(who, found, read.coverage),
        int(cell.labelled.sum()),
    )


def corrected_primaries(
    tables: Mapping[str, ScoreTable], cells: Sequence[ResponseCell], roles: Roles
) -> list[Corrected]:
    """The primary of each facet with labels, as a level of each subject and as a change against the base."""
    found = []
    for task in dict.fromkeys(cell.task for cell in cells if cell.labelled.any()):
        mine = {(cell.subject, cell.condition): cell for cell in cells if cell.task == task}
        present = [subject for subject in roles.subjects if subject in tables[task].subjects]
        for subjects in _sides(present, roles.base):
            wanted = [(subject, condition) for subject in subjects for condition in terms_of(task)]
            if all(key in mine for key in wanted):
                found.append(_primary(tables[task].signals, subjects, [mine[key] for key in wanted]))
    return found


def _sides(subjects: Sequence[str], base: str) -> Iterator[tuple[str, ...]]:
    for subject in subjects:
        yield (subject,)
        if subject != base and base in subjects:
            yield (subject, base)


def _primary(table: ScoreTable, subjects: tuple[str, ...], cells: Sequence[ResponseCell]) -> Corrected:
    """The contrast of the corrected rates, over the rows that are at risk and read in all of its cells."""
    measure = FACETS[table.task].primary_rate
    assert measure is not None
    weights = [
        sign * term.weight for sign, _ in zip((1, -1), subjects, strict=False) for term in measure.terms
    ]
    rows = np.all([cell.reading >= 0 for cell in cells], axis=0)
    lacking = [f"{cell.subject}, {cell.condition}: {why}" for cell in cells if (why := cell.lacks())]
    found = (
        not_computable("; ".join(lacking), level=0.95)
        if lacking
        else double_sampled(
            [cell.as_drawn(cell.by_hand.rates[0], rows) for cell in cells],
            weights,
            table.clusters.astype(str),
        )
    )
    read = measure_rate(table, measure, subjects)
    who = Estimate(
        subject=subjects[0], reference="".join(subjects[1:]), task=table.task, name=measure.name, value=None
    )
    n_labels = sum(int(cell.labelled.sum()) for cell in cells)
    return Corrected(
        _estimate(who, read.interval, read.coverage), _estimate(who, found, read.coverage), n_labels
    )


def _estimate(who: Estimate, found: Interval, coverage: float | None) -> Estimate:
    return replace(
        who, value=found.value, low=found.low, high=found.high, level=found.level, n=found.n,
        n_clusters=found.n_clusters, method=found.method, note=found.note, coverage=coverage,
    )  # fmt: skip


def disputed(verdicts: Sequence[Verdict], primaries: Sequence[Corrected]) -> list[str]:
    """A line for each verdict of less or more that the corrected change does not bear out; the verdict stays.

    Args:
        primaries: With their states; those that are not shown say nothing.
    """
    changes = {
        (one.corrected.subject, one.corrected.task): one
        for one in primaries
        if one.corrected.reference and one.corrected.shown
    }
    lines = []
    for verdict in verdicts:
        found = changes.get((verdict.subject, verdict.task))
        if found is None or verdict.word not in ("less", "more"):
            continue
        change = found.corrected
        value, low, high = change.value, change.low, change.high
        if value is None or low is None or high is None:
            continue
        other = value > 0 if verdict.word == "less" else value < 0
        if other or low <= 0.0 <= high:
            lines.append(
                f"{verdict.subject}, {verdict.task}: the verdict is '{verdict.label}', but the change of {change.name} "
                f"by the labels is {value:+.3f} [{low:+.3f}, {high:+.3f}], "
                f"{_OTHER if other else _OPEN} ({found.n_labels} labels)"
            )
    return lines
