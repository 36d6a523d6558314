"""Edge cases of a run: which trials each kind selects, and how often it occurs, by subject.

The kinds are the facets' own (`Facet.edges`) and those of every task (`facets/edge_kinds.py`); they read the columns of
the run's samples and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sycoscope.core.types import Response
from sycoscope.facets import FACETS
from sycoscope.facets.edge_kinds import COMMON, GROUPS, HEDGED, EdgeKind
from sycoscope.facets.edge_kinds import hedged as hedged_aloud
from sycoscope.stats import rate_contrast

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "BETWEEN", "COLUMN", "EdgeKind", "EdgeShare", "comes_in_pairs", "edge_cases", "edge_columns", "edge_kinds",
    "hedged", "kinds_of", "names_in",
]  # fmt: skip
# The samples' column that names the kinds of a trial, and what stands between two.
COLUMN, BETWEEN = "edge_cases", ", "
UNIT = ("subject", "item_id", "draw")
PAIR = ("subject", "cluster", "draw")


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeShare:
    """How often one kind occurs.

    Attributes:
        task: Empty for all tasks that have the kind, where there are several.
        unit: What is counted: `trial`, `item` (under conditions that are read together) or `pair`.
        cases: Units that are a case, of `n` that were read. value: the share, in [0, 1], with its interval.
        coverage: n, of the units for which the question arises, as far as that is known.
    """

    kind: str
    task: str
    subject: str
    unit: str
    cases: int
    value: float | None
    low: float | None
    high: float | None
    level: float
    coverage: float
    method: str
    note: str
    n: int
    n_clusters: int


def kinds_of(task: str) -> tuple[EdgeKind, ...]:
    """The kinds of a facet or a benchmark."""
    return (*(FACETS[task].edges if task in FACETS else ()), *COMMON)


def edge_kinds() -> dict[str, EdgeKind]:
    """Name -> kind, of all tasks, in the order in which they are listed; of kinds with one name the first."""
    first: dict[str, EdgeKind] = {}
    for facet in FACETS:
        for kind in kinds_of(facet):
            first.setdefault(kind.name, kind)
    places = list(GROUPS)
    return dict(sorted(first.items(), key=lambda one: places.index(one[1].group)))


def names_in(cell: str | None) -> list[str]:
    """The kinds that a cell of the samples' column names."""
    return cell.split(BETWEEN) if cell else []


def comes_in_pairs(task: str) -> bool:
    """Whether an item of a task has a partner."""
    return task in FACETS and FACETS[task].paired_items


def hedged(task: str, response: Response) -> str | None:
    """What stands in the samples' column `hedged`; None for a task of which no kind reads it."""
    asked = any(HEDGED in kind.reads for kind in kinds_of(task))
    return hedged_aloud(response) if asked else None


def edge_columns() -> list[str]:
    """Columns of the samples that the kinds read."""
    return sorted({name for facet in FACETS for kind in kinds_of(facet) for name in kind.reads})


def edge_cases(samples: pl.DataFrame) -> tuple[pl.Series, list[EdgeShare]]:
    """The kinds of every trial, as the column `edge_cases`; and the share of each kind and subject that was read.

    Args:
        samples: A run's, in the columns of `SAMPLE_COLUMNS` and of the facets' scores.
    """
    marked = {name: np.zeros(samples.height, dtype=bool) for name in edge_kinds()}
    units: dict[str, list[_Units]] = {name: [] for name in marked}
    rows = _prepared(samples)
    for task in dict.fromkeys(samples["task"].to_list()):
        part = rows.filter(rows["task"] == task)
        for kind in kinds_of(task):
            for found in _units(part, task, kind):
                units[kind.name].append(found)
                marked[kind.name][found.rows[found.case].ravel()] = True
    return _named(marked), [share for name, found in units.items() for share in _shares(name, found)]


def _named(marked: dict[str, NDArray[np.bool_]]) -> pl.Series:
    import polars as pl

    table = pl.DataFrame(marked)
    named = [pl.when(pl.col(name)).then(pl.lit(name)) for name in marked]
    return table.select(
        pl.concat_str(named, separator=BETWEEN, ignore_nulls=True).replace("", None).alias(COLUMN)
    )[COLUMN]


def _prepared(samples: pl.DataFrame) -> pl.DataFrame:
    """What the kinds read, with each trial's place and a number for its cluster."""
    import polars as pl

    cluster = pl.coalesce("cluster", "item_id")
    kept = ("subject", "task", "item_id", "condition", "draw", "target")
    return samples.select(
        *kept,
        cluster.alias("cluster"),
        *(name for name in edge_columns() if name in samples.columns),
        _code=pl.struct("task", cluster).rank("dense").cast(pl.Int64),
        _row=pl.int_range(pl.len()),
    )


# --- units: what is or is no case ---


@dataclass(frozen=True, slots=True)
class _Units:
    """Units of one kind, task and group of conditions, n of them.

    Attributes:
        rows: (n, m) the samples that each is made of. read: whether all of it was read. case: whether it is one.
        open: Whether the question may arise: it does, or what tells it is not read.
    """

    task: str
    kind: EdgeKind
    subject: NDArray[Any]
    cluster: NDArray[np.int64]
    rows: NDArray[np.int64]
    read: NDArray[np.bool_]
    case: NDArray[np.bool_]
    open: NDArray[np.bool_]


def _units(part: pl.DataFrame, task: str, kind: EdgeKind) -> Iterator[_Units]:
    """The units of a kind among the samples of one task; nothing where they were never asked what it reads."""
    if not set(kind.reads) <= set(part.columns):
        return
    asked = _conditions(part, kind, task)
    if kind.unit == "trial":
        table = part.filter(part["condition"].is_in(asked))
        yield from _judged(task, kind, table, [[table[name]] for name in kind.reads], [table["_row"]])
        return
    groups = kind.together or ((tuple(asked),) if len(asked) > 1 else ())
    for group in groups:
        if set(group) <= set(asked):
            yield from _joined(part, task, kind, group)


def _conditions(part: pl.DataFrame, kind: EdgeKind, task: str) -> list[str]:
    """The conditions under which everything that the kind reads was read at least once."""
    import polars as pl

    found = part.group_by("condition", maintain_order=True).agg(
        pl.all_horizontal(pl.col(name).is_not_null().any() for name in kind.reads).alias("read")
    )
    asked = found.filter("read")["condition"].to_list()
    if kind.mentioned and task in FACETS:
        asked = [name for name in asked if FACETS[task].condition(name).mentions]
    return asked


def _joined(part: pl.DataFrame, task: str, kind: EdgeKind, group: Sequence[str]) -> Iterator[_Units]:
    """Units of several conditions: those that were asked under all of them; of pairs, both sides."""
    facet = FACETS[task]
    key = PAIR if kind.unit == "pair" else UNIT
    sides = [facet.signal, facet.foil] if kind.unit == "pair" else [facet.signal if kind.signals else ""]
    table: pl.DataFrame | None = None
    cells = [(side, condition) for side in sides for condition in group]
    for i, (side, condition) in enumerate(cells):
        cell = part.filter(part["condition"] == condition, *([part["target"] == side] if side else []))
        cell = cell.unique(key, keep="first", maintain_order=True)
        named = {f"{name}.{i}": cell[name] for name in (*kind.reads, "_row", "_code")}
        cell = cell.select(*key, **named)
        table = cell if table is None else table.join(cell, on=key, how="inner", maintain_order="left")
    assert table is not None
    wide, k = table, len(group)
    values = [
        [wide[f"{name}.{s * k + i}"] for i in range(k)] for s in range(len(sides)) for name in kind.reads
    ]
    rows = [wide[f"_row.{i}"] for i in range(len(cells))]
    yield from _judged(task, kind, wide.with_columns(_code=wide["_code.0"]), values, rows)


def _judged(
    task: str,
    kind: EdgeKind,
    table: pl.DataFrame,
    values: Sequence[Sequence[pl.Series]],
    rows: Sequence[pl.Series],
) -> Iterator[_Units]:
    """values: of each array that the kind is given its columns, one of a trial. rows: the samples of each unit."""
    if not table.height:
        return
    alone = kind.unit == "trial"
    given = [
        columns[0].to_numpy() if alone else np.stack([one.to_numpy() for one in columns], axis=1)
        for columns in values
    ]
    read = np.logical_and.reduce([one.is_not_null().to_numpy() for columns in values for one in columns])
    among = np.ones(table.height, dtype=bool) if kind.among is None else kind.among(*given)
    yield _Units(
        task=task,
        kind=kind,
        subject=table["subject"].to_numpy(),
        cluster=table["_code"].to_numpy(),
        rows=np.stack([one.to_numpy() for one in rows], axis=1),
        read=read & among,
        case=read & among & kind.case(*given),
        open=among | ~read,
    )


# --- shares ---


def _shares(name: str, units: Sequence[_Units]) -> Iterator[EdgeShare]:
    """Of every task, and of all where there are several; of each subject that was read at least once."""
    tasks = list(dict.fromkeys(one.task for one in units))
    for task in ([""] if len(tasks) > 1 else []) + tasks:
        mine = [one for one in units if task in ("", one.task)]
        subject, cluster, read, case, asked = (
            np.concatenate([getattr(one, part) for one in mine])
            for part in ("subject", "cluster", "read", "case", "open")
        )
        for who in dict.fromkeys(subject.tolist()):
            own = subject == who
            n, n_asked = int((own & read).sum()), int((own & asked).sum())
            if not n_asked:
                continue
            rows = own & read
            hits = case[rows].astype(np.float64)
            interval = rate_contrast(hits[:, None], np.ones((n, 1)), [1.0], cluster[rows])
            yield EdgeShare(
                kind=name, task=task, subject=who, unit=mine[0].kind.unit, cases=int(hits.sum()), value=interval.value,
                low=interval.low, high=interval.high, level=interval.level, coverage=n / n_asked,
                method=interval.method, note=interval.note, n=n, n_clusters=interval.n_clusters,
            )  # fmt: skip
