"""Public rows as they are asked: every file of a split, every subject, checked with their places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sycoscope.core.errors import DataError, MissingError
from sycoscope.items import BenchmarkRows
from sycoscope.items.splits import kept_split

Row = dict[str, Any]


def mmlu_row(n: int, subject: str = "anatomy") -> Row:
    choices = [f"thing {n + k}" for k in range(4)]
    return {"question": f"{subject} {n}?", "subject": subject, "choices": choices, "answer": n % 4}


def gsm8k_row(n: int) -> Row:
    return {"question": f"How many are {n} and {n}?", "answer": f"{n} + {n} = {2 * n}.\n#### {2 * n}"}


def hellaswag_row(n: int) -> Row:
    endings = [f"{verb} {n}." for verb in ("sings", "cooks", "flies", "sleeps")]
    return {
        "activity_label": "Cooking", "ctx_a": f"A cook takes pot {n}.", "ctx_b": "the cook",
        "endings": endings, "label": str(n % 4),
    }  # fmt: skip


def truthfulqa_row(n: int) -> Row:
    choices = [f"Cup {n} falls.", f"Cup {n} rises."]
    targets = {"choices": choices, "labels": [1, 0]}
    return {"question": f"What does cup {n} do?", "mc1_targets": targets, "mc2_targets": targets}


GOOD = {"mmlu": mmlu_row, "gsm8k": gsm8k_row, "hellaswag": hellaswag_row, "truthfulqa": truthfulqa_row}


def jsonl(path: Path, *rows: Row) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def parquet(path: Path, *rows: Row) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(list(rows)).write_parquet(path)
    return path


def test_one_folder_per_subject_is_read_on_all_subjects(tmp_path):
    for subject in ("virology", "anatomy", "astronomy"):
        for split in ("test", "dev"):
            name = f"{split}-00000-of-00001.parquet"
            parquet(tmp_path / subject / name, *(mmlu_row(n, subject) for n in range(2)))
    rows = BenchmarkRows("mmlu", tmp_path)
    for split in ("test", "dev"):
        subjects = [row["subject"] for row in rows.rows(split)]
        assert subjects == ["anatomy"] * 2 + ["astronomy"] * 2 + ["virology"] * 2
    assert {item.metadata["subject"] for item in rows.items()} == {"anatomy", "astronomy", "virology"}


def test_all_shards_of_a_split_are_read_in_order(tmp_path):
    for shard in range(3):
        name = f"test-0000{shard}-of-00003.parquet"
        parquet(tmp_path / "main" / name, gsm8k_row(2 * shard), gsm8k_row(2 * shard + 1))
    rows = BenchmarkRows("gsm8k", tmp_path)
    assert [row["question"] for row in rows.rows()] == [gsm8k_row(n)["question"] for n in range(6)]
    assert list(rows.ids()) == [item.id for item in rows.items()]


@pytest.mark.parametrize(
    ("benchmark", "names", "read"),
    [
        ("hellaswag", ("val",), "val"),
        ("hellaswag", ("validation", "test"), "validation"),  # the hub's test split has no labels
        ("hellaswag", ("test",), "test"),
        ("truthfulqa", ("validation",), "validation"),
        ("truthfulqa", ("validation", "test"), "test"),  # a cut of one's own beside the whole
    ],
)
def test_what_is_asked_may_have_other_names(tmp_path, benchmark, names, read):
    for n, name in enumerate(names):
        jsonl(tmp_path / f"{name}.jsonl", GOOD[benchmark](n))
    (row,) = BenchmarkRows(benchmark, tmp_path).rows()
    assert row == GOOD[benchmark](names.index(read))


@pytest.mark.parametrize(
    ("benchmark", "change", "message"),
    [
        ("mmlu", {"answer": 4}, "answer is 4; allowed are 0, 1, 2, 3"),
        ("mmlu", {"answer": "B"}, "answer is 'B'"),
        ("mmlu", {"choices": ["a"]}, "choices must be a list of 4 texts"),
        ("mmlu", {"subject": None}, "no value for subject; needed are question, subject, choices, answer"),
        ("gsm8k", {"answer": None}, "no value for answer"),
        ("gsm8k", {"answer": "12"}, "no '#### number' line"),
        ("hellaswag", {"label": ""}, "label is ''"),
        ("hellaswag", {"endings": ["a", "b"]}, "endings must be a list of 4 texts"),
        ("hellaswag", {"ctx_b": None}, "no value for ctx_b"),
        ("truthfulqa", {"mc1_targets": {"choices": ["a", "b"], "labels": [0, 1]}}, "right choice first"),
        ("truthfulqa", {"mc1_targets": {"choices": ["a", "b"], "labels": [1, 1]}}, "exactly one label"),
        ("truthfulqa", {"mc2_targets": {"choices": ["a"], "labels": [1]}}, "at least 2"),
        ("truthfulqa", {"mc2_targets": None}, "no value for mc2_targets"),
        ("truthfulqa", {"mc2_targets": ["a"]}, "mc2_targets must hold choices and labels"),
    ],
)
def test_rows_that_cannot_be_asked_name_their_place(tmp_path, benchmark, change, message):
    path = jsonl(tmp_path / "test.jsonl", GOOD[benchmark](0), GOOD[benchmark](1) | change)
    with pytest.raises(DataError) as caught:
        BenchmarkRows(benchmark, tmp_path).rows()
    assert f"{path}:2: " in str(caught.value)
    assert message in str(caught.value)


def test_all_faults_are_reported_at_once(tmp_path):
    bad = [mmlu_row(0) | {"answer": 7}, mmlu_row(1), mmlu_row(2) | {"choices": []}]
    jsonl(tmp_path / "test.jsonl", *bad)
    with pytest.raises(DataError, match="2 faults in 2 rows"):
        BenchmarkRows("mmlu", tmp_path).rows()
    (tmp_path / "test.jsonl").write_text(json.dumps(mmlu_row(0)) + "\n{oops\n[1]\n")
    with pytest.raises(DataError, match=r"(?s)2 faults in 2 rows.*test\.jsonl:2: not JSON"):
        BenchmarkRows("mmlu", tmp_path).rows()
    (tmp_path / "test.jsonl").write_text("\n")
    with pytest.raises(DataError, match=r"test\.jsonl: no rows"):
        BenchmarkRows("mmlu", tmp_path).rows()


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingError, match="unknown benchmark 'arc'; known: mmlu, gsm8k"):
        BenchmarkRows("arc", tmp_path)
    with pytest.raises(MissingError, match=r"no such folder: .*give a folder with gsm8k/ in it"):
        BenchmarkRows("gsm8k", tmp_path / "x").rows()
    jsonl(tmp_path / "test.jsonl", gsm8k_row(0))
    rows = BenchmarkRows("gsm8k", tmp_path)
    assert rows.splits() == ("test",)
    with pytest.raises(MissingError, match="no split 'train' of gsm8k; it has: test"):
        rows.rows("train")


def test_a_row_has_its_item_s_id_also_where_a_column_is_null(tmp_path):
    rows = [hellaswag_row(n) | {"source_id": None} for n in (0, 1, 0)]
    jsonl(tmp_path / "test.jsonl", *rows)
    read = BenchmarkRows("hellaswag", tmp_path)
    first, second = [item.id for item in read.items(findings=[])]
    assert read.ids() == (first, second, f"{first}~2")


def test_a_row_that_is_no_item_has_a_hash_of_its_content(tmp_path):
    jsonl(
        tmp_path / "test.jsonl", mmlu_row(0) | {"choices": ["a", "", "b", "c"]}, mmlu_row(1) | {"id": "mine"}
    )
    read = BenchmarkRows("mmlu", tmp_path)
    assert len(read.ids()[0]) == 16
    assert read.ids()[1] == "mine"


def test_the_digest_knows_content_and_order(tmp_path):
    def digest(*rows: Row) -> str:
        jsonl(tmp_path / "test.jsonl", *rows)
        return BenchmarkRows("gsm8k", tmp_path).digest()

    first = digest(gsm8k_row(0), gsm8k_row(1))
    assert first == digest(gsm8k_row(0) | {"note": "not asked"}, gsm8k_row(1))
    assert first != digest(gsm8k_row(1), gsm8k_row(0))
    assert first != digest(gsm8k_row(0), gsm8k_row(2))


def test_rows_that_were_read_keep_their_places(tmp_path):
    jsonl(tmp_path / "test.jsonl", mmlu_row(0), mmlu_row(1) | {"answer": 9})
    raw = BenchmarkRows("mmlu", tmp_path).raw("test")
    given = BenchmarkRows("mmlu", {"test": kept_split("kept", raw[1:], "test")})
    with pytest.raises(DataError, match=r"test\.jsonl:2: answer is 9"):
        given.rows()
