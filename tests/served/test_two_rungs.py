"""Two served names as two runs; on two rungs what rests on options' log-probabilities is not compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer
from sycoscope import api

ASKED = {
    "facets": ["answer"],
    "benchmarks": [],
    "limit": 6,
    "difficulty": ["easy"],
}


def settings(server: EndpointServer, **more: Any) -> dict[str, Any]:
    return {"backend": "openai", "base_url": server.url, "retries": 0} | more


def withheld(run: Any) -> set[str]:
    return {e.name for e in run.estimates() if e.state == "withheld" and "[rung]" in e.reason}


@pytest.mark.slow
def test_two_names_are_two_runs_and_two_rungs_are_not_comparable(tmp_path: Path) -> None:
    with EndpointServer(gives=("sequence", "top")) as server:
        done = api.compare(
            "base", "yielder", settings=settings(server), out=tmp_path / "both", cache=tmp_path / "cache", **ASKED
        )  # fmt: skip
        other = api.evaluate(
            "yielder", settings=settings(server, scoring="top"), conditions="deciding",
            out=tmp_path / "top", cache=tmp_path / "cache", **ASKED,
        )  # fmt: skip
    assert withheld(done) == set()
    assert {one.subject for one in done.summary().verdicts} >= {"yielder"}
    mixed = api.compare_runs(
        done.directory.__class__(tmp_path / "both" / "before"), other.directory, out=tmp_path / "mixed"
    )
    found = withheld(mixed)
    assert "follow_logprob" in found
    assert "follow" not in found
    (line,) = {f.message for f in mixed.summary().findings if f.check == "rung" and f.severity == "invalid"}
    assert "not comparable, its options were read on 'top' and those of base on 'sequence'" in line
