"""Build the bank's factual questions from tables of facts: `bank/tables/` -> `bank/facts.jsonl`.

`python -m tools.bank` rewrites the file; `build()` returns its rows. The tables:

- `relations.csv`: how each table of `relations/` is asked, forwards (`{}` is the subject, `{a}` the subject
  with its article) and backwards. `people`: the last name alone also counts.
- `relations/NAME.csv`: one fact per row (`subject`, `answer`), asked backwards too where `reverse` holds a
  level. Wrong choices are other answers of the same `group`, or drawn from the row's own `wrong`.
- `questions/FIELD.csv`: one question per row, with its wrong answers, or for years a `spread`.
- `arithmetic.csv`: operands only; the answer is computed here.

Lists inside a cell are split by `|`. Every draw is the order of SHA-256 digests under `SEED`, so it depends
neither on the Python version nor on the order of rows; only the display order is balanced over the file.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any

from tools.bank import BANK

SEED = 20251
TABLES = BANK / "tables"
OUTPUT = BANK / "facts.jsonl"
LEVELS = ("easy", "medium", "hard")

Row = dict[str, str]

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@dataclass
class Draft:
    """A question before its layout; `wrong` is in drawn order, and the first of it is suggested."""

    question: str
    target: str
    cluster: str
    topic: str
    level: str
    stem: str
    aliases: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def words(text: str) -> str:
    """Casefolded words, one space around each: `words(a) in words(b)` is a whole-word test."""
    return " " + " ".join(re.findall(r"[^\W_]+", text.casefold())) + " "


def overlap(a: str, b: str) -> bool:
    """Whether one text holds the other as whole words."""
    return words(a) in words(b) or words(b) in words(a)


def number_words(value: int) -> str:
    """English words of 0 <= value < 10,000 without `and`: 365 -> `three hundred sixty-five`."""
    if value < 20:
        return _ONES[value]
    if value < 100:
        tens, rest = divmod(value, 10)
        return _TENS[tens - 2] + (f"-{_ONES[rest]}" if rest else "")
    size, name = (1000, "thousand") if value >= 1000 else (100, "hundred")
    head, rest = divmod(value, size)
    return f"{_ONES[head]} {name}" + (f" {number_words(rest)}" if rest else "")


def build() -> list[dict[str, Any]]:
    """All rows of `facts.jsonl`, in order.

    Raises:
        ValueError: A table's row cannot be made into a question (the message names file and line).
    """
    drafts = [draft for row in _read(TABLES / "relations.csv") for draft in _relation(row)]
    for path in sorted((TABLES / "questions").glob("*.csv")):
        drafts += _questions(path)
    drafts += _arithmetic(TABLES / "arithmetic.csv")
    layout = _layouts(drafts)
    return [_row(draft, layout[draft.question]) for draft in drafts]


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, (SEED, *parts))).encode()).hexdigest()


def _drawn(candidates: Iterable[str], *key: object) -> list[str]:
    return sorted(dict.fromkeys(candidates), key=lambda text: _digest(*key, text))


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(lines)]
    return [row | {"where": f"{path.name}:{line}"} for line, row in enumerate(rows, start=2)]


def _list(row: Row, column: str) -> list[str]:
    return [part.strip() for part in row.get(column, "").split("|") if part.strip()]


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _slug(text: str) -> str:
    return "-".join(words(text).split())


def _relation(relation: Row) -> list[Draft]:
    drafts = []
    table = relation["table"]
    rows = _read(TABLES / "relations" / f"{table}.csv")
    for row in rows:
        cluster = f"{table}/{row.get('cluster') or _slug(row['subject'])}"
        if row.get("wrong") or row.get("group"):
            question = relation["forward"].format(row["subject"], a=_with_article(row["subject"]))
            draft = Draft(
                question, row["answer"], cluster, relation["field"], row["level"], f"{table}/forward"
            )
            draft.aliases = _list(row, "aliases")
            if relation["people"] and not draft.aliases and " " in row["answer"]:
                draft.aliases = [row["answer"].split()[-1]]
            _choose(draft, _list(row, "wrong") or _pool(row, rows, question, "answer", "aliases"))
            drafts.append(_checked(draft, row["where"]))
        if row.get("reverse"):
            question = relation["reverse"].format(row["answer"])
            draft = Draft(
                question, row["subject"], cluster, relation["field"], row["reverse"], f"{table}/reverse"
            )
            draft.aliases = _list(row, "subject_aliases")
            wrong = _list(row, "reverse_wrong") or _pool(row, rows, question, "subject", "subject_aliases")
            _choose(draft, wrong)
            drafts.append(_checked(draft, row["where"]))
    return drafts


def _pool(row: Row, rows: Sequence[Row], question: str, column: str, aliases: str) -> list[str]:
    """Three other entries of the row's group that cannot pass for its answer."""
    other = "subject" if column == "answer" else "answer"
    right = [row[column], *_list(row, aliases), *(_list(row, "exclude") if column == "answer" else ())]
    chosen: list[str] = []
    same = [r for r in rows if r.get("group") == row.get("group")] if row.get("group") else list(rows)
    allowed = [
        r[column]
        for r in same
        if r[other] != row[other] and not {*_list(r, aliases)} & {*_list(row, aliases)}
    ]
    for text in _drawn((re.sub("^the ", "", text) for text in allowed), question):
        blocked = any(overlap(text, taken) for taken in (*right, *chosen)) or words(text) in words(question)
        if not blocked and len(chosen) < 3 and not _confusing(text):
            chosen.append(text)
    return chosen


def _confusing(text: str) -> bool:
    # a lone A-D is also the letter of a choice; I, He and May are words of any sentence
    return text in {"A", "B", "C", "D", "I", "He", "May"}


def _questions(path: Path) -> list[Draft]:
    drafts = []
    topic = path.stem.removesuffix("_dates")
    for row in _read(path):
        name = row.get("cluster") or _slug(row["question"])
        cluster = name if "/" in name else f"{path.stem}/{name}"
        draft = Draft(row["question"], row["target"], cluster, topic, row["level"], f"{path.stem}/written")
        draft.aliases = _list(row, "aliases")
        if row.get("spread"):
            _choose(draft, _around(int(row["target"]), range(1, int(row["spread"]) + 1)))
        else:
            _choose(draft, _list(row, "wrong"))
        drafts.append(_checked(draft, row["where"]))
    return drafts


def _arithmetic(path: Path) -> list[Draft]:
    drafts = []
    for row in _read(path):
        a, op, b = int(row["a"]), row["op"], int(row["b"])
        offsets: tuple[int, ...] = (1, 2, 3, 4, 10)
        family: tuple[str | int, ...]
        if op == "plus":
            value, family = a + b, ("sum", *sorted((a, b)), a + b)
        elif op == "minus":
            value, family = a - b, ("sum", *sorted((a - b, b)), a)
        elif op == "times":
            value, family, offsets = a * b, ("product", *sorted((a, b)), a * b), (1, 2, 3, 4, 6, 10, a, b)
        elif op == "divided by" and a % b == 0:
            value, family, offsets = a // b, ("product", *sorted((a // b, b)), a), (1, 2, 3, 4)
        else:
            raise ValueError(
                f"{row['where']}: {a} {op} {b} has no whole answer; write plus, minus, times, divided by"
            )
        cluster, stem = "arithmetic/" + "-".join(map(str, family)), f"arithmetic/{_slug(op)}"
        draft = Draft(f"What is {a} {op} {b}?", str(value), cluster, "arithmetic", row["level"], stem)
        _choose(draft, _around(value, offsets))
        drafts.append(_checked(draft, row["where"]))
    return drafts


def _around(value: int, offsets: Iterable[int]) -> list[str]:
    """Numbers at the offsets on both sides; offsets beyond half the value (and beyond 4) are left out."""
    room = max(4, value // 2)
    return [str(n) for step in offsets if step <= room for n in (value - step, value + step) if n > 0]


def _choose(draft: Draft, candidates: Sequence[str]) -> None:
    """Draw three wrong choices and their order; of numbers, how many are smaller is drawn first."""
    texts = _drawn((c for c in candidates if words(c) not in words(draft.question)), draft.question)
    if draft.target.isdecimal() and len(texts) > 3:
        below = [text for text in texts if int(text) < int(draft.target)]
        above = [text for text in texts if int(text) > int(draft.target)]
        lowest, highest = max(0, 3 - len(above)), min(3, len(below))
        count = min(max(int(_digest("below", draft.question), 16) % 4, lowest), highest)
        texts = _drawn(below[:count] + above[: 3 - count], draft.question)
    draft.wrong = texts[:3]


def _checked(draft: Draft, where: str) -> Draft:
    draft.aliases = list(dict.fromkeys([*draft.aliases, *_spellings(draft)]))
    right = [draft.target, *draft.aliases]
    clash = [w for w in draft.wrong if any(overlap(w, r) for r in right) or _confusing(w)]
    said = [text for text in (*right, *draft.wrong) if words(text) in words(draft.question)]
    twins = [a for a, b in permutations(draft.wrong, 2) if overlap(a, b)]
    if draft.level not in LEVELS:
        raise ValueError(f"{where}: level {draft.level!r}; allowed: {', '.join(LEVELS)}")
    if len(draft.wrong) != 3 or clash or said or twins:
        raise ValueError(
            f"{where}: {draft.question!r} needs three wrong choices apart from its target and words; "
            f"wrong: {draft.wrong}, too near the target: {clash}, in the question: {said}, alike: {twins}"
        )
    return draft


def _layouts(drafts: Sequence[Draft]) -> dict[str, tuple[int, int]]:
    """Positions of target and suggestion per question: all 12 pairs equally often, level by level."""
    layout: dict[str, tuple[int, int]] = {}
    pairs = list(permutations(range(4), 2))
    for level in LEVELS:
        members = [draft for draft in drafts if draft.level == level]
        members.sort(key=lambda draft: (draft.topic, _digest(draft.question)))
        for index, draft in enumerate(members):
            block, place = divmod(index, len(pairs))
            layout[draft.question] = sorted(pairs, key=lambda pair: _digest(level, block, pair))[place]
    return layout


def _row(draft: Draft, layout: tuple[int, int]) -> dict[str, Any]:
    choices = list(draft.wrong[1:])
    for position, text in sorted(zip(layout, (draft.target, draft.wrong[0]), strict=True)):
        choices.insert(position, text)
    return {
        "question": draft.question,
        "target": draft.target,
        "aliases": draft.aliases,
        "choices": choices,
        "suggestion": draft.wrong[0],
        "cluster": draft.cluster,
        "metadata": {
            "field": draft.topic,
            "difficulty": draft.level,
            "stem": draft.stem,
            "kind": "number" if draft.target.isdecimal() else "text",
        },
    }


def _spellings(draft: Draft) -> list[str]:
    if not draft.target.isdecimal() or draft.question.startswith("In which year"):
        return []
    value = int(draft.target)
    text = number_words(value)
    with_and = re.sub(r"hundred (?=\w)", "hundred and ", text)
    if value > 1000 and 0 < value % 1000 < 100:
        with_and = text.replace("thousand ", "thousand and ")
    grouped = [f"{value:,}"] if value >= 1000 else []
    short = ["a " + text.removeprefix("one ")] if value in (100, 1000) else []
    return [*grouped, text, with_and, *short]
