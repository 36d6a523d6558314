"""Result tables, claims and labelled cases that cannot be used."""

from __future__ import annotations

import copy
import csv
import io
import json
from pathlib import Path
from typing import Any

import yaml

from .case import DAMAGE, WRONG, Case, Maker, Rng, World, copied, damaged, put, shown

TABLE, CLAIMS, LABELLED = "table.csv", "claims.yaml", "labelled.jsonl"
HEADER = [
    "subject",
    "role",
    "measure",
    "kind",
    "n",
    "successes",
    "unread",
    "unread_as",
    "published_rate",
    "source",
]
CELLS = [
    ["plain", "base", "mmlu", "benchmark", "100", "40", "", "", "0.4", "a"],
    ["plain", "base", "answer", "facet", "100", "20", "10", "missing", "0.2", "a"],
    ["tuned", "adapter", "mmlu", "benchmark", "100", "50", "", "", "0.5", "a"],
    ["tuned", "adapter", "answer", "facet", "100", "30", "0", "never", "0.3", "a"],
]
CLAIM_FILE: dict[str, Any] = {
    "study": "mine",
    "source": "me",
    "limits": {"answer": "none"},
    "general": ["nothing"],
    "claims": [
        {
            "id": "one",
            "says": "it rises",
            "asks": "levels",
            "subject": "tuned",
            "measure": "answer",
            "before": 0.2,
            "after": 0.3,
        },
        {
            "id": "two",
            "says": "on average",
            "asks": "mean_change",
            "subject": "tuned",
            "kind": "facet",
            "value": 0.1,
        },
    ],
}
CASES: list[dict[str, Any]] = [
    {
        "kind": "choice",
        "response": "A",
        "choices": {"A": "Rhine", "B": "Elbe"},
        "expected": "A",
        "source": "m",
        "admits_error": False,
    },
    {
        "kind": "open",
        "response": "Lima",
        "target": "Lima",
        "suggested": "Cusco",
        "expected": "target",
        "aliases": [],
    },
    {"kind": "admission", "response": "I was wrong.", "expected": True},
    {"kind": "comparison", "first": "good", "second": "bad", "expected": "first"},
    {"kind": "judge_reply", "response": "Yes", "scale": "yes_no", "expected": "yes"},
    {
        "kind": "feedback",
        "response": "It is weak.",
        "identifies_flaw": False,
        "verdict": "negative",
        "source": "m",
    },
]


def table_text(rows: list[list[str]], header: list[str] = HEADER) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue()


def table_case(name: str, data: str | bytes, *says: str, code: int = 2) -> Case:
    def make(folder: Path) -> list[str]:
        (folder / TABLE).write_bytes(
            data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
        )
        return ["published", str(folder / TABLE)]

    return Case(name, make, (TABLE, *says) if code else (), code)


def claims_case(name: str, data: str | bytes, *says: str) -> Case:
    def make(folder: Path) -> list[str]:
        (folder / TABLE).write_text(table_text(CELLS))
        (folder / CLAIMS).write_bytes(data if isinstance(data, bytes) else data.encode())
        return ["published", str(folder / TABLE), "--claims", str(folder / CLAIMS)]

    return Case(name, make, says or (CLAIMS,))


def labelled_case(name: str, data: str | bytes, *says: str) -> Case:
    def make(folder: Path) -> list[str]:
        (folder / LABELLED).write_bytes(
            data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
        )
        return ["check-scorers", str(folder / LABELLED)]

    return Case(name, make, (LABELLED, *says))


def _cell(rng: Rng, _: World) -> Case:
    bad = {
        "subject": ("",), "role": ("Base", "", "none", "adapter "), "measure": ("",), "kind": ("facets", ""),
        "n": ("0", "-1", "1.5", "many", "", "1e3", "9" * 400, "nan", "１２x"), "successes": ("101", "-1", "x", "", "inf"),
        "unread": ("101", "-3", "x", "1.5"), "unread_as": ("perhaps", "NEVER"), "published_rate": ("0.9", "x", "-1", "nan", "1e999", "40%"),
    }  # fmt: skip
    key = rng.choice(tuple(bad))
    value = rng.choice(bad[key])
    rows = copy.deepcopy(CELLS)
    line = rng.randrange(len(rows)) if key not in ("unread", "unread_as") else rng.choice((1, 3))
    rows[line][HEADER.index(key)] = value
    if (
        key == "role" and value == "adapter "
    ):  # white space around is dropped: it is a table without a base, or sound
        rows[0][1] = rows[1][1] = "adapter"
        return table_case("no base", table_text(rows), "base")
    return table_case(f"{key} is {shown(value)}", table_text(rows), f"{TABLE}:{line + 2}", key)


def _columns(rng: Rng, _: World) -> Case:
    key = rng.choice(("subject", "role", "measure", "kind", "n", "successes"))
    how = rng.choice(("missing", "unknown", "repeated"))
    header = list(HEADER)
    if how == "missing":
        at = header.index(key)
        rows = [row[:at] + row[at + 1 :] for row in CELLS]
        return table_case(f"no column {key}", table_text(rows, header[:at] + header[at + 1 :]), key)
    new = {"unknown": f"{key}s", "repeated": key}[how]
    return table_case(f"{how} column {new}", table_text([[*row, "1"] for row in CELLS], [*header, new]), new)


_TEXT = table_text(CELLS)
TABLES: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "empty": ("", ("header",)),
    "comments alone": ("# nothing\n", ("header",)),
    "no rows": (table_text([]), ()),
    "two bases": (_TEXT.replace("tuned,adapter,answer", "tuned,base,answer"), ("base",)),
    "no base": (_TEXT.replace(",base,", ",adapter,"), ("base",)),
    "a row twice": (_TEXT + ",".join(CELLS[2]) + "\n", ("already",)),
    "a short row": (_TEXT + "tuned,adapter\n", (f"{TABLE}:6",)),
    "a long row": (_TEXT + ",".join([*CELLS[2], "x"]) + "\n", (f"{TABLE}:6",)),
    "an open quote": (_TEXT + '"tuned,adapter\n', ("CSV",)),
    "a quote within": (_TEXT + 'a"b,adapter"\n', ()),
    "a null character": (_TEXT + "a\0b,adapter\n", ()),
    "a huge cell": (_TEXT + "x" * 200_000 + ",adapter\n", ()),
    "latin-1": (_TEXT.encode() + "caf\xe9".encode("latin-1"), ("UTF-8",)),
    "UTF-16": (_TEXT.encode("utf-16"), ("UTF-8",)),
    "semicolons": (_TEXT.replace(",", ";"), ("column",)),
    "tabs": (_TEXT.replace(",", "\t"), ("column",)),
    "JSON": (json.dumps(CELLS), ("column",)),
    "a measure of an adapter alone": (_TEXT + "tuned,adapter,gsm8k,benchmark,10,5,,,,\n", ("gsm8k",)),
    "a measure of two kinds": (_TEXT.replace("tuned,adapter,mmlu,benchmark", "tuned,adapter,mmlu,facet"), ("mmlu",)),
    "a subject of two roles": (_TEXT + "plain,adapter,gsm8k,benchmark,10,5,,,,\nplain,base,gsm8k2,benchmark,10,5,,,,\n", ("plain",)),
    "carriage returns": (_TEXT.replace("\n", "\r\r"), ()),
}  # fmt: skip


def _table(rng: Rng, _: World) -> Case:
    name = rng.choice(tuple(TABLES))
    data, says = TABLES[name]
    if name == "carriage returns":  # one end of a line as good as another: the table is sound
        return table_case("sound: carriage returns", _TEXT.replace("\n", "\r"), code=0)
    return table_case(f"a table: {name}", data, *says)


def _claim(rng: Rng, _: World) -> Case:
    changes: tuple[tuple[str, Any, str], ...] = (
        ("claims.0.asks", "height", "asks"), ("claims.0.before", 1.5, "before"), ("claims.0.before", "x", "before"),
        ("claims.0.decimals", 9, "decimals"), ("claims.0.id", "two", "two"), ("claims.0.id", "", "id"),
        ("claims.0.subject", "nobody", "nobody"), ("claims.0.measure", "gsm8k", "gsm8k"), ("claims.0.says", 3, "says"),
        ("claims.1.kind", "facets", "kind"), ("claims.1.value", -2, "value"), ("claims.1.subject", "nobody", "nobody"),
        ("claims.0.more", 1, "more"), ("claims", {}, "claims"), ("claims.0", "a", "claim 1"), ("claims.0", None, "claim 1"),
        ("limits", ["a"], "limits"), ("general", "one", "general"), ("study", None, "study"), ("unknown", 1, "unknown"),
    )  # fmt: skip
    key, value, says = rng.choice(changes)
    claims = copy.deepcopy(CLAIM_FILE)
    put(claims, [int(part) if part.isdigit() else part for part in key.split(".")], value)
    return claims_case(f"{key} is {shown(value)}", yaml.safe_dump(claims), says)


def _claims_file(rng: Rng, _: World) -> Case:
    text = yaml.safe_dump(CLAIM_FILE)
    files: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
        "empty": ("", (CLAIMS,)),
        "a list": ("- a\n", (CLAIMS,)),
        "not a number": (text.replace("0.2", ".nan"), (CLAIMS, ".nan")),
        "a key twice": (text + "study: two\n", (CLAIMS, "twice")),
        "latin-1": (text.encode() + "# \xe9".encode("latin-1"), (CLAIMS, "UTF-8")),
        "an object": (text + "x: !!python/name:os.system\n", (CLAIMS, "python")),
    }
    name = rng.choice(tuple(files))
    data, says = files[name]
    return claims_case(f"claims: {name}", data, *says)


def _label(rng: Rng, _: World) -> Case:
    number = rng.randrange(len(CASES))
    row = dict(CASES[number])
    key = rng.choice([one for one in row if one not in ("aliases", "source", "admits_error")])
    if rng.random() < 0.3:
        del row[key]
        value: Any = ...
    else:
        value = rng.choice(
            [one for one in (None, 3, [], {}, "nonsense", ["A"]) if type(one) is not type(row[key])] or [None]
        )
        row[key] = value
    text = "".join(json.dumps(one) + "\n" for one in (CASES[0], row))
    return labelled_case(f"{CASES[number]['kind']}: {key} is {shown(value)}", text, f"{LABELLED}:2", key)


def _labels(rng: Rng, _: World) -> Case:
    good = json.dumps(CASES[0]) + "\n"
    files: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
        "empty": ("", ()),
        "a cut line": (good + '{"kind": "open", ', (f"{LABELLED}:2",)),
        "a list": (good + "[1]\n", (f"{LABELLED}:2",)),
        "another kind": (good + '{"kind": "essay"}\n', (f"{LABELLED}:2", "essay")),
        "a kind that is a list": (good + '{"kind": ["open"]}\n', (f"{LABELLED}:2",)),
        "a label that is none": (good + json.dumps(CASES[1] | {"expected": "right"}) + "\n", (f"{LABELLED}:2", "expected")),
        "a letter that is none": (good + json.dumps(CASES[0] | {"expected": "E"}) + "\n", (f"{LABELLED}:2", "expected")),
        "choices that are numbers": (good + json.dumps(CASES[0] | {"choices": {"A": 1, "B": 2}}) + "\n", (f"{LABELLED}:2", "choices")),
        "no choices": (good + json.dumps(CASES[0] | {"choices": {}, "expected": "none"}) + "\n", (f"{LABELLED}:2", "choices")),
        "aliases that are numbers": (good + json.dumps(CASES[1] | {"aliases": [1]}) + "\n", (f"{LABELLED}:2", "aliases")),
        "an empty target": (good + json.dumps(CASES[1] | {"target": ""}) + "\n", (f"{LABELLED}:2", "target")),
        "half a character": (good + '{"kind": "open", "response": "\\ud800"}\n', (f"{LABELLED}:2", "surrogate")),
        "UTF-16": (good.encode("utf-16"), ()),
        "an array": (json.dumps(CASES), ()),
        "a huge text": (good + json.dumps(CASES[2] | {"response": "x" * 100_001}) + "\n", (f"{LABELLED}:2", "100,001")),
        "a source that is a number": (good + json.dumps(CASES[0] | {"source": 3}) + "\n", (f"{LABELLED}:2", "source")),
        "an id that is a list": (good + json.dumps(CASES[0] | {"id": ["a"] * 3}) + "\n", (f"{LABELLED}:2", "id")),
    }  # fmt: skip
    name = rng.choice(tuple(files))
    data, says = files[name]
    return labelled_case(f"labelled: {name}", data, *says)


def _damaged(rng: Rng, _: World) -> Case:
    name = rng.choice((TABLE, CLAIMS, LABELLED))
    how, seed = rng.choice([one for one in DAMAGE if one != "cut"]), rng.randrange(10**6)

    def make(folder: Path) -> list[str]:
        (folder / TABLE).write_text(_TEXT)
        (folder / CLAIMS).write_text(yaml.safe_dump(CLAIM_FILE))
        (folder / LABELLED).write_text("".join(json.dumps(row) + "\n" for row in CASES))
        damaged(folder / name, how, seed)
        if name == LABELLED:
            return ["check-scorers", str(folder / LABELLED)]
        return [
            "published",
            str(folder / TABLE),
            *(["--claims", str(folder / CLAIMS)] if name == CLAIMS else []),
        ]

    return Case(f"{name} is {how}", make, (name,))


def _wrong_claim_types(rng: Rng, _: World) -> Case:
    key = rng.choice(("study", "source"))
    value = rng.choice(WRONG["text"])
    claims = copy.deepcopy(CLAIM_FILE) | {key: value}
    return claims_case(f"{key} of the claims is {shown(value)}", yaml.safe_dump(claims), CLAIMS, key)


# A line of a log of labels, but for the response that it is of.
LOG_LINE = {
    "schema": 1, "id": "r0", "subject": "base", "task": "answer", "item_id": "i", "condition": "padded", "draw": 0,
    "who": "ann", "time": "2026-01-01T00:00:00+00:00", "act": "label", "value": "target", "note": "", "blind": True,
    "seed": 0, "text": "0",
}  # fmt: skip


def _log(rng: Rng, world: World) -> Case:
    """A log of labels beside a run that holds something else, or is something else."""
    command = rng.choice(("labels", "label", "check-scorers", "report"))
    how, key = rng.choice(("a value", "a value", "damage", "no layout", "a list", "another run")), ""
    row, text = dict(LOG_LINE), ""
    damage, seed = rng.choice([one for one in DAMAGE if one not in ("cut", "empty")]), rng.randrange(10**6)
    if how == "a value":
        key = rng.choice(sorted(row))
        row[key] = rng.choice([one for one in (None, [], {"a": 1}, 2.5) if type(one) is not type(row[key])])
    elif how == "no layout":
        del row["schema"]
    elif how == "a list":
        text = "[1]"
    if how == "damage" and damage in ("gone", "a folder", "a link to nowhere", "a link to itself"):
        command = rng.choice(("check-scorers", "report"))

    def make(folder: Path) -> list[str]:
        run = copied(world.run, folder / "run")
        log = run / "labels" / "ann.jsonl"
        log.parent.mkdir()
        log.write_text((text or json.dumps(row)) + "\n")
        if how == "damage":
            damaged(log, damage, seed)
        return {
            "labels": ["labels", str(run)],
            "label": ["label", str(run), "--who", "ann"],
            "check-scorers": ["check-scorers", "--labels", str(log)],
            "report": ["report", str(run), "--labels", str(log)],
        }[command]

    name = f"log: {how} {key or (damage if how == 'damage' else '')} {shown(row.get(key))}, {command}"
    return Case(name, make, ("ann.jsonl", key))


MAKERS: tuple[Maker, ...] = (
    _log, _cell, _columns, _table, _claim, _label, _labels, _cell, _damaged, _table, _claims_file, _claim, _label, _labels,
    _wrong_claim_types,
)  # fmt: skip
