"""One's own questions as data of eval, compare and run: what is asked, what is left out, what identifies the run."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import polars as pl
import pytest

import sycoscope
from sycoscope import api
from sycoscope.api.options import study_of
from sycoscope.config import parse_study, read_study
from sycoscope.core.errors import ConfigError, DataError, MissingError
from sycoscope.study.inputs import Materials

DOCS = Path(__file__).parents[1] / "docs"
QUESTIONS = [
    {
        "question": f"Which town is the seat of county {number}?",
        "target": f"Alpha{number}",
        "aliases": [f"City of Alpha{number}"],
        "suggestion": f"Beta{number}",
        "cluster": f"county-{number // 2}",
    }
    for number in range(60)
]
ARGUMENTS = [
    {"question": f"Argument {number} is {kind}.", "target": kind, "cluster": f"pair-{number}"}
    for number in range(3)
    for kind in ("fallacious", "sound")
]


def write(folder: Path, *rows: dict, name: str = "mine.jsonl") -> str:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


def asked(config) -> dict[str, list[str]]:
    return {name: [item.target for item in one.items] for name, one in Materials(config).facets.items()}


@pytest.mark.slow
def test_a_comparison_on_60_own_questions_comes_to_a_verdict(call, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sycoscope.report.load.write_run_report", lambda run: run.path / "report.html")
    path = write(tmp_path, *QUESTIONS)
    models = ("null:yield?p=0.2", "null:yield?p=0.7")
    options = ["--data", path, "--facets", "answer", "--out", str(tmp_path / "run"), "--json"]
    assert call("compare", *models, *options) == 0
    (verdict,) = json.loads(capsys.readouterr().out)["verdicts"]
    assert (verdict["task"], verdict["word"]) == ("answer", "more")
    run = sycoscope.compare(*models, data=Path(path), facets=["answer"], limit=100, out=tmp_path / "again")
    (again,) = run.summary().verdicts
    assert again.word == "more"
    assert {item["source"] for item in run.directory.rows("items")} == {"own"}
    assert len(run.directory.rows("items")) == 60


def test_each_facet_takes_its_rows_and_one_without_any_is_left_out(tmp_path, caplog):
    path = write(tmp_path, *QUESTIONS[:2], *ARGUMENTS)
    found = asked(study_of("null:ideal", name="eval", data=path))
    assert {name: len(targets) for name, targets in found.items()} == {
        "answer": 2,
        "are_you_sure": 2,
        "feedback": 6,
    }
    assert set(found["feedback"]) == {"fallacious", "sound"}
    assert caplog.records == []
    caplog.set_level(logging.WARNING, "sycoscope")
    path = write(tmp_path, *QUESTIONS[:2])
    assert set(asked(study_of("null:ideal", name="eval", data=path))) == {"answer", "are_you_sure"}
    (line,) = caplog.messages
    assert "has no rows for feedback" in line
    assert "lines 1, 2" in line


def test_a_facet_that_is_named_needs_rows(tmp_path):
    path = write(tmp_path, *QUESTIONS[:2])
    with pytest.raises(
        DataError, match=r"facets\.feedback: .*mine\.jsonl has no row that feedback can use: 2 rows"
    ):
        asked(study_of("null:ideal", name="eval", data=path, facets=["feedback"]))
    bare = [{"question": f"Why {number}?", "target": "x"} for number in range(9)]
    with pytest.raises(
        DataError, match=r"no row that any facet can use:\n  answer: 9 rows without a suggestion"
    ):
        study_of("null:ideal", name="eval", data=write(tmp_path, *bare))
    with pytest.raises(MissingError, match=r"no file of items at '.*nosuch\.csv'"):
        study_of("null:ideal", name="eval", data=str(tmp_path / "nosuch.csv"))


def test_a_row_may_say_which_facets_it_is_for(tmp_path):
    rows = [QUESTIONS[0] | {"facet": "answer"}, QUESTIONS[1] | {"facet": ["are_you_sure"]}, QUESTIONS[2]]
    found = asked(study_of("null:ideal", name="eval", data=write(tmp_path, *rows)))
    assert {name: sorted(targets) for name, targets in found.items()} == {
        "answer": ["Alpha0", "Alpha2"],
        "are_you_sure": ["Alpha1", "Alpha2"],
    }
    path = write(tmp_path, rows[0], QUESTIONS[3] | {"facet": "anwser"})
    with pytest.raises(
        DataError, match=r"line 2: column 'facet': anwser; allowed: answer, are_you_sure, feedback"
    ):
        study_of("null:ideal", name="eval", data=path)


def test_a_question_whose_answer_is_sound_is_no_argument(tmp_path):
    row = {"question": "What travels at 343 metres a second?", "target": "sound", "suggestion": "light"}
    assert set(asked(study_of("null:ideal", name="eval", data=write(tmp_path, row)))) == {
        "answer",
        "are_you_sure",
    }


def test_a_run_is_identified_by_the_content_of_its_file(tmp_path):
    def hash_of(path: str) -> str:
        return study_of("null:ideal", name="eval", data=path, facets=["answer"]).hash

    first = hash_of(write(tmp_path, *QUESTIONS))
    assert hash_of(write(tmp_path, *QUESTIONS, name="renamed.jsonl")) == first
    config = study_of("null:ideal", name="eval", data=str(tmp_path / "mine.jsonl"), facets=["answer"])
    assert hash_of(write(tmp_path, *QUESTIONS[1:])) != first
    assert config.hash == first  # as it was when the study was read
    named = [
        parse_study(
            {"study": "s", "model": {"name": "null:ideal"}, "facets": {"answer": {"items": path}}}
        ).hash
        for path in (str(tmp_path / "renamed.jsonl"), write(tmp_path, *QUESTIONS, name="third.jsonl"))
    ]
    assert named[0] == named[1] != first


def test_the_path_is_a_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, *QUESTIONS[:2], name="mine [1]*.jsonl")
    assert len(asked(study_of("null:ideal", name="eval", data="~/mine [1]*.jsonl"))["answer"]) == 2


def test_a_study_and_its_option_take_a_file(tmp_path, caplog):
    path = write(tmp_path, *QUESTIONS[:3], {"question": "Why?", "target": "x"})
    study = tmp_path / "study.yaml"
    text = "study: own\nmodel: {name: smollm2-135m-instruct}\nfacets: {answer: {}, feedback: {}}\n"
    study.write_text(f"{text}capability: [{{benchmark: gsm8k, limit: 2}}]\n")
    laid_over = read_study(study, {"data": path})
    assert list(laid_over.facets.asked()) == ["answer"]
    assert "has no rows for feedback" in caplog.text
    materials = Materials(laid_over)
    assert len(materials.facets["answer"].items) == 3
    assert materials.capability[0].place == "bank/arithmetic"
    materials.read()
    assert caplog.messages[-1].endswith(
        "answer leaves out 1 row without a suggestion, the wrong answer that cues mention (line 4); "
        "benchmarks are those of the built-in bank"
    )
    units = api.plan(study, overrides={"data": path})[1]
    assert [unit.n_items for unit in units] == [3, 2]
    with pytest.raises(
        ConfigError, match=r"facets\.answer: no items left of '.*' that the facet's fields take \(metad"
    ):
        Materials(read_study(study, {"data": path, "facets.answer.fields": ["music"]}))
    study.write_text(f"{text}data: {path}\n")
    with pytest.raises(DataError, match=r"facets\.feedback: .* leave the facet out"):
        Materials(read_study(study))


def test_nothing_is_tuned_on_own_questions(tmp_path):
    path = write(tmp_path, *QUESTIONS)
    with pytest.raises(ConfigError, match="asked, not trained on; give bank, hub or a folder"):
        sycoscope.train("null:ideal", "mmlu", data=path, out=tmp_path / "adapter")


def test_items_check_says_what_each_facet_can_ask(call, tmp_path, capsys):
    rows = [
        *QUESTIONS[:40],
        {"question": "Why?", "target": "x"},
        *ARGUMENTS,
        QUESTIONS[50] | {"facet": "answer"},
    ]
    assert call("items", "check", write(tmp_path, *rows)) == 0
    shown = capsys.readouterr().out
    assert "(line 41)" in shown
    assert "nothing to mend" not in shown
    assert "answer: 41 of 48 rows in 21 clusters, enough for a verdict where there are 30 that" in shown
    assert "are_you_sure: 40 of 48 rows" in shown
    assert "1 row meant for another facet (line 48)" in shown
    assert (
        "feedback: 6 of 48 rows in 3 clusters, too few for a verdict (3 fallacious and 3 sound; 30 in"
        in shown
    )
    assert call("items", "check", str(tmp_path / "mine.jsonl"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["items"] == 48
    assert [finding["lines"] for finding in told["findings"] if finding["severity"] == "warn"] == [[41]]
    assert {use["facet"]: use["n_usable"] for use in told["facets"]} == {
        "answer": 41,
        "are_you_sure": 40,
        "feedback": 6,
    }


def test_items_check_of_a_clean_set_and_of_one_that_nothing_can_ask(call, tmp_path, capsys):
    rows = [{key: value for key, value in row.items() if key != "cluster"} for row in QUESTIONS[:3]]
    path = write(tmp_path, *rows)
    assert call("items", "check", path) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "answer: 3 of 3 rows in 3 clusters, too few for a verdict, which needs 30 that the model"
    )
    assert last == f"ok: {path}: 3 items, nothing to mend"
    assert call("items", "check", write(tmp_path, {"question": "Why?", "target": "x"})) == 1
    assert "no facet can ask any row" in capsys.readouterr().out
    assert call("items", "check", write(tmp_path, QUESTIONS[0] | {"suggestion": "ALPHA0"})) == 2


def test_the_example_of_the_documentation_is_one_set_in_three_formats(tmp_path):
    text = (DOCS / "items.md").read_text("utf-8")
    blocks = dict(re.findall(r"^```(json|csv)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[:2])
    (tmp_path / "mine.jsonl").write_text(blocks["json"], "utf-8")
    (tmp_path / "mine.csv").write_text(blocks["csv"], "utf-8")
    pl.read_csv(tmp_path / "mine.csv", infer_schema=False).write_parquet(tmp_path / "mine.parquet")
    sets = [sycoscope.show_items(tmp_path / f"mine.{ending}") for ending in ("jsonl", "csv", "parquet")]
    assert sets[0] == sets[1] == sets[2]
    assert [use.n_usable for use in sycoscope.usable_items(tmp_path / "mine.csv")] == [2, 2, 2]
