"""Where things are written: refused before anything is measured, read as given, whole or not there."""

from __future__ import annotations

import ast
import csv
import errno
import io
import os
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sycoscope
from sycoscope import api
from sycoscope.core import files
from sycoscope.core.errors import ConfigError, MissingError, StoreError
from sycoscope.core.files import check_writable, copy_folder, disk_errors, user_path
from sycoscope.core.records import csv_bytes
from sycoscope.run import read

SOURCE = Path(__file__).parents[1] / "src" / "sycoscope"
FEW: dict[str, Any] = {"limit": 3, "facets": ["answer"], "benchmarks": []}


def test_paths_of_people(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_path("~/x*[1]?") == tmp_path / "x*[1]?"
    for wrong in ("~no-such-user/x", "a\0b"):
        with pytest.raises(ConfigError):
            user_path(wrong)


@pytest.mark.parametrize(
    "place", ["file", "file/x", "dangling", "dangling/x", "/proc/x", "/dev/null", "a" * 300, "loop"]
)
def test_a_place_that_cannot_be_written_is_told_before_anything_is_measured(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "dangling").symlink_to("/nowhere/at/all")
    (tmp_path / "loop").symlink_to("loop")
    before = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr("sycoscope.study.run.load_model", None)
    monkeypatch.setattr("sycoscope.study.session.load_model", None)
    for command in (
        lambda out: sycoscope.evaluate("null:ideal", out=out, **FEW),
        lambda out: sycoscope.compare("null:ideal", "null:copier", out=out, **FEW),
        lambda out: sycoscope.train("m", "placebo", out=out),
    ):
        with pytest.raises(ConfigError, match=r"(?s)cannot be written.*choose another --out"):
            command(tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_cache_that_cannot_be_written_is_told_too(tmp_path: Path) -> None:
    (tmp_path / ".cache").write_text("a file in the place of the cache")
    with pytest.raises(ConfigError, match=r"\.cache' is no folder; it keeps what is finished"):
        sycoscope.evaluate("null:ideal", out=tmp_path / "run", **FEW)
    assert [path.name for path in tmp_path.iterdir()] == [".cache"]


def test_a_folder_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b", "x")
    check_writable(tmp_path, "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_out_is_a_path_and_no_pattern(tmp_path: Path) -> None:
    plain = sycoscope.evaluate("null:ideal", out=tmp_path / "x1", **FEW)
    odd = [sycoscope.evaluate("null:copier", out=tmp_path / name, **FEW) for name in ("x*", "x[1]", "x?")]
    assert len({tuple(e.value for e in run.estimates()) for run in odd}) == 1
    assert odd[0].estimates() != plain.estimates()
    assert len(list(read.trials(odd[1].directory))) == len(plain.directory.trials())
    before = odd[1].report.read_bytes()
    api.report(odd[1].directory.path, rejudge=True)
    assert odd[1].report.read_bytes() == before


def test_polars_reads_no_path_as_a_pattern() -> None:
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and re.fullmatch(r"pl\.(read|scan)_\w+", ast.unparse(node.func)):
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                in_memory = ast.unparse(node.args[0]).startswith("io.")
                assert in_memory or given.get("glob") == "False", f"{path}:{node.lineno}"


@pytest.mark.slow
def test_no_run_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (sycoscope.evaluate("null:copier", **FEW) for _ in range(2))
    assert first.directory.path != second.directory.path
    assert re.fullmatch(r"runs/null-copier-\d{8}-\d{6}", str(first.directory.path))
    assert (tmp_path / "runs/latest").resolve() == second.directory.path.resolve()
    out = first.directory.path
    sycoscope.evaluate("null:copier", out=out, **FEW)  # the same once more
    page = first.report.read_bytes()
    held = rf"'{out}' holds the finished run of something else \(null:copier on .*--force"
    with pytest.raises(ConfigError, match=held):
        sycoscope.evaluate("null:stubborn", out=out, **FEW)
    assert first.report.read_bytes() == page
    other = sycoscope.evaluate("null:stubborn", out=out, force=True, **FEW).directory
    with pytest.raises(ConfigError, match=rf"'{out}' is one of the runs that are compared"):
        sycoscope.compare_runs(other, second.directory, out=out)
    other.summary_path.unlink()  # a run that was not finished is no report
    sycoscope.evaluate("null:ideal", out=out, **FEW)
    both = sycoscope.compare("null:copier", "null:ideal", **FEW)
    assert re.fullmatch(r"runs/null-copier\+null-ideal-\d{8}-\d{6}", str(both.directory.path))
    listed = api.list_runs(tmp_path / "runs")
    assert [one["run"] for one in listed][:1] == [str(tmp_path / "runs" / both.directory.path.name)]
    assert {one["model"] for one in listed} == {"null:copier", "null:ideal"}
    assert all(one["finished"] for one in listed)
    with pytest.raises(MissingError, match="no folder 'nowhere'"):
        api.list_runs("nowhere")


@pytest.mark.slow
def test_audit_and_report_write_nothing(tmp_path: Path) -> None:
    run = sycoscope.evaluate("null:copier", out=tmp_path / "run", **FEW)

    def state() -> dict[str, tuple[int, bytes]]:
        files = (path for path in sorted(run.directory.path.rglob("*")) if path.is_file())
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = state()
    findings = api.audit(run.directory.path)
    assert findings == run.findings()
    assert api.report(run.directory.path) == run.report
    assert state() == before
    run.report.unlink()
    assert api.report(run.directory.path).read_bytes() == before[str(run.report)][1]


# --- writes ---


def test_a_full_disk_is_known_in_every_dress(tmp_path: Path) -> None:
    for fault in (
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("Error while serializing: I/O error: File too large (os error 27)"),
        RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos; file write failed"),
    ):
        with (
            pytest.raises(StoreError, match=r"'.*x' cannot be written \(.*\); free space"),
            disk_errors(tmp_path / "x"),
        ):
            raise fault
    with pytest.raises(RuntimeError, match="another"), disk_errors(tmp_path):
        raise RuntimeError("another fault")


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".parquet", ".png", ".svg", ".html"])
def test_a_report_that_cannot_be_written_leaves_no_half_file(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # of fewer items nothing is drawn
    run = sycoscope.evaluate("null:copier", out=tmp_path / "run", **(FEW | {"limit": 60}))
    run.report.unlink()
    before = {path: path.read_bytes() for path in run.directory.path.rglob("*") if path.is_file()}
    real = os.replace

    def full(source: Any, target: Any) -> None:
        if str(target).endswith(ending):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(
        StoreError, match=rf"\{ending}' cannot be written \(No space left on device\); free space"
    ):
        api.report(run.directory.path)
    after = {path: path.read_bytes() for path in run.directory.path.rglob("*") if path.is_file()}
    assert after.keys() == before.keys()


def test_a_folder_is_copied_whole_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    (tmp_path / "b").mkdir()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(StoreError, match=r"b' cannot be written \(.*No space left"):
        copy_folder(tmp_path / "a", tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    monkeypatch.undo()
    copy_folder(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b" / "x").read_text() == "1"


# --- CSV ---


def test_a_text_is_no_formula_and_a_number_stays_one() -> None:
    texts = [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "\r=x",
        "＝1",
        "-0.5",
        "+5",
        "a=b",
        "",
        None,
    ]
    table = pl.DataFrame({"text": texts, "number": [-1.5] * len(texts)})
    _, *rows = csv.reader(io.StringIO(csv_bytes(table).decode(), newline=""))
    assert [text for text, _ in rows] == [
        "'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", "'\tx", "'\r=x", "'＝1", "-0.5", "+5", "a=b", "", "",
    ]  # fmt: skip
    assert {number for _, number in rows} == {"-1.5"}
    plain = pl.DataFrame({"a": ["b", "c,d", 'e"f'], "n": [1, -2, None]})
    assert csv_bytes(plain) == plain.write_csv().encode()
