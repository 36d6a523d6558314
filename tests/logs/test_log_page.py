"""The page, the files and the last lines of two logs compared; names of others are data wherever they are shown."""

from __future__ import annotations

import csv
import html
import json
import re
from pathlib import Path

import numpy as np
import pytest

from sycoscope import api
from sycoscope.cli.closing import LINES, WIDTH
from sycoscope.cli.logs import closing
from sycoscope.core.errors import ConfigError
from sycoscope.logs import store

from .written import folder, row, rows

RNG = np.random.default_rng(3)
BEFORE = RNG.integers(0, 2, 50).tolist()
AFTER = [1 if RNG.random() < 0.7 else value for value in BEFORE]
NASTY = "<script>alert(1)</script>\u202e\x1b[31m|`*"


def sides(path: Path, before=None, after=None, **more) -> list[Path]:
    return [
        folder(path / side, {"sums": found or rows(values)}, model=side, **more)
        for side, values, found in (("base", BEFORE, before), ("tuned", AFTER, after))
    ]


def nasty(values: list[int]) -> list:
    found = [row(i, value, metric=f"acc{NASTY}", filter_=NASTY) for i, value in enumerate(values)]
    for one in found:
        one["doc_id"] = f"{NASTY}{one['doc_id']}"
    return found


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> api.LogRun:
    root = tmp_path_factory.mktemp("logs")
    both = [
        [*rows(values), *rows(values[::-1], metric="other", filter_="strict")] for values in (BEFORE, AFTER)
    ]
    return api.compare_logs(*sides(root, *both), out=root / "out")


def test_the_page_says_what_changed(done) -> None:
    text = done.report.read_text("utf-8")
    assert "What is compared" in text
    assert "Two logs of lm-evaluation-harness, base before, tuned after, on sums." in text
    assert "more:" in text
    change = done.comparison.results[0].change
    assert f"{round(change.value * 100):+d}" in text
    assert "sycoscope view" not in text  # nothing of it can be shown there
    moved = done.comparison.results[0].moved
    cells = "".join(f'<td class="r">{moved[cell]}</td>' for cell in ((1, 1), (1, 0), (0, 1), (0, 0)))
    assert cells in text


def test_every_link_of_the_page_leads_somewhere(done) -> None:
    text = done.report.read_text("utf-8")
    ids = set(re.findall(r'\bid="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]*)"', text)) <= ids
    assert not re.findall(r'(?:src|href)="(?!#)', text)


def test_names_of_others_are_data(tmp_path) -> None:
    both = sides(tmp_path, nasty(BEFORE), nasty(AFTER), model_name=NASTY)
    made = api.compare_logs(*both, out=tmp_path / "out")
    text = made.report.read_text("utf-8")
    assert text.count("<script>") == 1
    assert "alert(1)&lt;/script&gt;" in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "script-src 'sha256-" in html.unescape(text)
    table = (tmp_path / "out" / "tables" / "changes.md").read_text("utf-8")
    assert "<script>" not in table
    assert all("\x1b" not in line and "\u202e" not in line for line in _said(made))


def _said(made: api.LogRun) -> list[str]:
    from sycoscope.core.texts import plain

    return [plain(line) for line in closing(made)]


def test_half_a_character_in_a_name_stops_nothing(tmp_path) -> None:
    found = rows(BEFORE)
    found[0]["doc_id"] = "\ud800"
    assert api.compare_logs(*sides(tmp_path, found, found), out=tmp_path / "out").report.is_file()


def test_the_tables_have_everything(done) -> None:
    names = {path.name for path in (done.folder / "tables").iterdir()}
    for name in ("changes", "levels", "estimates", "verdicts", "findings", "pairs"):
        assert {f"{name}.csv", f"{name}.parquet"} <= names
    assert {"changes.md", "changes.tex", "levels.md"} <= names
    with (done.folder / "tables" / "changes.csv").open(encoding="utf-8-sig") as stream:
        (first, second) = csv.DictReader(stream)
    change = done.comparison.results[0].change
    assert (float(first["value"]), float(first["p_adjusted"])) == (change.value, change.p_adjusted)
    assert second["condition"] == "strict"


def test_a_withheld_number_is_on_no_page(tmp_path) -> None:
    after = rows([None if i < 30 else value for i, value in enumerate(AFTER)])
    made = api.compare_logs(*sides(tmp_path, None, after), out=tmp_path / "out")
    change = made.comparison.results[0].change
    assert change.state == "withheld"
    text = made.report.read_text("utf-8")
    assert f"{change.value * 100:+.1f}".replace("-", "\u2212") not in text
    assert "cannot tell" in text
    assert "0.40 scored after" in text


def test_the_record_and_the_pairs_are_read_again(done) -> None:
    record, pairs = store.read(done.folder)
    assert tuple(pairs) == done.comparison.pairs
    assert record["before"]["sums"]["model"] == "base"
    assert len(record["before"]["sums"]["sha256"]) == 64
    assert record["verdicts"][0]["word"] == "more"


def test_two_comparisons_of_the_same_logs_are_the_same(done, tmp_path) -> None:
    paths = [next(iter(logs.values())).path for logs in (done.comparison.before, done.comparison.after)]
    again = api.compare_logs(*paths, out=tmp_path / "again")
    assert again.comparison == done.comparison or again.comparison.results == done.comparison.results
    for table in (done.folder / "tables").iterdir():
        assert (again.folder / "tables" / table.name).read_bytes() == table.read_bytes(), table.name
    assert store.read(again.folder)[0]["hash"] == store.read(done.folder)[0]["hash"]


def test_the_last_lines_fit_a_terminal(done, tmp_path) -> None:
    many = [
        [one for k in range(30) for one in rows(values, metric=f"metric_{k}", filter_=f"f{k}")]
        for values in (BEFORE, AFTER)
    ]
    for made in (done, api.compare_logs(*sides(tmp_path, *many), out=tmp_path / "out")):
        lines = closing(made)
        assert len(lines) <= LINES
        assert max(map(len, lines[:-2])) <= WIDTH
        assert lines[0] == "tuned against base, on 50 documents at most"
    assert "more on the page" in "\n".join(lines)


# --- the command ---


def test_the_command_compares_and_prints(call, tmp_path, capsys) -> None:
    both = sides(tmp_path)
    assert call("compare", *both, "--out", tmp_path / "out") == 0
    assert "sums acc" in capsys.readouterr().out
    assert call("compare", *both, "--out", tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdicts"][0]["word"] == "more"
    assert told["schema"] == 1
    assert call("compare", *both, "--out", tmp_path / "out", "--verbose") == 0
    assert "sums acc: more than before" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--limit", "5"], "--limit is for models that are asked; logs are compared as they are"),
        (["--scales", "0.5"], "--scales is for models that are asked"),
        (["--metric", "f1"], "no metric 'f1' in the logs; there are: acc"),
        (
            ["--cluster", "page"],
            "no field 'page' of one text or number to group by; there are: question, answer",
        ),
    ],
)
def test_bad_input_is_one_error_and_exit_code_2(call, tmp_path, capsys, arguments, message) -> None:
    out = tmp_path / "out"
    assert call("compare", *sides(tmp_path), "--out", out, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("error:") == 1
    assert not out.exists()


def test_logs_and_others_are_not_mixed(call, tmp_path, capsys) -> None:
    base, tuned = sides(tmp_path)
    assert call("compare", base) == 2
    assert "give a second path with the logs of the model after" in capsys.readouterr().err
    assert call("compare", base, "null:yield") == 2
    assert "'null:yield' holds no log" in capsys.readouterr().err
    assert call("compare", "null:yield", "null:copier", "--cluster", "page") == 2
    assert "--cluster is for two logs of Inspect or lm-evaluation-harness" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="are logs of another tool: compare_logs compares these"):
        api.compare(str(base), str(tuned))


def test_a_folder_of_something_else_is_not_written_over(tmp_path) -> None:
    base, tuned = sides(tmp_path)
    out = tmp_path / "out"
    api.compare_logs(base, tuned, out=out)
    api.compare_logs(base, tuned, out=out)  # the same again
    with pytest.raises(ConfigError, match="holds the comparison of other logs"):
        api.compare_logs(tuned, base, out=out)
    api.compare_logs(tuned, base, out=out, force=True)
    (out / "manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match="holds a run"):
        api.compare_logs(tuned, base, out=out, force=True)


def test_without_inspect_one_error_names_its_extra(tmp_path, monkeypatch) -> None:
    import zipfile

    from sycoscope.core.errors import DependencyError
    from sycoscope.logs.found import format_at, logs_at

    path = tmp_path / "a.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", "{}")
    assert format_at(path) == "inspect"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DependencyError, match=r"pip install 'sycoscope\[inspect\]'"):
        logs_at(path)
