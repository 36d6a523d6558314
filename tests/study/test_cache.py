"""Shards in the cache: found again as they were, by key alone; damaged ones are named."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sycoscope.core import records
from sycoscope.core.errors import MissingError, StoreError
from sycoscope.core.types import Answered, Response, Score, Trial
from sycoscope.run.store import parquet_bytes
from sycoscope.study import cache as study_cache
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
    with pytest.raises(
        StoreError, match=r"key1\.trials\.parquet' cannot be read \(it is damaged\); delete it and run again"
    ):
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


# --- damage ---


def damaged(data: bytes, other: bytes, stride: int = 1) -> Iterator[bytes]:
    """The file with one byte changed, anywhere; cut; empty; another one in its place; with something behind it."""
    for at in range(0, len(data), stride):
        yield data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    for left in (0, 1, len(data) // 2, len(data) - 1):
        yield data[:left]
    yield other
    yield data + data


def test_a_damaged_shard_is_not_there_and_its_file_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = ShardCache(tmp_path)
    cache.put_trials("key1", [TRIAL])
    cache.put_trials("key2", [replace(TRIAL, item_id="j")])
    cache.put_scores("key1", [SCORE])
    path = cache.path("key1")
    whole, other = path.read_bytes(), cache.path("key2").read_bytes()
    for data in (*damaged(whole, other, stride=7), cache.path("key1", "scores").read_bytes()):
        path.write_bytes(data)
        caplog.clear()
        cache = ShardCache(tmp_path)
        if cache.has("key1"):  # the change hit the name of the digest: what is kept is as it was
            assert cache.trials("key1") == [TRIAL]
            assert "were kept before files had digests" in caplog.text
            continue
        assert not cache.has("key1")
        assert caplog.text.count(f"'{path}' is damaged, or is another shard's file; it is made again") == 1
        with pytest.raises(StoreError, match=r"key1\.trials\.parquet' cannot be read"):
            cache.trials("key1")
    cache.put_trials("key1", [TRIAL])
    assert path.read_bytes() == whole


def test_a_shard_that_was_kept_before_shards_had_digests_is_taken_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = ShardCache(tmp_path)
    data = parquet_bytes(records.frame("trials", records.trial_rows([TRIAL])))
    for key in ("key1", "key2"):
        cache.path(key).parent.mkdir(parents=True, exist_ok=True)
        cache.path(key).write_bytes(data)
        assert cache.has(key)
        assert cache.trials(key) == [TRIAL]
    (told,) = caplog.messages
    assert "key1.trials.parquet' and others were kept before files had digests" in told
    cache.path("key1").write_bytes(data[:-9])
    assert not cache.has("key1")
    cache.path("key1").write_bytes(parquet_bytes(records.frame("scores", records.score_rows([SCORE]))))
    with pytest.raises(StoreError, match=r"key1\.trials\.parquet' cannot be read \(KeyError.*delete it"):
        cache.trials("key1")


# --- two at once ---

HOLDER = """
import sys
from pathlib import Path
from sycoscope.study.cache import ShardCache
with ShardCache(Path(sys.argv[1])).claimed("key1"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_of_two_that_want_a_shard_one_makes_it_and_the_other_takes_it(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> None:
        cache = ShardCache(tmp_path)
        with cache.claimed("key1") as alone:
            assert alone
            if not cache.has("key1"):
                time.sleep(0.2)
                made.append(1)
                cache.put_trials("key1", [TRIAL])
        assert cache.trials("key1") == [TRIAL]

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert [path.name for path in tmp_path.rglob("*.*")] == ["key1.trials.parquet"]


def test_a_holder_that_died_frees_its_shard_and_a_long_wait_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_cache, "PATIENCE", 0.1)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        cache = ShardCache(tmp_path)
        with cache.claimed("key1", wait=False) as alone:
            assert not alone
        threading.Timer(0.5, holder.kill).start()
        with cache.claimed("key1") as alone:
            assert alone
        assert "key1.trials.parquet' is being made by another process; waiting for it" in caplog.text
    finally:
        holder.kill()
        holder.communicate()
