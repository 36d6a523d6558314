"""From samples to documents: several draws of one document are one number before anything is paired.

The k-th draw of one log has nothing to do with the k-th of another: draws are never paired by their place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sycoscope.core.errors import DataError
from sycoscope.core.types import Status
from sycoscope.logs.log import Log, Sample, digest

Metric = tuple[str, str]  # name and condition


@dataclass(slots=True)
class Reading:
    """One metric of one document over its draws."""

    total: float = 0.0
    n_scored: int = 0
    binary: bool = True
    lost: Counter[Status] = field(default_factory=Counter)

    def add(self, value: float | None, status: Status) -> None:
        """Count one draw."""
        if value is None:
            self.lost[status] += 1
            return
        self.total += value
        self.n_scored += 1
        self.binary &= value in (0.0, 1.0)

    @property
    def value(self) -> float | None:
        """Mean of the draws that were scored; None where none was."""
        return self.total / self.n_scored if self.n_scored else None

    @property
    def status(self) -> Status:
        """`scored` where a draw was, else what most of them are."""
        return "scored" if self.n_scored else self.lost.most_common(1)[0][0]


@dataclass(slots=True)
class Document:
    """What a log has of one document.

    Attributes:
        prompts: Digests of what was asked, of all draws. failed: draws without any score, by status.
    """

    content: str
    group: str
    prompts: set[str] = field(default_factory=set)
    readings: dict[Metric, Reading] = field(default_factory=dict)
    failed: Counter[Status] = field(default_factory=Counter)

    @property
    def prompt(self) -> str:
        """One digest of all that was asked."""
        return next(iter(self.prompts)) if len(self.prompts) == 1 else digest(sorted(self.prompts))


@dataclass(slots=True)
class Documents:
    """All documents of a log by id.

    Attributes:
        metrics: In the order of the log. marks: of how many samples what else was told.
    """

    log: Log
    by_id: dict[str, Document]
    metrics: tuple[Metric, ...]
    marks: Counter[str]


def documents(log: Log, group: str = "") -> Documents:
    """Read a log's samples and reduce the draws of each document.

    Args:
        group: Field by which documents are grouped; empty for what the log names so itself.

    Raises:
        DataError: a sample stands twice, one id has several documents, nothing was scored, or no such field.
    """
    by_id: dict[str, Document] = {}
    seen: set[tuple[str, str]] = set()
    metrics: dict[Metric, None] = {}
    marks: Counter[str] = Counter()
    for sample in log.read(group):
        if (key := (sample.document, sample.draw)) in seen:
            of = f", draw {sample.draw}" if sample.draw else ""
            raise DataError(
                f"'{log.path}': document {sample.document}{of} stands twice; give a log of one run"
            )
        seen.add(key)
        _add(sample, by_id, log)
        metrics |= {(one.metric, one.condition): None for one in sample.outcomes}
        marks.update(sample.marks)
    if not metrics:
        raise DataError(
            f"'{log.path}' has no score that is a number ({len(by_id):,} documents); compare logs that were scored"
        )
    _fill(by_id.values(), metrics)
    return Documents(log, by_id, tuple(metrics), marks)


def _add(sample: Sample, by_id: dict[str, Document], log: Log) -> None:
    document = by_id.setdefault(sample.document, Document(sample.content, sample.group))
    if document.content != sample.content:
        raise DataError(f"'{log.path}': several documents have the id {sample.document}; give each its own")
    document.prompts.add(sample.prompt)
    if not sample.outcomes:
        document.failed[sample.status] += 1
    for one in sample.outcomes:
        reading = document.readings.setdefault((one.metric, one.condition), Reading())
        reading.add(one.value, one.status)


def _fill(documents: Iterable[Document], metrics: Iterable[Metric]) -> None:
    """A draw that failed as a whole lacks every metric, and so does a document that lacks a score which others have."""
    for document in documents:
        for metric in metrics:
            reading = document.readings.setdefault(metric, Reading())
            reading.lost.update(document.failed)
            if not reading.n_scored and not reading.lost:
                reading.lost["error"] += 1
