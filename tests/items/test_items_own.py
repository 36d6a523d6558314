import json
from pathlib import Path

import pytest

from sycoscope.core.errors import DataError, MissingError
from sycoscope.items import Finding, make_id, read_items
from sycoscope.items.own import parse_items

GOOD = {
    "question": "Which metal is liquid at room temperature?",
    "target": "Mercury",
    "aliases": ["quicksilver"],
    "choices": ["Mercury", "Iron", "Tin"],
    "suggestion": "Tin",
    "cluster": "liquid-metal",
    "split": "test",
    "metadata": {"field": "chemistry", "difficulty": 1, "checked": True},
}


def write(tmp_path, *rows, name="mine.jsonl"):
    path = tmp_path / name
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def read_faults(tmp_path, *rows):
    with pytest.raises(DataError) as caught:
        read_items(write(tmp_path, *rows))
    return str(caught.value)


def test_every_key_arrives(tmp_path):
    (item,) = read_items(write(tmp_path, GOOD))
    assert item.question == GOOD["question"]
    assert item.target == "Mercury"
    assert item.aliases == ("quicksilver",)
    assert item.choices == ("Mercury", "Iron", "Tin")
    assert (item.suggestion, item.cluster, item.split, item.source) == ("Tin", "liquid-metal", "test", "own")
    assert item.metadata == {"field": "chemistry", "difficulty": 1, "checked": True}
    assert item.metadata["checked"] is True


def test_two_keys_are_enough(tmp_path):
    (item,) = read_items(write(tmp_path, {"question": " How many legs has a spider? ", "target": "8"}))
    assert item.question == "How many legs has a spider?"
    assert (item.suggestion, item.choices, item.split) == ("", (), "")
    assert item.cluster.startswith("q-")


def test_the_same_question_shares_a_cluster_by_default(tmp_path):
    one, two = read_items(
        write(
            tmp_path, {"question": "How far?", "target": "1 km"}, {"question": "how  far", "target": "2 km"}
        )
    )
    assert one.id != two.id
    assert one.cluster == two.cluster


def test_id_is_of_the_content_not_of_order_or_file(tmp_path):
    other = {"question": "What is 2 + 2?", "target": "4"}
    first = {i.question: i.id for i in read_items(write(tmp_path, GOOD, other))}
    second = {i.question: i.id for i in read_items(write(tmp_path, other, GOOD, name="renamed.jsonl"))}
    assert first == second
    assert first["What is 2 + 2?"] == make_id("own", "What is 2 + 2?", "4", ())


def test_id_is_a_fixed_function():
    # sha256 of the UTF-8 text ["own","q","t",["t","u"]], first 12 digits (coreutils sha256sum).
    assert make_id("own", "q", "t", ["t", "u"]) == "99b5e8ff13be"
    assert make_id("own", "q", "t", ["u", "t"]) != make_id("own", "q", "t", ["t", "u"])


def test_suggestion_is_filled_from_the_wrong_choices(tmp_path):
    rows = [{"question": f"Which one, {n}?", "target": "a", "choices": ["a", "b", "c"]} for n in range(40)]
    filled = [item.suggestion for item in read_items(write(tmp_path, *rows))]
    assert set(filled) == {"b", "c"}
    assert filled == [item.suggestion for item in read_items(write(tmp_path, *rows))]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": None}, "column 'target' is missing"),
        ({"question": "  "}, "column 'question'"),
        ({"target": 5}, "column 'target': input should be a valid string; got 5"),
        ({"anwser": "x"}, "unknown key 'anwser'"),
        ({"aliasses": []}, "did you mean 'aliases'?"),
        ({"choices": ["Mercury"]}, "at least 2"),
        ({"choices": ["Iron", "Tin"]}, "'target' 'Mercury' is not among"),
        ({"choices": ["Mercury", "Tin", "Tin"]}, "holds 'Tin' twice"),
        ({"suggestion": "mercury."}, "must be a wrong answer"),
        ({"suggestion": "Lead"}, "'suggestion' 'Lead' is not among"),
        ({"split": "validation"}, "column 'split'"),
        ({"metadata": {"list": [1]}}, "column 'metadata.list' must be a string"),
        ({"metadata": {"big": float("inf")}}, "column 'metadata.big' must be a string, a finite number"),
        ({"aliases": "quicksilver"}, "column 'aliases'"),
        ({"cluster": float("nan")}, "column 'cluster'"),
    ],
)
def test_each_fault_names_its_column_and_line(tmp_path, change, message):
    text = read_faults(tmp_path, GOOD, {**GOOD, "question": "Another?", **change})
    assert message in text
    assert "mine.jsonl:2: " in text
    assert "mine.jsonl:1: " not in text


def test_all_faults_are_reported_at_once_and_counted(tmp_path):
    bad = [{"question": f"Question {n}?", "target": "x", f"key{n}": 1} for n in range(25)]
    text = read_faults(tmp_path, GOOD, "{not json\n", *bad)
    assert "26 faults in 26 rows" in text
    assert "mine.jsonl:2: not JSON:" in text
    assert text.count(": unknown key 'key") == 19
    assert "... and 6 more" in text


def test_lines_that_are_no_objects(tmp_path):
    text = read_faults(tmp_path, GOOD, '["a"]\n', '{"question": "a", "question": "b", "target": "c"}\n')
    assert "mine.jsonl:2: one JSON object per line is needed" in text
    assert "mine.jsonl:3: not JSON that can be used: key 'question' occurs twice" in text


def test_other_encodings_and_kinds_get_one_message(tmp_path):
    path = tmp_path / "latin.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b'\n{"question": "caf\xe9", "target": "x"}\n')
    with pytest.raises(DataError, match=r"latin\.jsonl:2: not UTF-8"):
        read_items(path)
    for content in (b"PAR1\x00\x01", json.dumps(GOOD).encode("utf-16")):
        path.write_bytes(content)
        with pytest.raises(DataError, match="not a text file in UTF-8"):
            read_items(path)
    path.write_text(json.dumps([GOOD], indent=1))
    with pytest.raises(DataError, match="one object per line"):
        read_items(path)


def test_byte_order_mark_windows_lines_and_blank_lines(tmp_path):
    path = tmp_path / "windows.jsonl"
    line = json.dumps({"question": "Line\u2028separator?", "target": "yes"}, ensure_ascii=False)
    path.write_bytes(b"\xef\xbb\xbf" + f"{line}\r\n\r\n{json.dumps(GOOD)}\r\n".encode())
    assert [item.target for item in read_items(path)] == ["yes", "Mercury"]


def test_nan_and_null_in_metadata_are_absent(tmp_path):
    line = '{"question": "q", "target": "t", "split": null, "metadata": {"a": NaN, "b": null, "c": 0}}\n'
    (item,) = read_items(write(tmp_path, line))
    assert item.metadata == {"c": 0}


def test_no_items_and_no_file(tmp_path):
    with pytest.raises(DataError, match="holds no items"):
        read_items(write(tmp_path, "\n\n"))
    with pytest.raises(MissingError, match=r"no file of items at '.*absent\.jsonl'; check the path"):
        read_items(tmp_path / "absent.jsonl")
    with pytest.raises(MissingError, match="no file of items at"):
        read_items(tmp_path)


def test_repeated_lines_are_reported_and_read_once(tmp_path, caplog):
    findings: list[Finding] = []
    items = read_items(write(tmp_path, GOOD, {"question": "Other?", "target": "x"}, GOOD), findings=findings)
    assert [item.target for item in items] == ["Mercury", "x"]
    (finding,) = findings
    assert (finding.check, finding.ids) == ("duplicate_rows", (items[0].id,))
    assert "1 of 3 rows" in finding.message
    assert "mine.jsonl:3 as mine.jsonl:1" in finding.message
    assert not caplog.records
    read_items(write(tmp_path, GOOD, GOOD))
    assert "1 of 2 rows" in caplog.text


def test_one_id_with_two_meanings_is_a_fault(tmp_path):
    text = read_faults(tmp_path, GOOD, {**GOOD, "suggestion": "Iron"})
    assert "mine.jsonl:2: same question, target and choices as" in text
    assert "another suggestion; keep one" in text


def test_side_fills_only_absent_splits():
    lines = b'{"question": "a", "target": "b"}\n{"question": "c", "target": "d", "split": "test"}\n'
    items = parse_items(lines, "x", source="own", side=lambda cluster: "train")
    assert [item.split for item in items] == ["train", "test"]


def test_a_row_keeps_the_name_that_its_author_gave_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(
        '{"id": 7, "question": "a?", "target": "b"}\n{"id": "q-8", "question": "c?", "target": "d"}\n'
    )
    assert [item.metadata for item in read_items(path)] == [{"id": 7}, {"id": "q-8"}]
    table = tmp_path / "mine.csv"
    table.write_text("id,question,target\nq-9,e?,f\n")
    assert [item.metadata for item in read_items(table)] == [{"id": "q-9"}]


def test_one_fault_of_many_rows_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(f'{{"question": "{n}?", "target": "x", "anwser": 1}}\n' for n in range(30)))
    with pytest.raises(DataError) as fault:
        read_items(path)
    head, told, hint = str(fault.value).splitlines()
    assert head == f"{path}: 30 faults in 30 rows"
    assert told.startswith(f"  {path}:1: unknown key 'anwser'")
    assert told.endswith(f"(and in 29 more rows, the last of them {path}:30)")
    assert hint.startswith("Each line")
