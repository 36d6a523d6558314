"""Looking into a run: an index of its trials, and the transcripts that are asked for, no others.

`RunDirectory.trials` makes an object of every transcript of a run. Here the Parquet files are scanned: a filter on
subject, task, condition, item, draw or outcome reads the columns that it needs, and only the rows that are left are
parsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sycoscope.analysis.flips import main_scores
from sycoscope.core import records
from sycoscope.core.errors import MissingError
from sycoscope.core.types import Trial
from sycoscope.run.record import rejudge
from sycoscope.run.store import DERIVED, RunDirectory

if TYPE_CHECKING:
    import polars as pl

KEY = ("subject", "task", "item_id", "condition", "draw")


def scan(run: RunDirectory, kind: str) -> pl.LazyFrame:
    """A table of the run, read as far as it is asked for.

    Raises:
        MissingError: the run has no such table. StoreError: it is not as the run wrote it.
    """
    import polars as pl

    path = run.table_path(kind)
    run.check_table(kind)
    if not path.is_file():
        step = rejudge(run.path) if kind in DERIVED else "give a folder that a run wrote"
        raise MissingError(f"'{run.path}' has no table of {kind}; {step}")
    return pl.scan_parquet(path, glob=False)


def index(run: RunDirectory) -> pl.LazyFrame:
    """One row per trial without its transcript: subject, task, item_id, condition, draw, outcome.

    The outcome is the label of the facet's main score, or of a benchmark's `right` or `wrong`; the status where that
    score is missing (`unparsed`, `truncated`, `error`); empty where there is none.

    Raises:
        MissingError: no run there.
    """
    import polars as pl

    main = outcomes(run).select(
        *KEY, outcome=pl.when(pl.col("status") != "scored").then("status").otherwise("outcome")
    )
    asked = scan(run, "trials").select(KEY)
    return asked.join(main, on=KEY, how="left", maintain_order="left").with_columns(
        pl.col("outcome").fill_null("")
    )


def outcomes(run: RunDirectory) -> pl.LazyFrame:
    """One row per trial that has its task's main score: the key, its `status`, and what it came to as `outcome`.

    The outcome is a facet's label, or a benchmark's `right` or `wrong`; null where it is not scored.

    Raises:
        MissingError: no run there.
    """
    import polars as pl

    names = main_scores() | dict(run.manifest().headlines)
    is_main = pl.any_horizontal(
        *((pl.col("task") == task) & (pl.col("name") == name) for task, name in names.items())
    )
    right = (
        pl.when(pl.col("value") == 1.0)
        .then(pl.lit("right"))
        .when(pl.col("value") == 0.0)
        .then(pl.lit("wrong"))
    )
    benchmark = pl.col("task").is_in(list(run.manifest().headlines))
    outcome = pl.when(benchmark).then(right).otherwise(pl.coalesce("label", right))
    main = scan(run, "scores").filter(is_main).select(*KEY, "status", outcome=outcome)
    return main.unique(subset=KEY, keep="first", maintain_order=True)


def trials(
    run: RunDirectory,
    *,
    subject: str = "",
    task: str = "",
    condition: str = "",
    item_id: str = "",
    draw: int | None = None,
    outcome: str | None = None,
) -> Iterator[Trial]:
    """The trials that are asked for, in the order of the table; only these are parsed.

    Args:
        subject, task, condition, item_id: Empty means all.
        draw: None means all. outcome: as in `index`; None means all, "" those without one.

    Raises:
        MissingError: no run there, or it holds no trials.
    """
    import polars as pl

    wanted = {"subject": subject, "task": task, "condition": condition, "item_id": item_id}
    filters = [pl.col(column) == value for column, value in wanted.items() if value]
    if draw is not None:
        filters.append(pl.col("draw") == draw)
    rows = scan(run, "trials").filter(*filters) if filters else scan(run, "trials")
    if outcome is not None:
        kept = index(run).filter(pl.col("outcome") == outcome, *filters).select(KEY)
        rows = rows.join(kept, on=KEY, how="semi", maintain_order="left")
    for row in rows.collect().iter_rows(named=True):
        yield records.trial_of(row)
