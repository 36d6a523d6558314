"""Finished adapters given by folder, and the placebo and sham that are tuned as they were."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from sycoscope.api import adapters
from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.models.adapter_files import AdapterFiles


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 4, "lora_alpha": 8}))
    return path


def files_of(path: str) -> AdapterFiles:
    """As `read_adapter`, of a folder without weights."""
    config = json.loads((Path(path) / "adapter_config.json").read_text())
    return AdapterFiles(Path(path), config, {}, {})


def test_adapters_are_called_as_their_folders_are(tmp_path: Path) -> None:
    first, second = folder(tmp_path / "one" / "my tune!"), folder(tmp_path / "two" / "my tune!")
    assert adapters.finished(None) == []
    assert adapters.finished(str(first)) == [{"name": "my-tune", "path": str(first)}]
    assert [one["name"] for one in adapters.finished([first, second])] == ["my-tune", "two-my-tune"]
    assert adapters.finished({"a": first, "b": first}) == [
        {"name": "a", "path": str(first)}, {"name": "b", "path": str(first)},
    ]  # fmt: skip


def test_a_name_that_is_taken_is_refused_with_what_to_do(tmp_path: Path) -> None:
    placebo = folder(tmp_path / "placebo")
    with pytest.raises(
        ConfigError, match=f"called 'placebo', as another subject is; .*--adapter my-placebo={placebo}"
    ):
        adapters.finished(placebo)
    with pytest.raises(MissingError, match=r"no adapter at '.*': adapter_config.json is missing"):
        adapters.finished(tmp_path)


def test_what_holds_an_adapter_and_no_model_is_one(tmp_path: Path) -> None:
    one = folder(tmp_path / "a")
    assert adapters.is_adapter(str(one))
    assert not adapters.is_adapter(str(tmp_path))
    assert not adapters.is_adapter("some/hub-id")
    (one / "config.json").write_text("{}")
    assert not adapters.is_adapter(str(one))


def test_controls_are_tuned_as_the_longest_tune_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    entries = adapters.finished([folder(tmp_path / "short"), folder(tmp_path / "long")])
    (tmp_path / "long" / "trainer_state.json").write_text(json.dumps({"global_step": 500}))
    monkeypatch.setattr(adapters, "read_adapter", files_of)
    with caplog.at_level(logging.WARNING):
        placebo, sham = adapters.controls(entries)
    assert (placebo["recipe"], sham["recipe"]) == ("placebo", "sham")
    assert placebo["training"] == sham["training"]
    assert placebo["training"]["steps"] == 500
    assert placebo["training"]["lora"]["r"] == 4
    (said,) = caplog.messages
    assert "learning_rate 0.0002, batch_rows 8: the folder of 'long' does not say its own" in said
    assert adapters.controls(entries, 7)[0]["training"]["steps"] == 7
    assert adapters.controls([])[0]["training"]["steps"] == 80
