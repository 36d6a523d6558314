"""Ticks and crosses beside options, spelled out: `A) Paris ❌` says that A is wrong, a ticked box that its option is right."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

Kind = Literal["yes", "no", "crossed", "empty", "full"]
Named = tuple[int, str]  # where an option is named in a line, and its name
Finds = Callable[[str], Sequence[Named]]

_YES = (
    r"[✅✔✓☑🗸🗹👍🟢]|:(?:white_check_mark|heavy_check_mark|ballot_box_with_check):|&(?:#10003|#9989|check);"
    r"|\[\s?[✓✔✅]\s?\]"
)
_NO = r"[❌✗✘✖❎🚫⛔👎🔴×✕]|:(?:x|negative_squared_cross_mark|no_entry):|\[\s?[✗✘❌]\s?\]"
# A cross in a box chooses, unless ticks do; a ring is empty beside a filled one, and right beside crosses.
_CROSSED = r"\[[xX]\]|\(\s?[xX]\s?\)(?=\s?[(\[A-Za-z])|[☒⊠🗷]"
_EMPTY = r"\[\s?\]|[☐⬜◯○⭕🔲]"
_FULL = r"[◉⦿🔘●⬤]"
_SIGN = re.compile(
    rf"(?P<yes>{_YES})|(?P<no>{_NO})|(?P<crossed>{_CROSSED})|(?P<empty>{_EMPTY})|(?P<full>{_FULL})"
)
_RULE = re.compile(r"[\s|:+=-]*")
# A cell or the end of a line that says so in words, behind the option.
_WORD = re.compile(
    r"(?:\|\s*|[:=–—-]\s*|\s->\s*|→\s*)(?:(?P<yes>yes|true|correct|right)|(?P<no>no|false|incorrect|wrong))\s*[.!]?\s*\|?\s*$",
    re.IGNORECASE,
)
_SAID = {"yes": "is correct.", "no": "is wrong."}


def spell_marks(text: str, find: Finds) -> str:
    """A text in which every mark beside an option is a sentence on that option; other marks are taken out.

    Args:
        find: Where a line names options, by the first character, in order.
    """
    lines = text.split("\n")
    tabular = any(line.count("|") > 1 and _WORD.search(line) for line in lines)
    kinds = {match.lastgroup for match in _SIGN.finditer(text)}
    if not kinds and not tabular:
        return text
    meaning = _meanings(kinds)
    spelled: list[str] = []
    above: list[str] = []  # the options of a table's head, by column
    for line in lines:
        said = _line(line, find, meaning)
        if said is None and above and (column := _column(line, above, meaning)):
            said = column
        if said is None and not find(line) and spelled and (sign := _alone(line, meaning)):
            said = _below(spelled, sign, find)
        names = [name for _, name in find(line)]
        if line.count("|") > 1 and len(names) > 1:
            above = [next((name for _, name in find(cell)), "") for cell in _cells(line)]
        spelled.append(_SIGN.sub(" ", line) if said is None else said)
    return "\n".join(spelled)


def _meanings(kinds: set[str | None]) -> dict[str, str]:
    """What each kind of sign says in this text; nothing for one that only fills a place."""
    chosen = "" if "yes" in kinds else "yes"
    return {
        "yes": "yes",
        "no": "no",
        "crossed": chosen or "no",
        "full": chosen if "empty" in kinds else "",
        "empty": "yes" if "no" in kinds and not kinds & {"yes", "full", "crossed"} else "",
    }


def _line(line: str, find: Finds, meaning: dict[str, str]) -> str | None:
    """A line with an option and a mark, or several of both, in words; None where they cannot be paired."""
    signs = [(match.start(), match.end(), match.lastgroup or "") for match in _SIGN.finditer(line)]
    if not signs and line.count("|") > 1 and (word := _WORD.search(line)):
        signs = [(word.start(), len(line), word.lastgroup or "")]
    named = find(_SIGN.sub(lambda match: " " * len(match.group()), line))
    names = list(dict.fromkeys(name for _, name in named))
    if not signs or not names:
        return None
    if len(names) == 1:
        said = {meaning[kind] for _, _, kind in signs} - {""}
        if len(said) != 1:
            return None
        rest = "" if _is_row(line) else line[signs[-1][1] :] if signs[-1][0] > named[0][0] else ""
        return f"{names[0]} {_SAID[said.pop()]} {_SIGN.sub(' ', rest).strip()}".rstrip()
    if len(signs) != len(named):
        return None
    parts = [
        f"{name} {_SAID[meaning[kind]]}"
        for (_, name), (_, _, kind) in zip(named, signs, strict=True)
        if meaning[kind]
    ]
    return " ".join(parts) or None


def _is_row(line: str) -> bool:
    return line.count("|") > 1


def _cells(line: str) -> list[str]:
    return line.strip().strip("|").split("|")


def _column(line: str, above: Sequence[str], meaning: dict[str, str]) -> str:
    """A row of marks under a row of options."""
    cells = _cells(line) if _is_row(line) and not _RULE.fullmatch(line) else []
    signs = [_SIGN.search(cell) for cell in cells]
    if len(cells) != len(above) or sum(sign is not None for sign in signs) < 1:
        return ""
    parts = [
        f"{name} {_SAID[meaning[sign.lastgroup or '']]}"
        for name, sign in zip(above, signs, strict=True)
        if name and sign and meaning[sign.lastgroup or ""]
    ]
    return " ".join(parts)


def _alone(line: str, meaning: dict[str, str]) -> str:
    """What a line says that begins with a mark and names no option: it is about the option above it."""
    match = _SIGN.match(line.strip())
    return meaning[match.lastgroup or ""] if match else ""


def _below(spelled: list[str], sign: str, find: Finds) -> str | None:
    """The mark of an option that the line above names alone and leaves without one."""
    names = {name for _, name in find(spelled[-1])}
    if len(names) != 1 or any(spelled[-1].endswith(said) for said in _SAID.values()):
        return None
    return f"{names.pop()} {_SAID[sign]}"
