"""How many threads products take: timed once, and kept for the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sycoscope.models import threads
from sycoscope.models.threads import fastest, threads_here


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({8: 1.0, 4: 2.0, 2: 4.0, 1: 8.0}, 8),
        ({8: 9.0, 4: 3.0, 2: 2.0, 1: 1.5}, 1),
        ({8: 1.0, 4: 1.04, 2: 1.2, 1: 2.0}, 4),
    ],
)
def test_fewer_threads_win_where_they_are_about_as_fast(seconds: dict[int, float], chosen: int) -> None:
    assert fastest(list(seconds), seconds.__getitem__) == chosen


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four processors, of which one is busy; the folder where what was timed is kept."""
    import torch

    monkeypatch.setenv("SYCOSCOPE_CACHE", str(tmp_path))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)
    monkeypatch.setattr(threads, "_seconds_of", lambda number, dtype: {4: 10.0, 2: 1.0, 1: 1.5}[number])
    return tmp_path


def test_what_was_chosen_is_kept_for_the_machine(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert threads_here("float32") == 2
    (key,) = json.loads((machine / threads.FILE).read_text())
    assert key.endswith("/float32")

    def never(*_: object) -> float:
        raise AssertionError("timed again")

    monkeypatch.setattr(threads, "_seconds_of", never)
    assert threads_here("float32") == 2
    with pytest.raises(AssertionError, match="timed again"):
        threads_here("bfloat16")


@pytest.mark.parametrize("text", ["", "[1]", "[" * 100_000, '{"x": "two"}', "\x00"])
def test_a_kept_file_that_is_damaged_is_timed_again(machine: Path, text: str) -> None:
    (machine / threads.FILE).write_text(text)
    assert threads_here("float32") == 2


def test_who_sets_the_threads_is_obeyed(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert threads_here("float32") == 4
    assert not (machine / threads.FILE).exists()


def test_products_are_timed() -> None:
    import torch

    before = torch.get_num_threads()
    assert 0.0 < threads._seconds_of(before, "float32") < 5.0
