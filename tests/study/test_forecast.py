"""What a plan says of time and memory: what was measured here, or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sycoscope.config import StudyConfig, parse_study
from sycoscope.core.files import cache_dir
from sycoscope.models import local
from sycoscope.study import throughput
from sycoscope.study.forecast import ALLOWANCE_GIB, TUNING_GIB, forecast
from sycoscope.study.plan import plan_study
from sycoscope.study.progress import Silent
from sycoscope.study.throughput import Counted, keep_throughput, throughput_of

HARDWARE = {"device": "cpu", "device_name": "x86", "dtype": "float32", "threads": 1}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyConfig:
    monkeypatch.setenv("SYCOSCOPE_CACHE", str(tmp_path / "cache"))
    return parse_study(
        {"study": "s", "model": {"name": "owner/model"}, "facets": {"answer": {"limit": 5}}}, "test"
    )


def counted(done: float, seconds: float, skipped: float = 0.0) -> Counted:
    one = Counted(Silent())
    one.advance(done)
    one.advance(skipped, skipped=True)
    one.began -= seconds
    return one


def test_the_pace_of_a_run_is_kept_for_its_model_and_machine(config: StudyConfig) -> None:
    assert throughput_of(config, HARDWARE) is None
    keep_throughput(config, {"hardware": HARDWARE}, counted(5000.0, 50.0))
    kept = throughput_of(config, HARDWARE)
    assert (kept.weight, kept.tuned) == (5000.0, False)
    assert kept.seconds == pytest.approx(50.0, abs=1.0)
    for other in ({"threads": 2}, {"dtype": "bfloat16"}, {"device": "cuda"}):
        assert throughput_of(config, HARDWARE | other) is None
    raw = config.model_dump(mode="json")
    tuning = parse_study(raw | {"adapters": [{"name": "a", "recipe": "placebo"}]}, "test")
    assert throughput_of(tuning, HARDWARE) is None  # what tuning takes was not measured
    assert throughput_of(parse_study(raw | {"model": {"name": "owner/other"}}, "test"), HARDWARE) is None


@pytest.mark.parametrize(
    ("record", "run"),
    [
        ({"hardware": HARDWARE}, {"skipped": 1.0}),  # part of it was there already
        ({"hardware": HARDWARE}, {"seconds": throughput.SHORTEST / 2}),
        ({"hardware": HARDWARE}, {"done": 0.0}),
        ({}, {}),  # a null model
    ],
)
def test_what_says_nothing_of_the_pace_is_not_kept(config: StudyConfig, record: dict, run: dict) -> None:
    keep_throughput(config, record, counted(**({"done": 5000.0, "seconds": 50.0} | run)))
    assert throughput_of(config, HARDWARE) is None


def test_weights_are_counted_from_headers(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    file = tmp_path / "model.safetensors"
    save_file({"a": np.ones((3, 4), np.float32), "b": np.ones(5, np.float16)}, file)
    assert local.n_weights(tmp_path) == 17
    file.write_bytes(b"\x01")
    assert local.n_weights(tmp_path) is None
    assert local.local_folder("no such model") is None
    assert local.identity_of("owner/name", "v1") == "owner/name@v1"


def test_a_damaged_record_is_none(config: StudyConfig) -> None:
    keep_throughput(config, {"hardware": HARDWARE}, counted(5000.0, 50.0))
    (path,) = (cache_dir() / "throughput").iterdir()
    path.write_text("{")
    assert throughput_of(config, HARDWARE) is None


def test_tuning_takes_more_memory_than_asking(config: StudyConfig) -> None:
    asked = forecast(config, plan_study(config))
    raw = config.model_dump(mode="json")
    tuning = parse_study(raw | {"adapters": [{"name": "a", "recipe": "placebo"}]}, "test")
    tuned = forecast(tuning, plan_study(tuning))
    assert (asked.allowance_gib, tuned.allowance_gib) == (ALLOWANCE_GIB, TUNING_GIB)
    assert ALLOWANCE_GIB < TUNING_GIB
