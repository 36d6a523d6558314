"""A split of a public folder is read whole, over all shards and subjects, or refused with what is missing."""

import json

import polars as pl
import pytest

from sycoscope.core.errors import DataError, MissingError
from sycoscope.items import load
from sycoscope.items.benchmark_rows import BenchmarkRows
from sycoscope.items.readers import read_folder

WHOLE = "test-00000-of-00001.parquet"


def write(path, question):
    row = {"question": question, "subject": "any", "choices": ["a", "b", "c", "d"], "answer": 1}
    if "gsm8k" in path.parts:
        row = {"question": question, "answer": "1 + 1 = 2.\n#### 2"}
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pl.DataFrame([row]).write_parquet(path)
    else:
        path.write_text(json.dumps(row) + "\n", "utf-8")


def questions(root, benchmark="mmlu", split="test"):
    items = [item.question for item in read_folder(root, benchmark, splits=[split])[split]]
    rows = [str(row["question"]) for row in BenchmarkRows(benchmark, root).rows(split)]
    assert items == rows
    return items


@pytest.mark.parametrize("name", ["test.parquet", "test.jsonl"])
@pytest.mark.parametrize("inner", ["", "mmlu"])
def test_subjects_may_differ_in_format(tmp_path, name, inner):
    write(tmp_path / inner / "algebra" / name, "Algebra?")
    write(tmp_path / inner / "law" / WHOLE, "Law?")
    assert questions(tmp_path) == ["Algebra?", "Law?"]


def test_subjects_may_differ_in_the_name_of_a_split(tmp_path):
    write(tmp_path / "algebra" / "validation-00000-of-00001.parquet", "Algebra?")
    write(tmp_path / "law" / "val-00000-of-00001.parquet", "Law?")
    assert questions(tmp_path, split="validation") == ["Algebra?", "Law?"]


@pytest.mark.parametrize("left", ["", "dev-00000-of-00001.parquet", "tset.parquet", "data/test.parquet"])
def test_a_subject_without_the_split_is_an_error(tmp_path, left):
    write(tmp_path / "algebra" / WHOLE, "Algebra?")
    (tmp_path / "law").mkdir()
    if left:
        write(tmp_path / "law" / left, "Left?")
    message = (
        r"1 of 2 subject folders lack split 'test': law; allowed in each: test\.jsonl, test\.parquet, "
        r"all shards test-00000-of-0000N\.parquet; add these files, or move"
    )
    with pytest.raises(DataError, match=message):
        read_folder(tmp_path, "mmlu", splits=["test"])
    with pytest.raises(DataError, match=message):
        BenchmarkRows("mmlu", tmp_path).rows("test")


def test_many_subjects_without_the_split_are_counted(tmp_path):
    write(tmp_path / "algebra" / WHOLE, "Algebra?")
    for number in range(12):
        (tmp_path / f"empty{number:02d}").mkdir()
    with pytest.raises(DataError, match=r"12 of 13 .* empty00, .*empty09, and 2 more; allowed"):
        load(f"mmlu:{tmp_path}")


def test_what_is_not_asked_does_not_stand_in_the_way(tmp_path):
    for subject in ("algebra", "law"):
        write(tmp_path / subject / WHOLE, subject)
    write(tmp_path / "law" / "dev-00000-of-00001.parquet", "Example?")
    write(tmp_path / "law" / "validation-00000-of-00002.parquet", "Part?")
    assert questions(tmp_path) == ["algebra", "law"]
    assert questions(tmp_path, split="dev") == ["Example?"]  # it only gives examples
    with pytest.raises(DataError) as caught:
        read_folder(tmp_path, "mmlu", splits=["validation"])
    assert "lacks 1 of 2 shards" in str(caught.value)
    assert "lack split 'validation': algebra" in str(caught.value)


def test_other_folders_are_no_subjects(tmp_path):
    write(tmp_path / "gsm8k" / "test.jsonl", "Set?")
    with pytest.raises(MissingError, match="no files of mmlu"):
        load(f"mmlu:{tmp_path}")
    write(tmp_path / "algebra" / WHOLE, "Algebra?")
    write(tmp_path / "auxiliary_train" / "train-00000-of-00001.parquet", "Auxiliary?")
    write(tmp_path / ".cache" / "test.parquet", "Hidden?")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "README.md").write_text("Notes.", "utf-8")
    assert questions(tmp_path) == ["Algebra?"]


@pytest.mark.parametrize("place", ["gsm8k", "gsm8k/main"])
def test_a_missing_shard_is_an_error(tmp_path, place):
    for number in (0, 2):
        write(tmp_path / place / f"test-0000{number}-of-00003.parquet", f"Shard {number}?")
    with pytest.raises(
        DataError, match=r"lacks 1 of 3 shards of split 'test': test-00001-of-00003\.parquet; .* add"
    ):
        load(f"gsm8k:{tmp_path}")
    write(tmp_path / place / "test-00001-of-00003.parquet", "Shard 1?")
    assert questions(tmp_path, "gsm8k") == ["Shard 0?", "Shard 1?", "Shard 2?"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("test-00000-of-00001.parquet", "test-00000-of-00002.parquet"),
        ("test-00000-of-00001-0a1b.parquet", "test-00000-of-00001-2c3d.parquet"),
        ("test-00000-of-00001.parquet", "test.parquet"),
    ],
)
def test_two_sets_of_shards_are_an_error(tmp_path, first, second):
    write(tmp_path / "gsm8k" / first, "One?")
    write(tmp_path / "gsm8k" / second, "One?")
    with pytest.raises(DataError, match=f"holds split 'test' twice: {first} and {second}; keep one"):
        load(f"gsm8k:{tmp_path}")


def test_shards_are_placed_by_their_number(tmp_path):
    write(tmp_path / "gsm8k" / "train-00000-of-00001-0a1b2c.parquet", "Older name?")
    write(tmp_path / "gsm8k" / "test-00001-of-00001.parquet", "Beyond?")
    assert questions(tmp_path, "gsm8k", "train") == ["Older name?"]
    with pytest.raises(
        DataError, match=r"cannot be placed: test-00001-of-00001\.parquet; allowed: test-00000-of-N"
    ):
        load(f"gsm8k:{tmp_path}")
