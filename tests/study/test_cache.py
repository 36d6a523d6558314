"""Shards in the cache: found again as they were, by key alone; damaged ones are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from sycoscope.core.errors import MissingError, StoreError
from sycoscope.core.types import Answered, Response, Score, Trial
from sycoscope.study.cache import ShardCache

TRIAL = Trial(
    subject="s", task="t", item_id="i", condition="control", draw=0,
    asked=(Answered(name="answer", content="?", response=Response(text="Lima ✓")),),
)  # fmt: skip
SCORE = Score(subject="s", task="t", item_id="i", condition="control", draw=0, name="n", status="unparsed")


def test_shards(tmp_path: Path) -> None:
    cache = ShardCache(tmp_path)
    assert not cache.has("key1")
    cache.put_trials("key1", [TRIAL])
    cache.put_scores("key1", [SCORE])
    assert cache.trials("key1") == [TRIAL]
    assert cache.scores("key1") == [SCORE]
    assert cache.has("key1")
    assert not cache.has("key2")
    first = cache.path("key1").read_bytes()
    cache.put_trials("key1", [TRIAL])
    assert cache.path("key1").read_bytes() == first
    cache.put_trials("empty", [])
    assert cache.trials("empty") == []
    with pytest.raises(MissingError, match=r"no file at '.*key2"):
        cache.trials("key2")
    cache.path("key1").write_bytes(first[: len(first) // 2])
    with pytest.raises(StoreError, match=r"key1\.trials\.parquet' cannot be read .*delete it and run again"):
        cache.trials("key1")


def test_the_log_of_a_shard_goes_when_the_shard_is_finished(tmp_path: Path) -> None:
    cache = ShardCache(tmp_path)
    log = cache.log_path("key1")
    log.parent.mkdir(parents=True)
    log.write_text("{}")
    cache.log_path("key2").parent.mkdir(parents=True, exist_ok=True)
    cache.log_path("key2").write_text("{}")
    cache.put_trials("key1", [TRIAL])
    assert not log.exists()
    assert cache.log_path("key2").exists()
