"""Files of one's own items that cannot be used: lines, columns, texts, choices; each in one of the commands that read them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from .case import DAMAGE, ODD, WRONG, Case, Maker, Rng, World, damaged, shown

NAME = "mine.jsonl"
SOUND: list[dict[str, Any]] = [
    {
        "question": f"Which of the metals number {i} is liquid?",
        "target": f"mercury {i}",
        "aliases": [f"quicksilver {i}"],
        "choices": [f"iron {i}", f"mercury {i}", f"tin {i}"],
        "suggestion": f"tin {i}",
        "cluster": f"metal {i}",
        "split": "test",
        "metadata": {"field": "chemistry", "difficulty": "easy", "n": i},
    }
    for i in range(4)
]
KINDS = {
    "question": "text", "target": "text", "aliases": "list", "choices": "list", "suggestion": "text",
    "cluster": "text", "split": "text", "metadata": "mapping",
}  # fmt: skip


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def reading(path: Path, folder: Path, how: int) -> list[str]:
    """One of the commands that read a file of items."""
    if how == 0:
        return ["items", "check", str(path)]
    if how == 1:
        return ["items", "show", str(path), "--limit", "2"]
    study = {"study": "mine", "model": {"name": "null:ideal"}, "facets": {"answer": {"items": str(path)}}}
    (folder / "mine.yaml").write_text(yaml.safe_dump(study))
    return ["run", str(folder / "mine.yaml"), "--out", str(folder / "out")]


def file_case(name: str, data: str | bytes, how: int, *says: str, code: int = 2) -> Case:
    """A case of one file of items."""

    def make(folder: Path) -> list[str]:
        path = folder / NAME
        path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
        return reading(path, folder, how)

    return Case(name, make, (NAME, *says) if code == 2 else (), code)


def _one_row(name: str, rng: Rng, changes: dict[str, Any], *says: str) -> Case:
    rows = copy.deepcopy(SOUND)
    number = rng.randrange(len(rows))
    for key, value in changes.items():
        if value is ...:
            del rows[number][key]
        else:
            rows[number][key] = value
    return file_case(name, lines(rows), rng.randrange(3), f"{NAME}:{number + 1}", *says)


def _wrong_type(rng: Rng, _: World) -> Case:
    key = rng.choice(tuple(KINDS))
    value = rng.choice(WRONG[KINDS[key]])
    return _one_row(f"{key}: {shown(value)}", rng, {key: value}, key)


def _missing(rng: Rng, _: World) -> Case:
    key = rng.choice(("question", "target"))
    value = rng.choice((..., None, "", " \t ", "\u3000"))
    return _one_row(f"{key} is {shown(value)}", rng, {key: value}, key)


def _odd_text(rng: Rng, _: World) -> Case:
    key = rng.choice(("question", "target", "suggestion", "cluster", "aliases"))
    sign = rng.choice([one for one in ODD if one not in ("\u202e", "\ufeff", "\x85")])
    text = f"a{sign}b"
    return _one_row(f"{key} with {sign!a}", rng, {key: [text] if key == "aliases" else text}, f"{NAME}:")


def _unknown(rng: Rng, _: World) -> Case:
    key = rng.choice(("anwser", "id", "Question", "x" * 900, "\x1b[31mred", ""))
    return _one_row(f"key {shown(key)}", rng, {key: "1"}, "unknown key")


def _too_large(rng: Rng, _: World) -> Case:
    deep: Any = 1
    for _level in range(rng.randrange(25, 60)):
        deep = [deep]
    changes: dict[str, tuple[str, Any, str]] = {
        "a text of 100,001": ("question", "q" * 100_001, "100,001"),
        "a line of a million": ("question", "q" * 1_000_001, "1,000,000"),
        "100,000 choices": ("choices", [str(i) for i in range(100_000)], ""),
        "1,001 choices": ("choices", [str(i) for i in range(1_001)], "choices"),
        "1,001 keys": ("metadata", {str(i): 1 for i in range(1_001)}, "metadata"),
        "a number of 65 bits": ("metadata", {"n": 2**64}, "64 bits"),
        f"{_level + 1} levels": ("metadata", {"n": deep}, "metadata"),
    }
    name = rng.choice(tuple(changes))
    key, value, says = changes[name]
    return _one_row(name, rng, {key: value}, says)


def _choices(rng: Rng, _: World) -> Case:
    changes: dict[str, tuple[dict[str, Any], str]] = {
        "a target that is no choice": ({"target": "gold", "aliases": []}, "target"),
        "a target of another case": ({"choices": ["Mercury 0", "iron"]}, "target"),
        "one choice": ({"choices": ["mercury 0"], "target": "mercury 0", "suggestion": ...}, "choices"),
        "a choice twice": ({"choices": ["iron", "mercury 0", "iron"], "target": "mercury 0"}, "twice"),
        "an empty choice": ({"choices": ["", "mercury 0"], "target": "mercury 0"}, "choices"),
        "a choice that is a number": ({"choices": [1, "mercury 0"], "target": "mercury 0"}, "choices"),
        "a suggestion that is no choice": ({"suggestion": "gold"}, "suggestion"),
        "a suggestion that is the target": (
            {"target": "tin 0", "suggestion": "tin 0", "choices": ["tin 0", "x"]},
            "suggestion",
        ),
        "a suggestion that is the target, spelled else": (
            {"target": "Tin", "suggestion": " tin.", "choices": []},
            "suggestion",
        ),
        "another split": ({"split": "validation"}, "split"),
        "metadata with a list": ({"metadata": {"a": [1]}}, "metadata"),
        "metadata with an empty list": ({"metadata": {"a": []}}, "metadata"),
    }
    name = rng.choice(tuple(changes))
    change, says = changes[name]
    return _one_row(name, rng, change, says)


_LINE = json.dumps(SOUND[0])
_TEXT = lines(SOUND)
FILES: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "a cut line": (_TEXT + _LINE[: len(_LINE) // 2], (f"{NAME}:5", "not JSON")),
    "a line cut within a character": (_TEXT.encode() + '{"question": "é'.encode()[:-1], (f"{NAME}:5", "UTF-8")),
    "UTF-16": (_TEXT.encode("utf-16"), ("UTF-8",)),
    "UTF-16 without a mark": (_TEXT.encode("utf-16-le"), ("UTF-8",)),
    "latin-1": (_TEXT.encode() + '{"question": "é", "target": "a"}\n'.encode("latin-1"), (f"{NAME}:5", "UTF-8")),
    "empty": ("", ("no items",)),
    "blank lines": ("\n\n  \n", ("no items",)),
    "a byte order mark alone": (b"\xef\xbb\xbf", ("no items",)),
    "an array": (json.dumps(SOUND), ("'['",)),
    "an object over lines": (json.dumps(SOUND[0], indent=1), (f"{NAME}:1",)),
    "two objects in a line": (_LINE + _LINE + "\n", (f"{NAME}:1",)),
    "a number": (_TEXT + "7\n", (f"{NAME}:5",)),
    "null": (_TEXT + "null\n", (f"{NAME}:5",)),
    "a list in a line": (_TEXT + '["question"]\n', (f"{NAME}:5",)),
    "single quotes": (_TEXT + "{'question': 'a', 'target': 'b'}\n", (f"{NAME}:5", "not JSON")),
    "CSV": ("question,target\nWhy?,because\n", (f"{NAME}:1", "not JSON")),
    "YAML": ("- question: Why?\n  target: because\n", (f"{NAME}:1", "not JSON")),
    "a page": ("<!DOCTYPE html>\n<html></html>\n", (f"{NAME}:1",)),
    "NaN as a text": (_TEXT + '{"question": "a", "target": NaN}\n', (f"{NAME}:5", "target")),
    "infinity": (_TEXT + '{"question": "a", "target": "b", "metadata": {"x": 1e999}}\n', (f"{NAME}:5", "metadata")),
    "a key twice": (_TEXT + '{"question": "a", "target": "b", "target": "c"}\n', (f"{NAME}:5", "twice")),
    "half a character": (_TEXT + '{"question": "a\\ud800", "target": "b"}\n', (f"{NAME}:5", "surrogate")),
    "half a character as key": (_TEXT + '{"question": "a", "target": "b", "\\udfff": 1}\n', (f"{NAME}:5", "surrogate")),
    "digits": (_TEXT + '{"question": ' + "9" * 5_000 + "}\n", (f"{NAME}:5",)),
    "deep": (_TEXT + '{"question": ' + "[" * 50_000 + "\n", (f"{NAME}:5",)),
    "a raw control character": (_TEXT + '{"question": "a\x01", "target": "b"}\n', (f"{NAME}:5",)),
    "null characters": (b"\0" * 2_000, ("UTF-8",)),
    "one id, two suggestions": (
        _TEXT + json.dumps(SOUND[0] | {"suggestion": "iron 0"}) + "\n", (f"{NAME}:5", "suggestion"),
    ),
    "one id, two sides": (_TEXT + json.dumps(SOUND[1] | {"split": "train"}) + "\n", (f"{NAME}:5", "split")),
    "thousands of faults": ("{}\n" * 500, ("1000 faults", "more")),
    "Parquet": (b"PAR1" + bytes(40), ("UTF-8",)),
    "gzip": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", ("UTF-8",)),
}  # fmt: skip
SOUND_FILES: dict[str, tuple[str | bytes, int]] = {
    "sound: a byte order mark": (b"\xef\xbb\xbf" + _TEXT.encode(), 0),
    "sound: Windows line ends": (_TEXT.replace("\n", "\r\n"), 0),
    "sound: a line twice": (_TEXT + _LINE + "\n", 0),
    "sound: nulls": (
        _TEXT + '{"question": "a?", "target": "b", "choices": null, "metadata": {"x": NaN}}\n',
        0,
    ),
    "sound: line separators": (_TEXT + '{"question": "a\u2028b?", "target": "b"}\n', 0),
}


def _file(rng: Rng, _: World) -> Case:
    name = rng.choice(tuple(FILES))
    data, says = FILES[name]
    return file_case(name, data, rng.randrange(3), *says)


def _sound(rng: Rng, _: World) -> Case:
    name = rng.choice(tuple(SOUND_FILES))
    data, code = SOUND_FILES[name]
    return file_case(name, data, rng.randrange(2), code=code)


def _damaged(rng: Rng, _: World) -> Case:
    how, seed, read = rng.choice([*DAMAGE]), rng.randrange(10**6), rng.randrange(3)

    def make(folder: Path) -> list[str]:
        (folder / NAME).write_text(_TEXT)
        damaged(folder / NAME, how, seed)
        return reading(folder / NAME, folder, read)

    return Case(f"the file is {how}, read {read}", make, (NAME,))


def _table(rng: Rng, _: World) -> Case:
    """A table that lacks a column that every item needs."""
    ending = rng.choice(("csv", "parquet"))
    read = rng.randrange(3)

    def make(folder: Path) -> list[str]:
        path = folder / f"mine.{ending}"
        frame = pl.DataFrame([{"question": row["question"], "answer": row["target"]} for row in SOUND])
        frame.write_csv(path) if ending == "csv" else frame.write_parquet(path)
        return reading(path, folder, read)

    return Case(f"a table as {ending}, read {read}", make, (f"mine.{ending}",))


def _source(rng: Rng, _: World) -> Case:
    spec = rng.choice(
        ("bank/nothing", "bank/../facts", "mmlu:", "mmlu:nowhere.jsonl", "arc:x.jsonl", "", "~no-such-user/x.jsonl",
         "nowhere.jsonl", "x\x1by.jsonl", "bank/facts/", "sycophancy_eval/answer:", "n" * 5_000, ".")
    )  # fmt: skip
    # a name within the bank, or within a set, is told without what stands before it
    says = spec.removeprefix("bank/").removeprefix("mmlu:")[:20] if spec.isprintable() else ""
    return Case(f"items of {shown(spec)}", lambda _: ["items", rng.choice(("check", "show")), spec], (says,))


MAKERS: tuple[Maker, ...] = (
    _file, _wrong_type, _file, _missing, _choices, _file, _too_large, _odd_text, _unknown, _damaged, _choices,
    _file, _table, _source, _sound, _wrong_type,
)  # fmt: skip
