"""The study that `eval` and `compare` run, from keywords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sycoscope.config import StudyConfig, parse_study
from sycoscope.facets import FACETS, facet_of
from sycoscope.items import BENCHMARKS
from sycoscope.models.load import BACKENDS, default_backend


def study_of(
    model: str,
    *,
    name: str,
    data: str = "bank",
    limit: int | None = None,
    facets: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
    form: str = "",
    settings: Mapping[str, Any] | None = None,
    seed: int = 42,
    chat: bool = True,
) -> StudyConfig:
    """The study that `eval` and `compare` run: every facet and benchmark with one limit.

    Args:
        limit: Items per facet and benchmark (pairs of a facet whose items are paired, as feedback's arguments).
        facets, benchmarks: Names; None for all.
        settings: Further keys of a study's `model`.
        form: `open` or `choice` for answer and are_you_sure; empty: open, and letters for the public
            are-you-sure rows, which are multiple choice.
    """
    asked: dict[str, dict[str, Any]] = {}
    for facet in FACETS if facets is None else facets:
        asked[facet] = {**facet_of(facet).limits, "limit": limit}
        if facet_of(facet).lettered:
            public = data != "bank" and facet == "are_you_sure"
            asked[facet]["form"] = form or ("choice" if public else "open")
    given = {"name": model} | dict(settings or {})
    if not BACKENDS[default_backend(model)].runs_benchmarks:
        benchmarks = ()
    elif benchmarks is None:
        benchmarks = tuple(BENCHMARKS)
    raw = {
        "study": name,
        "seed": seed,
        "data": data,
        "chat": chat,
        "model": given,
        "facets": asked,
        "capability": [
            {"benchmark": benchmark, "limit": limit}
            for benchmark in (BENCHMARKS if benchmarks is None else benchmarks)
        ],
        "description": f"{model} on {'the built-in bank' if data == 'bank' else data}",
    }
    return parse_study(raw, "options")
