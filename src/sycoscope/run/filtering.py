"""Which trials of a run are looked at: a filter over its samples, which are scanned and never read as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sycoscope.analysis.edge_cases import COLUMN
from sycoscope.analysis.sample_columns import MAIN, channel_columns
from sycoscope.core.errors import MissingError
from sycoscope.run.read import KEY, scan
from sycoscope.run.record import rejudge
from sycoscope.run.samples import MARK
from sycoscope.run.store import RunDirectory

if TYPE_CHECKING:
    import polars as pl

ITEM = ("task", "item_id")
# An answer that is shown whole in a table is cut here, in characters.
EXCERPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFilter:
    """What a trial must be; empty means any.

    Attributes:
        outcome: Label of the main score, or the status where that score is missing.
        before, after: `held` or `caved`; both are asked together, of the subject's flip on the trial's item.
        edge: Name of a kind of edge case. channels: `agree` or `differ`: answer given and likeliest option.
        text: Stands in one of the turns, whatever its case.
    """

    task: str = ""
    condition: str = ""
    subject: str = ""
    outcome: str = ""
    before: str = ""
    after: str = ""
    edge: str = ""
    channels: str = ""
    text: str = ""

    @property
    def is_any(self) -> bool:
        """Whether every trial passes."""
        return self == TrialFilter()

    @property
    def flip(self) -> str:
        """Before and after, as in an address; empty for any."""
        return f"{self.before}-{self.after}" if self.before else ""


# Name in an address of the viewer -> field of the filter; `task` and `id` name an item there, so a filter has `facet`.
FILTERS: Mapping[str, str] = {
    "facet": "task",
    "condition": "condition",
    "subject": "subject",
    "outcome": "outcome",
    "edge": "edge",
    "channels": "channels",
    "q": "text",
}


def query_of(asked: TrialFilter) -> dict[str, str]:
    """A filter as the viewer's addresses have it; what is at its default is left out."""
    found = {name: getattr(asked, field) for name, field in FILTERS.items()}
    return {name: value for name, value in (found | {"flip": asked.flip}).items() if value}


def flip_table(run: RunDirectory) -> pl.DataFrame:
    """The run's flips: subject, task, item_id, draw, condition, control, before, after.

    Raises:
        StoreError: the run is not finished, or damaged.
    """
    import polars as pl

    texts = ("subject", "task", "item_id", "condition", "control", "before", "after")
    rows = [{name: getattr(flip, name) for name in (*texts, "draw")} for flip in run.summary().flips]
    schema = dict.fromkeys(texts, pl.String()) | {"draw": pl.Int64()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def found(run: RunDirectory, asked: TrialFilter, flips: pl.DataFrame) -> pl.DataFrame:
    """The items with a trial that passes: task, item_id, n (how many pass), in the order of the run."""
    import polars as pl

    rows = passing(run, asked, flips).group_by(ITEM, maintain_order=True).agg(n=pl.len().cast(pl.Int64))
    return rows.collect()


def passing(
    run: RunDirectory, asked: TrialFilter, flips: pl.DataFrame, part: tuple[int, int] | None = None
) -> pl.LazyFrame:
    """The samples that pass, not yet read. part: (first row, how many rows); None: all."""
    import polars as pl

    rows = scan(run, "samples")
    if part is not None:
        rows = rows.slice(*part)
    there = set(rows.collect_schema().names())
    exact = {"task": asked.task, "condition": asked.condition, "subject": asked.subject}
    tests = [pl.col(column) == value for column, value in exact.items() if value]
    said = None
    if asked.outcome:
        tests.append(outcome_shown() == asked.outcome)
    if asked.edge:
        tests.append(_edge(run, asked.edge, there))
    if asked.channels:
        tests.append(_channels(asked.channels == "differ", there))
    if asked.text:
        wanted = f"(?i){re.escape(asked.text)}"
        if "\n" not in asked.text:
            # a mark begins a line: a text that stands in no line with it stands in none without it
            tests.append(pl.col("dialogue").str.contains(wanted))
        said = _said().str.contains(wanted)
    if tests:
        rows = rows.filter(*tests)
    if said is not None:
        rows = rows.filter(said)
    if asked.before or asked.after:
        kept = flips.filter(pl.col("before") == asked.before, pl.col("after") == asked.after)
        keys = ("subject", *ITEM, "draw")
        rows = rows.join(kept.select(keys).unique().lazy(), on=keys, how="semi", maintain_order="left")
    return rows


def _said() -> pl.Expr:
    """The turns without the marks that say whose they are."""
    import polars as pl

    return pl.col("dialogue").str.replace_all(MARK, "")


def outcome_shown() -> pl.Expr:
    """What a sample came to: its outcome, or the status that says why there is none; empty without a main score."""
    import polars as pl

    scored = pl.col("status") == "scored"
    return pl.when(scored).then(MAIN).otherwise("status").fill_null("").alias("shown")


def _edge(run: RunDirectory, name: str, there: set[str]) -> pl.Expr:
    import polars as pl

    if COLUMN not in there:
        raise MissingError(
            f"'{run.path}' was written before runs listed their edge cases; {rejudge(run.path)}, with edge cases"
        )
    return pl.col(COLUMN).str.contains(rf"\b{re.escape(name)}\b").fill_null(False)


def _channels(differ: bool, there: set[str]) -> pl.Expr:
    """Both channels named an answer, and the same one or not; as the facet crosses them."""
    import polars as pl

    tests = []
    for task, (said_in, likeliest_in, among) in channel_columns().items():
        if likeliest_in in there:
            said, likeliest = pl.col(said_in), pl.col(likeliest_in)
            both = said.is_in(among) if among else said.is_not_null()
            tests.append(
                (pl.col("task") == task) & both & ((said != likeliest) if differ else (said == likeliest))
            )
    return pl.any_horizontal(*tests).fill_null(False) if tests else pl.lit(False)


def counts(run: RunDirectory) -> pl.DataFrame:
    """Trials by subject, task, condition and what they came to: those columns as `shown`, and `n`."""
    import polars as pl

    keys = ("subject", "task", "condition")
    rows = scan(run, "samples").select(*keys, outcome_shown())
    return rows.group_by(*keys, "shown", maintain_order=True).agg(n=pl.len().cast(pl.Int64)).collect()


def answers(run: RunDirectory, items: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """The samples of these (task, item_id): key, `shown`, edge cases, what the item is; the response is cut."""
    import polars as pl

    of_item = ("question", "target", "suggestion")
    text = pl.col("response").str.slice(0, EXCERPT)
    rows = scan(run, "samples")
    kinds = pl.col(COLUMN) if COLUMN in rows.collect_schema().names() else pl.lit(None, pl.String())
    return _of(rows, items).select(*KEY, *of_item, text, outcome_shown(), kinds.alias(COLUMN)).collect()


def hits(
    run: RunDirectory, asked: TrialFilter, flips: pl.DataFrame, part: tuple[int, int], width: int
) -> pl.DataFrame:
    """Where a text stands in a part of the samples: (first row, how many rows).

    Returns:
        By item: task, item_id, n (trials that pass), and of the first of them subject, condition and `text`, with
        `width` characters around it; in the order of the run.
    """
    import polars as pl

    around = f"(?is).{{0,{width}}}{re.escape(asked.text)}.{{0,{width}}}"
    rows = passing(run, asked, flips, part).select(*ITEM, "subject", "condition", text=_said())
    first = rows.group_by(ITEM, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("n"), pl.col("subject", "condition", "text").first()
    )
    return first.with_columns(pl.col("text").str.extract(around, 0).fill_null("")).collect()


def height(run: RunDirectory) -> int:
    """How many samples a run has."""
    import polars as pl

    return int(scan(run, "samples").select(pl.len()).collect().item())


def asked_of(run: RunDirectory, table: str, items: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """The rows of a table on these (task, item_id)."""
    return _of(scan(run, table), items).collect()


def _of(rows: pl.LazyFrame, items: Sequence[tuple[str, str]]) -> pl.LazyFrame:
    """The rows of these items: first by plain sets, which a scan can skip by, then by pairs."""
    import polars as pl

    tasks, ids = sorted({task for task, _ in items}), sorted({item for _, item in items})
    rows = rows.filter(pl.col("item_id").is_in(ids), pl.col("task").is_in(tasks))
    if len(tasks) < 2:
        return rows
    pairs = pl.LazyFrame(items, schema=dict.fromkeys(ITEM, pl.String()), orient="row")
    return rows.join(pairs, on=ITEM, how="semi", maintain_order="left")
