"""Run directories: atomic, locked, of one layout, damaged files named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sycoscope.core import files, records
from sycoscope.core.errors import BusyError, MissingError, StoreError
from sycoscope.core.files import cache_dir, digest_of, write_atomic
from sycoscope.core.types import Answered, Estimate, Item, Response, Score, Trial
from sycoscope.run.store import LAYOUT, RunDirectory

TRIAL = Trial(
    subject="s", task="t", item_id="i", condition="control", draw=0,
    asked=(Answered(name="answer", content="?", response=Response(text="Lima ✓")),),
)  # fmt: skip
SCORE = Score(subject="s", task="t", item_id="i", condition="control", draw=0, name="n", status="unparsed")


def test_a_reader_sees_all_or_nothing(tmp_path, monkeypatch):
    file = tmp_path / "new" / "file"
    write_atomic(file, b"first")
    assert file.read_bytes() == b"first"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("fsync", "replace"):
        monkeypatch.setattr(files.os, step, killed)
        with pytest.raises(KeyboardInterrupt):
            write_atomic(file, b"second, and longer")
        monkeypatch.undo()
        assert file.read_bytes() == b"first"
    write_atomic(file, b"third")
    assert file.read_bytes() == b"third"
    assert [path.name for path in file.parent.iterdir()] == ["file"]  # what the killed writes left is gone


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SYCOSCOPE_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.delenv("SYCOSCOPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_dir() == tmp_path / "x" / "sycoscope"


def test_digests_hang_on_values_alone():
    assert digest_of({"a": 1, "b": [1, 2]}) == digest_of({"b": [1, 2], "a": 1})
    assert (
        len({digest_of(value) for value in ({"a": 1}, {"a": 2}, {"a": "1"}, {"b": 1}, [1, 2], [2, 1])}) == 6
    )


def test_run_directory_round_trips(tmp_path):
    run = RunDirectory(tmp_path / "run")
    item = Item(id="i", source="s", question="q", target="t", choices=("t", "u"))
    estimate = Estimate(subject="s", task="t", name="follow", value=0.5, low=0.1, high=0.9, n=3)
    assert run.trials() == run.scores() == run.items() == run.estimates() == []
    run.write_manifest({"study": "Größe", "z": 1, "a": [1]})
    run.write_rows("trials", records.trial_rows([TRIAL]))
    run.write_rows("scores", records.score_rows([SCORE]))
    run.write_rows("items", records.item_rows([("t", item)]))
    run.write_rows("estimates", records.estimate_rows([estimate]))
    assert (run.trials(), run.scores(), run.items()) == ([TRIAL], [SCORE], [("t", item)])
    assert run.estimates() == [estimate]
    assert run.manifest() == {"layout": LAYOUT, "study": "Größe", "z": 1, "a": [1]}
    header, row = (tmp_path / "run" / "data" / "estimates.csv").read_text().splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["value"] == "0.5"
    assert not (tmp_path / "run" / "data" / "trials.csv").exists()


def test_manifests_that_cannot_be_used(tmp_path):
    run = RunDirectory(tmp_path)
    with pytest.raises(MissingError, match=r"no run at '.*': manifest\.json is missing; give a folder"):
        run.manifest()
    run.write_manifest({"study": "x"})
    newer = json.loads(run.manifest_path.read_text()) | {"layout": LAYOUT + 1}
    run.manifest_path.write_text(json.dumps(newer))
    with pytest.raises(
        StoreError, match=f"has layout {LAYOUT + 1}, this version reads layout {LAYOUT}; use the"
    ):
        run.manifest()
    for damaged in ('{"layout": 1, "stu', "", "[]", "null", '"text"'):
        run.manifest_path.write_text(damaged)
        with pytest.raises(StoreError):
            run.manifest()


HOLDER = """
import sys
from sycoscope.run.store import RunDirectory
with RunDirectory(sys.argv[1]).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_busy_directory(tmp_path):
    source = str(Path(files.__file__).parents[2])
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "run")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": source},
    )
    try:
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(
                BusyError, match=r"run' is in use by another process; wait for it, or choose another"
            ),
            RunDirectory(tmp_path / "run").locked(),
        ):
            pass
    finally:
        other.kill()  # a killed holder leaves no lock behind
        other.wait()
        other.stdin.close()
        other.stdout.close()
    with RunDirectory(tmp_path / "run").locked():
        assert (tmp_path / "run").is_dir()
