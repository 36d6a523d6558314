"""How far the generated answer and the likeliest option agree beyond chance, by subject and condition."""

from __future__ import annotations

from collections.abc import Iterator

from sycoscope.analysis.measures import stream
from sycoscope.analysis.score_table import ScoreTable
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.stats import cohen_kappa

NAME = "channel_kappa"


def channel_kappas(table: ScoreTable, subjects: tuple[str, ...], seed: int) -> Iterator[Estimate]:
    """Cohen's kappa of both channels' labels, over answers that name one; nothing for a facet with one channel.

    Args:
        table: A facet's. seed: each condition has its own stream, the same for every subject.
    """
    channels = FACETS[table.task].channels
    if channels is None:
        return
    for subject in subjects:
        for condition in channels.conditions:
            if not table.has(subject, condition, channels.crossed):
                continue
            both = table.column(subject, condition, channels.crossed)
            rows = both.scored
            answers, likeliest = (
                table.column(subject, condition, name).label[rows].tolist()
                for name in (channels.said, channels.likeliest)
            )
            clusters = table.clusters[rows].astype(str)
            rng = stream(seed, table.task, "channels", condition)()
            kappa = cohen_kappa(answers, likeliest, clusters, rng=rng)
            asked = int(both.asked.sum())
            yield Estimate(
                subject=subject, task=table.task, name=NAME, condition=condition, unit="score", value=kappa.value,
                low=kappa.low, high=kappa.high, level=kappa.level, n=kappa.n, n_clusters=kappa.n_clusters,
                coverage=float(rows.sum()) / asked if asked else None, method=kappa.method, note=kappa.note,
            )  # fmt: skip
