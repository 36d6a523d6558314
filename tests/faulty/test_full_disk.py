"""A disk that fills up while something is written: one line that names the file, exit code 2; the same command finishes."""

from __future__ import annotations

import errno
import os
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sycoscope import cli
from sycoscope.core import files

pytestmark = pytest.mark.slow

# Of fewer items nothing is drawn.
EVAL = ("eval", "null:copier", "--facets", "answer", "--limit", "60", "--out", "run")
# In the order in which a run writes them.
PLACES = (
    "items.parquet", "trials.parquet", "scores.parquet", "training.csv", "timings.json", "manifest.json", "estimates.parquet",
    "estimates.csv", "digests.json", "summary.json", ".png", ".svg", "report.html",
)  # fmt: skip


def call(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["sycoscope", *arguments])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that says what is wrong."""
    heard = capsys.readouterr().err.splitlines()
    # beside it there may be warnings, and how far a slow machine has come
    (line,) = [line for line in heard if not line.startswith(("warning: ", "["))]
    assert line.startswith("error: ")
    assert "free space there or make the folder writable, and run again" in line
    return line


def test_each_file_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    real, full = os.replace, ""

    def replace(source: Any, target: Any) -> None:
        if full and str(target).endswith(full):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)

    monkeypatch.setattr(files.os, "replace", replace)
    for full in PLACES:
        assert call(EVAL, monkeypatch) == 2, full
        line = error_line(capsys)
        assert f"{full}' cannot be written (No space left on device)" in line
        assert not list(tmp_path.rglob("*.tmp"))
        assert (tmp_path / "run" / "summary.json").exists() is (
            full in PLACES[PLACES.index("summary.json") + 1 :]
        )
    full = ""
    assert call(EVAL, monkeypatch) == 0
    assert (tmp_path / "run" / "report.html").is_file()


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: the system itself refuses the write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_writes_that_the_system_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for size in (6_000, 12_000, 40_000):
        with no_file_above(size):
            assert call(EVAL, monkeypatch) == 2, size
        assert "(File too large)" in error_line(capsys)
        assert not list(tmp_path.rglob("*.tmp"))
    assert call(EVAL, monkeypatch) == 0


def test_a_checkpoint(
    tmp_path: Path, tiny_chat: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("trl")
    monkeypatch.chdir(tmp_path)
    train = (
        "train", str(tiny_chat), "--recipe", "placebo", "--rows", "6", "--steps", "2", "--device", "cpu", "--dtype", "float32",
        "--set", "checkpoint_steps=1", "--set", "max_length=400", "--out", "adapter",
    )  # fmt: skip
    for size in (4_200, 30_000):
        with no_file_above(size):
            assert call(train, monkeypatch) == 2, size
        assert "cannot be written" in error_line(capsys)
        assert not (tmp_path / "adapter").exists()
    assert call(train, monkeypatch) == 0
    assert (tmp_path / "adapter" / "adapter_model.safetensors").is_file()
