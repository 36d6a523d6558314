"""Training rows of one's own: what each layout becomes, and what is said of rows that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hub_server import Hub, parquet, point_to, serving
from sycoscope.core.errors import SHOWN, DataError, MissingError
from sycoscope.core.rows import MAX_TEXT
from sycoscope.core.types import Message
from sycoscope.items import read_dialogues

U, A, S = (lambda text, role=role: Message(role, text) for role in ("user", "assistant", "system"))
HELLO = {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}]}


def turn(role: str, content: object = "x") -> dict[str, object]:
    return {"role": role, "content": content}


def write(path: Path, *rows: object) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


LAYOUTS: dict[str, tuple[dict[str, Any], tuple[Message, ...], str]] = {
    "messages": (HELLO, (U("Hello?"),), "Hi."),
    "messages with a system text and earlier turns": (
        {
            "messages": [
                turn("system", "Be brief."), turn("user", "One?"), turn("assistant", "1"), turn("user", "Two?"),
                turn("assistant", "2"),
            ],
            "prompt": "One?",
            "prompt_id": "7",
        },
        (S("Be brief."), U("One?"), A("1"), U("Two?")),
        "2",
    ),
    "prompt and completion": ({"prompt": "Why? ", "completion": " So."}, (U("Why?"),), "So."),
    "conversational prompt and completion": (
        {"prompt": [turn("system", "S"), turn("user", "Why?")], "completion": [turn("assistant", "So.")]},
        (S("S"), U("Why?")),
        "So.",
    ),
    "ShareGPT": (
        {
            "conversations": [
                {"from": "system", "value": "S", "weight": None}, {"from": "human", "value": "One?", "weight": 0},
                {"from": "gpt", "value": "1", "weight": 1},
            ]
        },
        (S("S"), U("One?")),
        "1",
    ),
    "Alpaca": ({"instruction": "Add.", "input": "1, 2", "output": "3"}, (U("Add.\n\n1, 2"),), "3"),
    "Alpaca without an input": ({"instruction": "Say hi.", "input": "", "output": "hi"}, (U("Say hi."),), "hi"),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_becomes_a_dialogue_and_its_answer(name, tmp_path):
    row, prompt, answer = LAYOUTS[name]
    for path in (write(tmp_path / "rows.jsonl", row), write(tmp_path / "rows.json", row)):
        file = read_dialogues(path)
        (read,) = file.rows
        assert (read.prompt, read.answer, read.number, file.unit) == (prompt, answer, 1, "line")
    pl.DataFrame([row, row]).write_parquet(tmp_path / "rows.parquet")
    file = read_dialogues(tmp_path / "rows.parquet")
    assert [(one.prompt, one.answer) for one in file.rows] == [(prompt, answer)] * 2
    assert ([one.number for one in file.rows], file.unit) == ([1, 2], "row")


def test_a_file_may_hold_rows_of_several_layouts_and_repeated_ones(tmp_path):
    rows = [row for row, _, _ in LAYOUTS.values()]
    file = read_dialogues(write(tmp_path / "rows.jsonl", *rows, *rows))
    assert [one.answer for one in file.rows] == 2 * [answer for _, _, answer in LAYOUTS.values()]
    assert [one.number for one in file.rows] == list(range(1, 2 * len(rows) + 1))


PAIR = {"prompt": "p", "chosen": "a", "rejected": "b"}
PAIRS: dict[str, tuple[dict[str, Any], tuple[Message, ...], str, str]] = {
    "texts": ({"prompt": " Why?", "chosen": "So. ", "rejected": "No."}, (U("Why?"),), "So.", "No."),
    "conversational": (
        {
            "prompt": [turn("system", "S"), turn("user", "Why?")], "chosen": [turn("assistant", "So.")],
            "rejected": [turn("assistant", "No.")], "score": 1.5,
        },
        (S("S"), U("Why?")), "So.", "No.",
    ),
    "the prompt inside": (
        {
            "chosen": [turn("user", "One?"), turn("assistant", "1"), turn("user", "Two?"), turn("assistant", "2")],
            "rejected": [turn("user", "One?"), turn("assistant", "1"), turn("user", "Two?"), turn("assistant", "3")],
        },
        (U("One?"), A("1"), U("Two?")), "2", "3",
    ),
    "the prompt inside and beside": (
        {
            "prompt": "One?", "messages": [turn("user", "One?"), turn("assistant", "1")],
            "chosen": [turn("user", "One?"), turn("assistant", "1")],
            "rejected": [turn("user", "One?"), turn("assistant", "2")],
        },
        (U("One?"),), "1", "2",
    ),
    "a text and turns": (
        {"prompt": "Why?", "chosen": [turn("assistant", "So.")], "rejected": [turn("assistant", "No.")]},
        (U("Why?"),), "So.", "No.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_becomes_a_dialogue_and_its_two_answers(name, tmp_path):
    row, prompt, answer, rejected = PAIRS[name]
    pl.DataFrame([row]).write_parquet(tmp_path / "rows.parquet")
    for path in (write(tmp_path / "rows.jsonl", row), str(tmp_path / "rows.parquet")):
        for pairs in (True, None):
            (read,) = read_dialogues(path, pairs=pairs).rows
            assert (read.prompt, read.answer, read.rejected) == (prompt, answer, rejected)
        with pytest.raises(DataError, match=r"holds a preference \(chosen, rejected\).*objective=dpo"):
            read_dialogues(path, pairs=False)


NO_PAIRS: dict[str, tuple[object, str]] = {
    "an answer": (HELLO, r"holds no preference, .*training\.objective to sft"),
    "no rejected": ({"prompt": "p", "chosen": "a"}, r"column 'rejected' is missing"),
    "no chosen": ({"prompt": "p", "rejected": [turn("assistant")]}, r"column 'chosen' is missing"),
    "no prompt": ({"chosen": "a", "rejected": "b"}, r"texts, and there is no prompt beside them; give a prompt"),
    "the same twice": (PAIR | {"rejected": "a "}, r"chosen and rejected are the same answer"),
    "a text and turns": (PAIR | {"rejected": [turn("assistant")]}, r"column 'rejected': .*string"),
    "two dialogues": (
        {
            "chosen": [turn("user", "One?"), turn("assistant", "1")],
            "rejected": [turn("user", "Two?"), turn("assistant", "2")],
        },
        r"chosen and rejected part at turn 1, before their last turns \(2 and 2\)",
    ),
    "another prompt": (
        {"prompt": "p", "chosen": [turn("user"), turn("assistant")], "rejected": [turn("user"), turn("assistant", "y")]},
        r"chosen and rejected are whole dialogues, and prompt is no user turn of them",
    ),
    "a question last": (
        {"chosen": [turn("user"), turn("assistant"), turn("user")], "rejected": [turn("user"), turn("assistant")]},
        r"chosen: its 3 turns do not end with an answer",
    ),
    "an empty answer": (PAIR | {"chosen": " "}, r"column 'chosen': .* at least 1 character"),
    "tools": (PAIR | {"tools": [{"name": "f"}]}, r"column 'tools' changes what the model is told"),
    "a judged answer": ({"prompt": "p", "completion": "c", "label": False}, r"holds a judged answer"),
}  # fmt: skip


def test_rows_that_are_no_pairs_are_told_all_at_once_with_their_lines(tmp_path):
    path = write(tmp_path / "rows.jsonl", PAIR, *(row for row, _ in NO_PAIRS.values()))
    with pytest.raises(DataError) as fault:
        read_dialogues(path, pairs=True)
    assert str(fault.value).startswith(f"{path}: {len(NO_PAIRS)} faults in {len(NO_PAIRS)} rows")


@pytest.mark.parametrize("name", NO_PAIRS)
def test_a_row_that_is_no_pair_is_told_with_its_line(name, tmp_path):
    row, says = NO_PAIRS[name]
    path = write(tmp_path / "rows.jsonl", PAIR, row, PAIR)
    with pytest.raises(DataError, match=rf"rows\.jsonl:2: .*{says}"):
        read_dialogues(path, pairs=True)


def test_answers_and_pairs_stand_in_one_file_where_nobody_is_tuned(tmp_path):
    file = read_dialogues(write(tmp_path / "rows.jsonl", HELLO, PAIR))
    assert [(row.answer, row.rejected) for row in file.rows] == [("Hi.", ""), ("a", "b")]


MALFORMED: dict[str, tuple[object, str]] = {
    "a preference": (PAIR, r"holds a preference \(chosen, rejected\), .*sft.*dpo"),
    "a preference beside messages": (HELLO | {"rejected": "b"}, r"holds a preference \(rejected\)"),
    "a judged answer": ({"prompt": "p", "completion": "c", "label": False}, r"holds a judged answer"),
    "no layout": ({"text": "all of it"}, r"no layout has these columns: 'text'"),
    "no completion": ({"prompt": "p"}, r"column 'completion' is missing"),
    "half of Alpaca": ({"instruction": "i"}, r"column 'output' is missing"),
    "an empty answer": ({"prompt": "p", "completion": "  "}, r"column 'completion': .* at least 1 character"),
    "no text": ({"messages": [turn("user", None), turn("assistant")]}, r"column 'messages\.0\.content': .*; got null"),
    "parts": ({"messages": [turn("user", [{"type": "text"}]), turn("assistant")]}, r"messages\.0\.content'.*\[\{"),
    "a tool's turn": ({"messages": [turn("user"), turn("tool")]}, r"messages\.1\.role'.*got \"tool\""),
    "a stranger": (
        {"conversations": [{"from": "human", "value": "x"}, {"from": "bing", "value": "x"}]},
        r"conversations\.1\.from'.*got \"bing\"",
    ),
    "no answer": ({"messages": [turn("user")]}, r"its 1 turns do not end with an answer"),
    "a question last": (
        {"messages": [turn("user"), turn("assistant"), turn("user")]},
        r"its 3 turns do not end with an answer",
    ),
    "nothing asked": ({"messages": [turn("assistant")]}, r"turn 1 of 1 has the role 'assistant'"),
    "a system text alone": ({"messages": [turn("system")]}, r"its 1 turns do not end with an answer"),
    "a system text later": (
        {"messages": [turn("user"), turn("system"), turn("assistant")]},
        r"turn 2 of 3 has the role 'system'; after a system text, if any, user and assistant take turns",
    ),
    "no turns": ({"messages": []}, r"its 0 turns do not end"),
    "texts and turns": ({"prompt": "p", "completion": [turn("assistant")]}, r"column 'completion': .*string"),
    "tools": (HELLO | {"tools": [{"name": "f"}]}, r"column 'tools' changes what the model is told"),
    "a control character": ({"prompt": "p\x1b", "completion": "c"}, r"'prompt' holds the control character U\+001B"),
    "a long text": ({"prompt": "p", "completion": "c" * (MAX_TEXT + 1)}, r"'completion' holds a text of 100,001"),
    "no object": (["p"], r"one JSON object per line is needed"),
}  # fmt: skip


def test_malformed_rows_are_told_all_at_once_with_their_lines(tmp_path):
    path = write(tmp_path / "rows.jsonl", HELLO, *(row for row, _ in MALFORMED.values()))
    with pytest.raises(DataError) as fault:
        read_dialogues(path, pairs=False)
    told = str(fault.value)
    assert told.startswith(f"{path}: {len(MALFORMED)} faults in {len(MALFORMED)} rows")
    assert "docs/training.md shows the layouts" in told
    for number, name in enumerate(MALFORMED, start=2):
        assert f"{path}:{number}: " in told or number > SHOWN + 1, name


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_row_is_told_with_its_line(name, tmp_path):
    row, says = MALFORMED[name]
    path = write(tmp_path / "rows.jsonl", HELLO, row, HELLO)
    with pytest.raises(DataError, match=rf"rows\.jsonl:2: .*{says}"):
        read_dialogues(path, pairs=False)


def test_malformed_rows_of_a_table_are_told_with_their_numbers(tmp_path):
    rows = [
        HELLO,
        {"messages": [turn("user")]},
        {"messages": None},
        {"messages": [turn("user"), turn("tool")]},
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DataError) as fault:
        read_dialogues(tmp_path / "rows.parquet")
    for row, says in ((2, "do not end with an answer"), (3, "no layout"), (4, "column 'messages.1.role'")):
        assert f"rows.parquet, row {row}: " in str(fault.value)
        assert says in str(fault.value)


def test_what_is_no_such_file(tmp_path):
    array = tmp_path / "rows.json"
    array.write_text(json.dumps([HELLO]))
    with pytest.raises(DataError, match=r"begins with '\[', as one JSON array; write one object per line"):
        read_dialogues(array)
    with pytest.raises(DataError, match="holds no rows"):
        read_dialogues(write(tmp_path / "empty.jsonl"))
    pl.DataFrame([HELLO]).write_parquet(tmp_path / "rows.bin")
    with pytest.raises(DataError, match="not a text file in UTF-8; the name of a Parquet file ends in"):
        read_dialogues(tmp_path / "rows.bin")
    for missing in (tmp_path / "nosuch.jsonl", tmp_path):
        with pytest.raises(MissingError, match=r"no file of training rows at .*; name a file"):
            read_dialogues(missing)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with one set in two shards."""
    pytest.importorskip("huggingface_hub")
    held = Hub()
    shards = {
        f"data/train-0000{n}-of-00002.parquet": parquet([{"prompt": f"p{n}", "completion": f"c{n}"}])
        for n in range(2)
    }
    rest = {"data/test-00000-of-00001.parquet": parquet([HELLO]), "README.md": b"# A set"}
    held.repo("datasets", "owner/rows").commit(shards | rest, "main")
    with serving(held):
        point_to(held, tmp_path / "hub", monkeypatch)
        yield held


def test_the_training_split_of_a_set_on_the_hub(hub: Hub) -> None:
    file = read_dialogues("owner/rows")
    assert [(row.answer, row.number) for row in file.rows] == [("c0", 1), ("c1", 2)]
    assert not any("test-" in path or "README" in path for _, path in hub.log)
    with pytest.raises(
        MissingError, match=r"there is no file 'owner/other', and it cannot be read from the hub"
    ):
        read_dialogues("owner/other")
