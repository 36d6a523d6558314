"""A run's files are those that it wrote: what was changed since is named, and nothing is written over it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sycoscope import api
from sycoscope.core.digests import DIGESTS, read_digests
from sycoscope.core.errors import StoreError
from sycoscope.run import read
from sycoscope.run.store import DERIVED, MEASURED, SERIES, RunDirectory

# what a study without series computes
ALWAYS = [kind for kind in DERIVED if kind not in SERIES]
TABLES = [f"data/{kind}.parquet" for kind in (*MEASURED, *ALWAYS, "letter_priors")]
FILES = ["manifest.json", "summary.json", "data/estimates.csv", "data/training.csv", *TABLES]
COMPUTED = {"summary.json", "data/estimates.csv", *(f"data/{kind}.parquet" for kind in ALWAYS)}


def evaluated(out: Path, null: str) -> Path:
    """A small finished run, with a letter prior."""
    run = api.evaluate(null, limit=2, facets=["are_you_sure"], form="choice", benchmarks=[], out=out)
    return run.directory.path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("runs")
    return evaluated(root / "one", "null:yield?p=0.4"), evaluated(root / "other", "null:yield?p=0.7")


@pytest.fixture
def run(runs: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs[0], tmp_path / "run"))


def contents(run: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}


def damage(file: Path, how: str, other: Path) -> None:
    data = file.read_bytes()
    middle = len(data) // 2
    changed = {
        "flip": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "cut": data[:middle],
        "empty": b"",
        "other": other.read_bytes() if other.read_bytes() != data else data + b" ",
    }
    file.unlink() if how == "missing" else file.write_bytes(changed[how])


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "missing", "other"])
def test_a_file_that_the_run_did_not_write_is_named_and_nothing_is_written(
    runs: tuple[Path, Path], run: Path, how: str
) -> None:
    assert sorted(json.loads((run / DIGESTS).read_text())["files"]) == sorted(FILES)
    for name in FILES:
        whole = (run / name).read_bytes()
        damage(run / name, how, runs[1] / name)
        before = contents(run)
        missing_manifest = name == "manifest.json" and how == "missing"
        for use in (api.report, api.audit):
            with pytest.raises(
                LookupError if missing_manifest else StoreError, match=Path(name).name
            ) as told:
                use(run)
            assert missing_manifest or (
                "--rejudge` computes it again" if name in COMPUTED else "run the study again"
            ) in str(told.value)
        if name not in COMPUTED:
            with pytest.raises(LookupError if missing_manifest else StoreError, match=Path(name).name):
                api.report(run, rejudge=True)
        assert contents(run) == before
        (run / name).write_bytes(whole)
    api.report(run)


def test_what_is_computed_is_computed_again_from_sound_tables(runs: tuple[Path, Path], run: Path) -> None:
    before = contents(run)
    for how in ("flip", "missing", "other"):
        for name in COMPUTED:
            damage(run / name, how, runs[1] / name)
        api.report(run, rejudge=True)
        assert contents(run) == before
    assert api.audit(run)
    assert contents(run) == before


def test_the_interface_reads_no_file_that_the_run_did_not_write(runs: tuple[Path, Path], run: Path) -> None:
    for name in ("estimates", "trials", "letter_priors", "breakdowns"):
        file = RunDirectory(run).table_path(name)
        whole = file.read_bytes()
        for how in ("flip", "cut", "other"):
            damage(file, how, runs[1] / "data" / file.name)
            with pytest.raises(StoreError, match=rf"{name}\.parquet' is not as the run wrote it"):
                RunDirectory(run).rows(name)
            file.write_bytes(whole)
        file.unlink()
        with pytest.raises(StoreError, match=rf"{name}\.parquet' is missing"):
            RunDirectory(run).rows(name)
        file.write_bytes(whole)
    directory = RunDirectory(run)
    assert list(read.trials(directory))
    damage(directory.table_path("trials"), "flip", runs[1] / "manifest.json")
    for use in (lambda: list(read.trials(directory)), lambda: read.index(directory)):
        with pytest.raises(
            StoreError, match=r"trials\.parquet' is not as the run wrote it; run the study again"
        ):
            use()
    with pytest.raises(StoreError, match=r"trials\.parquet' is not as the run wrote it"):
        api.compare(str(run), str(runs[1]), out=run.parent / "both")


def test_a_table_that_is_not_of_the_run_is_named(run: Path) -> None:
    stray = RunDirectory(run).table_path("judgements")
    shutil.copy(RunDirectory(run).table_path("letter_priors"), stray)
    with pytest.raises(StoreError, match=r"judgements\.parquet' is no file of this run; run the study again"):
        api.report(run, rejudge=True)
    with pytest.raises(StoreError, match=r"judgements\.parquet' is no file of this run"):
        RunDirectory(run).extra_trials("judgements")


@pytest.mark.parametrize("text", [None, "", "[]", '{"files": {}}', '{"files": {"a": 1}}', "[" * 100_000])
def test_digests_that_are_gone_or_damaged_are_named(run: Path, text: str | None) -> None:
    file = run / DIGESTS
    file.unlink() if text is None else file.write_text(text)
    for use in (api.report, api.audit, lambda path: api.report(path, rejudge=True)):
        with pytest.raises(StoreError, match=r"digests\.json' is (missing|damaged).*; run the study again"):
            use(run)
    RunDirectory(run).write_rows("training", [])  # what is written anew is not held up by it


def test_a_run_from_before_runs_had_digests_is_read_and_gets_them_when_it_is_judged_again(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = contents(run)
    (run / DIGESTS).unlink()
    for name in ("manifest.json", "summary.json"):
        (run / name).write_text((run / name).read_text().replace('"layout": 3', '"layout": 2'))
    api.report(run)
    assert "run' was written before runs had digests.json" in caplog.text
    assert not (run / DIGESTS).exists()
    api.report(run, rejudge=True)
    caplog.clear()
    api.report(run)
    assert not caplog.text
    assert contents(run).keys() == kept.keys()
    (run / DIGESTS).unlink()
    with pytest.raises(StoreError, match=r"digests\.json' is missing"):
        api.report(run)


def test_a_run_into_the_folder_of_one_that_is_damaged_writes_all_of_it_anew(run: Path) -> None:
    before = contents(run)
    for name in (DIGESTS, "manifest.json", "data/trials.parquet", "summary.json"):
        (run / name).write_bytes(b"")
    evaluated(run, "null:yield?p=0.4")
    api.report(run)
    changed = {path.name for path, data in contents(run).items() if data != before[path]}
    assert changed <= {"timings.json", "manifest.json", DIGESTS, "report.html"}  # they have the date


def test_a_run_that_was_killed_between_two_tables_is_not_judged(run: Path) -> None:
    directory = RunDirectory(run)
    directory.write_rows("items", [])  # as a new run into the folder, killed after its first table
    with pytest.raises(StoreError, match=r"items\.parquet' is not as the run wrote it; run the study again"):
        api.report(run, rejudge=True)


def test_digests_that_are_a_link_to_nowhere_are_not_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / DIGESTS).symlink_to("/no/such/file")
    with pytest.raises(StoreError, match=r"digests\.json' is a link to '/no/such/file', which is not there"):
        read_digests(tmp_path)
