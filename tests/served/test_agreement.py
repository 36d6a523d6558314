"""A served adapter beside its own weights here: a wrong one or another scale is found out, rounding is not."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer
from served.test_loading import adapter
from sycoscope.core.types import ChoiceLogprobs
from sycoscope.models.served.agreement import agreement

DRAW = random.Random(7)
BASE = [[-1.0 - DRAW.random() * 4 for _ in range(3)] for _ in range(16)]
SHIFT = [[DRAW.gauss(0, 1) for _ in range(3)] for _ in range(16)]
OTHER = [[DRAW.gauss(0, 1) for _ in range(3)] for _ in range(16)]


def scored(*parts: tuple[float, list[list[float]]], noise: float = 0.0) -> list[ChoiceLogprobs]:
    draw = random.Random(3)
    return [
        ChoiceLogprobs(
            logprobs=tuple(
                sum(weight * part[row][at] for weight, part in parts) + draw.gauss(0, noise)
                for at in range(3)
            ),
            n_tokens=(1, 1, 1),
        )
        for row in range(16)
    ]


HERE = (scored((1, BASE)), scored((1, BASE), (1, SHIFT)))


def found(tuned: list[ChoiceLogprobs], base: list[ChoiceLogprobs] | None = None) -> Any:
    return agreement("weights", (base or scored((1, BASE), noise=0.1), tuned), HERE)


def test_the_same_adapter_on_another_engine_agrees() -> None:
    same = found(scored((1, BASE), (1, SHIFT), noise=0.15))
    assert (same.n, same.fault) == (48, "")
    assert same.scale == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("scale", [2.0, 0.25, 0.0, -1.0])
def test_another_scale_is_found_out(scale: float) -> None:
    other = found(scored((1, BASE), (scale, SHIFT), noise=0.1))
    assert f"the scale that fits best is {other.scale:.2f}, and 1 is expected" in other.fault
    assert other.scale == pytest.approx(scale, abs=0.1)


def test_another_adapter_and_another_base_are_found_out() -> None:
    assert "another adapter is served" in found(scored((1, BASE), (1, OTHER))).fault
    assert "other weights are served" in found(HERE[1], scored((1, BASE), (1, OTHER))).fault


def test_a_weak_adapter_is_not_told_from_rounding() -> None:
    weak = agreement(
        "weights",
        (scored((1, BASE), noise=0.1), scored((1, BASE), noise=0.12)),
        (HERE[0], scored((1, BASE), (0.01, SHIFT))),
    )
    assert weak.fault == ""


def test_what_has_no_numbers_is_no_agreement() -> None:
    none = [ChoiceLogprobs(logprobs=None, error="failed")] * 16
    assert "not one option has numbers" in agreement("weights", (none, none), HERE).fault


def test_a_study_withholds_an_adapter_that_is_not_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sycoscope import api
    from sycoscope.study import served

    monkeypatch.setattr(served, "weights_here", lambda *_: HERE)
    study = {
        "study": "proof",
        "facets": {"answer": {"limit": 4, "probe": False, "difficulty": ["easy"]}},
        "adapters": [{"name": "mine", "served": "yielder", "path": str(adapter(tmp_path / "mine"))}],
    }
    path = tmp_path / "study.json"
    with EndpointServer() as server:
        model = {"name": "base", "backend": "openai", "base_url": server.url, "weights": "here"}
        path.write_text(json.dumps(study | {"model": model}))
        done = api.run_study(path, out=tmp_path / "run", cache=tmp_path / "cache")
    record = json.loads((done.directory.path / "manifest.json").read_text())["subjects"][1]["model"]["proof"]
    assert record["agreement"]["n"] == 48
    assert "nats from those of 'here' here" in record["fault"]
    (line,) = [one for one in done.summary().findings if one.check == "served_adapter"]
    assert (line.severity, line.subject) == ("invalid", "mine")
