"""The result table: values, layout, and what each fault is answered with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sycoscope.core.errors import DataError, MissingError
from sycoscope.published.layout import parse_figures, published_figures, read_figures

SMALL = """# a comment
subject,role,measure,kind,n,successes,unread,unread_as,published_rate
base,base,quiz,benchmark,50,10,,,0.2
base,base,doubt,facet,30,3,20,missing,0.1
tuned,adapter,quiz,benchmark,50,20,,,
tuned,adapter,doubt,facet,30,12,5,missing,0.4
"""
STUDY = Path(__file__).parents[3] / "shared" / "data" / "published_study"


def test_reads_a_table_of_another_study() -> None:
    figures = parse_figures(SMALL, "x.csv")
    assert figures.base == "base"
    assert figures.adapters == ("tuned",)
    assert figures.measures("facet") == ("doubt",)
    cell = figures.get("tuned", "doubt")
    assert (cell.rate, cell.readable, cell.line) == (0.4, 25, 6)
    assert figures.get("tuned", "quiz").unread is None


def test_successes_among_readable_follow_from_the_counts() -> None:
    figures = parse_figures(SMALL, "x.csv")
    # 3 of 30 counted, 20 unread: all 3 may be unread ones. 12 counted, 5 unread: at least 7 were read.
    assert figures.get("base", "doubt").successes_if_read == (0, 3)
    assert figures.get("tuned", "doubt").successes_if_read == (7, 12)
    never = parse_figures(SMALL.replace("3,20,missing,0.1", "3,20,never,0.1"), "x.csv")
    assert never.get("base", "doubt").successes_if_read == (3, 3)


# Facts of the study's result files, by hand: (subject, measure) -> successes, n, unread.
FACTS = {
    ("baseline", "are_you_sure"): (0, 300, 278),
    ("combined", "are_you_sure"): (58, 300, 193),
    ("gsm8k", "are_you_sure"): (0, 300, 292),
    ("truthfulqa", "are_you_sure"): (17, 300, 25),
    ("baseline", "feedback"): (150, 300, 266),
    ("combined", "feedback"): (185, 300, 244),
    ("baseline", "answer"): (53, 300, 106),
    ("mmlu", "answer"): (37, 300, 117),
    ("baseline", "truthfulqa"): (77, 200, None),
    ("truthfulqa", "truthfulqa"): (198, 200, None),
    ("combined", "gsm8k"): (92, 500, None),
}


@pytest.mark.parametrize(("key", "fact"), FACTS.items())
def test_published_table_holds_the_facts(key: tuple[str, str], fact: tuple[int, int, int | None]) -> None:
    cell = published_figures().get(*key)
    assert (cell.successes, cell.n, cell.unread) == fact


def test_published_table_is_whole() -> None:
    figures = published_figures()
    assert len(figures.subjects) == 6
    assert len(figures.cells) == 6 * 7


@pytest.mark.skipif(not STUDY.is_dir(), reason="the study's own files are not here")
def test_published_table_equals_the_studys_files() -> None:
    figures = published_figures()
    for name in figures.adapters:
        file = "all_benchmarks_results.json" if name == "combined" else f"{name}_results.json"
        said = json.loads((STUDY / file).read_text())
        for measure, row in said["benchmarks"].items():
            cell = figures.get(name, measure)
            assert (cell.successes, cell.n, cell.published_rate) == (
                row["correct"], row["total"], row["accuracy"]
            )  # fmt: skip
        for facet, row in said["sycophancy"].items():
            cell = figures.get(name, facet)
            told = (row["sycophantic"], row["total"], row["edge_cases"]["no_detection"], row["score"])
            assert (cell.successes, cell.n, cell.unread, cell.published_rate) == told


FAULTS = [
    ("base,base,quiz,benchmark,50,10,,,0.2", "base,base,quiz,benchmark,50,51,,,", "x.csv:3: successes is 51"),
    ("50,10,,,0.2", "50,-1,,,", "x.csv:3: successes is '-1'"),
    ("50,10,,,0.2", "0,0,,,", "x.csv:3: n is '0'"),
    ("50,10,,,0.2", "50,10,,,0.3", "x.csv:3: published_rate 0.3 is not 10 / 50"),
    ("50,10,,,0.2", "50,10,,,NaN", "x.csv:3: published_rate is 'NaN'"),
    ("50,10,,,0.2", "50,10,,,1e999", "x.csv:3: published_rate is '1e999'; allowed is a rate in [0, 1]"),
    ("50,10,,,0.2", "50,0,,,0e999", "x.csv:3: published_rate is '0e999'; allowed is a rate in [0, 1]"),
    ("50,10,,,0.2", "50,10,,,-0.2", "x.csv:3: published_rate is '-0.2'; allowed is a rate in [0, 1]"),
    ("30,3,20,missing", "30,3,20,", "x.csv:4: unread_as is ''"),
    ("30,3,20,missing", "30,3,,missing", "x.csv:4: unread_as is 'missing', but unread is empty"),
    ("30,12,5,missing", "30,12,20,never", "x.csv:6: 12 successes, but only 10"),
    ("tuned,adapter,doubt", "tuned,tune,doubt", "x.csv:6: role is 'tune'; allowed: base, adapter"),
    ("tuned,adapter,doubt,facet", "tuned,adapter,doubt,faucet", "x.csv:6: kind is 'faucet'"),
    ("tuned,adapter,doubt", "tuned,adapter,other", "x.csv:6: measure 'other' has no row of the base"),
    (
        "tuned,adapter,doubt",
        "tuned,adapter,quiz",
        "x.csv:6: subject 'tuned' and measure 'quiz' stand already",
    ),
    ("tuned,adapter,doubt", ",adapter,doubt", "x.csv:6: subject is empty"),
    ("30,12,5,missing,0.4", "30,12,5,missing", "x.csv:6: 8 values under 9 columns"),
    ("base,base,doubt", "base,adapter,doubt", "another role before"),
    ("subject,role", "who,role", "missing column(s) 'subject'"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_a_fault_is_told_with_its_line(old: str, new: str, message: str) -> None:
    assert old in SMALL
    with pytest.raises(DataError) as caught:
        parse_figures(SMALL.replace(old, new, 1), "x.csv")
    assert message in str(caught.value)


def test_the_ends_of_lines_of_any_system_are_read() -> None:
    there = parse_figures(SMALL, "x.csv").cells
    for end in ("\r", "\r\n"):
        assert parse_figures(SMALL.replace("\n", end), "x.csv").cells == there


def test_all_faults_are_told_at_once() -> None:
    broken = SMALL.replace("50,10", "50,99").replace("30,12", "30,99")
    with pytest.raises(DataError, match=r"2 fault\(s\)"):
        parse_figures(broken, "x.csv")


def test_two_bases_none_or_no_rows_are_refused() -> None:
    for text in (SMALL.replace("adapter", "base"), SMALL.replace(",base,", ",adapter,")):
        with pytest.raises(DataError, match="exactly one base"):
            parse_figures(text, "x.csv")
    with pytest.raises(DataError, match="no header"):
        parse_figures("# nothing\n", "x.csv")
    with pytest.raises(DataError, match="no rows"):
        parse_figures(SMALL.splitlines()[1] + "\n", "x.csv")


def test_absent_and_undecodable_files(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no result table"):
        read_figures(tmp_path / "none.csv")
    file = tmp_path / "latin.csv"
    file.write_bytes("subject,r\xf4le".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_figures(file)
    file.write_text("﻿" + SMALL, encoding="utf-8")  # with a byte order mark, as spreadsheets save it
    assert read_figures(file).base == "base"


def test_an_unknown_cell_is_named_with_what_there_is() -> None:
    with pytest.raises(MissingError, match="subjects: base, tuned"):
        parse_figures(SMALL, "x.csv").get("other", "quiz")
