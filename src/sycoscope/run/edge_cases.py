"""The edge cases of a run, by scans: how many trials each kind has, which these are, and what belongs together.

Who looks at cases takes the kinds from here too.
"""

from __future__ import annotations

from typing import Any

from sycoscope.analysis.edge_cases import (
    COLUMN,
    EdgeKind,
    comes_in_pairs,
    edge_columns,
    edge_kinds,
    kinds_of,
    names_in,
)
from sycoscope.run.read import KEY, scan
from sycoscope.run.store import RunDirectory

__all__ = [
    "COLUMN",
    "EdgeKind",
    "edge_counts",
    "edge_kinds",
    "edge_trials",
    "kinds_of",
    "names_in",
    "partners",
]


def edge_counts(run: RunDirectory) -> dict[str, int] | None:
    """Trials of each kind of edge case, in the order of the kinds; what no trial is has 0. None: an older run."""
    import polars as pl

    rows = scan(run, "samples")
    if COLUMN not in rows.collect_schema().names():
        return None
    counts = dict.fromkeys(edge_kinds(), 0)
    for kinds, n in rows.group_by(COLUMN).agg(pl.len()).collect().iter_rows():
        for name in names_in(kinds):
            counts[name] = counts.get(name, 0) + n
    return counts


def edge_trials(run: RunDirectory) -> list[dict[str, Any]]:
    """The trials that are an edge case: key, `cluster`, kinds and what these read; nothing of an older run."""
    import polars as pl

    rows = scan(run, "samples")
    if COLUMN not in rows.collect_schema().names():
        return []
    reads = [name for name in edge_columns() if name in rows.collect_schema().names()]
    cluster = pl.coalesce("cluster", "item_id")
    kept = rows.filter(pl.col(COLUMN).is_not_null()).select(*KEY, cluster, COLUMN, *reads)
    return list(kept.collect().iter_rows(named=True))


def partners(run: RunDirectory, task: str, item: str, most: int) -> list[str]:
    """Ids of the other items of an item's pair, `most` at most; empty where items come alone."""
    import polars as pl

    if not comes_in_pairs(task):
        return []
    rows = scan(run, "items").filter(pl.col("task") == task, pl.col("cluster") != "")
    own = rows.filter(pl.col("item_id") == item).select("cluster")
    others = rows.join(own, on="cluster", how="semi").filter(pl.col("item_id") != item)
    return [str(other) for other in others.select("item_id").head(most).collect()["item_id"]]
