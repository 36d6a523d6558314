"""Two logs, document by document: the table that everything after it is computed from, and its file.

A document counts as the same where its id, its content and its prompt are: nothing is paired by its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from sycoscope.core.columns import Column
from sycoscope.core.errors import DataError, MissingError, StoreError
from sycoscope.core.texts import listed
from sycoscope.core.types import Status
from sycoscope.logs.documents import Document, Documents, Metric, Reading

if TYPE_CHECKING:
    import polars as pl

# `absent`: the other log has the document, this one does not.
PairStatus = Literal[Status, "absent"]
SHOWN = 20
COLUMNS = (
    Column("task", "text", "the log's name of the task"),
    Column("metric", "text", "the log's name of the score; of a scorer with several values `scorer/value`"),
    Column("condition", "text", "which reading of it, as the harness's filter; empty for one alone"),
    Column("document", "text", "its id in both logs"),
    Column("prompt", "text", "digest of what was asked, the same in both", "16 hex digits"),
    Column("cluster", "text", "documents of one cluster are not independent", "a group, or the document's content"),
    Column("before", "number", "mean of the draws that were scored", "0 or 1 of one draw of a 0/1 outcome", "none was"),
    Column("after", "number", "likewise", "likewise", "none was"),
    Column("status_before", "text", "whether there is one", "`scored`, `unparsed`, `truncated`, `error`, `absent`"),
    Column("status_after", "text", "likewise", "likewise"),
    Column("draws_before", "count", "draws that were scored"),
    Column("draws_after", "count", "likewise"),
    Column("lost_before", "count", "draws that were not"),
    Column("lost_after", "count", "likewise"),
    Column("binary", "flag", "whether every draw on both sides is 0 or 1"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One document under one metric; the attributes are those of `COLUMNS`."""

    task: str
    metric: str
    condition: str
    document: str
    prompt: str
    cluster: str
    before: float | None
    after: float | None
    status_before: PairStatus
    status_after: PairStatus
    draws_before: int = 1
    draws_after: int = 1
    lost_before: int = 0
    lost_after: int = 0
    binary: bool = False

    @property
    def common(self) -> bool:
        """Whether both logs have the document."""
        return "absent" not in (self.status_before, self.status_after)

    @property
    def complete(self) -> bool:
        """Whether both have a number for it."""
        return self.before is not None and self.after is not None


def paired(before: Documents, after: Documents, metrics: Sequence[Metric]) -> list[Pair]:
    """The pairs of one task, in the order of the metrics and of the first log.

    Raises:
        DataError: no document in common, or other questions or prompts under the same ids, which are named.
    """
    common = [name for name in before.by_id if name in after.by_id]
    task, logs = before.log.task, (before.log, after.log)
    if not common:
        sides = (f"{who}: {listed(one.by_id, 5)}" for who, one in (("before", before), ("after", after)))
        raise DataError(
            f"task '{task}': '{logs[0].path}' and '{logs[1].path}' have no document in common, so nothing can be "
            f"paired ({'; '.join(sides)}); compare logs of the same documents"
        )
    for what, why in (
        ("content", "hold other questions or targets; compare logs of one version of the data"),
        ("prompt", "were asked with other prompts; ask both with one template, system text and examples"),
    ):
        unlike = [
            name for name in common if getattr(before.by_id[name], what) != getattr(after.by_id[name], what)
        ]
        if unlike:
            raise DataError(
                f"task '{task}': {len(unlike):,} of {len(common):,} documents {why}. They are: {listed(unlike, SHOWN)}"
            )
    names = [*before.by_id, *(name for name in after.by_id if name not in before.by_id)]
    return [
        _pair(task, metric, name, before.by_id.get(name), after.by_id.get(name))
        for metric in metrics
        for name in names
    ]


def _pair(task: str, metric: Metric, name: str, before: Document | None, after: Document | None) -> Pair:
    there = before or after
    assert there is not None
    sides = [None if one is None else one.readings[metric] for one in (before, after)]
    return Pair(
        task=task, metric=metric[0], condition=metric[1], document=name, prompt=there.prompt,
        # two documents with one content are asked the same, whatever their ids
        cluster=there.group or there.content,
        before=_value(sides[0]), after=_value(sides[1]),
        status_before=_status(sides[0]), status_after=_status(sides[1]),
        draws_before=_scored(sides[0]), draws_after=_scored(sides[1]),
        lost_before=_lost(sides[0]), lost_after=_lost(sides[1]),
        binary=all(one is None or one.binary for one in sides),
    )  # fmt: skip


def _value(reading: Reading | None) -> float | None:
    return None if reading is None else reading.value


def _status(reading: Reading | None) -> PairStatus:
    return "absent" if reading is None else reading.status


def _scored(reading: Reading | None) -> int:
    return 0 if reading is None else reading.n_scored


def _lost(reading: Reading | None) -> int:
    return 0 if reading is None else reading.lost.total()


def repeated(pairs: Iterable[Pair]) -> dict[str, int]:
    """Clusters that hold several documents -> how many; of the first metric, which has all documents."""
    rows = list(pairs)
    first = {(rows[0].metric, rows[0].condition)} if rows else set()
    sizes = Counter(one.cluster for one in rows if (one.metric, one.condition) in first)
    return {cluster: n for cluster, n in sizes.items() if n > 1}


# --- the file ---


def frame(pairs: Sequence[Pair]) -> pl.DataFrame:
    """The pairs as a table with the columns of `COLUMNS`."""
    import polars as pl

    from sycoscope.core.records import data_type

    schema = {column.name: data_type(column) for column in COLUMNS}
    return pl.DataFrame([asdict(pair) for pair in pairs], schema=schema, orient="row")


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a file that `frame` was written to.

    Raises:
        MissingError: no such file. StoreError: it is damaged, or no table of pairs.
    """
    import polars as pl

    if not path.is_file():
        raise MissingError(
            f"no table of pairs at '{path}'; give a folder that `sycoscope compare` wrote of two logs"
        )
    try:
        table = pl.read_parquet(path, glob=False)
    except (Exception, pl.exceptions.PanicException) as fault:
        raise StoreError(f"'{path}' cannot be read ({fault}); compare the logs again") from fault
    if table.columns != [field.name for field in fields(Pair)]:
        raise StoreError(f"'{path}' is no table of pairs of this version; compare the logs again")
    pairs = [Pair(**row) for row in table.iter_rows(named=True)]
    known = {*get_args(Status), "absent"}
    if any({pair.status_before, pair.status_after} - known for pair in pairs):
        raise StoreError(
            f"'{path}' holds a status that is none of {', '.join(sorted(known))}; compare the logs again"
        )
    return pairs
