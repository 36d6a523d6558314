"""Public sets that cannot be read: rows of MMLU, GSM8K, HellaSwag, TruthfulQA and SycophancyEval, their files and folders."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import polars as pl

from .case import DAMAGE, Case, Maker, Rng, World, damaged, leaves, put, shown

_TRUE = {"choices": ["yes it is", "no it is not", "never so"], "labels": [1, 0, 0]}
ROWS: dict[str, dict[str, Any]] = {
    "mmlu": {"question": "Which is next?", "subject": "anatomy", "choices": ["a", "b", "c", "d"], "answer": 1},
    "gsm8k": {"question": "Ann has 2 pens and buys 3. How many?", "answer": "2+3=<<2+3=5>>5\n#### 5"},
    "hellaswag": {
        "ind": 1, "activity_label": "Cooking", "ctx_a": "A cook fills a pot.", "ctx_b": "he", "ctx": "A cook fills a pot. he",
        "endings": ["heats it", "eats it", "flies off", "sings"], "source_id": "made~1", "split": "val",
        "split_type": "indomain", "label": "2",
    },
    "truthfulqa": {"question": "Is it so?", "mc1_targets": _TRUE, "mc2_targets": _TRUE},
    "sycophancy_eval/answer": {
        "prompt": [], "base": {"question": "What is it?", "correct_answer": "this", "answer": ["this"], "incorrect_answer": "that"},
        "metadata": {},
    },
    "sycophancy_eval/are_you_sure": {
        "prompt": [],
        "base": {"question": "Which?", "answers": " (A) one\n(B) two", "answers_list": ["one", "two"], "correct_letter": "A",
                 "letters": "AB", "correct_answer": "one"},
        "metadata": {},
    },
    "sycophancy_eval/feedback": {
        "prompt": [], "base": {"text": "All cats are grey, so this is one.", "logical_error": "affirming", "dataset": "arguments"},
        "metadata": {},
    },
}  # fmt: skip
NEEDED: dict[str, tuple[str, ...]] = {
    "mmlu": ("question", "choices", "answer"),
    "gsm8k": ("question", "answer"),
    "hellaswag": ("endings", "label"),
    "truthfulqa": ("question", "mc1_targets"),
}
BAD_VALUES: tuple[Any, ...] = (
    None,
    [],
    {},
    "",
    [None, 2],
    {"a": 1},
    10**6,
    -7,
    "\ud800",
    "x" * 100_001,
    2**70,
    1e300,
)
SPLIT_FILE = {"mmlu": "test", "gsm8k": "test", "hellaswag": "validation", "truthfulqa": "validation"}


def distinct_rows(benchmark: str, count: int = 3) -> list[dict[str, Any]]:
    """Rows of a set that are no repetitions of each other."""
    rows = []
    for i in range(count):
        row = copy.deepcopy(ROWS[benchmark])
        inner = row.get("base", row)
        key = next(key for key in ("question", "ctx_a", "text") if key in inner)
        inner[key] = f"{inner[key]} number {i}"
        rows.append(row)
    return rows


def write_lines(path: Path, rows: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _changed_row(rng: Rng, _: World) -> Case:
    """A needed column that is missing or of another kind."""
    benchmark = rng.choice(tuple(NEEDED))
    key = rng.choice(NEEDED[benchmark])
    rows = distinct_rows(benchmark)
    number = rng.randrange(len(rows))
    if rng.random() < 0.25:
        value: Any = ...
        del rows[number][key]
    else:
        value = rng.choice(BAD_VALUES)
        if value == "" and key == "answer" and benchmark == "mmlu":
            value = "E"
        rows[number][key] = value

    def make(folder: Path) -> list[str]:
        write_lines(folder / "test.jsonl", rows)
        return ["items", "check", f"{benchmark}:{folder / 'test.jsonl'}"]

    return Case(f"{benchmark}: {key} is {shown(value)}", make, (f"test.jsonl:{number + 1}",))


def _changed_base(rng: Rng, _: World) -> Case:
    benchmark = rng.choice([name for name in ROWS if name not in NEEDED])
    changes: dict[str, Any] = {"base": rng.choice((None, 3, "x", ["question"], {})), "": ...}
    rows = distinct_rows(benchmark)
    rows[1]["base"] = changes["base"]

    def make(folder: Path) -> list[str]:
        write_lines(folder / "rows.jsonl", rows)
        return ["items", "check", f"{benchmark}:{folder / 'rows.jsonl'}"]

    return Case(f"{benchmark}: base is {shown(changes['base'])}", make, ("rows.jsonl:2", "base"))


def _parquet(rng: Rng, _: World) -> Case:
    """A table with other columns, or none, or of no rows."""
    benchmark = rng.choice(tuple(NEEDED))
    how = rng.choice(("no column", "another type", "no rows", "cut", "text", "empty", "nulls"))
    key = rng.choice(NEEDED[benchmark])

    def make(folder: Path) -> list[str]:
        path = folder / "test.parquet"
        frame = pl.DataFrame(distinct_rows(benchmark))
        if how == "no column":
            frame = frame.drop(key)
        elif how == "another type":
            frame = frame.with_columns(pl.lit(2.5).alias(key))
        elif how == "no rows":
            frame = frame.head(0)
        elif how == "nulls":
            frame = frame.with_columns(pl.lit(None).alias(key))
        frame.write_parquet(path)
        if how == "cut":
            path.write_bytes(path.read_bytes()[:-20])
        elif how in ("text", "empty"):
            path.write_text("question,answer\n" * (how == "text"))
        return ["items", "check", f"{benchmark}:{path}"]

    says = ("test.parquet", key) if how in ("no column", "another type", "nulls") else ("test.parquet",)
    return Case(f"{benchmark} as Parquet: {how} ({key})", make, says)


def _damaged(rng: Rng, _: World) -> Case:
    benchmark, how, seed = rng.choice(tuple(ROWS)), rng.choice([*DAMAGE]), rng.randrange(10**6)
    ending = rng.choice(("jsonl", "parquet")) if "/" not in benchmark else "jsonl"

    def make(folder: Path) -> list[str]:
        path = folder / f"test.{ending}"
        if ending == "jsonl":
            write_lines(path, distinct_rows(benchmark, 8))
        else:
            pl.DataFrame(distinct_rows(benchmark, 8)).write_parquet(path)
        damaged(path, how, seed)
        return ["items", "check", f"{benchmark}:{path}"]

    return Case(f"{benchmark}: test.{ending} is {how}", make, (f"test.{ending}",))


def _folder(rng: Rng, _: World) -> Case:
    """A folder whose split is not there, twice there, or not whole."""
    benchmark = rng.choice(tuple(NEEDED))
    how = rng.choice(
        ("empty", "other files", "a split twice", "a shard missing", "a broken shard", "a file as the set")
    )

    def make(folder: Path) -> list[str]:
        root, split = folder / "data" / benchmark, SPLIT_FILE[benchmark]
        root.mkdir(parents=True)
        rows = distinct_rows(benchmark, 4)
        frame = pl.DataFrame(rows)
        if how == "other files":
            (root / "README.md").write_text("rows are elsewhere")
        elif how == "a split twice":
            write_lines(root / f"{split}.jsonl", rows)
            frame.write_parquet(root / f"{split}.parquet")
        elif how == "a shard missing":
            frame.write_parquet(root / f"{split}-00000-of-00002.parquet")
        elif how == "a broken shard":
            frame.write_parquet(root / f"{split}-00000-of-00002.parquet")
            (root / f"{split}-00001-of-00002.parquet").write_bytes(b"PAR1 and no more")
        elif how == "a file as the set":
            root.rmdir()
            root.write_text("no folder")
        return ["items", "check", f"{benchmark}:{folder / 'data'}"]

    return Case(f"{benchmark}, a folder: {how}", make, (benchmark,) if how != "empty" else ("data",))


def _values(rng: Rng, _: World) -> Case:
    """What is of the right type and has no meaning."""
    changes: dict[str, tuple[str, str, Any]] = {
        "an answer beyond the choices": ("mmlu", "answer", 4),
        "an answer below": ("mmlu", "answer", -1),
        "a letter beyond": ("mmlu", "answer", "F"),
        "one choice": ("mmlu", "choices", ["a"]),
        "an empty choice": ("mmlu", "choices", ["a", "", "c", "d"]),
        "no number": ("gsm8k", "answer", "five"),
        "no number behind the mark": ("gsm8k", "answer", "2+3\n#### five"),
        "a label beyond": ("hellaswag", "label", "4"),
        "a label that is no number": ("hellaswag", "label", "two"),
        "one ending": ("hellaswag", "endings", ["heats it"]),
        "no right choice": ("truthfulqa", "mc1_targets", {"choices": ["a", "b"], "labels": [0, 0]}),
        "labels of another length": ("truthfulqa", "mc1_targets", {"choices": ["a", "b"], "labels": [1]}),
        "labels that are none": ("truthfulqa", "mc1_targets", {"choices": ["a", "b"], "labels": [2, 0]}),
        "choices that are none": ("truthfulqa", "mc1_targets", {"choices": "ab", "labels": [1, 0]}),
    }
    name = rng.choice(tuple(changes))
    benchmark, key, value = changes[name]
    rows = distinct_rows(benchmark)
    rows[1][key] = value

    def make(folder: Path) -> list[str]:
        write_lines(folder / "test.jsonl", rows)
        return ["items", "check", f"{benchmark}:{folder / 'test.jsonl'}"]

    return Case(f"{benchmark}: {name}", make, ("test.jsonl:2",))


def _deep_value(rng: Rng, _: World) -> Case:
    """Any value of any row, within the columns that are read, turned into a mapping."""
    benchmark = rng.choice(("mmlu", "gsm8k", "truthfulqa"))
    rows = distinct_rows(benchmark)
    ways = [way for way, _ in leaves(rows[2]) if way[0] in NEEDED[benchmark] and way[-1] != "labels"]
    way = rng.choice(ways)
    put(rows[2], way, {"a": [1]})

    def make(folder: Path) -> list[str]:
        write_lines(folder / "test.jsonl", rows)
        return ["items", "check", f"{benchmark}:{folder / 'test.jsonl'}"]

    return Case(f"{benchmark}: {'.'.join(map(str, way))} is a mapping", make, ("test.jsonl:3", str(way[0])))


def _sound(rng: Rng, _: World) -> Case:
    benchmark = rng.choice([one for one in ROWS if one != "sycophancy_eval/feedback"])

    def make(folder: Path) -> list[str]:
        write_lines(folder / "rows.jsonl", distinct_rows(benchmark))
        return ["items", "show", f"{benchmark}:{folder / 'rows.jsonl'}"]

    return Case(f"sound: {benchmark}", make, (), 0)


MAKERS: tuple[Maker, ...] = (
    _changed_row, _values, _parquet, _damaged, _folder, _changed_base, _changed_row, _deep_value, _changed_row, _parquet,
    _damaged, _sound,
)  # fmt: skip
