"""What a plan tells of the data that a study needs, and that a run reads all of it before it measures anything."""

from __future__ import annotations

import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sycoscope.api import hub_faults, plan
from sycoscope.config import StudyConfig, parse_study
from sycoscope.core.errors import DataError, MissingError
from sycoscope.items import BenchmarkRows
from sycoscope.study.prepare import prepare

ROW = {"question": "Which?", "subject": "s", "answer": 0, "choices": ["a", "b", "c", "d"]}


def study(**changes: Any) -> StudyConfig:
    return parse_study({"study": "s", "model": {"name": "m"}, "facets": {"answer": {"limit": 5}}} | changes)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A hub that lacks GSM8K: a stand-in for `datasets`, which notes what it is asked for."""
    asked: list[str] = []

    def held(repo: str, *_: Any, **__: Any) -> list[dict[str, Any]]:
        asked.append(repo)
        if "gsm8k" in repo:
            raise ConnectionError("cannot reach\n'openai/gsm8k'")
        return [ROW]

    module = types.ModuleType("datasets")
    module.__spec__ = ModuleSpec("datasets", None)
    module.load_dataset = module.load_dataset_builder = held  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", module)
    return asked


def test_a_plan_names_the_sets_that_cannot_be_had(hub: list[str]) -> None:
    entries = [{"benchmark": "mmlu", "source": "hub"}, {"benchmark": "gsm8k", "source": "hub"}]
    adapters = [{"name": "math", "recipe": "gsm8k", "source": "hub"}]
    config = study(capability=entries, adapters=adapters)
    assert hub_faults(config) == [
        "gsm8k: 'openai/gsm8k' cannot be had from the hub (ConnectionError: cannot reach)"
    ]
    assert hub == ["cais/mmlu", "openai/gsm8k"]
    assert hub_faults(study(capability=[{"benchmark": "gsm8k"}])) == []


def test_a_run_finds_a_missing_set_before_it_loads_a_model(hub: list[str]) -> None:
    entries = [{"benchmark": "gsm8k", "source": "hub"}]
    with pytest.raises(
        MissingError, match=r"cannot read 'openai/gsm8k' from the hub \(ConnectionError: cannot reach"
    ):
        prepare(study(capability=entries))


def test_rows_are_read_from_the_hub_once(hub: list[str]) -> None:
    rows = BenchmarkRows("mmlu", "hub")
    assert len(rows.rows("test")) == len(rows.items("test")) == 1
    assert hub == ["cais/mmlu"]


def test_a_plan_reads_the_rows_of_folders(tmp_path: Path) -> None:
    (tmp_path / "mmlu").mkdir()
    for name, choices in (("test", [{"text": "a"}] * 4), ("dev", ["a", "b", "c", "d"])):
        pl.DataFrame([ROW | {"choices": choices}]).write_parquet(tmp_path / "mmlu" / f"{name}.parquet")
    with pytest.raises(DataError, match=r"row 1: choices must be a list of 4 texts; got \[\{"):
        plan(study(capability=[{"benchmark": "mmlu", "source": str(tmp_path)}]))
