"""What a plan tells of the data that a study needs, and that a run reads all of it before it measures anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hub_server import Hub, parquet, point_to, serving
from sycoscope.api import hub_faults, plan
from sycoscope.config import StudyConfig, parse_study
from sycoscope.core.errors import DataError, MissingError
from sycoscope.items import BenchmarkRows
from sycoscope.study.prepare import prepare

ROW = {"question": "Which?", "subject": "s", "answer": 0, "choices": ["a", "b", "c", "d"]}


def study(**changes: Any) -> StudyConfig:
    return parse_study({"study": "s", "model": {"name": "m"}, "facets": {"answer": {"limit": 5}}} | changes)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that lacks GSM8K."""
    pytest.importorskip("huggingface_hub")
    held = Hub()
    held.repo("datasets", "cais/mmlu").commit({"all/test-00000-of-00001.parquet": parquet([ROW])}, "main")
    with serving(held):
        point_to(held, tmp_path / "hub", monkeypatch)
        yield held


def test_a_plan_names_the_sets_that_cannot_be_had(hub: Hub) -> None:
    entries = [{"benchmark": "mmlu", "source": "hub"}, {"benchmark": "gsm8k", "source": "hub"}]
    adapters = [{"name": "math", "recipe": "gsm8k", "source": "hub"}]
    config = study(capability=entries, adapters=adapters)
    (fault,) = hub_faults(config)
    assert fault.startswith("gsm8k: 'openai/gsm8k' cannot be had from the hub (the hub has no such dataset")
    assert [path for _, path in hub.log] == ["/api/datasets/cais/mmlu", "/api/datasets/openai/gsm8k"]
    assert hub_faults(study(capability=[{"benchmark": "gsm8k"}])) == []


def test_a_run_finds_a_missing_set_before_it_loads_a_model(hub: Hub) -> None:
    entries = [{"benchmark": "gsm8k", "source": "hub"}]
    with pytest.raises(MissingError, match=r"cannot read 'openai/gsm8k' from the hub: the hub has no such"):
        prepare(study(capability=entries))


def test_rows_are_read_from_the_hub_once(hub: Hub) -> None:
    rows = BenchmarkRows("mmlu", "hub")
    assert len(rows.rows("test")) == len(rows.items("test")) == 1
    asked = list(hub.log)
    assert rows.rows("test")
    assert hub.log == asked


def test_a_plan_reads_the_rows_of_folders(tmp_path: Path) -> None:
    (tmp_path / "mmlu").mkdir()
    for name, choices in (("test", [{"text": "a"}] * 4), ("dev", ["a", "b", "c", "d"])):
        pl.DataFrame([ROW | {"choices": choices}]).write_parquet(tmp_path / "mmlu" / f"{name}.parquet")
    with pytest.raises(DataError, match=r"row 1: choices must be a list of 4 texts; got \[\{"):
        plan(study(capability=[{"benchmark": "mmlu", "source": str(tmp_path)}]))
