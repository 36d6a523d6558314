"""A tiny model and one finished study on it, whose cache other tests share where training is not their point."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from sycoscope import api
from sycoscope.config import parse_study

from .study_files import small_study


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory, tiny: SimpleNamespace) -> Path:
    """A tiny chat model with room for few-shot prompts in byte-level tokens."""
    return tiny.model(tmp_path_factory.mktemp("study") / "tiny", tiny.CHATML, adds_bos=False, positions=4096)


@pytest.fixture(scope="session")
def finished(model: Path, tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    """One finished small study."""
    config = parse_study(small_study(model))
    return api.run_study(config, out=tmp_path_factory.mktemp("finished") / "run")


@pytest.fixture(scope="session")
def cache(finished: api.Run) -> Path:
    """The cache of the finished study: its shards, its adapters."""
    return finished.directory.path.parent / ".cache"
