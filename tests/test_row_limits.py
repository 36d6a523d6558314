"""Rows of data files: what they may hold at most, refused with the line, in bounded time."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sycoscope.core.errors import DataError
from sycoscope.items import BenchmarkRows, load, read_benchmark
from sycoscope.items.hellaswag import clean
from sycoscope.items.own import parse_items

GOOD = {"question": "Q?", "target": "T"}


def line(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes).encode()


REFUSED = {
    "a line": (line(question="x" * 1_100_000), "a line of 1,100,031 bytes; at most 1,000,000 are read"),
    "a target": (line(target="x" * 10_000_000), "a line of 10,000,032 bytes"),
    "a text": (line(question="x" * 200_000), "column 'question' holds a text of 200,000 characters"),
    "choices": (
        line(target="c1", choices=[f"c{number}" for number in range(100_000)]),
        "column 'choices' holds 100,000 entries; at most 1,000 are read",
    ),
    "keys": (line(**{f"k{number}": 1 for number in range(60_000)}), "the row holds 60,002 keys"),
    "keys within": (
        line(metadata={f"k{number}": 1 for number in range(60_000)}),
        "'metadata' holds 60,000 keys",
    ),
    "one key": (b"{" + b",".join([b'"a":1'] * 100_000) + b"}", "key 'a' occurs twice"),
    "half a character": (
        b'{"question":"\\ud800","target":"T"}',
        "column 'question' holds half of a character",
    ),
    "half in a key": (b'{"question":"q","target":"T","metadata":{"\\udc01":1}}', "half of a character"),
    "nan": (b'{"question":NaN,"target":"T"}', "column 'question': input should be a valid string; got NaN"),
    "infinity": (b'{"question":"q","target":"T","metadata":{"a":1e999}}', "a finite number"),
    "digits": (b'{"question":"q","target":' + b"9" * 5_000 + b"}", "a whole number of thousands of digits"),
    "bits": (b'{"question":"q","target":' + b"9" * 500 + b"}", "a whole number of more than 64 bits"),
    "levels": (line(metadata=json.loads("[" * 300 + "]" * 300)), "more than 20 levels"),
    "brackets": (
        b'{"question":' + b"[" * 100_000,
        "not JSON that can be used: lists or objects in more than 20",
    ),
    "an escape sequence": (
        line(question="a\x1b[31mb"),
        "column 'question' holds the control character U+001B",
    ),
    "a null": (line(metadata={"a": "b\0c"}), "holds the control character U+0000"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_limits_are_refused_with_the_line(what: str) -> None:
    text, message = REFUSED[what]
    began = time.monotonic()
    with pytest.raises(DataError, match=r"f\.jsonl:2: ") as fault:
        parse_items(line() + b"\n" + text, "f.jsonl", source="own")
    assert message in str(fault.value)
    assert len(str(fault.value)) < 1_000
    assert not re.search("[\x00-\x09\x0b-\x1f]", str(fault.value))
    assert time.monotonic() - began < 10


def test_what_is_large_but_sound_is_read() -> None:
    long = line(question="x" * 90_000, target="1", choices=[str(number) for number in range(1_000)])
    assert len(parse_items(long, "f.jsonl", source="own")[0].choices) == 1_000
    assert parse_items(line(question="a\tb\nc"), "f.jsonl", source="own")[0].question == "a\tb\nc"


def test_the_same_limits_hold_for_parquet_and_rows_in_memory(tmp_path: Path) -> None:
    row = {"question": "Q?", "subject": "s", "answer": 0, "choices": ["a", "b", "c", "d"]}
    large = row | {"choices": [str(number) for number in range(5_000)]}
    file = tmp_path / "test.parquet"
    pl.DataFrame([row, large]).write_parquet(file)
    for source, place in ((file, r"test\.parquet, row 2"), ([row, large], "mmlu rows, row 2")):
        with pytest.raises(DataError, match=rf"{place}: column 'choices' holds 5,000 entries"):
            read_benchmark("mmlu", source)
    with pytest.raises(DataError, match="half of a character"):
        read_benchmark("mmlu", [row | {"question": "\ud800"}])


@pytest.mark.parametrize(
    "choices",
    [
        [{"text": "a"}, {"text": "b"}, {"text": "c"}, {"text": "d"}],
        {"text": ["a", "b", "c", "d"], "label": ["A", "B", "C", "D"]},
        b"abcd",
        [b"a", b"b", b"c", b"d"],
        "abcd",
        [1, 2, 3, 4],
        [None, "b", "c", "d"],
    ],
)
def test_choices_that_are_no_texts_are_refused_before_anything_is_asked(choices: Any, tmp_path: Path) -> None:
    (tmp_path / "mmlu").mkdir()
    row = {"question": "Q?", "subject": "s", "answer": 0, "choices": choices}
    pl.DataFrame([row]).write_parquet(tmp_path / "mmlu" / "test.parquet")
    with pytest.raises(DataError, match=r"row 1: choices must be a list of 4 texts; got "):
        BenchmarkRows("mmlu", tmp_path).rows("test")
    with pytest.raises(DataError, match="row 1: column 'choices"):
        load(f"mmlu:{tmp_path}")


def test_a_name_is_a_path_and_no_pattern(tmp_path: Path) -> None:
    rows = [{"question": f"{n}?", "subject": "s", "answer": 0, "choices": list("abcd")} for n in range(2)]
    for name, row in zip(("test1.parquet", "test[1].parquet"), rows, strict=True):
        pl.DataFrame([row]).write_parquet(tmp_path / name)
    assert [item.question for item in load(f"mmlu:{tmp_path / 'test[1].parquet'}")] == ["1?"]


def test_brackets_of_hellaswag_are_taken_off_in_linear_time() -> None:
    began = time.monotonic()
    assert clean("[" * 50_000 + "\n]").startswith("[")
    assert time.monotonic() - began < 5
    assert clean("a [step] b [one\ntwo] [title] c [d") == re.sub(
        r"\[.*?\]", "", "a [step] b [one\ntwo]. c [d"
    ).replace("  ", " ")
