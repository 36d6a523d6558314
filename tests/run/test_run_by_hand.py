"""Labels of a run: drawn, filled in, read back and checked; kept beside the tables, which they do not change."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import sycoscope
from sycoscope import api, cli
from sycoscope.core import records
from sycoscope.core.errors import ConfigError, DataError, MissingError, StoreError
from sycoscope.judging.by_hand import COLUMNS
from sycoscope.run.analyse import analyse_run
from sycoscope.run.by_hand import FILE, id_of
from sycoscope.run.store import RunDirectory

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    options = {"facets": ["answer", "are_you_sure"], "limit": 60, "benchmarks": []}
    sycoscope.compare("null:yield?p=0.2", "null:yield?p=0.5", out=folder / "run", **options)
    return folder / "run"


@pytest.fixture
def run(runs, tmp_path) -> RunDirectory:
    shutil.copytree(runs, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


def readings(run):
    """Id -> what the rules say, which of null models is the truth."""
    from sycoscope.facets import FACETS

    said = {}
    for score in run.scores():
        if score.name == FACETS[score.task].main_score and score.status == "scored":
            key = (score.subject, score.task, score.item_id, score.condition, score.draw)
            said[id_of(key)] = FACETS[score.task].by_hand.said(score.label)
    return said


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def drawn(run, tmp_path, n=30, **options):
    out = tmp_path / "to_label.jsonl"
    api.draw_labels(run.path, out, n=n, **options)
    return rows_of(out)


def filled(run, tmp_path, truth=None, **options):
    truth = truth or readings(run)
    rows = [row | {"label": truth[row["id"]]} for row in drawn(run, tmp_path, **options)]
    return write(tmp_path / "labelled.jsonl", rows)


def files_of(run):
    kept = [path for path in run.path.rglob("*") if path.is_file() and path.name not in (FILE, ".lock")]
    return {path.relative_to(run.path): path.read_bytes() for path in kept}


# --- to label ---


def test_the_file_shows_what_a_person_needs_and_nothing_that_tells_the_reading(run, tmp_path):
    rows = drawn(run, tmp_path)
    assert len(rows) == 2 * 2 * 2 * 30
    for row in rows:
        assert tuple(row) == COLUMNS
        assert row["label"] == ""
        assert row["question"] in row["dialogue"]
        assert row["response"]
        assert row["allowed"]
    text = json.dumps(rows)
    assert "null:yield" not in text  # the subject
    dialogues = [row["dialogue"] for row in rows if row["facet"] == "are_you_sure"]
    assert all(dialogue.count("[model]") == 2 and dialogue.count("[user]") == 3 for dialogue in dialogues)


def test_what_is_drawn_can_be_chosen_and_a_file_with_labels_is_not_written_over(run, tmp_path):
    out = tmp_path / "some.jsonl"
    found = api.draw_labels(
        run.path, out, n=5, facets=["answer"], conditions=["anchor_wrong"], subjects=["base"], seed=3
    )
    assert found == [("answer", "anchor_wrong", "base", 5)]
    with pytest.raises(ConfigError, match="may hold labels"):
        api.draw_labels(run.path, out)
    for wrong, named in (
        ({"facets": ["politeness"]}, "facet politeness; the run has: answer, are_you_sure"),
        ({"conditions": ["user_wrng"]}, "condition user_wrng"),
        ({"subjects": ["nobody"]}, "subject nobody; the run has: base"),
        ({"facets": ["answer"], "conditions": ["doubt"]}, "what was chosen"),
    ):
        with pytest.raises(ConfigError, match=named):
            api.draw_labels(run.path, tmp_path / "new.jsonl", **wrong)
    with pytest.raises(ConfigError, match=r"\.jsonl or \.csv"):
        api.draw_labels(run.path, tmp_path / "labels.xlsx")
    with pytest.raises(MissingError):
        api.draw_labels(tmp_path / "nowhere", tmp_path / "new.jsonl")
    assert not (tmp_path / "new.jsonl").exists()
    assert not (tmp_path / "nowhere").exists()


# --- labelled ---


def test_right_readings_are_confirmed_and_no_table_changes(run, tmp_path):
    before = files_of(run)
    report = api.read_labels(run.path, [filled(run, tmp_path)])
    assert files_of(run) == before
    assert (report.n, report.n_empty) == (240, 0)
    assert all("may be 0 (120 labels)" in line for line in report.disputed)  # few labels leave it open
    assert {(one.task, one.condition) for one in report.agreements} == {
        ("answer", "padded"), ("answer", "user_wrong"), ("are_you_sure", "control"), ("are_you_sure", "doubt"),
    }  # fmt: skip
    assert all(one.agreement.value == 1.0 for one in report.agreements)
    estimates = {(e.subject, e.reference, e.task, e.name, e.condition): e for e in run.estimates()}
    for one in report.primaries:
        mine = one.corrected
        theirs = estimates[mine.subject, mine.reference, mine.task, mine.name, ""]
        assert (one.as_read.value, one.as_read.low) == (theirs.value, theirs.low)
        assert mine.value == pytest.approx(theirs.value)
        assert (mine.state, one.as_read.state) == (theirs.state, theirs.state)
    assert ("answer", "anchor_wrong") in report.unlabelled
    assert api.read_labels(run.path) == report  # what was kept says the same
    kept = rows_of(run.path / FILE)
    assert all(row["weight"] >= 1 and row["reading"] == row["label"] for row in kept)
    api.audit(run.path)  # the run is whole
    api.report(run.path)


def test_planted_misreadings_of_a_run_are_corrected(run, tmp_path):
    """Half of the changed model's right answers under the cue are read as the suggestion."""
    truth = readings(run)
    right = {(e.subject, e.reference): e.value for e in run.estimates() if e.name == "suggested_shift"}
    scores, flip = [], 0
    for score in run.scores():
        cued = score.condition == "user_wrong" and score.subject != "base" and score.task == "answer"
        if cued and score.name == "outcome" and score.label == "target":
            flip += 1
            score = replace(score, label="suggested") if flip % 2 else score
        scores.append(score)
    run.write_rows("scores", records.score_rows(scores))
    run.write_manifest(run.manifest())
    analyse_run(run)
    report = api.read_labels(run.path, [filled(run, tmp_path, truth, facets=["answer"], n=60)])
    for one in report.primaries:
        subjects = (one.corrected.subject, one.corrected.reference)
        assert one.corrected.value == pytest.approx(right[subjects], abs=1e-9)  # all were labelled
        if subjects[0] != "base":
            assert one.as_read.value > right[subjects] + 0.1
    cued = next(one for one in report.agreements if one.condition == "user_wrong")
    plain = next(one for one in report.agreements if one.condition == "padded")
    assert cued.errors["suggested"][1].value < 0.9 < plain.errors["suggested"][1].value
    rates = {(one.corrected.task, one.corrected.condition) for one in report.rates}
    assert not {task for task, _ in rates} - {"answer"}


def test_a_spreadsheet_may_be_used(run, tmp_path):
    out, truth = tmp_path / "to_label.csv", readings(run)
    api.draw_labels(run.path, out, n=25)
    text = out.read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    for delimiter, newline in ((",", "\n"), (";", "\r\n"), ("\t", "\n")):
        stream = io.StringIO()
        sheet = csv.DictWriter(stream, rows[0], delimiter=delimiter, lineterminator=newline)
        sheet.writeheader()
        # "500." comes back as 500
        numbers = [
            row | {"response": "500"} if row["response"].rstrip(".").isdigit() else row for row in rows
        ]
        sheet.writerows([row | {"label": truth[row["id"]].upper() + " "} for row in numbers])
        labelled = tmp_path / "labelled.csv"
        labelled.write_bytes(b"\xef\xbb\xbf" + stream.getvalue().replace("\n", newline).encode())
        assert api.read_labels(run.path, [labelled]).n == len(rows)


def test_empty_labels_are_no_labels_and_two_files_are_one(run, tmp_path):
    rows = rows_of(filled(run, tmp_path))
    first = write(tmp_path / "first.jsonl", [row | {"label": ""} for row in rows[:10]] + rows[10:60])
    second = write(tmp_path / "second.jsonl", rows[40:])
    report = api.read_labels(run.path, [first, second])
    assert (report.n, report.n_empty) == (len(rows) - 10, 10)


BAD = {
    "an id of no response": (
        {"id": "0123456789abcdef"},
        r"labelled\.jsonl:3: no response of this run.*has the id",
    ),
    "no id": ({"id": None}, r":3: no response of this run"),
    "a label of nothing": ({"label": "suggestd"}, r":3: unknown label \"suggestd\"; allowed: .*, or empty"),
    "a label of another kind": ({"label": 1}, r":3: 'label' must be a text, one of "),
    "another response": (
        {"response": "Something else."},
        r":3: the response is not the run's: \"Something else\.\"",
    ),
    "another dialogue": ({"dialogue": "[user] Hello"}, r":3: the dialogue is not the run's"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_row_is_one_error_with_its_line_and_nothing_is_kept(what, run, tmp_path):
    change, told = BAD[what]
    rows = rows_of(filled(run, tmp_path))
    bad = write(tmp_path / "labelled.jsonl", [*rows[:2], rows[2] | change, *rows[3:]])
    with pytest.raises(DataError, match=told) as caught:
        api.read_labels(run.path, [bad])
    assert "1 fault in 1 row" in str(caught.value)
    assert not (run.path / FILE).exists()


def test_files_that_hold_no_labels_are_refused(run, tmp_path):
    rows = drawn(run, tmp_path)
    for content, told in (
        ("", "there are no rows"),
        (json.dumps(rows[0]), "none of 1 rows has a label"),
        ("not json", "not JSON"),
        ("[1]", "one JSON object per line"),
        (json.dumps({"text": "x"}), "needs the columns 'id' and 'label'; it has text"),
        (json.dumps({"id": rows[0]["id"]}), "'label' must be a text"),
    ):
        file = tmp_path / "bad.jsonl"
        file.write_text(content)
        with pytest.raises(DataError, match=told):
            api.read_labels(run.path, [file])
    twice = [rows[0] | {"label": "kept"}, rows[0] | {"label": "given_up"}]
    answer = rows[0]["facet"] == "answer"
    twice = (
        [row | {"label": word} for row, word in zip(twice, ("target", "other"), strict=True)]
        if answer
        else twice
    )
    with pytest.raises(DataError, match=r":2: '\w+' here, and '\w+' for the same id before"):
        api.read_labels(run.path, [write(tmp_path / "twice.jsonl", twice)])
    sheet = tmp_path / "bad.csv"
    sheet.write_bytes("id,label\nx,t\xe9".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        api.read_labels(run.path, [sheet])
    sheet.write_text('id,label\n"x,target\n')
    with pytest.raises(DataError, match="not readable as CSV"):
        api.read_labels(run.path, [sheet])
    with pytest.raises(MissingError, match="no file of labels"):
        api.read_labels(run.path, [tmp_path / "nowhere.jsonl"])
    with pytest.raises(MissingError, match="has no labels"):
        api.read_labels(run.path)


def test_labels_of_a_run_that_was_written_anew_are_not_taken(runs, run, tmp_path):
    """The same questions, asked of another model."""
    other = tmp_path / "other"
    sycoscope.compare(
        "null:yield?p=0.2", "null:refuser", out=other, facets=["answer"], limit=60, benchmarks=[]
    )
    labelled = filled(run, tmp_path)
    with pytest.raises(DataError, match=r"no response of this run|is not the run's"):
        api.read_labels(other, [labelled])
    api.read_labels(run.path, [labelled])
    shutil.copy(run.path / FILE, other / FILE)
    with pytest.raises(DataError, match=r"labels\.jsonl:\d+: "):
        api.read_labels(other)


def test_a_damaged_run_is_refused(run, tmp_path):
    path = run.table_path("trials")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StoreError):
        api.draw_labels(run.path, tmp_path / "new.jsonl")


# --- the command ---


def call(capsys, monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["sycoscope", "labels", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    heard = capsys.readouterr()
    return stop.value.code or 0, heard.out, heard.err


def test_the_command_draws_reads_and_shows(run, tmp_path, capsys, monkeypatch):
    out = tmp_path / "sheet.jsonl"
    code, heard, _ = call(capsys, monkeypatch, run.path, "--out", out, "--n", 25)
    assert code == 0
    assert f"sycoscope labels {run.path} --read {out}" in heard.replace("\n", "")
    truth = readings(run)
    write(out, [row | {"label": truth[row["id"]]} for row in rows_of(out)])
    code, heard, _ = call(capsys, monkeypatch, run.path, "--read", out)
    assert code == 0
    assert "suggested_shift" in heard
    assert "no labels, so nothing is corrected: answer control" in heard
    code, heard, _ = call(capsys, monkeypatch, run.path, "--json")
    assert code == 0
    told = json.loads(heard)
    assert told["n"] == 200
    assert {"value", "low", "high", "state"} <= set(told["primaries"][0]["corrected"])
    for bad in (
        (run.path, "--out", "x.jsonl", "--read", out),
        (tmp_path, "--read", out),
        (run.path, "--n", 0),
    ):
        code, heard, told = call(capsys, monkeypatch, *bad)
        assert (code, heard) == (2, "")
        assert told
